"""Verification of patients that no attacker has learned (open set).

A stranger with one photograph is a clinic's case: the attacker has learned how the method changes
*other* patients' eyes, and compares a privatized image with an original of somebody new. Patients
are halved, the metric is learned on one half and tested on the other, and the other way round: each
patient is tested once. (The enrolled images of biometrics are the originals here, the probes the
privatized.)

The metric is a linear discriminant analysis of both kinds of images together, each with its own
mean, so that what the method changes counts as variation within a patient, as a second camera would
(Belhumeur, Hespanha and Kriegman, IEEE Trans. PAMI 19, 1997). Two images are compared by the cosine
of their discriminants, each weighed by the square root of its reliability b / (b + 1), where b is
the variance between patients in units of that within them. Ours, chosen on validation images of the
surrogate and of real eyes among six: the log-likelihood ratio of the same model (PLDA: Ioffe, ECCV
2006; "joint Bayesian": Chen et al., ECCV 2012) is no better on filters and worse on K-Same-Select,
whose images lie nearer to the mean than the model expects.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from sklearn.preprocessing import normalize

from replication.attack.discriminants import measure_shrinkage
from replication.attack.table2 import Table2
from replication.attack.verification import (
    FALSE_ACCEPTANCES,
    Area,
    EqualErrorRate,
    PairCounts,
    TrueAcceptance,
    count_scores,
)
from replication.errors import DataError


@dataclass(frozen=True)
class LearnedMetric:
    """Compares privatized images with originals of any patient, by D features of each."""

    centres: tuple[np.ndarray, np.ndarray]  # (D,) of privatized images and of originals
    directions: np.ndarray  # (D, K) discriminants, weighed

    def compare(self, privatized: np.ndarray, originals: np.ndarray) -> np.ndarray:
        """Return (N, G) cosines of (N, D) and (G, D) features."""
        sides = zip((privatized, originals), self.centres, strict=True)
        first, second = (normalize((side - centre) @ self.directions) for side, centre in sides)
        return first @ second.T


def learn_metric(
    privatized: np.ndarray,
    originals: np.ndarray,
    *,
    identity: np.ndarray,
    original_identity: np.ndarray,
) -> LearnedMetric:
    """Learn how images of one patient differ, and how patients do.

    Args:
        privatized: (M, D) features of privatized images.
        originals: (G, D) features of originals.
        identity, original_identity: (M,) and (G,) patients of these.

    Raises:
        DataError: when there are fewer than two patients, or no image beside one of each.
    """
    centres = privatized.mean(axis=0), originals.mean(axis=0)
    values = np.concatenate([privatized - centres[0], originals - centres[1]], dtype=np.float64)
    patients, rows, counts = np.unique(
        np.concatenate([identity, original_identity]), return_inverse=True, return_counts=True
    )
    if len(patients) < 2 or len(values) == len(patients):
        raise DataError(
            f"attack: {len(values)} images of {len(patients)} patients to learn a metric from; it "
            "takes two patients and a second image of one: add images"
        )
    member = np.zeros((len(patients), len(values)))
    member[rows, np.arange(len(values))] = 1 / counts[rows]
    means = member @ values
    within = values - means[rows]
    shrinkage, variance = measure_shrinkage(within)
    covariance = (1 - shrinkage) / len(values) * within.T @ within
    covariance[np.diag_indices_from(covariance)] += max(shrinkage * variance, np.finfo(float).eps)
    root = cholesky(covariance, lower=True)
    white = solve_triangular(root, means.T, lower=True).T
    # Fewer patients than features: their products have the same axes as the features' covariance.
    squares, vectors = np.linalg.eigh(white @ white.T)
    squares = np.maximum(squares, np.finfo(float).tiny)
    axes = (vectors / np.sqrt(squares)).T @ white
    # What noise within patients alone would spread their means is taken off.
    between = np.clip(squares / len(patients) - (1 / counts).mean(), 0, None)
    reliability = np.sqrt(between / (between + 1))
    return LearnedMetric(centres, solve_triangular(root.T, axes.T * reliability))


def halve_patients(*identities: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both halves of the patients in some arrays, drawn by a seed; the second is no smaller.

    Raises:
        DataError: when there are fewer than four, so that a half has no pair of two.
    """
    patients = np.unique(np.concatenate(identities))
    if len(patients) < 4:
        raise DataError(f"attack: {len(patients)} patients can't be halved; add patients")
    drawn = np.random.default_rng(seed).permutation(patients)
    return drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]


def compare_unseen(
    privatized: np.ndarray,
    originals: np.ndarray,
    learned: np.ndarray,
    *,
    identity: np.ndarray,
    original_identity: np.ndarray,
    learned_identity: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Compare images of each half by a metric that was learned on the other.

    Args:
        privatized: (N, D) features of the images that are tested.
        originals: (G, D) features of originals, which are learned from and compared with.
        learned: (M, D) features of the privatized images that are learned from.
        identity, original_identity, learned_identity: (N,), (G,) and (M,) patients of these.
        halves: of `halve_patients`.

    Returns:
        (N, G) cosines in [-1, 1], for `count_within_halves`; 0 where patients are of both halves.

    Raises:
        DataError: as `learn_metric`.
    """
    scores = np.zeros((len(privatized), len(originals)))
    for tested, seen in (halves, halves[::-1]):
        own, known = np.isin(learned_identity, seen), np.isin(original_identity, seen)
        metric = learn_metric(
            learned[own],
            originals[known],
            identity=learned_identity[own],
            original_identity=original_identity[known],
        )
        block = np.isin(identity, tested), np.isin(original_identity, tested)
        scores[np.ix_(*block)] = metric.compare(privatized[block[0]], originals[block[1]])
    return scores


def count_within_halves(
    scores: np.ndarray,
    *,
    identity: np.ndarray,
    original_identity: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
) -> PairCounts:
    """Count the pairs within either half, among the patients tested.

    Args:
        scores: (N, G) of any embedding or metric, higher for one patient; what lies between halves
            isn't read. Each half may have its own scale (`count_scores`).
        identity, original_identity: (N,) and (G,) patients.
        halves: of `halve_patients`.
    """
    patients = np.unique(identity)
    first, second = (
        count_scores(
            scores[np.ix_(*block)],
            identity=identity[block[0]],
            original_identity=original_identity[block[1]],
            patients=patients,
        )
        for block in _find_blocks(identity, original_identity, halves)
    )
    return first + second


def add_unseen_measures(table: Table2, method: str, name: str, pairs: PairCounts) -> None:
    """Add what an attacker learns of unseen patients to Table 2.

    The true acceptance rate is only there with so many pairs of two patients that 0.1% are one.

    Args:
        table: to add to.
        method: its name.
        name: whose embedding it is: lda, evaluator or siamese.
        pairs: of `count_within_halves`, added over the draws.
    """
    table.add(method, f"unseen_{name}_auc", Area(pairs), chance=0.5)
    table.add(method, f"unseen_{name}_eer", EqualErrorRate(pairs), chance=0.5)
    if pairs.count_different() * FALSE_ACCEPTANCES >= 1:
        measure = f"unseen_{name}_tar"
        table.add(method, measure, TrueAcceptance(pairs), chance=FALSE_ACCEPTANCES)


def _find_blocks(
    identity: np.ndarray, original_identity: np.ndarray, halves: tuple[np.ndarray, np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the masks of either half's images: those tested, and the originals of their patients."""
    for half in halves:
        tested = np.intersect1d(half, identity)
        yield np.isin(identity, tested), np.isin(original_identity, tested)
