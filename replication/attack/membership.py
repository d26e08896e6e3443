"""Membership inference: which images were the networks trained on, and which went into releases?

Of networks, the attack by a threshold on the loss (Yeom, Giacomelli, Fredrikson and Jha, "Privacy
risk in machine learning: analyzing the connection to overfitting", CSF 2018): an image on which a
network's loss is low is taken for one that it was trained on. The area under the curve of all
thresholds is a lower bound; attackers who train networks of their own do better (Carlini et al.,
"Membership inference attacks from first principles", S&P 2022).

Of a released generator, the same by its reconstruction error; of released images, by the distance to
the nearest of them (Chen, Yu, Zhang and Fritz, "GAN-Leaks", CCS 2020). The releases are of validation
images, so that neither members nor the test images they are compared with were privatized. Both
are of the same patients: what is asked is whether this image was there, not this patient.
"""

from collections.abc import Callable

import numpy as np

from replication.attack.recognisers import NearestPatient
from replication.attack.releases import Releases
from replication.attack.table2 import Table2
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, Generator


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


def add_generator_membership(
    table: Table2, generator: Generator, *, members: EyeDataset, test: EyeDataset
) -> None:
    """Add to Table 2 how well the error of reconstruction separates training from test images.

    Args:
        table: of the test images.
        generator: encodes an image and decodes the mean with the patient's own identity.
        members: what the generator was trained on.
        test: what it was not.
    """
    scores = (measure_fit(generator, one) for one in (members, test))
    table.add_mean(BASELINE, "membership_generator", rank_members(*scores), chance=0.5)


def measure_fit(generator: Generator, eyes: EyeDataset) -> np.ndarray:
    """Return (N,) minus the mean squared errors of reconstructing N images."""
    mean, _ = generator.encode(eyes.images)
    restored = generator.decode(mean, eyes.identity)
    return -np.mean((restored - eyes.images) ** 2, axis=(1, 2, 3), dtype=float)


def add_release_membership(
    table: Table2, method: str, released: Releases, *, members: np.ndarray, others: np.ndarray
) -> None:
    """Add to Table 2 how well nearness to released images separates training from test images.

    Args:
        table: of the test images.
        method: whose images were released.
        released: of other images than both.
        members: (G, D) gray pixels of the training images, of `Releases.shrunk`.
        others: (N, D) of the test images.
    """
    values = released.shrunk
    nearest = NearestPatient().fit(values, np.zeros(len(values), np.intp))
    scores = (
        nearest.decision_function(one)[:, 0] - (one**2).sum(axis=1) / 2 for one in (members, others)
    )
    table.add_mean(method, "membership_released", rank_members(*scores), chance=0.5)


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
