"""Where glaucoma signs and the iris lie in a preprocessed image.

The surrogate (truth.csv) and other data with drawn signs (signs.csv) list where each sign is in the
camera's frame. Here the circle goes the way of the frame's pixels: cut, mirrored, moved, shrunk
(paper §2.1), as the manifest of the preprocessed images records. Written without
`replication.preprocess.frame`, whose pixels the tests compare it with.
"""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.errors import DataError
from replication.store.tables import read_table
from replication.surrogate.plan import TRUTH_FILE

SIGN_TABLES = (TRUTH_FILE, "signs.csv")
IMAGE_SIZE_PX = 64
SIGN_COLUMNS = ("file", "kind", "x_px", "y_px", "radius_px")


def find_sign_table(root: Path) -> Path | None:
    """Return the table of signs of a data folder, or None where the signs' places aren't known."""
    return next((root / name for name in SIGN_TABLES if (root / name).is_file()), None)


def read_signs(path: Path) -> pd.DataFrame:
    """Read the signs of all images.

    Args:
        path: a CSV with the columns file and signs, such as `haze:345.1:282.7:137.9|dilated:...`
            (kind, x, y, radius in px of the camera's frame), empty without a sign.

    Returns:
        One row per sign: file, kind, x_px, y_px, radius_px.

    Raises:
        DataError: when the table or one of its signs can't be read.
    """
    try:
        table = read_table(path, text=("file", "signs"))[["file", "signs"]]
        rows = [
            (file, kind, *map(float, circle))
            for file, signs in zip(table["file"], table["signs"], strict=True)
            for kind, *circle in (sign.split(":") for sign in signs.split("|") if sign)
        ]
        return pd.DataFrame(rows, columns=list(SIGN_COLUMNS))
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{path}: expected the columns file and signs, each sign kind:x:y:radius"
        ) from error


def mark_kinds(facts: pd.DataFrame, signs: pd.DataFrame | None) -> np.ndarray:
    """Return (N, K) bool, which kinds of sign each image has; K is 0 where they aren't known."""
    if signs is None:
        return np.zeros((len(facts), 0), dtype=bool)
    files, kinds = facts["path"].str.rpartition("/")[2], sorted(signs["kind"].unique())
    have = [files.isin(signs.loc[signs["kind"] == kind, "file"]) for kind in kinds]
    return np.column_stack(have) if kinds else np.zeros((len(facts), 0), dtype=bool)


def mask_signs(
    facts: pd.DataFrame, signs: pd.DataFrame, *, size_px: int = IMAGE_SIZE_PX
) -> np.ndarray:
    """Return the pixels that show a sign, even in part: the smallest sign is two pixels wide.

    Args:
        facts: N rows of the preprocessed images' manifest: path and the fields of `ImageFacts`.
        signs: of `read_signs`.
        size_px: S, of the (N, S, S) bool returned, all False for an image without a sign.
    """
    circles = {file: rows for file, rows in signs.groupby("file")}
    masks = np.zeros((len(facts), size_px, size_px), bool)
    for mask, row in zip(masks, facts.itertuples(), strict=True):
        for sign in circles.get(Path(row.path).name, signs.iloc[:0]).itertuples():
            inside = _draw_disc(row, sign.x_px, sign.y_px, sign.radius_px)
            turned = inside[:, ::-1] if row.mirrored else inside
            mask |= cover_pixels(turned, row, size_px=size_px) > 0
    return masks


def mask_irises(
    facts: pd.DataFrame, *, size_px: int = IMAGE_SIZE_PX
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of each iris, its pupil among them, and those of its upper half.

    Args:
        facts: as for `mask_signs`; the iris's places are in the frame after cut and mirroring.
        size_px: S, of the preprocessed images.

    Returns:
        iris: (N, S, S) bool, pixels at least half inside; all False where no iris was found.
        upper: (N, S, S) bool, those of them above its centre.
    """
    irises = np.zeros((2, len(facts), size_px, size_px), bool)
    for place, row in enumerate(facts.itertuples()):
        if not np.isnan(row.iris_radius_px):
            x, y = row.iris_centre_x_px, row.iris_centre_y_px
            iris = _draw_disc(row, x, y, row.iris_radius_px)
            upper = iris & (np.arange(len(iris)) < y)[:, None]
            for half, inside in enumerate((iris, upper)):
                irises[half, place] = cover_pixels(inside, row, size_px=size_px) >= 0.5
    # A pixel on the line may be half in the upper half and less than half in the iris.
    return irises[0], irises[1] & irises[0]


def find_iris_axes(facts: pd.DataFrame, *, size_px: int = IMAGE_SIZE_PX) -> tuple[float, float]:
    """Return half the width and half the height of the median iris, px of the preprocessed images.

    Frames are squeezed into squares, so a round iris is no longer round. Where no image has an iris,
    the axes reach to the images' edges.

    Args:
        facts: as for `mask_irises`.
        size_px: S, of the preprocessed images.
    """
    width, height = facts["frame_width_px"], facts["frame_height_px"] - facts["strip_rows_removed"]
    longer = np.maximum(width, height)
    sides = (longer, longer) if _are_padded(facts) else (width, height)
    axes = [(size_px * facts["iris_radius_px"] / side).median() for side in sides]
    return tuple(size_px / 2 if np.isnan(axis) else float(axis) for axis in axes)


def cover_pixels(inside: np.ndarray, row: object, *, size_px: int) -> np.ndarray:
    """Return how much of each pixel of the image a part of its frame covers, (S, S) float32.

    The part is (H, W) bool, in the frame after cut and mirroring.
    """
    height, width = inside.shape
    side = max(inside.shape) if getattr(row, "padded", False) else None
    above, before = ((side - height) // 2, (side - width) // 2) if side else (0, 0)
    moved = cv2.warpAffine(
        inside.astype(np.float32),
        np.float32([[1, 0, row.shift_x_px], [0, 1, row.shift_y_px]]),
        (width, height),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if side:
        rest = side - height - above, side - width - before
        moved = np.pad(moved, ((above, rest[0]), (before, rest[1])), mode="edge")
    return cv2.resize(moved, (size_px, size_px), interpolation=cv2.INTER_AREA)


def _are_padded(facts: pd.DataFrame) -> bool:
    """Return whether frames were padded to squares and not stretched; all of a run are."""
    return "padded" in facts and bool(facts["padded"].all())


def _draw_disc(row: object, x: float, y: float, radius_px: float) -> np.ndarray:
    """Return (H, W) bool, the pixels of the cut frame whose middle lies in a circle."""
    height = int(row.frame_height_px) - int(row.strip_rows_removed)
    rows, columns = np.ogrid[:height, : int(row.frame_width_px)]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius_px**2
