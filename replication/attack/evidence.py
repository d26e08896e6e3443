"""Explanatory evidence: what one method's images still show of the pathology (Table 2).

A verdict of the glaucoma network may come from the sign or from a label that the method was given:
the paper's measure (§3, Table 1) is also right where an image shows no more than its label. Ours,
where the sign's place is known:

- correlation: the zero-mean normalised cross-correlation (masked NCC) of original and privatized
  image inside the sign, 1 for the same picture up to brightness and contrast. It has to beat its
  chance level, the same with the privatized images of other patients of the same pathology. What
  else lies there, above all the pupil's edge, counts too: where a twin (a counterfactual, the same
  eye without the sign) can be drawn, the same with the privatized twin shows how much of the
  correlation is owed to the sign.
- verdicts: how many fewer images the glaucoma network calls ill when the sign is taken away before
  privatizing. A method that loses none shows a label, not evidence. Its chance level is what the
  same change takes away where the sign is not (a sham): some verdicts turn with any change. And
  how many more it calls ill with a sign planted on a healthy eye.
- kinds: whether the kind of sign can be read (`sign_kinds`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from replication.attack.sign_kinds import (
    KindPairs,
    count_pairs,
    list_shown_signs,
    plan_folds,
    read_kinds,
    view_signs,
)
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.preprocess.places import mask_signs
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet
from validation.statistics.patient_sums import Ratio, balance_accuracy, sum_rows

# The smallest signs are 2 px wide and of one gray: what shows them is the contrast with what is
# around. A mask's outermost pixels may be all but covered, one more on each side is surely outside.
# More would count more of the eye than of the sign: on the surrogate, originals correlate with
# their own twins by 0.72, 0.81, 0.89 and 0.92 with margins of 0, 1, 2 and 3 px.
MARGIN_PX = 1
VERDICT = 0.5  # of the softmax's two probabilities, as in Table 1

# The glaucoma network: (N,) probabilities of glaucoma of (N, H, W, C) images.
Predict = Callable[[np.ndarray], np.ndarray]


def add_verdict_measures(
    table: Table2, method: str, predictions: pd.DataFrame, *, test: EyeDataset
) -> None:
    """Add the glaucoma network's verdicts on one method's images to Table 2.

    Args:
        table: to add to.
        method: its name.
        predictions: of stage 06, all methods.
        test: the N original test images.
    """
    truth, patients = test.glaucoma, test.identity
    verdicts = _list_probabilities(predictions, method, test) > VERDICT
    on_originals = _list_probabilities(predictions, BASELINE, test) > VERDICT
    correct = (verdicts == truth[:, None]).astype(float)
    prevalence, kept = truth.mean(), on_originals.mean()
    agreed = (verdicts == on_originals).astype(float)
    # Chance is what a constant verdict scores: the more frequent one, and for F1 always glaucoma.
    table.add_mean(method, "agreement", agreed, chance=float(max(kept, 1 - kept)))
    constant = float(max(prevalence, 1 - prevalence))
    table.add_mean(method, "glaucoma_accuracy", correct, chance=constant)
    if 0 < prevalence < 1:  # of one label alone there is nothing to balance
        balanced = balance_accuracy(correct, truth, patients)
        table.add(method, "glaucoma_balanced", balanced, chance=0.5)
    twice_hit = 2.0 * (verdicts & truth[:, None])
    f1 = Ratio(sum_rows(twice_hit, patients), sum_rows(twice_hit + 1 - correct, patients))
    table.add(method, "glaucoma_f1", f1, chance=float(2 * prevalence / (1 + prevalence)))


class SignEvidence:
    """The signs of the test images, and what privatized images show of them.

    Args:
        test: the N original test images.
        facts: their rows of the preprocessed manifest.
        signs: of `preprocess.places.read_signs`.
        seed: of the folds in which kinds are read.
    """

    def __init__(
        self, test: EyeDataset, facts: pd.DataFrame, signs: pd.DataFrame, *, seed: int
    ) -> None:
        self._test = test
        self._masks = mask_signs(facts, signs, size_px=test.images.shape[1])
        self._shown = list_shown_signs(facts, signs, test.identity, size_px=test.images.shape[1])
        # Two kinds are the fewest to compare; one that too few patients have isn't listed.
        comparable = len(self._shown.kinds) > 1
        self._folds = plan_folds(self._shown, seed=seed) if comparable else None

    def add_measures(self, table: Table2, sets: list[PrivatizedSet]) -> None:
        """Add what the draws of one method show of the signs to Table 2."""
        method, test = sets[0].method, self._test
        pairs = [(test.images, drawn.images, self._masks) for drawn in sets]
        others = {"identity": test.identity, "glaucoma": test.glaucoma}
        own = np.column_stack([measure_masked_ncc(*pair) for pair in pairs])
        by_chance = np.column_stack([measure_chance_ncc(*pair, **others) for pair in pairs])
        if not np.isnan(own).all():
            chance = float(np.nanmean(by_chance)) if not np.isnan(by_chance).all() else None
            table.add_mean(method, "sign_correlation", own, chance=chance)
        if self._folds is not None:
            rows = np.isin(np.arange(len(test)), self._shown.image)
            table.add(method, "sign_kind_auc", self._read_kinds(sets), chance=0.5, rows=rows)

    def _read_kinds(self, sets: list[PrivatizedSet]) -> KindPairs:
        views = [view_signs(drawn.images, self._shown, self._test.identity) for drawn in sets]
        scores = np.concatenate([read_kinds(view, self._shown, self._folds) for view in views])
        folds = np.tile(self._folds, (len(sets), 1))
        return count_pairs(scores, self._shown, folds, patients=np.unique(self._test.identity))


@dataclass(frozen=True)
class Twins:
    """The test images with twins in the place of those that show a sign, and where they are.

    Args:
        test: N images, labels as of the originals.
        rows: (M,) rows of the twins.
        masks: (N, S, S) bool, the signs' pixels.
        elsewhere: the N images with the twins' changes where no sign is (`twins.move_changes`).
        shams: rows of `elsewhere` that have a twin.
        planted: rows of `elsewhere` of healthy eyes that got a sign.
    """

    test: EyeDataset
    rows: np.ndarray
    masks: np.ndarray
    elsewhere: EyeDataset
    shams: np.ndarray
    planted: np.ndarray


def add_twin_measures(
    table: Table2,
    sets: list[PrivatizedSet],
    privatized_twins: list[PrivatizedSet],
    privatized_elsewhere: list[PrivatizedSet],
    *,
    originals: EyeDataset,
    twins: Twins,
    predictions: pd.DataFrame,
    predict: Predict,
) -> None:
    """Add what changes when the sign is taken away before privatizing to Table 2.

    Args:
        table: to add to.
        sets: draws of one method, N images each.
        privatized_twins: the same draws of `twins.test`.
        privatized_elsewhere: the same draws of `twins.elsewhere`.
        originals: the N test images.
        twins: which of them have twins, and which are changed elsewhere.
        predictions: of stage 06, by the glaucoma network of `sets`.
        predict: the same network.
    """
    method, rows, masks = sets[0].method, twins.rows, twins.masks[twins.rows]
    lost, lost_by_sham, planted, owed = np.full((4, len(table.patients), len(sets)), np.nan)
    verdicts = _call_ill(_list_probabilities(predictions, method, originals))
    drawn = zip(sets, privatized_twins, privatized_elsewhere, strict=True)
    for draw, (own, twin, elsewhere) in enumerate(drawn):
        verdict = verdicts[:, draw]
        by_change, by_twin = (
            _call_ill(predict(images)) for images in (elsewhere.images, twin.images[rows])
        )
        lost[rows, draw] = verdict[rows] - by_twin
        lost_by_sham[twins.shams, draw] = (verdict - by_change)[twins.shams]
        planted[twins.planted, draw] = (by_change - verdict)[twins.planted]
        with_sign, without = (
            measure_masked_ncc(originals.images[rows], shown.images[rows], masks)
            for shown in (own, twin)
        )
        owed[rows, draw] = with_sign - without
    chance = float(np.nanmean(lost_by_sham)) if len(twins.shams) else None
    table.add_mean(method, "verdicts_lost", lost, chance=chance)
    table.add_mean(method, "verdicts_planted", planted, chance=0.0)
    table.add_mean(method, "sign_owed", owed, chance=0.0)


def measure_masked_ncc(
    originals: np.ndarray,
    privatized: np.ndarray,
    masks: np.ndarray,
    *,
    margin_px: int = MARGIN_PX,
) -> np.ndarray:
    """Correlate original and privatized image inside the sign, row by row.

    Args:
        originals, privatized: (N, S, S, C) float32 in [-1, 1]; gray is the mean over channels.
        masks: (N, S, S) bool, the sign's pixels (`preprocess.places.mask_signs`).
        margin_px: how far around the sign pixels count.

    Returns:
        (N,) float64 in [-1, 1]; 0 where the privatized image is flat there, since it shows nothing;
        NaN where there is no sign or the original is flat there, so that nothing could be shown.

    Raises:
        DataError: when the shapes don't fit.
    """
    _check_shapes(originals, privatized, masks)
    ours, theirs = (images.mean(axis=-1, dtype=np.float64) for images in (originals, privatized))
    return np.array(
        [
            _correlate(own[mask], other[mask][None])[0]
            for own, other, mask in zip(ours, theirs, _widen(masks, margin_px), strict=True)
        ]
    )


def measure_chance_ncc(
    originals: np.ndarray,
    privatized: np.ndarray,
    masks: np.ndarray,
    *,
    identity: np.ndarray,
    glaucoma: np.ndarray,
) -> np.ndarray:
    """Correlate each original with other patients' privatized images at the same place.

    Args:
        originals, privatized, masks: as for `measure_masked_ncc`.
        identity: (N,) integers.
        glaucoma: (N,) bool.

    Returns:
        (N,) float64, each the mean of `measure_masked_ncc` over the privatized images of all other
        patients of the same pathology; NaN also where there is none.

    Raises:
        DataError: when the shapes don't fit.
    """
    _check_shapes(originals, privatized, masks)
    ours, theirs = (images.mean(axis=-1, dtype=np.float64) for images in (originals, privatized))
    pixels = theirs.reshape(len(theirs), -1)
    chance = np.full(len(masks), np.nan)
    for row, mask in enumerate(_widen(masks, MARGIN_PX)):
        others = (identity != identity[row]) & (glaucoma == glaucoma[row])
        if mask.any() and others.any():
            shown = pixels[np.ix_(np.flatnonzero(others), np.flatnonzero(mask))]
            chance[row] = _correlate(ours[row][mask], shown).mean()
    return chance


def _call_ill(probability: np.ndarray) -> np.ndarray:
    """Return 1.0 for each image that is called ill by its probability of glaucoma, else 0.0.

    Raises:
        DataError: when a number is no probability.
    """
    probability = np.asarray(probability, np.float64)
    if not ((probability >= 0) & (probability <= 1)).all():
        raise DataError("verdicts: expected probabilities in [0, 1]")
    return (probability > VERDICT).astype(np.float64)


def _list_probabilities(predictions: pd.DataFrame, method: str, test: EyeDataset) -> np.ndarray:
    """Return (N, draws) probabilities of glaucoma in the order of the test images."""
    own = predictions[predictions["method"] == method]
    by_draw = own.pivot(index="image_id", columns="draw", values="glaucoma_probability")
    return by_draw.loc[test.image_id].to_numpy()


def _check_shapes(originals: np.ndarray, privatized: np.ndarray, masks: np.ndarray) -> None:
    if originals.ndim != 4 or not originals.shape == privatized.shape:
        raise DataError(
            f"originals and privatized: expected (N, S, S, C) twice, got {originals.shape} and "
            f"{privatized.shape}"
        )
    if masks.shape != originals.shape[:3] or masks.dtype != bool:
        raise DataError(
            f"masks: expected {originals.shape[:3]} bool, got {masks.shape} {masks.dtype}"
        )


def _widen(masks: np.ndarray, margin_px: int) -> np.ndarray:
    """Return the masks with all pixels at most so far off in row and in column."""
    square = np.ones((2 * margin_px + 1,) * 2, np.uint8)
    widened = [cv2.dilate(mask.astype(np.uint8), square) for mask in masks]
    return np.array(widened, bool).reshape(masks.shape)


def _correlate(original: np.ndarray, privatized: np.ndarray) -> np.ndarray:
    """Return (M,) correlations of (P,) pixels of an original with (M, P) of privatized images."""
    if not original.size or np.ptp(original) == 0:
        return np.full(len(privatized), np.nan)
    own = original - original.mean()
    others = privatized - privatized.mean(axis=1, keepdims=True)
    flat = np.ptp(privatized, axis=1) == 0
    norms = np.sqrt((own**2).sum() * (others**2).sum(axis=1))
    shown = np.divide(others @ own, norms, out=np.zeros(len(others)), where=~flat)
    return np.clip(shown, -1, 1)
