"""Which kind of sign is shown: an AUC of readers who see the sign's place alone.

Ours. The kind is a patient's own, so whoever recognises the patient knows it: a reader never
learnt from the patients that it reads.

1. Learn each kind against the others by logistic regression from the looks of the signs
   (`replication.sign_views`), and read the signs of the patients left out, in five folds.
2. Count the pairs of two signs, one of the kind and one not, of which the right one looks more like
   the kind: the area under the ROC curve (Hanley and McNeil, Radiology 143, 1982). Pairs are of
   one fold, since readers who learnt from different patients have different zeros.
3. Take the mean over the kinds.

Chance is 0.5, and the same of another patient's images at the same places says whether it is. The
test images are enough to learn from: no training images have to be privatized.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from replication.errors import DataError
from replication.sign_views import FEWEST_PATIENTS, ShownSigns

FOLDS = 5
REPEATS = 3  # of the folds, each drawn anew: a fold of few patients is read by luck
REGULARISATION = 0.1  # scikit-learn's C, the same for every method, chosen on originals


@dataclass(frozen=True)
class KindPairs:
    """The pairs of signs that an AUC counts, by the two signs' patients.

    Args:
        identity: (P,) the patients, ascending.
        pairs: (K, P, P) pairs of a sign of the kind (rows) and another kind's (columns).
        right: (K, P, P) those of them that were read right; half of one for a tie.
    """

    identity: np.ndarray
    pairs: np.ndarray
    right: np.ndarray

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return the mean AUC over kinds for each weighting of patients.

        Args:
            weights: (R, P), such as how often a bootstrap draws each.

        Returns:
            (R,) in [0, 1]; a kind without a pair enters no mean, NaN without any.
        """
        sums = [
            np.einsum("rp,kpq,rq->rk", weights, counts, weights, optimize=True)
            for counts in (self.right, self.pairs)
        ]
        shown = sums[1] > 0
        areas = np.divide(*sums, out=np.zeros(shown.shape), where=shown)
        kinds = shown.sum(axis=1)
        empty = np.full(len(kinds), np.nan)
        return np.divide(areas.sum(axis=1), kinds, out=empty, where=kinds > 0)


def plan_folds(signs: ShownSigns, *, seed: int, repeats: int = REPEATS) -> np.ndarray:
    """Share the patients out over folds, the kinds as evenly as can be; the same for all methods.

    Args:
        signs: which to share out.
        seed: of the first sharing; the next has the next one.
        repeats: R, how often.

    Returns:
        (R, M) fold of each sign, from 0.

    Raises:
        DataError: when fewer than two kinds are left to tell apart.
    """
    if len(signs.kinds) < 2:
        raise DataError(
            f"kinds of sign: expected two or more that at least {FEWEST_PATIENTS} patients have, "
            f"got {len(signs.kinds)}; use more images"
        )
    folds = np.empty((repeats, len(signs.kind)), int)
    for repeat in range(repeats):
        sharing = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        for fold, (_, held) in enumerate(sharing.split(signs.kind, signs.kind, signs.identity)):
            folds[repeat, held] = fold
    return folds


def read_kinds(features: np.ndarray, signs: ShownSigns, folds: np.ndarray) -> np.ndarray:
    """Have each sign's kind read by readers that learnt from other patients.

    Args:
        features: (M, D) of `sign_views.view_signs`, or any other; a network's that has seen these patients
            may know them.
        signs: the truth.
        folds: (R, M) of `plan_folds`.

    Returns:
        (R, M, K) float64, the higher the more like the kind; NaN where the kind or all others
        were missing among the patients to learn from.

    Raises:
        DataError: when the features don't fit the signs.
    """
    if features.ndim != 2 or len(features) != len(signs.kind) or not np.isfinite(features).all():
        raise DataError(
            f"kinds of sign: expected finite features ({len(signs.kind)}, D), got {features.shape}"
        )
    scores = np.full((*folds.shape, len(signs.kinds)), np.nan)
    for repeat, sharing in enumerate(folds):
        for fold in np.unique(sharing):
            held, learnt = sharing == fold, sharing != fold
            for kind in range(len(signs.kinds)):
                truth = signs.kind[learnt] == kind
                if truth.any() and not truth.all():
                    reader = _build_reader().fit(features[learnt], truth)
                    scores[repeat, held, kind] = reader.decision_function(features[held])
    return scores


def count_pairs(scores: np.ndarray, signs: ShownSigns, folds: np.ndarray) -> KindPairs:
    """Count the pairs of one fold, one sign of the kind and one not, that were read right.

    Args:
        scores: (R, M, K) of `read_kinds`.
        signs: the truth.
        folds: (R, M) of `plan_folds`.
    """
    identity, patient = np.unique(signs.identity, return_inverse=True)
    of_patient = np.eye(len(identity))[patient]
    shape = (len(signs.kinds), len(identity), len(identity))
    pairs, right = np.zeros(shape), np.zeros(shape)
    for of_repeat, sharing in zip(scores, folds, strict=True):
        for kind, score in enumerate(of_repeat.T):
            truth = signs.kind == kind
            pair = truth[:, None] & ~truth & (sharing[:, None] == sharing)
            pair &= ~np.isnan(score)[:, None]
            won = pair * ((score[:, None] > score) + 0.5 * (score[:, None] == score))
            pairs[kind] += of_patient.T @ pair @ of_patient
            right[kind] += of_patient.T @ won @ of_patient
    return KindPairs(identity, pairs, right)


def _build_reader() -> Pipeline:
    """Return an untrained reader of one kind; few signs are of it, so they count for more."""
    regression = LogisticRegression(
        C=REGULARISATION,
        class_weight="balanced",
        solver="liblinear",  # so small a problem takes the default solver ten times as long
        random_state=0,
    )
    return make_pipeline(StandardScaler(), regression)
