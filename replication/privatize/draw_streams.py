"""The randomness of one draw of PPRL-VGAN, for all images in one go or for block after block.

In one go a draw takes from one generator, in this order: a key for each image and patient, then,
identity after identity, the latent noise of all images. A block needs a stretch out of each of
these parts, so for blocks every part gets a generator of its own that starts where the part does:
the numbers are the same, whatever the blocks.
"""

import zlib
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from itertools import repeat

import numpy as np

SKIPPED_AT_ONCE = 2**20


@dataclass(frozen=True)
class DrawStreams:
    """Where a draw's numbers come from.

    Args:
        identities: source of the replacement identities.
        noise: source of the latent noise, one per painted identity.
    """

    identities: np.random.Generator
    noise: Iterable[np.random.Generator]


def open_in_one(seed: int, draw: int, method: str) -> DrawStreams:
    """Return the randomness of a draw for all images in one go."""
    rng = np.random.default_rng([seed, draw, zlib.crc32(method.encode())])
    return DrawStreams(rng, repeat(rng))


def open_for_blocks(
    seed: int,
    draw: int,
    method: str,
    *,
    images: int,
    done: int,
    patients: int,
    painted: int,
    latent_units: int,
) -> DrawStreams:
    """Return the same for blocks of these images, in their order.

    Args:
        seed: of the run.
        draw: number of the draw.
        method: its name in the registry.
        images: in all blocks together.
        done: images of the blocks that are left out, at the front.
        patients: in the gallery.
        painted: identities painted into one image.
        latent_units: length of one image's noise.
    """
    rng = open_in_one(seed, draw, method).identities
    identities = deepcopy(rng)
    _skip_keys(identities, done * patients)
    _skip_keys(rng, images * patients)
    noise = []
    for _ in range(painted):
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
