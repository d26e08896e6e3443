"""Write tiny data sets in the Warsaw layout, and break them."""

from pathlib import Path

import cv2
import numpy as np

ANNOTATIONS = "medical-description-v2-1.csv"
ROWS = (
    "patient;left eye;right eye",
    "1;healthy;cataract, glaucoma",
    "2; Secondary  Glaucoma ,cataract;",
    "3;;healthy",
)
FILES = (
    "images-NIR/0001left/0001_L_IG_11.png",
    "images-NIR/0001left/0001_L_IG_12.png",
    "images-NIR/0001right/0001_R_IG_11.png",
    "images-NIR/0002left/0002_L_IG_11.png",
    "images-NIR/0003right/0003_R_IG_11.png",
)
LABELS = (False, False, True, True, False)


def write_image(file: Path, *, seed: int, width_px: int = 8, height_px: int = 6) -> None:
    """Write noise that the seed alone decides, so that contents differ."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shape = (height_px, width_px)
    cv2.imwrite(str(file), np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def write_annotations(root: Path, rows: tuple[str, ...] = ROWS, *, ending: str = "\r\n") -> Path:
    """Write the annotations file."""
    file = root / ANNOTATIONS
    file.write_bytes(ending.join([*rows, ""]).encode())
    return file


def write_warsaw(root: Path) -> Path:
    """Write three patients with five AD100 images, two of them with glaucoma."""
    for seed, file in enumerate(FILES):
        write_image(root / file, seed=seed)
    write_annotations(root)
    return root


def write_manifest(root: Path, rows: list[str] | None = None) -> Path:
    """Write three images of two patients and a manifest of them, or one of the given rows."""
    for seed in range(3):
        write_image(root / f"eyes/{seed}.png", seed=seed)
    file = root / "mine.csv"
    lines = rows or [
        "path,patient_id,eye,glaucoma",
        "eyes/2.png,bob,Right,TRUE",
        "eyes/0.png,ann,left,no",
        "eyes/1.png,ann,left,0",
    ]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return file
