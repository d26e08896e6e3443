"""The four numbers of a row of Table 1, as pure functions of arrays (paper §2.3).

All are fractions in [0, 1]. Empty arrays have no accuracy: an error, not a NaN.
"""

from dataclasses import dataclass

import numpy as np

from replication.errors import DataError


@dataclass(frozen=True)
class ConfusionCounts:
    """How many images fell where, with glaucoma as the positive class."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


def accuracy(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Return the share of images whose predicted class is the actual one.

    Args:
        predicted: (N,) classes.
        actual: (N,) classes.

    Raises:
        DataError: when there are no images or the lengths differ.
    """
    check_aligned(predicted, actual)
    return float(np.mean(predicted == actual))


def any_of_accuracy(predicted: np.ndarray, used: np.ndarray) -> float:
    """Return the share of images predicted as any of the identities used to make them.

    Args:
        predicted: (N,) identity classes.
        used: (N, K) identity classes.

    Raises:
        DataError: when there are no images or the lengths differ.
    """
    check_aligned(predicted, used)
    return float(np.mean((predicted[:, None] == used).any(axis=1)))


def confusion_counts(predicted: np.ndarray, actual: np.ndarray) -> ConfusionCounts:
    """Count agreements and errors of glaucoma recognition.

    Args:
        predicted: (N,) bool, True for glaucoma.
        actual: (N,) bool.

    Raises:
        DataError: when there are no images or the lengths differ.
    """
    check_aligned(predicted, actual)
    return ConfusionCounts(
        true_positive=int(np.sum(predicted & actual)),
        false_positive=int(np.sum(predicted & ~actual)),
        false_negative=int(np.sum(~predicted & actual)),
        true_negative=int(np.sum(~predicted & ~actual)),
    )


def f1_score(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Return the F1 score of glaucoma: 2 TP / (2 TP + FP + FN).

    Args:
        predicted: (N,) bool, True for glaucoma.
        actual: (N,) bool.

    Raises:
        DataError: when no image has glaucoma, so that F1 says nothing, or lengths differ.
    """
    counts = confusion_counts(predicted, actual)
    if counts.true_positive + counts.false_negative == 0:
        raise DataError("F1: none of the images has glaucoma; choose a test set with both classes")
    hits = 2 * counts.true_positive
    return hits / (hits + counts.false_positive + counts.false_negative)


def check_aligned(predicted: np.ndarray, actual: np.ndarray) -> None:
    """Raise DataError unless there is a prediction for each of at least one image."""
    if len(predicted) == 0 or len(predicted) != len(actual):
        raise DataError(
            f"predictions: expected one per image, got {len(predicted)} for {len(actual)}"
        )
