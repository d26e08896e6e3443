"""Tiny data sets of random eyes, small enough for slow definitions."""

import numpy as np

from replication.records import EyeDataset


def random_eyes(
    identity: list[int], glaucoma: list[bool], *, seed: int, prefix: str, size_px: int = 8
) -> EyeDataset:
    """Make one random 8-bit image per identity."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 256, (len(identity), size_px, size_px, 3)).astype(np.float32)
    return EyeDataset(
        levels / np.float32(127.5) - np.float32(1),
        np.array(identity),
        np.array(glaucoma, dtype=bool),
        np.array([f"{prefix}{number}" for number in range(len(identity))]),
    )


def random_gallery(*, seed: int = 0) -> EyeDataset:
    """Make 12 patients, unsorted, 1 to 4 images each: 0-5 healthy, 6-10 glaucoma, 11 both."""
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(12), rng.integers(1, 5, 12))
    glaucoma = (identity >= 6) & (identity != 11)
    identity, glaucoma = np.append(identity, [11, 11]), np.append(glaucoma, [True, False])
    order = rng.permutation(len(identity))
    return random_eyes(list(identity[order]), list(glaucoma[order]), seed=seed, prefix="train")


def random_queries(*, seed: int = 1) -> EyeDataset:
    """Make one or two images of each of the 12 patients of `random_gallery`."""
    identity = [*range(12), 0, 3, 6, 11]
    glaucoma = [*([False] * 6), *([True] * 6), False, False, True, False]
    return random_eyes(identity, glaucoma, seed=seed, prefix="test")
