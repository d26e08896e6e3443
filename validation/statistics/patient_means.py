"""Means over images with intervals by bootstrap over patients, as in `resampling`.

Images of one patient resemble each other, so patients are drawn and not images, and an interval
reaches at least to what is left without the few patients who are no evidence by an exact sign test
(`resampling.margin_interval` has the reason). A paired difference is a mean too: that of the
differences, image by image.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from validation.statistics.intervals import CONFIDENCE, proportion_interval
from validation.statistics.resampling import REPLICATES, count_unbelieved


@dataclass(frozen=True)
class Estimate:
    """A mean over so many images of so many patients, NaN without images.

    Args:
        low, high: two-sided interval; NaN where the patients are too few for one.
    """

    mean: float
    low: float
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
    """Return the mean of one value per image, every image counting the same.

    1. Sum values and images per patient. 2. Draw patients as often as there are, again and again;
    a replicate is the drawn values' sum over the drawn images. 3. Take two quantiles. 4. Push them
    out to the means without the k patients most above, and most below, the mean; by the sign test
    k is the most patients of one direction that are no evidence.

    Args:
        values: (N,) numbers; NaN where an image has none, and then it is not counted.
        patients: (N,) of whom each image is.
        rng: draws the patients.
        replicates: how many times.
        confidence: within (0, 1).
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
