"""The surrogate's camera: light, focus, grain, the mirror for right eyes, the label strip, JPEG.

Ours. The size of the frame and the strip are those of the Warsaw layout.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from replication.surrogate.patient import Shot, SignKind
from replication.surrogate.signs import Circle

FRAME_SIZE = (640, 480)
STRIP_ROWS = 11
JPEG_QUALITY = 90


@dataclass(frozen=True)
class DrawnFrame:
    """A frame with what is true of it; circles in pixels of this frame."""

    pixels: np.ndarray
    iris: Circle
    pupil: Circle
    signs: tuple[tuple[SignKind, Circle], ...]


def expose(scene: np.ndarray, shot: Shot, rng: np.random.Generator) -> np.ndarray:
    """Return what the camera makes of the scene, (480, 640) uint8."""
    x = np.linspace(-1, 1, FRAME_SIZE[0], dtype=np.float32)[None]
    y = np.linspace(-1, 1, FRAME_SIZE[1], dtype=np.float32)[:, None]
    light = shot.gain * (1 + shot.light[0] * x + shot.light[1] * y - 0.1 * (x**2 + y**2))
    focused = cv2.GaussianBlur(scene * light, (0, 0), shot.focus_px)
    grain = rng.standard_normal(FRAME_SIZE[::-1], dtype=np.float32) * shot.noise_grey
    return np.clip(focused + grain + 0.5, 0, 255).astype(np.uint8)


def mirror_frame(drawn: DrawnFrame) -> DrawnFrame:
    """Return the frame and its circles seen in a mirror."""
    last = FRAME_SIZE[0] - 1
    iris, pupil, *signs = (
        Circle(last - c.x, c.y, c.radius)
        for c in (drawn.iris, drawn.pupil, *(circle for _, circle in drawn.signs))
    )
    kinds = (kind for kind, _ in drawn.signs)
    pixels = np.ascontiguousarray(drawn.pixels[:, ::-1])
    return DrawnFrame(pixels, iris, pupil, tuple(zip(kinds, signs, strict=True)))


def write_label(pixels: np.ndarray, label: tuple[str, str]) -> np.ndarray:
    """Return the frame with a black strip of text in its bottom rows."""
    strip = np.zeros((STRIP_ROWS, FRAME_SIZE[0]), np.uint8)
    for text, x in zip(label, (4, FRAME_SIZE[0] - 60), strict=True):
        cv2.putText(strip, text, (x, 9), cv2.FONT_HERSHEY_PLAIN, 0.75, 255, 1)
    return np.concatenate([pixels[:-STRIP_ROWS], strip])


def encode_jpeg(pixels: np.ndarray) -> np.ndarray:
    """Return the bytes of the JPEG file, (n,) uint8."""
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
