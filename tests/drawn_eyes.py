"""Eyes on disk with all that is known of them: drawn ones, and tiny data sets of noise.

A drawn eye is a dark disc in a gray disc on light ground; a textured one is changed by every mirror
and every exchange. The tiny data sets are in the Warsaw layout or have a manifest, to be broken.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import pandas as pd

from replication.config import PreprocessSettings, SplitSettings
from replication.preprocess.split import split_dataset
from replication.preprocess.stage import preprocess_images
from replication.store.arrays import save_preprocessed

PUPIL, IRIS, SCLERA = 30, 120, 200
WIDTH_PX, HEIGHT_PX = 160, 120
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


def draw_textured_eye(rng: np.random.Generator) -> np.ndarray:
    """Return (120, 160) uint8: an eye off the middle with a label strip, shaded from the left."""
    centre = rng.uniform((60, 48), (100, 62))
    eye = draw_eye(centre=tuple(centre), size=(WIDTH_PX, HEIGHT_PX), radius_px=30).astype(float)
    patches = cv2.resize(rng.normal(0, 12, (6, 8)), (WIDTH_PX, HEIGHT_PX))
    shade = np.linspace(-25, 25, WIDTH_PX)
    return label_strip(np.clip(eye + patches + shade, 1, 255).astype(np.uint8))


@dataclass
class TexturedEyes:
    """Raw files under `root` and what preprocessing makes of them."""

    root: Path
    raw: pd.DataFrame
    images: np.ndarray
    manifest: pd.DataFrame

    def copy(self) -> Self:
        """Return eyes to plant a fault in; the files are shared."""
        return TexturedEyes(
            self.root, self.raw.copy(), self.images.copy(), self.manifest.copy(deep=True)
        )

    def save(self, folder: Path) -> Path:
        """Write them as stage 01 does."""
        folder.mkdir()
        save_preprocessed(folder, self.images, self.manifest)
        return folder


def make_textured_eyes(root: Path, *, patients: int = 8, each: int = 5) -> TexturedEyes:
    """Write and preprocess the eyes; of every patient the last two are right ones, mirrored."""
    rng = np.random.default_rng(7)
    rows = []
    for i in range(patients * each):
        eye = ("left", "right")[i % each >= each - 2]
        pixels = draw_textured_eye(rng)
        if eye == "right":
            pixels = np.vstack([pixels[:-11, ::-1], pixels[-11:]])
        content = cv2.imencode(".bmp", pixels)[1].tobytes()
        name = f"eye{i:03}.bmp"
        (root / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        rows.append((name, name, f"p{i // each}", eye, i % each == i // each % each, digest))
    columns = ["image_id", "path", "patient_id", "eye", "glaucoma", "sha256"]
    raw = pd.DataFrame(rows, columns=columns)
    images, facts = preprocess_images(raw, root, PreprocessSettings(), workers=1)
    manifest = raw.merge(facts.drop(columns="path"), on="image_id")
    manifest["identity"] = pd.factorize(manifest["patient_id"], sort=True)[0]
    splits = split_dataset(
        manifest["image_id"].to_numpy(np.str_),
        manifest["identity"].to_numpy(),
        SplitSettings(),
    )
    for subset, places in splits.items():
        manifest.loc[places, "subset"] = subset.value
    return TexturedEyes(root, raw, images, manifest)


def write_image(file: Path, *, seed: int, width_px: int = 8, height_px: int = 16) -> None:
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
