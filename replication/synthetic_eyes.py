"""Write the surrogate: synthetic near-infrared eyes on disk in the Warsaw layout.

Stands in where Warsaw-BioBase-Disease-Iris v2.1 (paper §2.1) is not at hand; it is drawn, not
Warsaw, and no image of anybody went into it. Leaves under its root:

- images-NIR/0060left/0060_L_IG_11.jpg ... 640x480, label strip in the bottom 11 rows;
- a few files of other cameras (CA, TC), in images-NIR and images-visible;
- medical-description-v2-1.csv (diseases per eye);
- truth.csv (iris, pupil and signs of every AD100 image, in pixels of its frame);
- surrogate.json (what it was drawn from).
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from replication.config import SurrogateSettings
from replication.errors import DataError
from replication.synthetic_patient import describe_shot
from replication.synthetic_plan import PlannedEye, plan_eyes, session_of, write_annotations
from replication.synthetic_render import DrawnFrame, EyePainting, draw_frame, paint_eye

JPEG_QUALITY = 90
OTHER_CAMERA_EVERY = 9
OTHER_CAMERA_IMAGE = 901
SHEET_ROWS, SHEET_COLUMNS = 6, 3
SHEET_TILE = (320, 240)
ANNOTATIONS_FILE = "medical-description-v2-1.csv"
TRUTH_FILE = "truth.csv"
TRUTH_HEADER = "file,patient,eye,iris_x,iris_y,iris_r,pupil_x,pupil_y,pupil_r,signs"
ORIGIN_FILE = "surrogate.json"
ORIGIN_NOTE = "a surrogate drawn from a seed, not the Warsaw database"


def synthesize(
    root: Path,
    settings: SurrogateSettings,
    *,
    seed: int,
    workers: int,
    on_image: Callable[[], None] | None = None,
) -> None:
    """Draw the whole surrogate; the same seed gives the same bytes with any number of workers.

    Args:
        root: folder to make; it appears only when complete.
        settings: how many patients, images and images with glaucoma.
        seed: what everything is drawn from.
        workers: processes that draw; 1 draws in this one.
        on_image: called after every AD100 image.

    Raises:
        DataError: when root exists or the counts are impossible.
    """
    if root.exists():
        raise DataError(f"{root}: exists already; name a new folder or remove this one")
    eyes = plan_eyes(settings, seed=seed)
    partial = root.with_name(f".{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "images-visible").mkdir(parents=True)
    try:
        rows = []
        for eye_rows in _draw_all(partial, eyes, seed, workers):
            rows += eye_rows
            for _ in eye_rows if on_image else ():
                on_image()
        _write_tables(partial, eyes, sorted(rows), settings, seed)
        partial.rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def draw_twin(root: Path, file: str, *, with_signs: bool = False) -> np.ndarray:
    """Draw one image of a surrogate again, without its glaucoma signs.

    Args:
        root: a folder that `synthesize` wrote.
        file: the image's name as in truth.csv.
        with_signs: True draws the image as it is on disk.

    Returns:
        (480, 640) uint8 after JPEG; it differs from the file only in and near the sign circles
        of truth.csv (focus and JPEG blocks carry a difference some pixels on).

    Raises:
        DataError: when root is no surrogate or has no such image.
    """
    seed, eyes = _read_origin(root)
    for planned in eyes:
        for image in range(1, planned.images + 1):
            if planned.name_file(image) == file:
                eye = paint_eye(planned.describe(seed))
                drawn = _draw_image(eye, planned, image, with_signs=with_signs)
                return cv2.imdecode(_encode(drawn.pixels), cv2.IMREAD_GRAYSCALE)
    raise DataError(f"{root}: no image {file}; its names are in {TRUTH_FILE}")


def draw_contact_sheet(root: Path, path: Path, *, seed: int) -> None:
    """Write a sheet: one eye a row, every second row with glaucoma, the last image's twin at the end.

    Args:
        root: a folder that `synthesize` wrote.
        path: the PNG to write.
        seed: chooses the patients.

    Raises:
        DataError: when root is no surrogate.
    """
    _, eyes = _read_origin(root)
    rng = np.random.default_rng(seed)
    rows = []
    for glaucoma in (False, True):
        kind = [e for e in eyes if e.glaucoma == glaucoma]
        count = min(SHEET_ROWS // 2, len(kind))
        rows += [kind[i] for i in rng.choice(len(kind), size=count, replace=False)]
    order = np.argsort(np.arange(len(rows)) % (SHEET_ROWS // 2), kind="stable")
    sheet = np.concatenate([_draw_sheet_row(root, rows[i]) for i in order])
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet)


def _draw_all(
    root: Path, eyes: tuple[PlannedEye, ...], seed: int, workers: int
) -> Iterator[list[str]]:
    """Yield the truth rows of each eye as it is finished."""
    if workers == 1:
        yield from (_write_eye(root, planned, seed) for planned in eyes)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        tasks = [pool.submit(_write_eye, root, planned, seed) for planned in eyes]
        try:
            for task in as_completed(tasks):
                yield task.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write_eye(root: Path, planned: PlannedEye, seed: int) -> list[str]:
    """Write all images of one eye and return their rows of truth.csv."""
    eye = paint_eye(planned.describe(seed))
    folder = root / "images-NIR" / planned.folder
    folder.mkdir(parents=True)
    rows = []
    for image in range(1, planned.images + 1):
        drawn = _draw_image(eye, planned, image)
        name = planned.name_file(image)
        (folder / name).write_bytes(_encode(drawn.pixels).tobytes())
        rows.append(_write_truth(name, planned, drawn))
    if planned.patient % OTHER_CAMERA_EVERY == 0:
        _write_other_cameras(root, planned, eye)
    return rows


def _draw_image(
    eye: EyePainting, planned: PlannedEye, image: int, *, with_signs: bool = True
) -> DrawnFrame:
    """Draw one numbered image of an eye."""
    shot = describe_shot(eye.identity, image, session_of(image))
    stem = planned.name_file(image).removesuffix(".jpg")
    patient, side, camera, number = stem.split("_")
    label = (f"{camera} {patient} {side} {number}", "AD100")
    return draw_frame(eye, shot, image=image, label=label, with_signs=with_signs)


def _write_other_cameras(root: Path, planned: PlannedEye, eye: EyePainting) -> None:
    """Write one file each of the cameras CA (visible light, colour) and TC (near infrared)."""
    pixels = _draw_image(eye, planned, OTHER_CAMERA_IMAGE).pixels
    colour = cv2.resize(cv2.applyColorMap(pixels, cv2.COLORMAP_PINK), (768, 576))
    for place, token, picture in (("images-visible", "CA", colour), ("images-NIR", "TC", pixels)):
        folder = root / place / planned.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / planned.name_file(1, camera=token)).write_bytes(_encode(picture).tobytes())


def _write_truth(name: str, planned: PlannedEye, drawn: DrawnFrame) -> str:
    """Return one row of truth.csv."""
    circles = [f"{c.x:.1f},{c.y:.1f},{c.radius:.1f}" for c in (drawn.iris, drawn.pupil)]
    signs = "|".join(f"{kind}:{c.x:.1f}:{c.y:.1f}:{c.radius:.1f}" for kind, c in drawn.signs)
    return ",".join([name, str(planned.patient), planned.eye, *circles, signs])


def _write_tables(
    root: Path,
    eyes: tuple[PlannedEye, ...],
    rows: list[str],
    settings: SurrogateSettings,
    seed: int,
) -> None:
    """Write the annotations, the truth and the origin."""
    (root / ANNOTATIONS_FILE).write_text(write_annotations(eyes, seed=seed), encoding="utf-8")
    (root / TRUTH_FILE).write_text("\n".join([TRUTH_HEADER, *rows, ""]), encoding="utf-8")
    origin = {"note": ORIGIN_NOTE, "seed": seed, "settings": asdict(settings)}
    (root / ORIGIN_FILE).write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")


def _read_origin(root: Path) -> tuple[int, tuple[PlannedEye, ...]]:
    """Return the seed and the eyes that a surrogate was drawn from."""
    try:
        origin = json.loads((root / ORIGIN_FILE).read_text(encoding="utf-8"))
        seed, settings = origin["seed"], SurrogateSettings(**origin["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{root}: no readable {ORIGIN_FILE}, so not a surrogate") from error
    return seed, plan_eyes(settings, seed=seed)


def _draw_sheet_row(root: Path, planned: PlannedEye) -> np.ndarray:
    """Return some images of one eye side by side, then the last one's twin."""
    images = np.linspace(1, planned.images, SHEET_COLUMNS).round().astype(int)
    folder = root / "images-NIR" / planned.folder
    tiles = [
        cv2.imread(str(folder / planned.name_file(image)), cv2.IMREAD_GRAYSCALE)
        for image in images.tolist()
    ]
    tiles.append(draw_twin(root, planned.name_file(planned.images)))
    return np.hstack([cv2.resize(t, SHEET_TILE, interpolation=cv2.INTER_AREA) for t in tiles])


def _encode(pixels: np.ndarray) -> np.ndarray:
    """Return the bytes of the JPEG file, (n,) uint8."""
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
