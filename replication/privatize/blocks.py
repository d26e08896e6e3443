"""Privatize any number of images block by block, in memory that their number doesn't change.

Leaves, in the given folder, `blocks.json` (what the blocks are made of) and one folder per
block: `draw-0.npy` ... and `used-0.npy` ... as stage 05 has them, and `images.csv`, which row is
which image. A block appears when it is complete; those that are there are not made again. The
bytes are those of all images in one go.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from replication.errors import DataError, SettingsError
from replication.privatize.methods import Generator, Method
from replication.records import EyeDataset, PrivatizedSet
from replication.store.arrays import save_privatized
from replication.store.files import new_folder, read_json, write_json
from replication.store.tables import write_table

# A multiple of what the networks and K-Same-Select take at once (512): their last bits
# depend on that, and blocks must give the bytes of one go.
BLOCK_IMAGES = 1024
RECORD = "blocks.json"


def privatize_blocks(
    table: pd.DataFrame,
    folder: Path,
    *,
    request: dict,
    read_images: Callable[[pd.DataFrame], EyeDataset],
    method: Method,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    on_images: Callable[[int], None] = lambda images: None,
) -> None:
    """Privatize the images of a table, and leave them in the folder.

    Args:
        table: one row per image, of which `image_id` and `path` are kept.
        folder: made where missing; what is there must come of the same.
        request: what identifies gallery, networks, images and draws.
        read_images: returns the images of some rows of the table, all of them.
        method: of the registry.
        gallery: the training images.
        generator: the trained networks, where the method needs them.
        seed: of the draws.
        draws: sets per image, where the method draws.
        on_images: told how many images more are done.

    Raises:
        SettingsError: when the folder holds something else.
    """
    _open_folder(folder, request)
    sources = {"gallery": gallery, "generator": generator}
    streams, following = None, None
    for start in range(0, len(table), BLOCK_IMAGES):
        rows = table.iloc[start : start + BLOCK_IMAGES]
        block = folder / f"images-{start:09d}"
        if not block.exists():
            if start != following:
                places = {"images": len(table), "done": start}
                streams = method.open_streams(seed, draws, **places, **sources)
            following = start + len(rows)
            images = read_images(rows)
            _write_block(
                block, method.privatize_block(images, streams=streams, **sources), rows=rows
            )
        on_images(len(rows))


def name_classes(patients: pd.Series, classes: dict[str, int], *, method: Method) -> np.ndarray:
    """Return each patient's class in the run, -1 for one that the run doesn't know.

    Raises:
        DataError: when the method paints the original identity too, and the networks never
            learned one.
    """
    found = patients.map(classes)
    if method.painted > 1 and found.isna().any():
        stranger = patients[found.isna()].iloc[0]
        raise DataError(
            f"{method.name} paints the original identity too: patient {stranger!r} is not among "
            "the run's; use a method that doesn't, or the patient_id that the run's data has"
        )
    return found.fillna(-1).to_numpy(np.int32)


def _write_block(folder: Path, sets: Iterable[PrivatizedSet], *, rows: pd.DataFrame) -> None:
    with new_folder(folder) as partial:
        save_privatized(partial, sets)
        write_table(rows[["image_id", "path"]], partial / "images.csv")


def _open_folder(folder: Path, request: dict) -> None:
    """Make the folder, or check that what is in it comes of the same."""
    record = folder / RECORD
    if not record.exists():
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"{folder}: holds other files; choose another --out")
        folder.mkdir(parents=True, exist_ok=True)
        write_json(record, request)
        return
    before = read_json(record)
    differing = sorted(key for key in before | request if before.get(key) != request.get(key))
    if differing:
        raise SettingsError(
            f"{folder}: holds blocks of something else ({', '.join(differing)}); "
            "choose another --out"
        )
