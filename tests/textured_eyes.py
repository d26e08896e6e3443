"""Drawn eyes that no mirror and no exchange leaves as they are, preprocessed into a stage folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import pandas as pd
from drawn_eyes import draw_eye, label_strip

from replication.config import PreprocessSettings, SplitSettings
from replication.preprocess.split import split_dataset
from replication.preprocess.stage import preprocess_images
from replication.store.arrays import save_preprocessed

WIDTH_PX, HEIGHT_PX = 160, 120


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
