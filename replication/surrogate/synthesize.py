"""Write the surrogate: synthetic near-infrared eyes on disk in the Warsaw layout; draw one again.

Stands in where Warsaw-BioBase-Disease-Iris v2.1 (paper §2.1) is not at hand; it is drawn, not
Warsaw, and no image of anybody went into it. Under its root are:

- images-NIR/0060left/0060_L_IG_11.jpg ... 640x480, label strip in the bottom 11 rows;
- a few files of other cameras (CA, TC), in images-NIR and images-visible;
- medical-description-v2-1.csv (diseases per eye);
- truth.csv (iris, pupil and signs of every AD100 image, in pixels of its frame);
- croissant.json (the set and its fields in words that other tools read);
- surrogate.json (what it was drawn from, and the hash of all other files).

A twin (counterfactual) is the same eye on the same day in the same light without its signs, so
whatever an explanation or a classifier owes to the sign is known.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from replication.config import SurrogateSettings
from replication.errors import DataError, Sentence
from replication.store.files import new_folder
from replication.surrogate.croissant import CROISSANT_FILE, describe_surrogate
from replication.surrogate.frame import (
    STRIP_ROWS,
    DrawnFrame,
    EyePainting,
    draw_planned,
    encode_jpeg,
    paint_eye,
)
from replication.surrogate.plan import (
    DRAWING,
    ORIGIN_FILE,
    TRUTH_FILE,
    PlannedEye,
    hash_files,
    list_images,
    plan_eyes,
    read_origin,
    write_annotations,
    write_origin,
)
from replication.system.processes import advance_each, spread

OTHER_CAMERA_EVERY = 9
OTHER_CAMERA_IMAGE = 901
ANNOTATIONS_FILE = "medical-description-v2-1.csv"
# What each table holds, truth.csv first.
TABLES = {
    TRUTH_FILE: "Iris, pupil and signs of every AD100 image, in pixels of its frame.",
    ANNOTATIONS_FILE: "Diseases by patient and eye, semicolons between the columns.",
}
SHEET_ROWS, SHEET_COLUMNS = 6, 3
SHEET_TILE = (320, 240)
TRUTH_HEADER = "file,patient,eye,iris_x,iris_y,iris_r,pupil_x,pupil_y,pupil_r,signs"


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
    with new_folder(root) as unfinished:
        (unfinished / "images-visible").mkdir()
        rows = []
        write_eye = partial(_write_eye, unfinished, seed)
        for eye_rows in spread(write_eye, eyes, workers=workers, chunk=1):
            rows += advance_each(eye_rows, on_image)
        for name, text in (
            (ANNOTATIONS_FILE, write_annotations(eyes, seed=seed)),
            (TRUTH_FILE, "\n".join([TRUTH_HEADER, *sorted(rows), ""])),
        ):
            (unfinished / name).write_text(text, encoding="utf-8")
        described = describe_surrogate(
            unfinished, settings, seed=seed, drawing=DRAWING, tables=TABLES
        )
        (unfinished / CROISSANT_FILE).write_text(described, encoding="utf-8")
        origin = write_origin(settings, seed=seed, files_sha256=hash_files(unfinished))
        (unfinished / ORIGIN_FILE).write_text(origin, encoding="utf-8")


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
    seed, eyes = read_origin(root)
    images = list_images(eyes)
    if file not in images:
        sentence = f"{root}: no image {{}}; the names are in {TRUTH_FILE}"
        raise DataError(Sentence(sentence, file, "of that name"))
    planned, image = images[file]
    drawn = draw_planned(paint_eye(planned.describe(seed)), planned, image, with_signs=with_signs)
    return cv2.imdecode(encode_jpeg(drawn.pixels), cv2.IMREAD_GRAYSCALE)


def draw_contact_sheet(root: Path, path: Path, *, seed: int) -> None:
    """Write a PNG: one eye a row, every second row with glaucoma, the last image's twin at the end.

    Raises DataError when root is no surrogate; the seed chooses the patients.
    """
    _, eyes = read_origin(root)
    rng = np.random.default_rng(seed)
    chosen = []
    for glaucoma in (False, True):
        kind = [e for e in eyes if e.glaucoma == glaucoma]
        count = min(SHEET_ROWS // 2, len(kind))
        chosen += enumerate(kind[i] for i in rng.choice(len(kind), size=count, replace=False))
    ordered = sorted(chosen, key=lambda item: item[0])
    sheet = np.concatenate([_draw_sheet_row(root, eye) for _, eye in ordered])
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet)


def _write_eye(root: Path, seed: int, planned: PlannedEye) -> list[str]:
    """Write all images of one eye and return their rows of truth.csv."""
    eye = paint_eye(planned.describe(seed))
    folder = root / "images-NIR" / planned.folder
    folder.mkdir(parents=True)
    rows = []
    for image in range(1, planned.images + 1):
        drawn = draw_planned(eye, planned, image)
        name = planned.name_file(image)
        (folder / name).write_bytes(encode_jpeg(drawn.pixels).tobytes())
        rows.append(_write_truth(name, planned, drawn))
    if planned.patient % OTHER_CAMERA_EVERY == 0:
        _write_other_cameras(root, planned, eye)
    return rows


def _write_other_cameras(root: Path, planned: PlannedEye, eye: EyePainting) -> None:
    """Write one file each of the cameras CA (visible light, colour) and TC (near infrared)."""
    pixels = draw_planned(eye, planned, OTHER_CAMERA_IMAGE).pixels[:-STRIP_ROWS]
    colour = cv2.resize(cv2.applyColorMap(pixels, cv2.COLORMAP_PINK), (768, 576))
    for place, token, picture in (("images-visible", "CA", colour), ("images-NIR", "TC", pixels)):
        folder = root / place / planned.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / planned.name_file(1, camera=token)).write_bytes(encode_jpeg(picture).tobytes())


def _write_truth(name: str, planned: PlannedEye, drawn: DrawnFrame) -> str:
    """Return one row of truth.csv."""
    circles = [f"{c.x:.1f},{c.y:.1f},{c.radius:.1f}" for c in (drawn.iris, drawn.pupil)]
    signs = "|".join(f"{kind}:{c.x:.1f}:{c.y:.1f}:{c.radius:.1f}" for kind, c in drawn.signs)
    return ",".join([name, str(planned.patient), planned.eye, *circles, signs])


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
