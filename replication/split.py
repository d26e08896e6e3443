"""Split the images into training, validation and test (paper §2.1: 65, 15 and 20%).

The split is by image, as in the paper: a patient's images are in all three subsets, so that the
identity evaluator knows everyone. It depends on the seed and the image ids, and not on the order
in which a disk lists its files.
"""

from __future__ import annotations

import numpy as np

from replication.config import SplitSettings
from replication.errors import DataError
from replication.records import Splits
from replication.split_sizes import count_held_out, shuffle_by_id


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
