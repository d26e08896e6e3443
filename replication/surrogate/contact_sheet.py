"""Draw images of a surrogate again: without their glaucoma signs, or on a contact sheet.

Ours. A twin (counterfactual) is the same eye on the same day in the same light without its signs, so whatever an
explanation or a classifier owes to the sign is known.
"""

from pathlib import Path

import cv2
import numpy as np

from replication.errors import DataError
from replication.surrogate.frame import draw_planned, encode_jpeg, paint_eye
from replication.surrogate.plan import TRUTH_FILE, PlannedEye, list_images, read_origin

SHEET_ROWS, SHEET_COLUMNS = 6, 3
SHEET_TILE = (320, 240)


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
        raise DataError(f"{root}: no image {file}; its names are in {TRUTH_FILE}")
    planned, image = images[file]
    drawn = draw_planned(paint_eye(planned.describe(seed)), planned, image, with_signs=with_signs)
    return cv2.imdecode(encode_jpeg(drawn.pixels), cv2.IMREAD_GRAYSCALE)


def draw_contact_sheet(root: Path, path: Path, *, seed: int) -> None:
    """Write a PNG: one eye a row, every second row with glaucoma, the last image's twin at the end.

    Args:
        root: a folder that `synthesize` wrote.
        path: of the PNG.
        seed: chooses the patients.

    Raises:
        DataError: when root is no surrogate.
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
