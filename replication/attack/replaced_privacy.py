"""Privacy of the replaced: what one method's images show of those whose images went in (Table 2).

The paper measures it by the "replacement identity recognition accuracy" (§3, Table 1): the fraction
of images recognised as any of the identities used. Two things are missing there, and are added:

- the chance: of K identities used out of P, a guess hits one in K/P of all images, so that the
  accuracies of 1, 5 and 12 identities used can't be compared. The lift is the mean of the hits
  over the mean of the chances.
- the rank: the identity network names one patient, but its probabilities order them all. The AUC
  is the fraction of pairs of a used and an unused patient in which the used one is the more
  probable; 0.5 by chance for any K.

And `near_copies` measures how near images are to those that went in. Used identities are (N, P)
bool here: of `mark_used`, for N images and P patients that the network can name.
"""

import numpy as np
from scipy.stats import rankdata

from replication.attack.near_copies import (
    CopyLimits,
    chance_of_nearest_used,
    find_near_copies,
    find_nearest_used,
    measure_distances,
)
from replication.attack.patient_privacy import Embeddings
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.records import EyeDataset, PrivatizedSet
from validation.statistics.patient_sums import Combined, average_images


def add_replaced_measures(
    table: Table2,
    sets: list[PrivatizedSet],
    embedded: list[Embeddings],
    *,
    test: EyeDataset,
    train: EyeDataset,
    limits: CopyLimits,
) -> None:
    """Add what one method's sets show of those who replaced a patient to Table 2.

    Args:
        table: to add to.
        sets: draws of one method, N images each.
        embedded: each by the run's identity network.
        test: the N original test images.
        train: the images that the method took from.
        limits: below which an image is a near copy.
    """
    method, own = sets[0].method, test.identity
    identities = embedded[0].probabilities.shape[1]
    used = [
        None if s.used_identities is None else mark_used(s.used_identities, identities)
        for s in sets
    ]
    distances = [
        measure_distances(s.images, train, used=marks) for s, marks in zip(sets, used, strict=True)
    ]

    def add(measure: str, values, *, chance: float | None = None) -> None:
        table.add_mean(method, measure, np.column_stack(list(values)), chance=chance)

    add("nearest_training", (found.nearest for found in distances))
    add("near_copies", (find_near_copies(found, limits, identity=own) for found in distances))
    if sets[0].used_identities is None:
        return
    probabilities = [drawn.probabilities for drawn in embedded]
    candidates = find_candidates(used, test, train)
    hits = [find_hits(*pair) for pair in zip(probabilities, used, strict=True)]
    chances = [chance_of_hit(marks, candidates) for marks in used]
    add("used_shown", hits, chance=float(np.nanmean(chances)))
    lift = (average_images(np.column_stack(values), own) for values in (hits, chances))
    table.add(method, "used_lift", Combined(tuple(lift), _divide), chance=1.0)
    pairs = zip(probabilities, used, strict=True)
    add("used_auc", (rank_used(*pair, own, candidates=candidates) for pair in pairs), chance=0.5)
    add("nearest_used", (found.nearest_used for found in distances))
    pairs = list(zip(distances, used, strict=True))
    chances = [chance_of_nearest_used(*pair, identity=own) for pair in pairs]
    nearest = (find_nearest_used(*pair) for pair in pairs)
    add("nearest_is_used", nearest, chance=float(np.nanmean(chances)))


def mark_used(used: np.ndarray, identities: int) -> np.ndarray:
    """Return (N, P) bool, whose images or likeness went into each image.

    Args:
        used: (N, K) identity classes; one named twice counts once, and K may be 0.
        identities: P, the number of classes.

    Raises:
        DataError: when `used` has another shape or holds what isn't a class.
    """
    if used.ndim != 2 or used.dtype.kind not in "iu":
        raise DataError(f"used identities: expected (N, K) integers, got {used.shape} {used.dtype}")
    _check_classes("used identities", used, identities)
    marks = np.zeros((len(used), identities), dtype=bool)
    np.put_along_axis(marks, used, True, axis=1)
    return marks


