"""Data sets of eyes in memory: random ones small enough for slow definitions, and planted patients."""

import numpy as np

from replication.records import EyeDataset, to_unit_range


def random_eyes(
    identity: list[int], glaucoma: list[bool], *, seed: int, prefix: str, size_px: int = 8
) -> EyeDataset:
    """Make one random 8-bit image per identity."""
    rng = np.random.default_rng(seed)
    return EyeDataset(
        to_unit_range(rng.integers(0, 256, (len(identity), size_px, size_px, 3))),
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


def plant_eyes(
    patients: int, each: int, *, size_px: int = 16, noise: float = 0.3, seed: int = 0
) -> EyeDataset:
    """Draw every patient's 8 x 8 squares `each` times under fresh noise; every third has glaucoma."""
    squares = np.random.default_rng(5).uniform(-0.6, 0.6, (patients, 8, 8, 1))
    pattern = np.kron(squares, np.ones((1, size_px // 8, size_px // 8, 1)))
    identity = np.repeat(np.arange(patients), each)
    rng = np.random.default_rng([seed, 1])
    gray = pattern[identity] + noise * rng.standard_normal((len(identity), size_px, size_px, 1))
    images = np.repeat(np.clip(gray, -1, 1), 3, axis=-1).astype(np.float32)
    image_id = np.array([f"{seed}-{row}" for row in range(len(identity))])
    return EyeDataset(images, identity, identity % 3 == 0, image_id)


def draw_noise(images: np.ndarray, *, seed: int) -> np.ndarray:
    """Return noise in the shape of the images."""
    return np.random.default_rng(seed).uniform(-1, 1, images.shape).astype(np.float32)
