"""Paired bootstrap over patients for the numbers of Table 1, their differences, and any mean.

Images of one patient resemble each other, so patients are drawn and not images (cluster bootstrap:
Davison and Hinkley, Bootstrap Methods and their Application, 1997, §3.8). Steps:

1. Sum per patient and draw what each number needs (`validation.statistics.patient_sums`).
2. A replicate is a weighting of patients: how often each is drawn. All numbers of a replicate come
   from the same weights, so that their differences are paired.
3. A margin's interval lies between two quantiles of its replicates, widened where few patients
   decide it (`margin_interval`).

`scipy.stats.bootstrap` agrees (a test compares), but resamples arrays of observations: for ratios
of sums it would gather every patient's sums anew in each replicate, where one multinomial draw
gives all weights and one product all numbers. Its BCa interval is bolder than the percentiles where
hits are rare: with 115 patients it excludes 0 when three of them differ, all in one direction; the
percentiles do when four of them differ; the exact sign test needs six.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from validation.statistics.intervals import (
    CONFIDENCE,
    F1,
    Cell,
    Interval,
    f1_interval,
    proportion_interval,
)
from validation.statistics.patient_sums import Statistic, sum_by_patient

Margin = Callable[..., np.ndarray]

REPLICATES = 10_000


@dataclass(frozen=True)
class Resamples:
    """The numbers of a run that were measured, by (method, metric)."""

    ratios: Mapping[Cell, Statistic]
    images: int  # of each draw
    observed: Mapping[Cell, np.ndarray]  # (1,)
    replicates: Mapping[Cell, np.ndarray]  # (replicates,)
    without_one: Mapping[Cell, np.ndarray]  # (patients,), each without one patient


def resample_patients(
    predictions: pd.DataFrame, *, rng: np.random.Generator, replicates: int = REPLICATES
) -> Resamples:
    """Draw the patients of a run again and again.

    Args:
        predictions: one row per method, draw and image, with at least `patient_sums.COLUMNS`.
        rng, replicates: as for `resample_ratios`.

    Raises:
        ValueError: when the table can't be judged (`patient_sums.check_predictions`).
    """
    return resample_ratios(
        sum_by_patient(predictions),
        patients=predictions["identity"].nunique(),
        images=predictions["image_id"].nunique(),
        rng=rng,
        replicates=replicates,
    )


def resample_ratios(
    ratios: Mapping[Cell, Statistic],
    *,
    patients: int,
    images: int,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
) -> Resamples:
    """Draw patients again and again, and weigh every number by who was drawn.

    Args:
        ratios: by (method, metric), each over the same patients.
        patients, images: how many there are, images in each draw.
        rng, replicates: what draws the patients, and how many times.
    """
    drawn = rng.multinomial(patients, np.full(patients, 1 / patients), size=replicates)
    weightings = (
        np.ones((1, patients)),
        drawn.astype(float),
        np.ones((patients, patients)) - np.eye(patients),
    )
    observed, replicated, without_one = (
        {cell: ratio.weigh(weights) for cell, ratio in ratios.items()} for weights in weightings
    )
    return Resamples(ratios, images, observed, replicated, without_one)


def margin_interval(
    margin: Margin, cells: tuple[Cell, ...], resamples: Resamples, *, confidence: float
) -> Interval:
    """Return a margin's two-sided interval.

    The percentiles of its replicates, pushed out to where they are too bold:

    - **Few patients.** A difference that comes from five patients has bootstrap replicates that are
      nearly all positive, but five of five is no evidence at 95% by the exact sign test: only six
      are. So the interval reaches at least to the margin that remains without the patients who
      favour it most, as many as are no evidence by that test.
    - **Fixed limits.** A number without hits has no hit in any replicate and an interval of no
      width. So the interval of a margin between one accuracy and a fixed limit contains Clopper
      and Pearson's at the number of images. (Draws are not counted as more images. The replicates
      show that hits cluster in patients; without any hit nothing can, and images count as
      independent.)

    Args:
        margin: takes the numbers of `cells`, (R,) each, and returns (R,); of a single number, it
            is monotone.
        cells: (method, metric) of measured numbers; if it is one, an accuracy.
        resamples: of the run.
        confidence: within (0, 1).
    """
    ends = [*bootstrap_interval(margin, cells, resamples, confidence=confidence)]
    if len(cells) == 1:
        hits = resamples.observed[cells[0]].item() * resamples.images
        exact = proportion_interval(hits, resamples.images, confidence=confidence)
        ends.extend(margin(np.array(exact)))
    return float(min(ends)), float(max(ends))


def bootstrap_interval(
    margin: Margin, cells: tuple[Cell, ...], resamples: Resamples, *, confidence: float
) -> Interval:
    """Return the percentiles of a margin's replicates, pushed out for few patients alone.

    Args:
        margin, cells, resamples, confidence: as for `margin_interval`; a single number may be an F1.
    """
    tail = (1 - confidence) / 2
    values, without_one = (
        margin(*(numbers[cell] for cell in cells))
        for numbers in (resamples.replicates, resamples.without_one)
    )
    weights = weigh_without_extremes(without_one, count=count_unbelieved(confidence))
    ends = [
        *np.quantile(values, [tail, 1 - tail]),
        *margin(*(resamples.ratios[cell].weigh(weights) for cell in cells)),
    ]
    return float(min(ends)), float(max(ends))


def count_unbelieved(confidence: float) -> int:
    """Return how many patients, all in favour, are no evidence by an exact two-sided sign test."""
    return math.floor(math.log2(2 / (1 - confidence)))


def find_intervals(
    predictions: pd.DataFrame, *, seed: int = 0, confidence: float = CONFIDENCE
) -> dict[Cell, Interval]:
    """Return the interval of every measured number, fractions by (method, metric).

    Args:
        predictions: as for `resample_patients`.
        seed: of the bootstrap.
        confidence: within (0, 1), of each interval alone.
    """
    resamples = resample_patients(predictions, rng=np.random.default_rng(seed))
    return list_intervals(resamples, confidence=confidence)


def list_intervals(resamples: Resamples, *, confidence: float = CONFIDENCE) -> dict[Cell, Interval]:
    """Return the interval of every number of one bootstrap, fractions by (method, metric)."""
    return {
        cell: _find_f1_interval(cell, resamples, confidence)
        if cell[1] == F1
        else margin_interval(_itself, (cell,), resamples, confidence=confidence)
        for cell in resamples.observed
    }


def _find_f1_interval(cell: Cell, resamples: Resamples, confidence: float) -> Interval:
    """Return the interval of a ratio, which is no proportion of the images."""
    ratio = resamples.ratios[cell]
    twice_hit, bottom = ratio.top.sum(axis=0).mean(), ratio.bottom.sum(axis=0).mean()
    exact = f1_interval(twice_hit / 2, bottom - twice_hit, confidence=confidence)
    drawn = bootstrap_interval(_itself, (cell,), resamples, confidence=confidence)
    return min(exact[0], drawn[0]), max(exact[1], drawn[1])


def _itself(number: np.ndarray) -> np.ndarray:
    return number


def weigh_without_extremes(without_one: np.ndarray, *, count: int) -> np.ndarray:
    """Return (..., 2, patients) weights: without the patients most in favour, and most against.

    Args:
        without_one: (..., patients) numbers, each without one patient.
        count: how many are left out.
    """
    rank, patients = rank_without_one(without_one), without_one.shape[-1]
    return np.stack([rank >= count, rank < patients - count], axis=-2).astype(float)


def rank_without_one(without_one: np.ndarray) -> np.ndarray:
    """Return (..., patients) ranks from 0, of whoever's absence makes a number smallest."""
    return without_one.argsort(axis=-1, kind="stable").argsort(axis=-1)


