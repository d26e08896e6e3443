"""Which kind of sign is shown: an AUC of readers that learn from the signs' places alone.

Ours. The kind is a patient's own, so whoever recognises the patient knows it: no reader has learned
from the patients that it reads. The test images are enough to learn from: no training images have
to be privatized.

1. Take a window in the middle of each sign. It also shows the part of the eye that lies there, which
   predicts the kind: a dilated pupil is in the middle, a hole is not. So each pixel counts by its
   difference from what the same method shows of other patients there, in their standard deviations.
2. Learn each kind against the others by logistic regression, and read the signs of the patients left
   out, in five folds.
3. Count the pairs of two signs, one of the kind and one not, of which the right one looks more like
   the kind: the area under the ROC curve (Hanley and McNeil, Radiology 143, 1982). Pairs are of one
   fold, since readers that learned from different patients have different zeros.
4. Take the mean over the kinds.

Chance is 0.5. Some of the others have a sign at the same place too, so that even a window without
one could show a little of the kind.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from replication.errors import DataError
from replication.preprocess.places import mask_signs

# The smallest signs are 2 px wide, and with 5 x 5 px originals are read best on both data sets
# (5, 7, 9, 13 and 17 tried).
HALF_WINDOW_PX = 2
FOLDS = 5
FEWEST_PATIENTS = FOLDS  # with a kind: one for each fold
REPEATS = 3  # of the folds, each drawn anew: a fold of few patients is read by luck
REGULARISATION = 0.1  # scikit-learn's C, the same for every method, chosen on originals


@dataclass(frozen=True)
class ShownSigns:
    """The M signs of a set of images, of the K kinds that enough patients have."""

    kinds: tuple[str, ...]  # K names
    kind: np.ndarray  # (M,) place in `kinds`
    image: np.ndarray  # (M,) row of the image
    identity: np.ndarray  # (M,) of whom it is
    middle: np.ndarray  # (M, 2) row and column of the sign's middle, px


@dataclass(frozen=True)
class KindPairs:
    """The pairs of signs that an AUC counts, by the two signs' patients."""

    patients: np.ndarray  # (P,) places of the patients with signs among all that are weighed
    pairs: np.ndarray  # (K, P, P) of a sign of the kind (rows) and another kind's (columns)
    right: np.ndarray  # (K, P, P) those of them that were read right; half of one for a tie

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return the mean AUC over kinds for each weighting of patients.

        Args:
            weights: (R, all patients), such as how often a bootstrap draws each.

        Returns:
            (R,) in [0, 1]; a kind without a pair enters no mean, 0.5 (chance) without any.
        """
        own = weights[:, self.patients]
        sums = [
            np.einsum("rp,kpq,rq->rk", own, counts, own, optimize=True)
            for counts in (self.right, self.pairs)
        ]
        shown = sums[1] > 0
        areas = np.divide(*sums, out=np.zeros(shown.shape), where=shown)
        kinds = shown.sum(axis=1)
        chance = np.full(len(kinds), 0.5)
        return np.divide(areas.sum(axis=1), kinds, out=chance, where=kinds > 0)


def list_shown_signs(
    facts: pd.DataFrame, signs: pd.DataFrame, identity: np.ndarray, *, size_px: int
) -> ShownSigns:
    """List the signs that images show, of the kinds that at least `FEWEST_PATIENTS` have.

    Args:
        facts: the N images' rows of the preprocessed manifest (`mask_signs`).
        signs: of `preprocess.places.read_signs`.
        identity: (N,) integers.
        size_px: S, of the preprocessed images.
    """
    files = facts["path"].str.rpartition("/")[2].to_numpy()
    found = []
    for place, file in enumerate(signs["file"]):
        for image in np.flatnonzero(files == file):
            one = signs.iloc[[place]]
            (mask,) = mask_signs(facts.iloc[[image]], one, size_px=size_px)
            if mask.any():
                found.append((image, one["kind"].item(), *np.argwhere(mask).mean(axis=0)))
    table = pd.DataFrame(found, columns=["image", "kind", "row", "column"])
    table["identity"] = np.asarray(identity)[table["image"].to_numpy(int)]
    patients = table.groupby("kind")["identity"].nunique()
    kinds = tuple(sorted(patients.index[patients >= FEWEST_PATIENTS]))
    table = table[table["kind"].isin(kinds)].sort_values(["image", "kind"], kind="stable")
    return ShownSigns(
        kinds,
        np.array([kinds.index(kind) for kind in table["kind"]], int),
        table["image"].to_numpy(int),
        table["identity"].to_numpy(int),
        table[["row", "column"]].to_numpy(float).round().astype(int),
    )


def plan_folds(signs: ShownSigns, *, seed: int, repeats: int = REPEATS) -> np.ndarray:
    """Return (R, M) fold of each sign, from 0: no patient in two, the kinds as even as can be.

    Args:
        signs: which to divide; the folds are the same for all methods.
        seed: of the first division; the next has the next one.
        repeats: R, how often.

    Raises:
        DataError: when fewer than two kinds are left to compare.
    """
    if len(signs.kinds) < 2:
        raise DataError(
            f"kinds of sign: expected two or more that at least {FEWEST_PATIENTS} patients have, "
            f"got {len(signs.kinds)}; use more images"
        )
    folds = np.empty((repeats, len(signs.kind)), int)
    for repeat in range(repeats):
        division = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        for fold, (_, held) in enumerate(division.split(signs.kind, signs.kind, signs.identity)):
            folds[repeat, held] = fold
    return folds


def view_signs(images: np.ndarray, signs: ShownSigns, identity: np.ndarray) -> np.ndarray:
    """Measure how the middle of each sign differs from what other patients show there.

    Args:
        images: (N, S, S, C) float32 in [-1, 1], all by one method.
        signs: of these images.
        identity: (N,) integers.

    Returns:
        (M, D) float64; 0 where all other patients show the same. Only images with signs are
        compared with, since a privatizer may know who has glaucoma.

    Raises:
        DataError: when fewer than three patients have signs.
    """
    if len(np.unique(signs.identity)) < 3:
        raise DataError("kinds of sign: expected signs of at least three patients to compare")
    half = HALF_WINDOW_PX
    gray = images.mean(axis=-1, dtype=np.float64)
    gray = np.pad(gray, ((0, 0), (half, half), (half, half)), mode="edge")
    with_signs = np.unique(signs.image)
    windows = np.empty((len(signs.image), (2 * half + 1) ** 2))
    for place, (image, (row, column)) in enumerate(zip(signs.image, signs.middle, strict=True)):
        window = gray[:, row : row + 2 * half + 1, column : column + 2 * half + 1]
        usual = window[with_signs[identity[with_signs] != identity[image]]]
        error, std = window[image] - usual.mean(axis=0), usual.std(axis=0)
        windows[place] = np.divide(error, std, out=np.zeros_like(error), where=std > 0).ravel()
    return windows


def read_kinds(features: np.ndarray, signs: ShownSigns, folds: np.ndarray) -> np.ndarray:
    """Read each sign's kind by readers that learned from other patients.

    Args:
        features: (M, D) of `view_signs`, or any other; those of a network that was trained on
            these patients may contain the kind.
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
    for repeat, division in enumerate(folds):
        for fold in np.unique(division):
            held, learned = division == fold, division != fold
            scaler = StandardScaler().fit(features[learned])
            known, asked = (scaler.transform(features[rows]) for rows in (learned, held))
            for kind in range(len(signs.kinds)):
                truth = signs.kind[learned] == kind
                if truth.any() and not truth.all():
                    reader = _build_reader().fit(known, truth)
                    scores[repeat, held, kind] = reader.decision_function(asked)
    return scores


