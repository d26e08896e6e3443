"""Privatize by PPRL-VGAN: paint another patient's identity into the image (paper §2.2 and §3).

After Chen et al. (2018). A trained generator, handed in, encodes an image to a Gaussian in latent
space and decodes a sample of it together with a replacement identity. The averaged regimes take
the mean of six such images, one of them with the original identity.

Departure: the paper doesn't say from whom the other five come; here they are distinct patients
other than the original, so that exactly "one of the six" has the original identity.

Departure: which of the six count for the replacement accuracy is not clear either ("any of the
used images"). Here only the five replacements do. The printed numbers fit that better: with the
original left out, a replacement is recognised in 13.76 / 5 = 2.75% (random) and 14.35 / 5 = 2.87%
(same pathology), level with the original's 3.06% and 2.56%, as six equal parts of a mean should
be; counted in, it would be (13.76 - 3.06) / 5 = 2.14% and (14.35 - 2.56) / 5 = 2.36%.
"""

from collections.abc import Iterator

import numpy as np

from replication.errors import SettingsError
from replication.privatize.draws import open_blocks
from replication.privatize.replacement import Pool, draw_replacements
from replication.records import EyeDataset, Generator, PrivatizedSet, round_to_bytes


def privatize_by_pprl_vgan(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    method: str,
    pool: Pool,
    replacements: int,
    with_original: bool,
    others_only: bool,
    rounded: bool = True,
    first_block: int = 0,
) -> Iterator[PrivatizedSet]:
    """Yield one privatized set per draw, each with fresh identities and fresh latent noise.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`); the
            gallery's patients are the replacement identities.
        method: its name in the registry.
        pool: which patients may replace a query's.
        replacements: replacement identities per image; with more than one image the mean is taken.
        with_original: whether one more image keeps the original identity.
        others_only: whether the replacements are other patients than the query's.
        rounded: whether to the nearest byte's, as everything that is judged.
        first_block: as for `draws.open_blocks`.

    Raises:
        MethodRefused: when a query's pool holds too few patients.
        SettingsError: when there is no generator.
    """
    if generator is None:
        raise SettingsError(f"{method}: needs a trained generator; train PPRL-VGAN first")
    mean, std = generator.encode(queries.images)
    numbered = {"seed": seed, "method": method, "first_block": first_block}
    for draw in range(draws):
        parts = []
        for rows, rng in open_blocks(len(queries), draw=draw, **numbered):
            some = queries.take(rows)
            used = draw_replacements(
                some, gallery, pool=pool, count=replacements, others_only=others_only, rng=rng
            )
            painted = np.column_stack([some.identity, used]) if with_original else used
            images = average_of_identities(generator, mean[rows], std[rows], painted, rng=rng)
            parts.append((images, used))
        images, used = map(np.concatenate, zip(*parts, strict=True))
        yield PrivatizedSet(method, draw, round_to_bytes(images) if rounded else images, used)


def average_of_identities(
    generator: Generator,
    mean: np.ndarray,
    std: np.ndarray,
    identities: np.ndarray,
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Decode each query with each of its identities and average over them.

    Args:
        generator: the trained networks.
        mean, std: (N, Z) of the queries' latents.
        identities: (N, K) identity classes.
        rng: source of the latent noise, drawn anew for each of the N x K images.

    Returns:
        (N, H, W, C) floats in [-1, 1]: the mean over the K images of a query.
    """
    total = 0.0
    for identity in identities.T:
        drawn = rng.standard_normal(mean.shape, dtype=np.float32)
        total = total + generator.decode(mean + std * drawn, identity)
    return total / identities.shape[1]
