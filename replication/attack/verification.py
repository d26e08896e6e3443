"""Whether a privatized image and an original are of one patient: AUC and equal error rate.

Verification is easier for an attacker than naming one patient of all; the paper's Siamese network
(§4) does it. Every privatized test image is compared with every original training image: the nearer
their embeddings, the likelier they are of one patient.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial.distance import cdist

BINS = 1000  # an area is then within 0.001 of that of the single distances; a test compares


@dataclass(frozen=True)
class PairCounts:
    """Pairs counted by patient (rows, of the privatized image) and bin of rising nearness.

    Args:
        same: (patients, BINS) pairs of one patient.
        different: (patients, BINS) pairs of two patients.
    """

    same: np.ndarray
    different: np.ndarray

    def __add__(self, other: Self) -> Self:
        return PairCounts(self.same + other.same, self.different + other.different)

    def accumulate(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (R, BINS + 1) fractions of either kind of pairs below each bin's upper end.

        Args:
            weights: (R, patients) how often each patient is counted.
        """
        fractions = []
        for counts in (self.same, self.different):
            weighed = weights @ counts
            total = weighed.sum(axis=1, keepdims=True)
            below = np.cumsum(weighed, axis=1) / np.maximum(total, np.finfo(float).tiny)
            fractions.append(np.pad(below, ((0, 0), (1, 0))))
        return fractions[0], fractions[1]


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve of all pairs; 0.5 is chance."""

    pairs: PairCounts

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) areas in [0, 1] of (R, patients) weights; pairs in one bin count half."""
        same, different = self.pairs.accumulate(weights)
        middles = (different[:, 1:] + different[:, :-1]) / 2
        return (np.diff(same, axis=1) * middles).sum(axis=1)


@dataclass(frozen=True)
class EqualErrorRate:
    """The rate at which pairs of one patient are missed and others are taken for one."""

    pairs: PairCounts

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) rates in [0, 1] of (R, patients) weights; 0.5 is chance."""
        missed, different = self.pairs.accumulate(weights)
        lead = missed - (1 - different)
        # From -1 to 1 and never falling; the rates run straight within the bin that crosses 0.
        after = (lead >= 0).argmax(axis=1)[:, None]
        (start, end), (low, high) = (
            [np.take_along_axis(rates, place, axis=1)[:, 0] for place in (after - 1, after)]
            for rates in (missed, lead)
        )
        return start + (end - start) * -low / (high - low)


def count_pairs(
    privatized: np.ndarray,
    originals: np.ndarray,
    *,
    identity: np.ndarray,
    original_identity: np.ndarray,
) -> PairCounts:
    """Count how near the embeddings of all pairs are.

    Args:
        privatized: (N, E) embeddings.
        originals: (G, E) embeddings.
        identity: (N,) patients of the privatized images.
        original_identity: (G,) patients of the originals.

    Returns:
        Rows in the order of `np.unique(identity)`; bins by rank among all pairs, which fills them
        evenly.
    """
    patients, rows = np.unique(identity, return_inverse=True)
    distance = cdist(privatized, originals)
    edges = np.quantile(distance, np.linspace(0, 1, BINS + 1)[1:-1])
    place = rows[:, None] * BINS + (BINS - 1 - np.searchsorted(edges, distance))
    together = identity[:, None] == original_identity
    same, different = (
        np.bincount(place[kind], minlength=len(patients) * BINS).reshape(-1, BINS)
        for kind in (together, ~together)
    )
    return PairCounts(same, different)
