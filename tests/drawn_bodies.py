"""Images of other bodies than eyes, drawn: chests with a finding, and eyes' grounds with a disc.

`python tests/drawn_bodies.py chests` draws 600 chests of 60 patients and their manifest into a folder,
`grounds` 225 grounds of 45 patients; docs/any-image.md runs the package on them.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

# Draws a patient's image of that number, ill or not, and the circle that is to be its middle.
Draw = Callable[[int, int, bool], tuple[np.ndarray, tuple[float, float, float]]]
CHEST_PX, GROUND_PX = (360, 300), (320, 240)  # width and height
ILL_EVERY = 3


def draw_chest(patient: int, image: int, ill: bool) -> tuple[np.ndarray, tuple[float, ...]]:
    """Draw two dark lungs, ribs and a heart, which are the patient's, and a pale spot where ill."""
    own, shot = np.random.default_rng([patient, 1]), np.random.default_rng([patient, image, 2])
    width, height = CHEST_PX
    row, column = np.mgrid[:height, :width]
    right, down = shot.uniform(-8, 8, 2)
    x, y = (column - width / 2 - right) / width, (row - height / 2 - down) / height
    gap, breadth, length, pitch, heart, spot = own.uniform(size=6)
    lungs = sum(
        np.exp(
            -((((x - side) / (0.1 + 0.03 * breadth)) ** 2 + (y / (0.26 + 0.07 * length)) ** 2) ** 2)
        )
        for side in (-0.17 - 0.04 * gap, 0.17 + 0.04 * gap)
    )
    ribs = 12 * np.sin((50 + 20 * pitch) * (y + 0.4 * x**2) + 6 * gap)
    middle = np.exp(-(((x - 0.06) / (0.09 + 0.04 * heart)) ** 2) - ((y - 0.14) / 0.17) ** 2)
    gray = 165 - 95 * np.clip(lungs, 0, 1) + 60 * middle + ribs
    if ill:
        side, up = (0.19 if spot < 0.5 else -0.19), 0.2 * (pitch - 0.5)
        gray += 85 * np.exp(-((x - side) ** 2 + (y - up) ** 2) / 0.0018)
    return _expose(gray, shot), (width / 2 + right, height / 2 + down, 0.4 * width)


def draw_ground(patient: int, image: int, ill: bool) -> tuple[np.ndarray, tuple[float, ...]]:
    """Draw a pale disc on an eye's ground: vessels are the patient's, a wide cup where ill.

    The circle is the disc's edge; it lies anywhere, so that it has to be brought to the middle.
    """
    own, shot = np.random.default_rng([patient, 3]), np.random.default_rng([patient, image, 4])
    width, height = GROUND_PX
    row, column = np.mgrid[:height, :width]
    centre_x, centre_y = width / 2 + shot.uniform(-50, 50), height / 2 + shot.uniform(-30, 30)
    x, y = column - centre_x, row - centre_y
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    edge = own.uniform(28, 34)
    vessels = sum(
        np.exp(
            -(((angle - own.uniform(-3, 3) - 0.004 * radius + np.pi) % (2 * np.pi) - np.pi) ** 2)
            / 0.004
        )
        for _ in range(6)
    )
    gray = 110.0 - 45 * np.clip(vessels, 0, 1) - 0.1 * radius
    gray = np.where(radius < edge, 185.0, gray)
    gray = np.where(radius < edge * (0.7 if ill else 0.35), 235.0, gray)
    return _expose(gray, shot), (centre_x, centre_y, edge)


def write_bodies(
    folder: Path, draw: Draw, *, patients: int, images: int, with_circles: bool = False
) -> Path:
    """Draw so many images of each patient into a new folder, and return their manifest.

    It has the column `disease` and no `eye`.
    """
    folder.mkdir(parents=True)
    heading = "path,patient_id,disease"
    lines = [heading + (",centre_x,centre_y,radius" if with_circles else "")]
    for patient in range(1, patients + 1):
        ill = patient % ILL_EVERY == 0
        for image in range(images):
            name = f"{patient:03}-{image}.png"
            gray, circle = draw(patient, image, ill)
            cv2.imwrite(str(folder / name), gray)
            cells = [name, f"patient-{patient}", str(ill).lower()]
            cells += [f"{number:.1f}" for number in circle] if with_circles else []
            lines.append(",".join(cells))
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return manifest


def _expose(gray: np.ndarray, shot: np.random.Generator) -> np.ndarray:
    noisy = cv2.GaussianBlur(gray, (5, 5), 0) + shot.normal(0, 4, gray.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


SETS = {
    "chests": {"draw": draw_chest, "patients": 60, "images": 10},
    "grounds": {"draw": draw_ground, "patients": 45, "images": 5, "with_circles": True},
}

if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_bodies(Path(name), **SETS[name])
