"""Images as bytes and as a network's numbers, there and back without loss (paper §2.1)."""

from __future__ import annotations

import numpy as np

HALF_RANGE = np.float32(127.5)


def to_unit_range(levels: np.ndarray) -> np.ndarray:
    """Return bytes as numbers of the same shape, float32 in [-1, 1]."""
    return _scale_levels(levels.astype(np.float32))


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Return numbers in [-1, 1] as the nearest bytes, in the same shape.

    Bytes that went through `to_unit_range` come back as they were.
    """
    return _round_levels(images).astype(np.uint8)


def to_grey(images: np.ndarray) -> np.ndarray:
    """Return the mean of the channels of (N, H, W, C) images, (N, H, W) of the same range.

    Originals have no colour; what a generator paints may have some.
    """
    channels = np.moveaxis(images, -1, 0)
    return sum(channels[1:], start=channels[0]) / np.float32(len(channels))


def round_to_bytes(images: np.ndarray) -> np.ndarray:
    """Return numbers in [-1, 1] rounded to the nearest byte's, as float32 in [-1, 1].

    Departure: every privatized image is rounded so, once: what is judged is what a viewer would
    be shown. The paper doesn't say.
    """
    return _scale_levels(_round_levels(images))


def _round_levels(images: np.ndarray) -> np.ndarray:
    """Return numbers in [-1, 1] as whole grey levels from 0 to 255, still numbers."""
    levels = images + np.float32(1)
    levels *= HALF_RANGE
    return np.rint(levels, out=levels)


def _scale_levels(levels: np.ndarray) -> np.ndarray:
    """Return grey levels from 0 to 255 as numbers in [-1, 1], in place."""
    levels /= HALF_RANGE
    levels -= np.float32(1)
    return levels
