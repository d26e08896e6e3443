"""Measure again, on the preprocessed images alone, what preprocessing says it did."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd

from replication.iris import find_iris


def measure_centres_again(images: np.ndarray, facts: pd.DataFrame) -> pd.DataFrame:
    """Find the iris once more on each preprocessed image, its frame's aspect given back.

    Args:
        images: (N, S, S) uint8 preprocessed images.
        facts: the N rows of facts on them, in the same order.

    Returns:
        One row per image: image_id, found_again, off_middle_x_px, off_middle_y_px (how far right
        of and below the middle the iris is, in px of the camera's frame; NaN where not found).
    """
    height = facts.frame_height_px - facts.strip_rows_removed
    sizes = zip(facts.frame_width_px, height, strict=True)
    rows = [_measure_again(image, *size) for image, size in zip(images, sizes, strict=True)]
    measured = pd.DataFrame(
        rows, columns=["found_again", "off_middle_x_px", "off_middle_y_px"], index=facts.index
    )
    measured.insert(0, "image_id", facts.image_id)
    return measured


def _measure_again(image: np.ndarray, width: float, height: float) -> tuple[bool, float, float]:
    """Return whether the iris is found and how far off the middle, in px of a width x height."""
    scale = len(image) / min(width, height)
    size = (round(width * scale), round(height * scale))
    fit = find_iris(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))
    if not fit.found:
        return False, float("nan"), float("nan")
    middle_x, middle_y = ((side - 1) / 2 for side in size)
    return True, (fit.centre_x_px - middle_x) / scale, (fit.centre_y_px - middle_y) / scale
