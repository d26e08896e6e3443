"""What all of the surrogate is painted with: noise, and lines laid softly between pixels.

Ours. A stroke touches few rows of a picture, so the others are left alone.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

FRAME_SIZE = (640, 480)
SHARED = 0.5  # fraction of a texture's variance that the two eyes of a patient have in common
SUBPIXEL_BITS = 4

# The patient's generator and the eye's.
Rngs = tuple[np.random.Generator, np.random.Generator]


def mix_noise(
    rngs: Rngs,
    draw_noise: Callable[[np.random.Generator, tuple[float, float]], np.ndarray],
    grain: tuple[float, float],
) -> np.ndarray:
    """Return noise of unit variance and a given grain, partly the patient's, partly the eye's."""
    patient_noise, eye_noise = (draw_noise(rng, grain) for rng in rngs)
    return np.sqrt(SHARED) * patient_noise + np.sqrt(1 - SHARED) * eye_noise


def fix_point(path: np.ndarray) -> np.ndarray:
    """Return paths as the fixed-point numbers that OpenCV draws from, (..., 1, 2) int32."""
    return np.round(path * 2**SUBPIXEL_BITS).astype(np.int32)[..., None, :]


def soften(mask: np.ndarray, sigma_px: float) -> tuple[slice, np.ndarray]:
    """Blur what is drawn in a mask.

    Args:
        mask: (H, W) uint8, 0 where nothing is drawn.
        sigma_px: of the Gaussian.

    Returns:
        The rows outside which the blurred mask is 0, and the blurred mask there, (rows, W)
        float32 in 0..255.
    """
    drawn = np.flatnonzero(mask.any(axis=1))
    if len(drawn) == 0:
        return slice(0, 0), np.zeros((0, mask.shape[1]), np.float32)
    # Twice the blur's reach: its border mirrors what is cut out, and shall mirror nothing drawn.
    margin = 2 * math.ceil(3 * sigma_px + 1)
    rows = slice(max(0, drawn[0] - margin), drawn[-1] + 1 + margin)
    return rows, cv2.GaussianBlur(mask[rows], (0, 0), sigma_px).astype(np.float32)


def cover_rows(scene: np.ndarray, rows: slice, cover: np.ndarray, gray: float) -> np.ndarray:
    """Return the scene with one gray over some of its rows, as much as `cover` says in 0..1."""
    covered = scene.copy()
    covered[rows] += cover * (gray - scene[rows])
    return covered
