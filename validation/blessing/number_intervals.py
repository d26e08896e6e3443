"""Intervals for the numbers of a run's own Table 1, by bootstrap over patients.

As for the claims (`validation.statistics.resampling`): patients are drawn and not images, few patients decide
nothing, and an interval contains the exact one at the number of images, so that a number without a
single hit has an interval with a width.
"""

import numpy as np
import pandas as pd

from validation.paper.numbers import F1
from validation.statistics.intervals import Interval, f1_interval
from validation.statistics.patient_sums import Cell
from validation.statistics.resampling import (
    Resamples,
    bootstrap_interval,
    margin_interval,
    resample_patients,
)

CONFIDENCE = 0.95  # ours: as in docs/validation.md


def find_intervals(
    predictions: pd.DataFrame, *, seed: int = 0, confidence: float = CONFIDENCE
) -> dict[Cell, Interval]:
    """Return the interval of every measured number, fractions by (method, metric).

    Args:
        predictions: of stage 06, one row per method, draw and test image.
        seed: of the bootstrap.
        confidence: within (0, 1), of each interval alone.

    Raises:
        ValueError: when the table can't be judged (`patient_sums.check_predictions`).
    """
    resamples = resample_patients(predictions, rng=np.random.default_rng(seed))
    return {
        cell: _find_f1_interval(cell, resamples, confidence)
        if cell[1] == F1
        else margin_interval(_itself, (cell,), resamples, confidence=confidence)
        for cell in resamples.observed
    }


def _find_f1_interval(cell: Cell, resamples: Resamples, confidence: float) -> Interval:
    """Return the interval of a ratio, which is no share of the images."""
    ratio = resamples.ratios[cell]
    twice_hit, bottom = ratio.top.sum(axis=0).mean(), ratio.bottom.sum(axis=0).mean()
    exact = f1_interval(twice_hit / 2, bottom - twice_hit, confidence=confidence)
    drawn = bootstrap_interval(_itself, (cell,), resamples, confidence=confidence)
    return min(exact[0], drawn[0]), max(exact[1], drawn[1])


def _itself(number: np.ndarray) -> np.ndarray:
    return number
