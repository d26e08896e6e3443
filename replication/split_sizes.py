"""What both splits start from: the sizes of test and validation, and an order by ids and seed."""

from __future__ import annotations

import numpy as np

from replication.config import SplitSettings
from replication.errors import DataError, SettingsError


def count_held_out(
    images: int, settings: SplitSettings, *, what: str = "images"
) -> tuple[int, int]:
    """Return how many images, or patients, are for test and for validation.

    Args:
        images: number of all images, or patients.
        settings: shares of the three subsets.
        what: is split, for the message.

    Raises:
        DataError: when one of the three subsets would be empty.
        SettingsError: when the shares are not positive or don't sum to 1.
    """
    shares = (settings.train, settings.validation, settings.test)
    if min(shares) <= 0 or not np.isclose(sum(shares), 1.0):
        raise SettingsError(f"split: expected positive shares that sum to 1, got {shares}")
    test, validation = round(settings.test * images), round(settings.validation * images)
    if min(test, validation, images - test - validation) < 1:
        raise DataError(f"split: {images} {what} are too few for shares of {shares}, add {what}")
    return test, validation


def shuffle_by_id(image_id: np.ndarray, *, seed: int) -> np.ndarray:
    """Return the rows in an order that depends on the ids and the seed alone.

    Raises:
        DataError: when an id comes twice.
    """
    ids = np.asarray(image_id, dtype=str)
    if len(np.unique(ids)) != len(ids):
        raise DataError("split: an image_id comes twice, ids must be unique")
    return np.random.default_rng(seed).permutation(np.argsort(ids))
