"""Explanatory evidence: what one method's images still say of the pathology (Table 2).

A verdict of the glaucoma network may come from the sign or from a label that the method was told.
Where the signs' places are known, Table 2 tells the two apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from replication.records import EyeDataset, PrivatizedSet
from replication.sign_evidence import (
    VERDICT,
    compare_verdicts,
    correlate_by_chance,
    correlate_signs,
)
from replication.sign_kinds import KindPairs, count_pairs, plan_folds, read_kinds
from replication.sign_places import mask_signs
from replication.sign_views import ShownSigns, list_shown_signs, view_signs
from replication.table1 import BASELINE
from replication.table2 import Table2
from validation.patient_figures import balance_accuracy, sum_rows
from validation.patient_sums import Ratio

Predict = Callable[[np.ndarray], np.ndarray]


def add_verdict_figures(
    table: Table2, method: str, predictions: pd.DataFrame, *, test: EyeDataset
) -> None:
    """Add what the glaucoma network says of one method's images, from stage 06's predictions.

    Args:
        table: to add to.
        method: its name.
        predictions: of `evaluate_sets`, all methods.
        test: the N original test images.
    """
    truth, patients = test.glaucoma, test.identity
    said = _list_probabilities(predictions, method, test) > VERDICT
    on_originals = _list_probabilities(predictions, BASELINE, test) > VERDICT
    correct = (said == truth[:, None]).astype(float)
    share = truth.mean()
    kept = on_originals.mean()
    agreed = (said == on_originals).astype(float)
    table.add_mean(method, "agreement", agreed, chance=float(max(kept, 1 - kept)))
    table.add_mean(method, "glaucoma_accuracy", correct, chance=float(max(share, 1 - share)))
    if 0 < share < 1:  # of one label alone there is nothing to balance
        balanced = balance_accuracy(correct, truth, patients)
        table.add(method, "glaucoma_balanced", balanced, chance=0.5)
    twice_hit = 2.0 * (said & truth[:, None])
    f1 = Ratio(sum_rows(twice_hit, patients), sum_rows(twice_hit + 1 - correct, patients))
    # Who calls everything glaucoma finds all of it.
    table.add(method, "glaucoma_f1", f1, chance=float(2 * share / (1 + share)))


class SignEvidence:
    """What is known of the signs of the test images, and what privatized images show of them.

    Args:
        test: the N original test images.
        facts: their rows of the preprocessed manifest.
        signs: of `sign_places.read_signs`.
        seed: of the folds in which kinds are read.
    """

    def __init__(
        self, test: EyeDataset, facts: pd.DataFrame, signs: pd.DataFrame, *, seed: int
    ) -> None:
        self._test = test
        self._masks = mask_signs(facts, signs, size_px=test.images.shape[1])
        shown = list_shown_signs(facts, signs, test.identity, size_px=test.images.shape[1])
        # Two kinds are the fewest to tell apart; one that too few patients have isn't listed.
        self._kinds = _Kinds(shown, plan_folds(shown, seed=seed)) if len(shown.kinds) > 1 else None

    def add_figures(self, table: Table2, sets: list[PrivatizedSet]) -> None:
        """Add what the draws of one method show of the signs to Table 2."""
        method, test = sets[0].method, self._test
        pairs = [(test.images, drawn.images, self._masks) for drawn in sets]
        others = {"identity": test.identity, "glaucoma": test.glaucoma}
        own = np.column_stack([correlate_signs(*pair) for pair in pairs])
        by_chance = np.column_stack([correlate_by_chance(*pair, **others) for pair in pairs])
        if not np.isnan(own).all():
            chance = float(np.nanmean(by_chance)) if not np.isnan(by_chance).all() else None
            table.add_mean(method, "sign_correlation", own, chance=chance)
        if self._kinds:
            read = self._kinds.read(sets, test.identity)
            rows = np.isin(np.arange(len(test)), self._kinds.shown.image)
            table.add(method, "sign_kind_auc", read, chance=0.5, rows=rows)


@dataclass(frozen=True)
class KindArea:
    """The AUC of kinds of sign, for weights of all test patients.

    Args:
        pairs: of signs, by the patients that have some.
        columns: their places among all test patients.
    """

    pairs: KindPairs
    columns: np.ndarray

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) areas of (R, patients) weights; 0.5 where no pair is drawn."""
        return np.nan_to_num(self.pairs.weigh(weights[:, self.columns]), nan=0.5)


@dataclass(frozen=True)
class _Kinds:
    shown: ShownSigns
    folds: np.ndarray

    def read(self, sets: list[PrivatizedSet], identity: np.ndarray) -> KindArea:
        counted = []
        for drawn in sets:
            views = view_signs(drawn.images, self.shown, identity)
            scores = read_kinds(views, self.shown, self.folds)
            counted.append(count_pairs(scores, self.shown, self.folds))
        total = KindPairs(
            counted[0].identity,
            sum(pairs.pairs for pairs in counted),
            sum(pairs.right for pairs in counted),
        )
        return KindArea(total, np.searchsorted(np.unique(identity), total.identity))


@dataclass(frozen=True)
class Twins:
    """The test images with twins in the place of those that show a sign, and where they are.

    Args:
        test: N images, labels as of the originals.
        rows: (M,) rows of the twins.
        masks: (N, S, S) bool, the signs' pixels.
    """

    test: EyeDataset
    rows: np.ndarray
    masks: np.ndarray


def add_twin_figures(
    table: Table2,
    sets: list[PrivatizedSet],
    privatized_twins: list[PrivatizedSet],
    *,
    originals: EyeDataset,
    twins: Twins,
    predict: Predict,
) -> None:
    """Add what changes when the sign is taken away before privatizing.

    Args:
        table: to add to.
        sets: draws of one method, N images each.
        privatized_twins: the same draws of `twins.test`.
        originals: the N test images.
        twins: which of them have twins.
        predict: the glaucoma network: (N,) probabilities of glaucoma of images.
    """
    rows, masks = twins.rows, twins.masks[twins.rows]
    changed, owed = np.full((2, len(table.patients), len(sets)), np.nan)
    for draw, pair in enumerate(zip(sets, privatized_twins, strict=True)):
        own, twin = (drawn.images[rows] for drawn in pair)
        changed[rows, draw], _ = compare_verdicts(predict(own), predict(twin))
        with_sign, without = (
            correlate_signs(originals.images[rows], shown, masks) for shown in (own, twin)
        )
        owed[rows, draw] = with_sign - without
    table.add_mean(sets[0].method, "verdicts_changed", changed, chance=0.0)
    table.add_mean(sets[0].method, "sign_owed", owed, chance=0.0)


def _list_probabilities(predictions: pd.DataFrame, method: str, test: EyeDataset) -> np.ndarray:
    """Return (N, draws) probabilities of glaucoma in the order of the test images."""
    own = predictions[predictions["method"] == method]
    by_draw = own.pivot(index="image_id", columns="draw", values="glaucoma_probability")
    return by_draw.loc[test.image_id].to_numpy()