def find_candidates(used: list[np.ndarray], test: EyeDataset, train: EyeDataset) -> np.ndarray:
    """Return (N, P) bool, among whom the used are, as far as the pathology shows.

    A method that knows the pathology uses patients who share it ("identities with the same
    pathologies", paper §3), or none of them; whoever knows the method guesses among these.

    Args:
        used: (N, P) of each draw.
        test: the N original test images.
        train: the images that the method took from.
    """
    of_label = np.zeros((2, used[0].shape[1]), dtype=bool)
    of_label[train.glaucoma.astype(np.intp), train.identity] = True
    sharing = of_label[test.glaucoma.astype(np.intp)]
    marks = np.logical_or.reduce(used)
    for candidates in (sharing, ~sharing):
        if not (marks & ~candidates).any():
            return candidates
    return np.ones_like(sharing)


def find_hits(probabilities: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return (N,) bool, whether the most probable identity is one of those used.

    Their mean is Table 1's replacement accuracy, which counts the image's own patient as used
    where a method has drawn it. Of equal (N, P) probabilities the lowest class is named.

    Raises:
        DataError: when the two don't fit.
    """
    _check_shapes(probabilities, used)
    return np.take_along_axis(used, probabilities.argmax(axis=1)[:, None], axis=1)[:, 0]


def chance_of_hit(used: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return (N,) chances in [0, 1] that a patient guessed from (N, P) candidates is one used.

    All ones are K of P; with those that share the pathology a guess knows that and nothing else.
    NaN for an image without candidates.

    Raises:
        DataError: when the two don't fit.
    """
    _check_shapes(candidates, used)
    counts = candidates.sum(axis=1)
    chances = np.full(len(used), np.nan)
    return np.divide((used & candidates).sum(axis=1), counts, out=chances, where=counts > 0)


def rank_used(
    probabilities: np.ndarray,
    used: np.ndarray,
    identity: np.ndarray,
    *,
    candidates: np.ndarray | None = None,
) -> np.ndarray:
    """Return (N,) AUCs of used against unused identities, within each image.

    The image's own patient is in neither group. What an image shows of its own patient is what
    the identity accuracy is about: counted as unused it would hide that others are recognised,
    since a method that fails its own patient puts that one first; counted as used, where it was
    drawn as its own replacement, it would pass for harm to somebody else.

    Args:
        probabilities: (N, P) of the identity network; equal ones count half.
        used: (N, P) bool.
        identity: (N,) classes of the images' own patients.
        candidates: (N, P) bool, among whom; None for all. A method that knows the pathology leaves
            the others unused, and they may rank low for want of the pathology alone.

    Returns:
        AUCs in [0, 1]; NaN where nobody is used, or nobody unused, beside the own patient.

    Raises:
        DataError: when the arrays don't fit or a probability is not a finite number.
    """
    _check_shapes(probabilities, used)
    if not np.isfinite(probabilities).all():
        raise DataError("identity probabilities: expected finite numbers")
    if identity.shape != (len(used),):
        raise DataError(f"identity: expected ({len(used)},), got {identity.shape}")
    _check_classes("identity", identity, used.shape[1])
    counted = np.ones_like(used) if candidates is None else candidates.copy()
    np.put_along_axis(counted, identity[:, None], False, axis=1)
    left_out = (~counted).sum(axis=1, keepdims=True)
    # Below all others, those left out take the lowest ranks, and no more than these.
    ranks = rankdata(np.where(counted, probabilities, -np.inf), axis=1) - left_out
    positive = used & counted
    positives = positive.sum(axis=1)
    pairs = positives * (counted.sum(axis=1) - positives)
    wins = np.where(positive, ranks, 0).sum(axis=1) - positives * (positives + 1) / 2
    return np.divide(wins, pairs, out=np.full(len(used), np.nan), where=pairs > 0)


def _check_shapes(by_identity: np.ndarray, used: np.ndarray) -> None:
    if by_identity.shape != used.shape:
        raise DataError(f"expected {used.shape} beside used identities, got {by_identity.shape}")


def _check_classes(name: str, classes: np.ndarray, identities: int) -> None:
    if classes.size and not (classes.min() >= 0 and classes.max() < identities):
        raise DataError(
            f"{name}: expected classes from 0 to {identities - 1}, "
            f"got {classes.min()}..{classes.max()}"
        )


def _divide(hits: np.ndarray, chances: np.ndarray) -> np.ndarray:
    return np.divide(hits, chances, out=np.zeros_like(hits), where=chances > 0)
