"""Measure again, on the preprocessed images alone, what preprocessing says it did."""

from __future__ import annotations

import cv2
import numpy as np

from replication.iris import find_iris


def measure_off_middle(
    image: np.ndarray, *, width_px: int, height_px: int
) -> tuple[float, float] | None:
    """Find the iris once more on a preprocessed image, its frame's aspect given back.

    Args:
        image: (S, S) uint8 preprocessed.
        width_px, height_px: of the frame without its label strip.

    Returns:
        How far right of and below the middle the iris is, px of the camera's frame; None where
        it isn't found.
    """
    scale = len(image) / min(width_px, height_px)
    size = (round(width_px * scale), round(height_px * scale))
    fit = find_iris(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))
    if not fit.found:
        return None
    middle_x, middle_y = ((side - 1) / 2 for side in size)
    return (fit.centre_x_px - middle_x) / scale, (fit.centre_y_px - middle_y) / scale
