"""Bands of a new training: what a run may measure whose settings and data are those of the seeds.

A prediction interval for one more training (Hahn, Journal of the American Statistical Association
64, 1969), on the logit scale: the trainings' mean, and Student's quantile times their deviation,
pooled over the rows of a block, times sqrt(1 + 1/n) for n of them. Split and test images are the
same, so nothing but the training varies. The confidence of each is such that a sound training has
all of its numbers inside in 95 of 100 cases, by simulation of such trainings with the correlations
that were measured.
"""

import math

import numpy as np

from validation.blessing.bands import Band
from validation.blessing.training_errors import Tables
from validation.paper.numbers import find_block
from validation.statistics.intervals import CONFIDENCE
from validation.statistics.trainings import (
    Trainings,
    find_quantile,
    from_logits,
    pool_trainings,
    share_confidence,
    simulate_trainings,
)

SIMULATIONS = 5_000  # found anew in each check: half a second


def derive_seed_bands(tables: Tables, *, test_images: int) -> tuple[Band, ...]:
    """Derive the bands of all numbers that the trainings have; none narrower than one image.

    Args:
        tables: one per training, fractions by (method, metric).
        test_images: size of their test set.

    Raises:
        ValueError: when there are fewer than two trainings, or the test set is empty.
    """
    if test_images < 1:
        raise ValueError(f"test_images: expected at least 1, got {test_images}")
    trainings = pool_trainings(tables, block_of=find_block, images=test_images)
    confidence = find_confidence(trainings)
    half = find_quantile(confidence, trainings.freedom) * _predict(trainings)
    means = from_logits(trainings.means, test_images)
    lows = from_logits(trainings.means - half, test_images)
    highs = from_logits(trainings.means + half, test_images)
    return tuple(
        Band(
            *cell,
            float(mean),
            max(0.0, min(float(low), float(mean) - 1 / test_images)),
            min(1.0, max(float(high), float(mean) + 1 / test_images)),
            f"{trainings.runs} trainings, {freedom:.1f} degrees of freedom",
        )
        for cell, mean, low, high, freedom in zip(
            trainings.cells, means, lows, highs, trainings.freedom, strict=True
        )
    )


def find_confidence(trainings: Trainings, *, seed: int = 0) -> float:
    """Return the confidence of each band at which all hold together in 95% of new trainings."""
    study = simulate_trainings(
        trainings, others=1, rng=np.random.default_rng(seed), simulations=SIMULATIONS
    )
    apart = np.abs(study.others[:, 0] - study.means)
    scale = study.stds * math.sqrt(1 + 1 / trainings.runs)

    def hold(confidence: float) -> np.ndarray:
        return apart <= find_quantile(confidence, trainings.freedom) * scale

    return share_confidence(hold, numbers=len(trainings.cells), confidence=CONFIDENCE)


def _predict(trainings: Trainings) -> np.ndarray:
    return trainings.stds * math.sqrt(1 + 1 / trainings.runs)
