"""Data sets and privatized sets on disk: arrays as .npy without pickle, tables as CSV."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from replication.records import EyeDataset, PrivatizedSet, Splits, Subset, to_bytes, to_unit_range
from replication.store.files import write_text
from replication.store.tables import read_table, write_table

IMAGES = "images.npy"
MANIFEST = "manifest.csv"
REFUSED = "refused.txt"


def save_preprocessed(folder: Path, images: np.ndarray, table: pd.DataFrame) -> None:
    """Write the preprocessed images and their manifest.

    Args:
        folder: of the stage.
        images: (N, H, W) uint8.
        table: N rows: manifest, `identity`, `subset` and facts.
    """
    np.save(folder / IMAGES, images, allow_pickle=False)
    write_table(table, folder / MANIFEST)


def load_preprocessed(folder: Path, channels: int) -> tuple[EyeDataset, Splits]:
    """Read the data set and its split back, the gray image repeated to so many channels."""
    table = load_manifest(folder)
    dataset = to_dataset(np.load(folder / IMAGES, allow_pickle=False), table, channels)
    rows = {s.value: np.flatnonzero(table["subset"].to_numpy() == s.value) for s in Subset}
    return dataset, Splits(**rows)


def to_dataset(images: np.ndarray, table: pd.DataFrame, channels: int) -> EyeDataset:
    """Return (N, H, W) uint8 images, repeated to so many channels, with their rows' labels."""
    return EyeDataset(
        np.repeat(to_unit_range(images)[..., None], channels, axis=-1),
        table["identity"].to_numpy(np.int32),
        table["glaucoma"].to_numpy(bool),
        table["image_id"].to_numpy(np.str_),
    )


def load_manifest(folder: Path) -> pd.DataFrame:
    """Read the preprocessed manifest: one row per image."""
    return read_table(folder / MANIFEST, text=("image_id", "path", "patient_id"))


def find_white_level(table: pd.DataFrame) -> int:
    """Return the level of white of a preprocessed manifest's files."""
    return int(table["white_level"].iloc[0])


def write_refusal(folder: Path, sentence: str) -> None:
    """Write into a stage's folder why its method releases nothing of these data, and nothing else."""
    write_text(folder / REFUSED, sentence + "\n")


def read_refusal(folder: Path) -> str | None:
    """Return why a stage's method releases nothing; None where it does."""
    file = folder / REFUSED
    return file.read_text(encoding="utf-8").rstrip("\n") if file.exists() else None


def save_privatized(folder: Path, sets: Iterable[PrivatizedSet]) -> None:
    """Write the draws of one method: 8-bit images, and where it has them whom it used and the codes.

    Files of draw 0 are `draw-0.npy`, `used-0.npy` and `code-0.npy`.
    """
    for drawn in sets:
        columns = {"draw": to_bytes(drawn.images), "used": drawn.used_identities}
        for name, column in (columns | {"code": drawn.code}).items():
            if column is not None:
                np.save(folder / f"{name}-{drawn.draw}.npy", column, allow_pickle=False)


def load_privatized(folder: Path, method: str) -> Iterator[PrivatizedSet]:
    """Read the draws of one method back, one at a time, in their order."""
    for draw in range(len(list(folder.glob("draw-*.npy")))):
        images = np.load(folder / f"draw-{draw}.npy", allow_pickle=False)
        used, code = (_load_if_there(folder / f"{name}-{draw}.npy") for name in ("used", "code"))
        yield PrivatizedSet(method, draw, to_unit_range(images), used, code)


def _load_if_there(file: Path) -> np.ndarray | None:
    return np.load(file, allow_pickle=False) if file.exists() else None
