"""Whether a privatized image and an original are of one patient: AUC, equal error rate, and TAR.

Verification is easier for an attacker than naming one patient of all; the paper's Siamese network
(§4) does it. Every privatized test image is compared with every original training image: the nearer
their embeddings, the likelier they are of one patient.

A patient is in many pairs, once by the privatized image and once by the original, and drawing
patients has to move both. A pair of patients i and j counts w_i w_j, which is taken to its first
order, w_i + w_j - 1 (Hájek's projection: van der Vaart, Asymptotic Statistics, 1998, ch. 12), so
that one product has all weightings. Without one patient that is exact.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

FALSE_ACCEPTANCES = 1e-3  # at which the true acceptance rate is read, as biometrics does
# Upper ends of the bins, as the fraction of pairs of two patients that are less near: even steps,
# by which an area is within 0.001 of that of the single distances; and twenty times finer where
# the nearest 0.4% lie, in which any weighting's nearest 0.1% are.
_FINE = np.linspace(0.004, 0, 80, endpoint=False)
LEVELS = np.unique(np.concatenate([np.linspace(0, 1, 500, endpoint=False)[1:], 1 - _FINE]))
BINS = len(LEVELS) + 1


@dataclass(frozen=True)
class PairCounts:
    """Pairs counted by patient (rows) and bin of rising nearness.

    Args:
        same: (patients, BINS) pairs of one patient.
        different: (patients, BINS) pairs of two patients, at each of the two.
        twice: (BINS,) pairs that are counted at both.
    """

    same: np.ndarray
    different: np.ndarray
    twice: np.ndarray

    def __add__(self, other: Self) -> Self:
        return PairCounts(
            self.same + other.same, self.different + other.different, self.twice + other.twice
        )

    def count_different(self) -> int:
        """Return the number of pairs of two patients."""
        return int(self.different.sum() - self.twice.sum())

    def accumulate(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (R, BINS + 1) fractions of either kind of pairs below each bin's upper end.

        Args:
            weights: (R, patients) how often each patient is counted.
        """
        fractions = []
        for counts, twice in self._cumulated:
            below = (weights @ counts - twice).clip(0)
            below /= np.maximum(below[:, -1:], np.finfo(float).tiny)
            fractions.append(np.pad(below, ((0, 0), (1, 0))))
        return fractions[0], fractions[1]

    @cached_property
    def _cumulated(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Either kind of pairs up to each bin: by patient, and those counted at both."""
        none = np.zeros(BINS)
        return tuple(
            (np.cumsum(counts, axis=1, dtype=float), np.cumsum(twice, dtype=float))
            for counts, twice in ((self.same, none), (self.different, self.twice))
        )


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
        return _read_where_crossed(missed, missed - (1 - different))


@dataclass(frozen=True)
class TrueAcceptance:
    """The rate at which pairs of one patient are accepted where 0.1% of the others are (TAR)."""

    pairs: PairCounts

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) rates in [0, 1] of (R, patients) weights; FALSE_ACCEPTANCES is chance."""
        missed, different = self.pairs.accumulate(weights)
        return 1 - _read_where_crossed(missed, different - (1 - FALSE_ACCEPTANCES))


def count_scores(
    scores: np.ndarray,
    *,
    identity: np.ndarray,
    original_identity: np.ndarray,
    patients: np.ndarray | None = None,
) -> PairCounts:
    """Count scores of pairs.

    Args:
        scores: (N, G), higher where a privatized image and an original are likelier of one patient.
        identity: (N,) patients of the privatized images.
        original_identity: (G,) patients of the originals; those of nobody else's than `patients`
            have weights.
        patients: sorted, who has a row; those of `identity` where None.

    Returns:
        Bins by rank among the pairs of two patients (LEVELS). So counts of other scores, of another
        metric too, can be added: they meet where equally many of these pairs are accepted.
    """
    patients = np.unique(identity) if patients is None else patients
    together = identity[:, None] == original_identity
    different = scores[~together]
    edges = np.quantile(different, LEVELS) if len(different) else np.zeros(len(LEVELS))
    bins = np.searchsorted(edges, scores)

    def count(names: np.ndarray, kind: np.ndarray) -> np.ndarray:
        known = kind & np.isin(names, patients)
        rows = np.broadcast_to(np.searchsorted(patients, names), kind.shape)[known]
        found = np.bincount(rows * BINS + bins[known], minlength=len(patients) * BINS)
        return found.reshape(len(patients), BINS)

    of_original = count(original_identity, ~together)
    return PairCounts(
        same=count(identity[:, None], together),
        different=count(identity[:, None], ~together) + of_original,
        twice=of_original.sum(axis=0),
    )


def _read_where_crossed(rates: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """Return (R,) rates where `lead`, (R, BINS + 1) from below 0 to 0 or above, crosses 0.

    Both run straight within the bin.
    """
    after = (lead >= 0).argmax(axis=1)[:, None]
    (start, end), (low, high) = (
        [np.take_along_axis(values, place, axis=1)[:, 0] for place in (after - 1, after)]
        for values in (rates, lead)
    )
    return start + (end - start) * -low / (high - low)
