"""Patients planted as patterns under noise, and privatizers that hide nothing or everything."""

import numpy as np

from replication.records import EyeDataset


def plant_eyes(
    patients: int, each: int, *, size_px: int = 16, noise: float = 0.3, seed: int = 0
) -> EyeDataset:
    """Draw every patient's 8 x 8 squares `each` times under fresh noise; every third patient is ill."""
    squares = np.random.default_rng(5).uniform(-0.6, 0.6, (patients, 8, 8, 1))
    pattern = np.kron(squares, np.ones((1, size_px // 8, size_px // 8, 1)))
    identity = np.repeat(np.arange(patients), each)
    rng = np.random.default_rng([seed, 1])
    grey = pattern[identity] + noise * rng.standard_normal((len(identity), size_px, size_px, 1))
    images = np.repeat(np.clip(grey, -1, 1), 3, axis=-1).astype(np.float32)
    image_id = np.array([f"{seed}-{row}" for row in range(len(identity))])
    return EyeDataset(images, identity, identity % 3 == 0, image_id)


def draw_noise(images: np.ndarray, *, seed: int) -> np.ndarray:
    """Return noise in the shape of the images."""
    return np.random.default_rng(seed).uniform(-1, 1, images.shape).astype(np.float32)
