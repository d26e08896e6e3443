"""What a preprocessed image shows of its frame, measured on the pixels of both.

Validation's own account of the steps of the paper's §2.1, written without
`replication.preprocess.frame`: the frame is treated in every way that it could have been, and the
image is compared with each.
"""

from dataclasses import dataclass
from functools import partial
from itertools import product

import cv2
import numpy as np

from replication.preprocess.iris import find_iris

SCANNED = 1 / 3  # ours: a strip left on is 1/40 of a frame, and more where centering repeats it
MOST_COLUMNS = 0.7  # ours: the text of a strip hides its edge in the others
EDGE_GRAY = 24  # ours: real and drawn eyes without a strip reach 11, with one some 90 to 130
EVEN_GRAY = 8  # ours: how much the rows of a strip may differ


@dataclass(frozen=True)
class FrameAgreement:
    """How an image agrees with the frame that it was made of.

    Args:
        shows_cut_frame: whether it shows the frame without the label strip.
        shows_mirrored_frame: whether it shows the frame's left on its right.
        frame_difference_gray: mean difference from what its record says it is, gray levels.
    """

    shows_cut_frame: bool
    shows_mirrored_frame: bool
    frame_difference_gray: float


def compare_with_frame(
    image: np.ndarray,
    frame: np.ndarray,
    *,
    strip_rows: int,
    is_right: bool,
    shift: tuple[int, int],
    padded: bool = False,
) -> FrameAgreement:
    """Find the treatment of the frame that the image is nearest to.

    Treatments can be distinguished only where they differ: of a frame that looks the same in a
    mirror, any image is taken to be as it should.

    Args:
        image, frame: (S, S) preprocessed, and (H, W) uint8 as the camera gave it.
        strip_rows: rows of the label strip.
        is_right: whether it is to be mirrored, as a right eye is.
        shift: recorded px right and down.
        padded: whether the frame is made square by repeating its border.
    """
    right, down = shift
    difference = partial(_difference, image, frame, padded)
    as_recorded = difference(strip_rows, is_right, right, down)
    if as_recorded == 0:  # nothing is nearer
        return FrameAgreement(True, is_right, 0.0)
    # What should be comes first: argmin takes the first of equals. A frame mirrored after it was
    # moved has moved to the other side.
    treatments = list(product((strip_rows, 0), (is_right, not is_right), (right, -right)))
    nearest = int(np.argmin([difference(*treatment, down) for treatment in treatments]))
    rows, mirrored, _ = treatments[nearest]
    return FrameAgreement(rows == strip_rows, mirrored, as_recorded)


def find_strip(image: np.ndarray) -> bool:
    """Return whether a band of one gray, or of text on it, runs along the image's bottom.

    1. In the lowest third, look for two rows, one between them, that differ by an edge of one sign
    in most columns. 2. Take it for a strip's where all rows below are alike. In a dark frame there
    is no such edge, so it isn't taken for a strip.
    """
    first = round(len(image) * (1 - SCANNED))
    # The row between the two may be half of the strip, so what is below starts after it.
    above = image[first - 1 : -2].astype(np.float64)
    below = image[first + 1 :].astype(np.float64)
    upwards = np.median(below, axis=1)[::-1]
    span = np.maximum.accumulate(upwards) - np.minimum.accumulate(upwards)
    drop = (above - below)[span[::-1] <= EVEN_GRAY]
    edge = [np.quantile(sign * drop, 1 - MOST_COLUMNS, axis=1) for sign in (1, -1)]
    return bool(np.any(np.greater(edge, EDGE_GRAY)))


def measure_offset(
    image: np.ndarray, *, width_px: int, height_px: int
) -> tuple[float, float] | None:
    """Find the iris once more on a preprocessed image, its frame's aspect given back.

    Args:
        image: (S, S) uint8 preprocessed.
        width_px, height_px: of the frame without its label strip.

    Returns:
        How far right of and below the middle it is, px of the camera's frame; None if not found.
    """
    scale = len(image) / min(width_px, height_px)
    size = (round(width_px * scale), round(height_px * scale))
    fit = find_iris(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))
    if not fit.found:
        return None
    middle_x, middle_y = ((side - 1) / 2 for side in size)
    return (fit.centre_x_px - middle_x) / scale, (fit.centre_y_px - middle_y) / scale


def _difference(
    image: np.ndarray,
    frame: np.ndarray,
    padded: bool,
    cut_rows: int,
    mirrored: bool,
    right: int,
    down: int,
) -> float:
    """Return the image's mean difference from the frame so treated and shrunk, gray levels."""
    cut = frame[: len(frame) - cut_rows]
    turned = np.ascontiguousarray(cut[:, ::-1]) if mirrored else cut
    treated = cv2.warpAffine(
        turned,
        np.float32([[1, 0, right], [0, 1, down]]),
        turned.shape[::-1],
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if padded:
        spare = max(treated.shape) - np.array(treated.shape)
        treated = np.pad(treated, [(n // 2, n - n // 2) for n in spare], mode="edge")
    shrunk = cv2.resize(treated, image.shape[::-1], interpolation=cv2.INTER_AREA)
    return float(np.mean(np.abs(image.astype(np.float64) - shrunk)))