def count_pairs(
    scores: np.ndarray, signs: ShownSigns, folds: np.ndarray, *, patients: np.ndarray
) -> KindPairs:
    """Count the pairs of one fold, one sign of the kind and one not, that were read right.

    Args:
        scores: (R, M, K) of `read_kinds`.
        signs: the truth.
        folds: (R, M) of `plan_folds`.
        patients: all patients that are weighed, ascending, those without signs too.
    """
    identity, patient = np.unique(signs.identity, return_inverse=True)
    of_patient = np.eye(len(identity))[patient]
    pairs, right = np.zeros((2, len(signs.kinds), len(identity), len(identity)))
    for of_repeat, division in zip(scores, folds, strict=True):
        for kind, score in enumerate(of_repeat.T):
            truth = signs.kind == kind
            pair = truth[:, None] & ~truth & (division[:, None] == division)
            pair &= ~np.isnan(score)[:, None]
            won = pair * ((score[:, None] > score) + 0.5 * (score[:, None] == score))
            pairs[kind] += of_patient.T @ pair @ of_patient
            right[kind] += of_patient.T @ won @ of_patient
    return KindPairs(np.searchsorted(patients, identity), pairs, right)


def _build_reader() -> LogisticRegression:
    """Return an untrained reader of one kind; few signs are of it, so they count for more."""
    return LogisticRegression(
        C=REGULARISATION,
        class_weight="balanced",
        solver="liblinear",  # so small a problem takes the default solver ten times as long
        random_state=0,
    )
