"""Membership inference: which images were the networks trained on?

The attack by a threshold on the loss (Yeom, Giacomelli, Fredrikson and Jha, "Privacy risk in machine
learning: analyzing the connection to overfitting", CSF 2018): an image on which a network's loss is
low is taken for one that it was trained on. The area under the curve of all thresholds is a lower
bound; attackers who train networks of their own do better (Carlini et al., "Membership inference
attacks from first principles", S&P 2022).
"""

from collections.abc import Callable

import numpy as np

from replication.attack.table2 import Table2
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset


def add_membership(
    table: Table2,
    task: str,
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    members: EyeDataset,
    test: EyeDataset,
) -> None:
    """Add to Table 2 how well one network separates its training images from the test images.

    Args:
        table: of the test images.
        task: "identity" or "glaucoma", the field of the data set that was learned.
        predict: (N, classes) probabilities of (N, H, W, C) images.
        members: what the network was trained on.
        test: what it was not.
    """
    inside, outside = (
        find_odds(predict(one.images), getattr(one, task)) for one in (members, test)
    )
    table.add_mean(BASELINE, f"membership_{task}", rank_members(inside, outside), chance=0.5)


def find_odds(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return (N,) odds of the true class: they fall where the loss rises.

    Near a probability of 1 the loss is rounded to 0, the sum of the others is not.

    Args:
        probabilities: (N, classes).
        truth: (N,) class of each.
    """
    true = np.arange(probabilities.shape[1]) == truth.astype(np.intp)[:, None]
    own, others = (
        np.where(kind, probabilities, 0).sum(axis=1, dtype=float) for kind in (true, ~true)
    )
    return np.divide(own, others, out=np.full(len(own), np.inf), where=others > 0)


def rank_members(members: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return (M,) fractions of the members that come before each of the others; ties count half.

    Their mean is the area under the ROC curve.

    Args:
        members: (N,) odds of images that the network was trained on.
        others: (M,) odds of images that it was not trained on.
    """
    ordered = np.sort(members)
    below, reached = (np.searchsorted(ordered, others, side=side) for side in ("left", "right"))
    return 1 - (below + reached) / (2 * len(members))
