"""Random numbers of a draw: a generator of its own for each block of images.

A draw depends on seed, its number and the method's name alone: neither the number of draws nor the
other methods of a run change it, and a block can be privatized without those before it.
"""

import zlib
from collections.abc import Iterator

import numpy as np

# Ours: the images that one generator of random numbers serves. A multiple of what the networks and
# K-Same-Select take at once (512): their last bits depend on that.
BLOCK_IMAGES = 1024


def open_blocks(
    images: int, *, seed: int, draw: int, method: str, first_block: int = 0
) -> Iterator[tuple[slice, np.random.Generator]]:
    """Yield the rows of each block of images, and what random numbers come from there.

    Args:
        images: how many there are; of none there is one empty block.
        seed: of the run.
        draw: its number, from 0.
        method: its name in the registry.
        first_block: number of the block that the images start with, where they are some of more.
    """
    starts = range(0, max(images, 1), BLOCK_IMAGES)
    for block, start in enumerate(starts, first_block):
        rng = np.random.default_rng([seed, draw, zlib.crc32(method.encode()), block])
        yield slice(start, start + BLOCK_IMAGES), rng