@dataclass(frozen=True)
class Estimate:
    """A mean over so many images of so many patients, NaN without images."""

    mean: float
    low: float  # of a two-sided interval; NaN where the patients are too few for one
    high: float
    images: int
    patients: int


def estimate_mean(
    values: np.ndarray,
    patients: np.ndarray,
    *,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return the mean of one value per image, every image counting the same, as a table's numbers.

    A paired difference is a mean too: that of the differences, image by image.

    1. Sum values and images per patient. 2. Draw patients as often as there are, again and again;
    a replicate is the drawn values' sum over the drawn images. 3. Take two quantiles. 4. Push them
    out to the means without the k patients most above, and most below, the mean; by the sign test
    k is the most patients of one direction that are no evidence.

    Args:
        values: (N,) numbers; NaN where an image has none, and then it is not counted.
        patients: (N,) of whom each image is.
        rng, replicates, confidence: what draws the patients, how many times, and within (0, 1).
    """
    measured = ~np.isnan(values)
    names, rows = np.unique(patients[measured], return_inverse=True)
    sums = np.bincount(rows, values[measured], minlength=len(names))
    counts = np.bincount(rows, minlength=len(names))
    images = int(measured.sum())
    mean = float(sums.sum() / images) if images else math.nan
    unbelieved = count_unbelieved(confidence)
    if len(names) <= unbelieved:
        return Estimate(mean, math.nan, math.nan, images, len(names))
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    tail = (1 - confidence) / 2
    ends = [*np.quantile(drawn @ sums / (drawn @ counts), [tail, 1 - tail])]
    order = np.argsort((sums.sum() - sums) / (images - counts), kind="stable")
    for kept in (order[unbelieved:], order[:-unbelieved]):
        ends.append(sums[kept].sum() / counts[kept].sum())
    return Estimate(mean, float(min(ends)), float(max(ends)), images, len(names))


def estimate_rate(
    hits: np.ndarray,
    patients: np.ndarray,
    *,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return the rate of hits; its interval contains Clopper and Pearson's.

    Without a hit no replicate has one, and the bootstrap's interval would have no width.

    Args:
        hits: (N,) in [0, 1]; NaN where an image has none. The rest is as for `estimate_mean`.
    """
    rate = estimate_mean(hits, patients, rng=rng, replicates=replicates, confidence=confidence)
    if np.isnan(rate.low):
        return rate
    low, high = proportion_interval(rate.mean * rate.images, rate.images, confidence=confidence)
    return replace(rate, low=min(rate.low, low), high=max(rate.high, high))
