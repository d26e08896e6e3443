"""Privacy of the patients whose images or likeness went in, by what the identity evaluator sees.

The paper measures it by the "replacement identity recognition accuracy" (§3, Table 1): the share
of images recognised as any of the identities used. Two things are missing there, and are added:

- the chance: of K identities used out of P, a guess hits one in K/P of all images, so that the
  accuracies of 1, 5 and 12 identities used can't be compared. The lift is the mean of the hits
  over the mean of the chances.
- the rank: the evaluator names one patient, but its probabilities order them all. The AUC is the
  share of pairs of a used and an unused patient in which the used one is the more probable; 0.5 by
  chance for any K.

Everything is one value per image; which mean is taken of them is left to the caller.
"""

import numpy as np
from scipy.stats import rankdata

from replication.errors import DataError
from replication.records import EyeDataset


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


def mark_sharing_pathology(
    training: EyeDataset, glaucoma: np.ndarray, *, identities: int
) -> np.ndarray:
    """Return (N, P) bool, which patients have a training image of each image's pathology.

    These are the candidates where a method is told the pathology ("identities with the same
    pathologies", paper §3); where it is told to avoid it, the candidates are all others.

    Args:
        training: the images used to privatize.
        glaucoma: (N,) bool of the images privatized.
        identities: P, the number of classes.
    """
    marks = np.zeros((2, identities), dtype=bool)
    marks[training.glaucoma.astype(np.intp), training.identity] = True
    return marks[glaucoma.astype(np.intp)]


def find_hits(probabilities: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return (N,) bool, whether the most probable identity is one of those used.

    Their mean is Table 1's replacement accuracy, which counts the image's own patient as used
    where a method has drawn it.

    Args:
        probabilities: (N, P) of the identity evaluator; of equal ones the lowest class is named.
        used: (N, K) identity classes.

    Raises:
        DataError: when the two don't fit.
    """
    marks = _mark_checked(probabilities, used)
    return np.take_along_axis(marks, probabilities.argmax(axis=1)[:, None], axis=1)[:, 0]


def chance_of_hit(used: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return (N,) chances in [0, 1] that a patient guessed from the candidates is one used.

    Args:
        used: (N, K) identity classes.
        candidates: (N, P) bool, whom a guess is drawn from: all ones for K of P, or those that
            share the pathology, for a guess that sees the pathology and nothing else.

    Returns:
        The chances, NaN for an image without candidates.

    Raises:
        DataError: when the two don't fit.
    """
    marks = _mark_checked(candidates, used)
    counts = candidates.sum(axis=1)
    chances = np.full(len(used), np.nan)
    return np.divide((marks & candidates).sum(axis=1), counts, out=chances, where=counts > 0)


def rank_used(
    probabilities: np.ndarray,
    used: np.ndarray,
    identity: np.ndarray,
    *,
    candidates: np.ndarray | None = None,
) -> np.ndarray:
    """Return (N,) AUCs of used against unused identities, within each image.

    The image's own patient is in neither group. What an image shows of its own patient is what
    the identity accuracy is about: counted as unused it would hide that others are seen, since a
    method that fails its own patient puts that one first; counted as used, where it was drawn as
    its own replacement, it would pass for harm to somebody else.

    Args:
        probabilities: (N, P) of the identity evaluator; equal ones count half.
        used: (N, K) identity classes.
        identity: (N,) classes of the images' own patients.
        candidates: (N, P) bool, among whom; None for all. A method that is told the pathology
            leaves the others unused, and they may rank low for want of the pathology alone.

    Returns:
        AUCs in [0, 1]; NaN where nobody is used, or nobody unused, beside the own patient.

    Raises:
        DataError: when the arrays don't fit or a probability is not a finite number.
    """
    marks = _mark_checked(probabilities, used)
    if not np.isfinite(probabilities).all():
        raise DataError("identity probabilities: expected finite numbers")
    if identity.shape != (len(used),):
        raise DataError(f"identity: expected ({len(used)},), got {identity.shape}")
    _check_classes("identity", identity, probabilities.shape[1])
    counted = np.ones_like(marks) if candidates is None else candidates.copy()
    np.put_along_axis(counted, identity[:, None], False, axis=1)
    left_out = (~counted).sum(axis=1, keepdims=True)
    # Below all others, those left out take the lowest ranks, and no more than these.
    ranks = rankdata(np.where(counted, probabilities, -np.inf), axis=1) - left_out
    positive = marks & counted
    positives = positive.sum(axis=1)
    pairs = positives * (counted.sum(axis=1) - positives)
    wins = np.where(positive, ranks, 0).sum(axis=1) - positives * (positives + 1) / 2
    return np.divide(wins, pairs, out=np.full(len(used), np.nan), where=pairs > 0)


def _mark_checked(by_identity: np.ndarray, used: np.ndarray) -> np.ndarray:
    if by_identity.ndim != 2 or len(by_identity) != len(used):
        raise DataError(
            f"expected ({len(used)}, P) beside used identities, got {by_identity.shape}"
        )
    return mark_used(used, by_identity.shape[1])


def _check_classes(name: str, classes: np.ndarray, identities: int) -> None:
    if classes.size and not (classes.min() >= 0 and classes.max() < identities):
        raise DataError(
            f"{name}: expected classes from 0 to {identities - 1}, "
            f"got {classes.min()}..{classes.max()}"
        )
