"""The twins (counterfactuals) of preprocessed images: the same eyes without their signs.

Ours. Those of a surrogate are drawn; other data may have theirs in a folder beside the images. A
twin is preprocessed as its original was (the same cut, mirroring, shift and resizing, as the
manifest of the preprocessed images records them), so that the two differ in and around the sign and
nowhere else. An iris found anew might be a pixel off, with a sign on it or without.

A verdict may also change because anything changed. Shams separate the two: the same change, where
the sign is not. And planted into an image of a healthy eye, a sign shows whether it is enough.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.data.image_file import read_gray
from replication.data.warsaw import NIR_FOLDER, TWINS_FOLDER
from replication.errors import DataError, Sentence
from replication.preprocess.frame import ImageFacts, list_facts, repeat_steps
from replication.preprocess.places import mask_signs
from replication.records import EyeDataset, round_to_bytes, to_unit_range
from replication.store.arrays import find_white_level
from replication.surrogate.frame import draw_planned, encode_jpeg, paint_eye
from replication.surrogate.plan import TRUTH_FILE, PlannedEye, list_images, read_origin
from replication.system.processes import advance_each, spread

CARRIED_PX = 28  # of the frame: how far focus and JPEG blocks carry a sign
# Ours, both chosen on real eyes with drawn signs: of a sign's radius, how far one without an edge, such
# as haze, reaches beyond it; and of the squared change, what may lie beyond all that. Twins have 3% there
# at most, other images of other eyes 11% at least.
SOFT_EDGE = 0.25
MOST_BESIDE = 0.1
# Ours: a sham that changes half of what the twin changes, or more, is half a twin.
MOST_SHARED = 0.5

# One eye, and of each of its images: the row, its number within the eye, and what was done to it.
EyeTask = tuple[PlannedEye, list[tuple[int, int, ImageFacts]]]


def draw_twins(
    root: Path,
    facts: pd.DataFrame,
    *,
    size_px: int,
    workers: int,
    with_signs: bool = False,
    on_image: Callable[[], None] | None = None,
) -> np.ndarray:
    """Draw images of a surrogate again without their signs, and preprocess them as before.

    Args:
        root: a folder that `synthesize` wrote.
        facts: the images' rows of the preprocessed manifest: path and the fields of `ImageFacts`.
        size_px: S, of the preprocessed images.
        workers: processes to share the work; the result is the same for any number.
        with_signs: True gives the preprocessed images as they are.
        on_image: called after each image, for a progress bar.

    Returns:
        (N, S, S) uint8 in the order of the facts.

    Raises:
        DataError: when root is no surrogate or has no such image.
    """
    seed, eyes = read_origin(root)
    tasks = _sort_by_eye(root, facts, eyes)
    twins = np.empty((len(facts), size_px, size_px), np.uint8)
    draw = partial(_draw_eye, seed, size_px, with_signs)
    drawn = spread(draw, tasks, workers=workers, chunk=1) if tasks else ()
    for (_, images), of_eye in zip(tasks, drawn, strict=True):
        for (row, _, _), image in advance_each(zip(images, of_eye, strict=True), on_image):
            twins[row] = image
    return twins


def has_twins(root: Path) -> bool:
    """Return whether a data folder has twins, files named as their originals."""
    return (root / TWINS_FOLDER).is_dir()


def read_twins(root: Path, facts: pd.DataFrame, *, size_px: int) -> np.ndarray:
    """Read the twins of images, and preprocess them as their originals were.

    Args:
        root: a folder with `images-NIR` and `twins-NIR`.
        facts: the images' rows of the preprocessed manifest: path, white_level and the fields of
            `ImageFacts`.
        size_px: S, of the preprocessed images.

    Returns:
        (N, S, S) uint8 in the order of the facts.

    Raises:
        DataError: when an image has no twin, or one that can't be read.
    """
    # A path without the images' folder would lead to the original itself.
    paths = [
        Path(*(TWINS_FOLDER if part == NIR_FOLDER else part for part in Path(path).parts))
        for path in facts["path"]
    ]
    if absent := sum(TWINS_FOLDER not in p.parts or not (root / p).is_file() for p in paths):
        raise DataError(
            f"{root.name}/{TWINS_FOLDER}: {absent} of {len(paths)} images with glaucoma have no "
            "twin of the same name; add them, or take the folder away to attack without twins"
        )
    twins = np.empty((len(facts), size_px, size_px), np.uint8)
    for row, (path, fact) in enumerate(zip(paths, list_facts(facts), strict=True)):
        frame = read_gray(root / path, white=find_white_level(facts))
        twins[row] = repeat_steps(frame, fact, size_px=size_px)
    return twins


def check_drawn(
    originals: np.ndarray, twins: np.ndarray, facts: pd.DataFrame, signs: pd.DataFrame
) -> None:
    """Check that drawn twins differ from their originals around their signs and nowhere else.

    Args:
        originals: (N, S, S) uint8, preprocessed.
        twins: (N, S, S) uint8.
        facts: as for `draw_twins`.
        signs: of `preprocess.places.read_signs`.

    Raises:
        DataError: when they differ elsewhere, because the surrogate on disk was drawn by another
            version of this package or of OpenCV.
    """
    odd = (_share_beside(originals, twins, facts, signs) > 0).sum()
    if odd:
        raise DataError(
            f"twins: {odd} of {len(twins)} differ from their originals beside the sign: the "
            "surrogate on disk isn't what is drawn today; remove it to have it drawn anew"
        )


def check_files(
    originals: np.ndarray,
    twins: np.ndarray,
    facts: pd.DataFrame,
    signs: pd.DataFrame,
    *,
    folder: str,
) -> None:
    """Check that twins from files differ from their originals around their signs above all.

    A soft sign, a lens and a file format carry some of the change further.

    Args:
        originals, twins, facts, signs: as for `check_drawn`.
        folder: where they are, for the message.

    Raises:
        DataError: when of an image more than MOST_BESIDE of the change lies elsewhere.
    """
    soft = signs.assign(radius_px=signs["radius_px"] * (1 + SOFT_EDGE))
    odd = (_share_beside(originals, twins, facts, soft) > MOST_BESIDE).sum()
    if odd:
        raise DataError(
            f"{folder}: {odd} of {len(twins)} images with glaucoma change beside their signs by over "
            f"{MOST_BESIDE:.0%} of the whole change: give the same image without its sign, or "
            "take the folder away to attack without twins"
        )


def _share_beside(
    originals: np.ndarray, twins: np.ndarray, facts: pd.DataFrame, signs: pd.DataFrame
) -> np.ndarray:
    """Return (N,) shares of the squared change, in [0, 1], that lie where no sign is carried to."""
    carried = signs.assign(radius_px=signs["radius_px"] + CARRIED_PX)
    around = mask_signs(facts, carried, size_px=originals.shape[1])
    change = (originals.astype(float) - twins) ** 2
    whole = change.sum(axis=(1, 2))
    beside = np.where(around, 0, change).sum(axis=(1, 2))
    return np.divide(beside, whole, out=np.zeros_like(whole), where=whole > 0)


def swap_twins(test: EyeDataset, twins: np.ndarray, rows: np.ndarray) -> EyeDataset:
    """Put twins in the place of their originals.

    Labels stay, since the paper's methods use them. So a privatizer called with the same seed draws
    the same identities and the same noise for every image, and only the sign is missing.

    Args:
        test: N images.
        twins: (M, S, S) uint8.
        rows: (M,) the images that they are twins of.

    Raises:
        DataError: when twins and rows don't fit the images.
    """
    if twins.shape != (len(rows), *test.images.shape[1:3]):
        expected = (len(rows), *test.images.shape[1:3])
        raise DataError(f"twins: expected {expected}, got {twins.shape}")
    images = test.images.copy()
    images[rows] = to_unit_range(twins)[..., None]
    return replace(test, images=images)


def move_changes(
    test: EyeDataset, twins: np.ndarray, rows: np.ndarray, *, seed: int
) -> tuple[EyeDataset, np.ndarray, np.ndarray]:
    """Change images as their twins do, where the sign is not: shams, and signs planted.

    An image that has a twin becomes its sham: the change turned about the image's middle by 90, 180
    or 270 degrees, whichever meets the change least. It has none where all of them share
    `MOST_SHARED` of it, as a dilated pupil's. An image of a healthy eye gets the change of a random
    twin the other way round, a sign planted on it. Labels stay, as in `swap_twins`.

    Args:
        test, twins, rows: as for `swap_twins`.
        seed: of which sign is planted where.

    Returns:
        the changed images, the rows of the shams, and the rows with a sign planted.
    """
    change = to_unit_range(twins) - test.images[rows, ..., 0]
    turned = np.stack([np.rot90(change, quarters, axes=(1, 2)) for quarters in (1, 2, 3)])
    shared = np.minimum(np.abs(turned), np.abs(change)).sum(axis=(2, 3))
    shared /= np.maximum(np.abs(change).sum(axis=(1, 2)), np.finfo(np.float32).tiny)
    least = shared.argmin(axis=0)
    one = np.arange(len(rows))
    apart = shared[least, one] < MOST_SHARED
    healthy = np.flatnonzero(~test.glaucoma) if len(rows) else np.zeros(0, int)
    planted = np.random.default_rng([seed, len(test)]).integers(0, max(len(rows), 1), len(healthy))
    images = test.images.copy()
    images[rows[apart]] += turned[least, one][apart][..., None]
    images[healthy] -= change[planted][..., None]
    changed = replace(test, images=round_to_bytes(np.clip(images, -1, 1)))
    return changed, rows[apart], healthy


def _sort_by_eye(root: Path, facts: pd.DataFrame, eyes: tuple[PlannedEye, ...]) -> list[EyeTask]:
    """Return what to draw, an eye's images together: painting an eye takes longer than an image."""
    known = list_images(eyes)
    tasks: dict[PlannedEye, list[tuple[int, int, ImageFacts]]] = {}
    for row, (path, fact) in enumerate(zip(facts["path"], list_facts(facts), strict=True)):
        file = Path(path).name
        if file not in known:
            sentence = f"{root}: no image {{}}; the names are in {TRUTH_FILE}"
            raise DataError(Sentence(sentence, file, "of that name"))
        eye, image = known[file]
        tasks.setdefault(eye, []).append((row, image, fact))
    return list(tasks.items())


def _draw_eye(seed: int, size_px: int, with_signs: bool, task: EyeTask) -> list[np.ndarray]:
    """Draw and preprocess the images of one eye."""
    planned, images = task
    eye = paint_eye(planned.describe(seed))
    drawn = []
    for _, image, facts in images:
        pixels = draw_planned(eye, planned, image, with_signs=with_signs).pixels
        frame = cv2.imdecode(encode_jpeg(pixels), cv2.IMREAD_GRAYSCALE)
        drawn.append(repeat_steps(frame, facts, size_px=size_px))
    return drawn
