"""Edge points of an eye image, thinned to one per outline (non-maximum suppression, Canny 1986).

Everything is relative to the frame and to its own gray levels: the frame is first brought to one
working size, and only the directions of its gradients go on from here, not their strengths.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

WORKING_SIDE_PX = 96  # ours: the longer side; the smallest pupil tried still spans 5 px
TINY = np.finfo(np.float32).tiny
SMOOTHING_PX = 1.0  # ours: the least that gives a thinned outline its direction


@dataclass(frozen=True)
class EdgePoints:
    """Edge points of one working image, at subpixel places.

    Args:
        x, y: (E,) float32 places in the working image, px.
        towards_x, towards_y: (E,) float32 unit direction in which the image gets brighter.
        height_px, width_px: size of the working image.
        scale: working px per px of the frame.
    """

    x: np.ndarray
    y: np.ndarray
    towards_x: np.ndarray
    towards_y: np.ndarray
    height_px: int
    width_px: int
    scale: float


def find_edge_points(gray: np.ndarray) -> EdgePoints:
    """Find the points where the image changes fastest along its own gradient.

    1. Resize to the working size and smooth. 2. Take the gradient. 3. Keep what is steeper than
    both neighbours along the gradient and than the median pixel. 4. Move each to the top of the
    parabola through the three.

    Args:
        gray: (H, W) uint8.
    """
    small, scale = _shrink(gray)
    height, width = small.shape
    smooth = cv2.GaussianBlur(small, (0, 0), SMOOTHING_PX, borderType=cv2.BORDER_REPLICATE)
    steep_x = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
    steep_y = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
    # Not cv2.magnitude: its last bit depends on where in memory the arrays lie.
    strength = np.sqrt(steep_x * steep_x + steep_y * steep_y)
    divisor = np.maximum(strength, TINY)
    unit_x, unit_y = steep_x / divisor, steep_y / divisor
    grid_x, grid_y = _pixel_grid(height, width)
    ahead, behind = (
        cv2.remap(
            strength,
            grid_x + side * unit_x,
            grid_y + side * unit_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for side in (1, -1)
    )
    # Not np.median, which costs as much again: above both middle pixels is above their mean.
    middle = (strength.size - 1) // 2
    typical = np.partition(strength, middle, axis=None)[middle]
    keep = (strength >= ahead) & (strength > behind) & (strength > typical)
    # The frame's own border is no outline: its replicated pixels have no true gradient.
    keep[[0, -1]] = keep[:, [0, -1]] = False
    kept = np.flatnonzero(keep)
    row, column = np.divmod(kept, width)
    before, at, after, towards_x, towards_y = (
        each.ravel()[kept] for each in (behind, strength, ahead, unit_x, unit_y)
    )
    shift = np.clip((after - before) / (2 * (2 * at - before - after)), -0.5, 0.5)
    return EdgePoints(
        (column + shift * towards_x).astype(np.float32),
        (row + shift * towards_y).astype(np.float32),
        towards_x,
        towards_y,
        height,
        width,
        scale,
    )


def _shrink(gray: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the frame at the working size as float32, and working px per px of the frame."""
    halved, halvings = gray, 0
    # Even halves first: OpenCV averages 2x2 px many times faster than areas of broken px.
    while max(halved.shape) >= 2 * WORKING_SIDE_PX and min(halved.shape) >= 2:
        height, width = (side // 2 for side in halved.shape)
        even = halved[: 2 * height, : 2 * width]
        halved = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
        halvings += 1
    scale = WORKING_SIDE_PX / max(halved.shape)
    height, width = (max(3, round(side * scale)) for side in halved.shape)
    small = cv2.resize(halved, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32), scale / 2**halvings


@lru_cache(maxsize=16)
def _pixel_grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the x and the y of every pixel, (H, W) float32 each."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x, y
