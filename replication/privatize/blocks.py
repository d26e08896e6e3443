"""Privatize any number of images block by block, in memory that their number doesn't change.

Writes, in the given folder, `blocks.json` (what the blocks are made of) and one folder per block:
`draw-0.npy` ... and `used-0.npy` ... as in stage 05, and `images.csv`, which row is which image. A
block appears when it is complete, and is not made again. The bytes are those of all images in one
go.
"""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd

from replication.errors import DataError, SettingsError
from replication.privatize.methods import Method
from replication.privatize.pprl_vgan import DrawStreams, open_streams
from replication.records import EyeDataset, Generator
from replication.store.arrays import save_privatized
from replication.store.files import new_folder, read_json, write_json
from replication.store.tables import write_table

# A multiple of what the networks and K-Same-Select take at once (512): their last bits
# depend on that, and blocks must give the bytes of one go.
BLOCK_IMAGES = 1024
SKIPPED_AT_ONCE = 2**20
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
        folder: made where missing; what is there must come of the same request.
        request: what identifies gallery, networks, images and draws.
        read_images: returns the images of some rows of the table, all of them.
        method, gallery, generator, seed, draws: of the registry, and as its `privatize` takes them.
        on_images: called with the number of images of each block that is done.

    Raises:
        SettingsError: when the folder holds something else.
    """
    _open_folder(folder, request)
    given = {"gallery": gallery, "generator": generator, "seed": seed, "draws": draws}
    following = None
    for start in range(0, len(table), BLOCK_IMAGES):
        rows = table.iloc[start : start + BLOCK_IMAGES]
        block = folder / f"images-{start:09d}"
        if not block.exists():
            if method.needs_generator and start != following:
                given["streams"] = [
                    _open_streams_at(start, seed, draw, method, gallery, generator, len(table))
                    for draw in range(draws)
                ]
            following = start + len(rows)
            sets = method.privatize(read_images(rows), **given)
            with new_folder(block) as partial:
                save_privatized(partial, sets)
                write_table(rows[["image_id", "path"]], partial / "images.csv")
        on_images(len(rows))


def _open_folder(folder: Path, request: dict) -> None:
    """Make the folder, or check that what is in it comes of the same request."""
    record = folder / RECORD
    if not record.exists():
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"{folder}: holds other files; choose another --out")
        folder.mkdir(parents=True, exist_ok=True)
        write_json(record, request)
        return
    before = read_json(record)
    if differing := sorted(k for k in before | request if before.get(k) != request.get(k)):
        raise SettingsError(
            f"{folder}: holds blocks of something else ({', '.join(differing)}); "
            "choose another --out"
        )


def _open_streams_at(
    done: int,
    seed: int,
    draw: int,
    method: Method,
    gallery: EyeDataset,
    generator: Generator,
    images: int,
) -> DrawStreams:
    """Return the numbers that a draw of all images in one go has for those after the first `done`.

    A block needs a stretch out of each part of the numbers (`open_streams`), so each part has a
    generator of its own that starts where the part does.
    """
    patients = len(np.unique(gallery.identity))
    latent_units = generator.encode(gallery.images[:1])[0].shape[1]
    rng = open_streams(seed, draw, method.name).identities
    identities = deepcopy(rng)
    _skip_keys(identities, done * patients)
    _skip_keys(rng, images * patients)
    noise = []
    for _ in range(method.painted):
        _skip_noise(rng, done * latent_units)
        noise.append(deepcopy(rng))
        _skip_noise(rng, (images - done) * latent_units)
    return DrawStreams(identities, noise)


def _skip_keys(rng: np.random.Generator, count: int) -> None:
    for start in range(0, count, SKIPPED_AT_ONCE):
        rng.random(min(SKIPPED_AT_ONCE, count - start))


def _skip_noise(rng: np.random.Generator, count: int) -> None:
    """Draw and forget: how much of the generator a normal number uses up isn't known before."""
    for start in range(0, count, SKIPPED_AT_ONCE):
        rng.standard_normal(min(SKIPPED_AT_ONCE, count - start), dtype=np.float32)


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
