"""Privatize by PP-MIR: an eye that the identity network names nobody in, with the original's iris.

After Montenegro, Silva and Cardoso (IEEE Access 9, 2021), the paper's authors' own next step. A
trained generator, handed in (`keras_models.pp_mir_model`), encodes an image to a Gaussian in latent
space and decodes a sample of it. Nobody is painted in, and a label is no input.
"""

from collections.abc import Iterator

import numpy as np

from replication.errors import SettingsError
from replication.privatize.draws import open_blocks
from replication.records import EyeDataset, Generator, PrivatizedSet, round_to_bytes


def privatize_by_pp_mir(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    method: str,
    first_block: int = 0,
) -> Iterator[PrivatizedSet]:
    """Yield one privatized set per draw, each with fresh latent noise.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`).
        method: its name in the registry.
        first_block: as for `draws.open_blocks`.

    Raises:
        SettingsError: when there is no generator.
    """
    if generator is None:
        raise SettingsError(f"{method}: needs a trained generator; `replicate` trains it")
    mean, std = generator.encode(queries.images)
    numbered = {"seed": seed, "method": method, "first_block": first_block}
    for draw in range(draws):
        blocks = [
            generator.decode(
                mean[rows] + std[rows] * rng.standard_normal(mean[rows].shape, dtype=np.float32)
            )
            for rows, rng in open_blocks(len(queries), draw=draw, **numbered)
        ]
        yield PrivatizedSet(method, draw, round_to_bytes(np.concatenate(blocks)), None)
