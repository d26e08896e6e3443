"""Split the images into training, validation and test (paper §2.1: 65, 15 and 20%).

The split is by image, as in the paper: a patient's images are in all three subsets, so that the
identity evaluator knows everyone. It depends on the seed and the image ids, and not on the order
in which a disk lists its files.
"""

from __future__ import annotations

import numpy as np

from replication.config import SplitSettings
from replication.errors import DataError, SettingsError
from replication.records import Splits


def split_dataset(image_id: np.ndarray, identity: np.ndarray, settings: SplitSettings) -> Splits:
    """Split the images at random, every identity keeping at least one image in training.

    Steps: order the images by id, shuffle them by the seed, take test and validation from the
    front, passing over an image that is the last one left of its identity; what was not taken is
    training. So an identity's only image goes to training, and test and validation have exactly
    round(share x N) images.

    Args:
        image_id: (N,) unique strings.
        identity: (N,) class of the patient.
        settings: shares of the three subsets, summing to 1, and the shuffling's seed.

    Returns:
        The rows of each subset, ascending.

    Raises:
        DataError: when ids come twice, or there are too few images for such a split.
        SettingsError: when the shares are not positive or don't sum to 1.
    """
    test_size, validation_size = count_held_out(len(image_id), settings)
    held_out_size = test_size + validation_size
    spare = len(image_id) - len(np.unique(identity))
    if held_out_size > spare:
        raise DataError(
            f"split: {held_out_size} of {len(image_id)} images are for validation and test, and "
            f"only {spare} can leave training with every identity in it: add images"
        )
    shuffled = shuffle_by_id(image_id, seed=settings.seed)
    held_out = take_spare(shuffled, identity, size=held_out_size)
    return Splits(
        train=np.setdiff1d(shuffled, held_out),
        validation=np.sort(held_out[test_size:]),
        test=np.sort(held_out[:test_size]),
    )


def count_held_out(images: int, settings: SplitSettings) -> tuple[int, int]:
    """Return how many images are for test and for validation.

    Args:
        images: number of all images.
        settings: shares of the three subsets.

    Raises:
        DataError: when one of the three subsets would be empty.
        SettingsError: when the shares are not positive or don't sum to 1.
    """
    shares = (settings.train, settings.validation, settings.test)
    if min(shares) <= 0 or not np.isclose(sum(shares), 1.0):
        raise SettingsError(f"split: expected positive shares that sum to 1, got {shares}")
    test, validation = round(settings.test * images), round(settings.validation * images)
    if min(test, validation, images - test - validation) < 1:
        raise DataError(f"split: {images} images are too few for shares of {shares}, add images")
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


def take_spare(rows: np.ndarray, identity: np.ndarray, *, size: int) -> np.ndarray:
    """Return the first rows, in their order, that each leave their identity at least one more.

    Args:
        rows: (N,) row indices in the order to take them.
        identity: (N,) class of the patient, in the rows' own order.
        size: how many to take, at most N less the number of identities.
    """
    _, person = np.unique(identity, return_inverse=True)
    left = np.bincount(person)
    taken: list[int] = []
    for row in rows.tolist():
        if len(taken) == size:
            break
        if left[person[row]] > 1:
            left[person[row]] -= 1
            taken.append(row)
    return np.array(taken, dtype=rows.dtype)
