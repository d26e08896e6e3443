"""Drawn eyes with known centres: a dark disc in a gray disc on light ground."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

PUPIL, IRIS, SCLERA = 30, 120, 200


def draw_eye(
    *,
    centre: tuple[float, float] = (320.0, 240.0),
    size: tuple[int, int] = (640, 480),
    radius_px: float = 120.0,
    pupil: int = PUPIL,
) -> np.ndarray:
    """Return (H, W) uint8 with one eye, its pupil 0.4 of its iris.

    Args:
        centre: x and y, px.
        size: width and height, px.
    """
    rows, columns = np.mgrid[: size[1], : size[0]]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    eye = np.full(distance.shape, SCLERA, np.uint8)
    eye[distance <= radius_px] = IRIS
    eye[distance <= 0.4 * radius_px] = pupil
    return eye


def label_strip(eye: np.ndarray, rows: int = 11) -> np.ndarray:
    """Return the eye with a black strip of white text over its bottom rows."""
    labelled = eye.copy()
    labelled[-rows:] = 0
    cv2.putText(labelled, "LABEL", (4, len(eye) - 2), cv2.FONT_HERSHEY_PLAIN, 0.7, 255)
    return labelled


def write_eyes(root: Path, count: int) -> pd.DataFrame:
    """Write small drawn eyes and return their manifest."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(count):
        eye = draw_eye(
            centre=(rng.uniform(60, 100), rng.uniform(50, 70)), size=(160, 120), radius_px=30
        )
        path = f"eye{i:03}.bmp"
        cv2.imwrite(str(root / path), eye)
        rows.append((f"id{i:03}", path, str(i // 2), ("left", "right")[i % 2], i % 3 == 0))
    return pd.DataFrame(rows, columns=["image_id", "path", "patient_id", "eye", "glaucoma"])
