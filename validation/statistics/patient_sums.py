"""What each patient adds to each number, so that any weighting of patients gives all numbers.

Every number of Table 1 is a mean over draws of a ratio of two sums over patients: hits over images
for an accuracy, 2 TP over 2 TP + errors for F1. `validation.statistics.resampling` weighs them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from validation.statistics.intervals import F1, Cell

COLUMNS = (
    "method",
    "draw",
    "image_id",
    "identity",
    "glaucoma",
    "predicted_identity",
    "replacement_shown",
    "glaucoma_probability",
)


class Statistic(Protocol):
    """One number of a table, for any weighting of the patients."""

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) numbers of (R, patients) weights."""


@dataclass(frozen=True)
class Ratio:
    """One number as sums over patients: the mean over draws of top / bottom."""

    top: np.ndarray  # (patients, draws) what each patient adds to the numerator
    bottom: np.ndarray  # (patients, draws) what each adds to the denominator

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return the (R,) numbers of (R, patients) weightings, fractions in [0, 1].

        Patients that are all true negatives have no F1; it counts as 0, which pulls differences of
        F1 towards 0 and so decides nothing.
        """
        bottom = weights @ self.bottom
        empty = np.zeros_like(bottom)
        return np.divide(weights @ self.top, bottom, out=empty, where=bottom > 0).mean(axis=1)


@dataclass(frozen=True)
class Combined:
    """A statistic made of others, all with the same weights."""

    parts: tuple[Statistic, ...]
    combine: Callable[..., np.ndarray]  # takes their (R,) numbers and returns (R,)

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) numbers of (R, patients) weights."""
        return self.combine(*(part.weigh(weights) for part in self.parts))


def sum_by_patient(predictions: pd.DataFrame) -> dict[Cell, Ratio]:
    """Sum what each number needs, by patient (rows, sorted by identity) and draw (columns).

    Raises:
        ValueError: as `check_predictions`.
    """
    check_predictions(predictions)
    truth, found = predictions["glaucoma"], predictions["glaucoma_probability"] > 0.5
    twice_hit = 2 * (truth & found)
    one = np.ones(len(predictions))
    parts = {
        "identity_accuracy": (predictions["predicted_identity"] == predictions["identity"], one),
        "replacement_accuracy": (predictions["replacement_shown"].astype(float), one),
        "glaucoma_accuracy": (truth == found, one),
        F1: (twice_hit, twice_hit + (truth != found)),
    }
    columns = {
        (metric, side): np.asarray(values, dtype=float)
        for metric, sides in parts.items()
        for side, values in zip(("top", "bottom"), sides, strict=True)
    }
    keys = [predictions[name] for name in ("method", "identity", "draw")]
    sums = pd.DataFrame(columns).groupby([key.to_numpy() for key in keys]).sum(min_count=1)
    ratios = {}
    for method in sorted(predictions["method"].unique()):
        own = sums.loc[method]
        for metric in parts:
            top, bottom = (own[metric, side].unstack().to_numpy() for side in ("top", "bottom"))
            if not np.isnan(top).any():
                ratios[method, metric] = Ratio(top, bottom)
    return ratios


def check_predictions(predictions: pd.DataFrame) -> None:
    """Check that the table can be judged.

    Raises:
        ValueError: when it is empty, lacks a column or a value, an image has two truths, the draws
            have different images, or a method has replacement identities for some of them only.
    """
    if missing := [name for name in COLUMNS if name not in predictions]:
        raise ValueError(f"predictions: no column {', '.join(missing)}; evaluate the run again")
    if predictions.empty:
        raise ValueError("predictions: no rows; evaluate the run again")
    filled = predictions[[name for name in COLUMNS if name != "replacement_shown"]].notna().all()
    if not filled.all():
        raise ValueError(f"predictions: empty values in {', '.join(filled.index[~filled])}")
    by_image = predictions.groupby("image_id")[["identity", "glaucoma"]].nunique()
    if twofold := int((by_image > 1).any(axis=1).sum()):
        raise ValueError(f"predictions: {twofold} images have two identities or glaucoma labels")
    for (method, draw), rows in predictions.groupby(["method", "draw"]):
        if not len(rows) == rows["image_id"].nunique() == len(by_image):
            raise ValueError(
                f"predictions, {method}, draw {draw}: expected each of {len(by_image)} images "
                f"once, got {len(rows)} rows of {rows['image_id'].nunique()} images"
            )
    shown = predictions["replacement_shown"].notna().groupby(predictions["method"]).mean()
    if partly := sorted(shown.index[(shown > 0) & (shown < 1)]):
        raise ValueError(f"predictions: replacement_shown is empty for some images of {partly}")


def average_images(values: np.ndarray, patients: np.ndarray) -> Ratio:
    """Return the mean over images, every image counting the same.

    Args:
        values: (N,) numbers, NaN where an image has none; or (N, draws), of which the mean is
            taken over draws.
        patients: (N,) of whom each image is; the weights are in the order of `np.unique(patients)`.
    """
    by_draw = np.asarray(values, dtype=float).reshape(len(patients), -1)
    measured = ~np.isnan(by_draw)
    return Ratio(sum_rows(np.where(measured, by_draw, 0.0), patients), sum_rows(measured, patients))


def balance_accuracy(correct: np.ndarray, truth: np.ndarray, patients: np.ndarray) -> Combined:
    """Return the mean of the accuracies of both classes (balanced accuracy).

    Args:
        correct: (N,) or (N, draws) in {0, 1}.
        truth: (N,) bool.
        patients: (N,) of whom each image is.
    """
    by_draw = np.asarray(correct, dtype=float).reshape(len(patients), -1)
    classes = (
        average_images(np.where((truth == kind)[:, None], by_draw, np.nan), patients)
        for kind in (False, True)
    )
    return Combined(tuple(classes), lambda healthy, glaucoma: (healthy + glaucoma) / 2)


def sum_rows(parts: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Return (patients, M) sums of the (N, M) rows of each patient, ordered by patient."""
    names, rows = np.unique(patients, return_inverse=True)
    sums = np.zeros((len(names), parts.shape[1]))
    np.add.at(sums, rows, parts)
    return sums
