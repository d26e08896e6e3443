"""What training adds to the bands: deviations over seeds, and the confidence that each band needs.

The paper doesn't print how far its trainings lie apart. Ours were measured (`seeds.json`, one file
per data set); of each block of rows and metric the largest deviation is taken, whichever data it
was measured on. A deviation of few trainings is an estimate, and its error is counted twice: each
band takes Student's quantile, and the confidence of each is such that all hold together in 95 of
100 faithful replications (`find_confidence`), by simulation instead of Bonferroni's equal shares.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from validation.paper.numbers import (
    TEST_IMAGES,
    find_block,
    find_proportion,
    read_paper_percent,
    read_rows,
)
from validation.statistics.intervals import CONFIDENCE, F1, Cell, Interval
from validation.statistics.trainings import (
    SIMULATIONS,
    Trainings,
    find_quantile,
    pool_trainings,
    share_confidence,
    simulate_trainings,
    to_logits,
)

ALONE = 1 - (1 - CONFIDENCE) / len(read_paper_percent())  # Bonferroni's
Tables = Sequence[Mapping[Cell, float]]


@dataclass(frozen=True)
class TrainingError:
    """How far one number moves with the training.

    Args:
        std: standard deviation over seeds, logits.
        freedom: degrees of freedom of its estimate.
        source: the data that it was measured on.
    """

    std: float
    freedom: float
    source: str

    def __post_init__(self) -> None:
        if not (0 <= self.std < math.inf and self.freedom > 0):
            raise ValueError(
                f"spread: expected a deviation of at least 0 with degrees of freedom above 0, got "
                f"{self.std} with {self.freedom}"
            )

    def points(self, value: float) -> float:
        """Return the deviation where the number has this value, a fraction."""
        return value * (1 - value) * self.std

    def reach(self, value: float, *, confidence: float) -> Interval:
        """Return between which numbers another training lies, if one gave this number."""
        half = float(find_quantile(confidence, self.freedom)) * math.sqrt(2) * self.std
        middle = float(to_logits(np.array(value), TEST_IMAGES))
        return float(expit(middle - half)), float(expit(middle + half))


@dataclass(frozen=True)
class TrainingErrors:
    """Of all numbers where it was measured, and the confidence of each band."""

    of: Mapping[Cell, TrainingError]
    confidence: float


NONE = TrainingErrors({}, ALONE)


def measure_errors(studies: Mapping[str, Tables]) -> TrainingErrors:
    """Take the largest deviation of each block and metric, and share out the confidence.

    Args:
        studies: by the name of their data, tables of trainings that differ in the seed alone;
            fractions by (method, metric).

    Raises:
        ValueError: when a study has fewer than two tables, or a number that Table 1 doesn't have.
    """
    errors: dict[Cell, TrainingError] = {}
    confidence = 0.0
    for source, tables in studies.items():
        own = pool_trainings(tables, block_of=find_block, images=TEST_IMAGES)
        if strangers := sorted(set(own.cells) - read_paper_percent().keys()):
            raise ValueError(f"spread: Table 1 has no {strangers}")
        confidence = max(confidence, find_confidence(own))
        for cell, std, freedom in zip(own.cells, own.stds, own.freedom, strict=True):
            if cell not in errors or std > errors[cell].std:
                errors[cell] = TrainingError(float(std), float(freedom), source)
    return TrainingErrors(errors, confidence or ALONE)


def find_confidence(
    trainings: Trainings, *, seed: int = 0, simulations: int = SIMULATIONS
) -> float:
    """Return the confidence of each band at which 95% of faithful replications have all inside.

    1. Simulate the paper's test set and ours. Accuracy and F1 of a row are counts of the same
       images; the rows are drawn independently, since the paper doesn't print how they hang
       together, and any dependence makes it more likely that all are inside.
    2. Simulate the paper's training and ours, with the correlations of the trainings that were
       measured, and a study of as many trainings as those, whose deviations widen the bands.
    3. Find the least confidence at which all numbers are inside in 95% of the simulations.
    """
    rng = np.random.default_rng(seed)
    printed = read_paper_percent()
    values = np.array([find_proportion(printed, *cell).value for cell in trainings.cells])
    slopes = values * (1 - values)
    theirs, ours = (
        simulate_test_sets(trainings.cells, rng=rng, simulations=simulations) for _ in range(2)
    )
    sampling = theirs.var(axis=0) + ours.var(axis=0)
    study = simulate_trainings(trainings, others=2, rng=rng, simulations=simulations)
    training = slopes * (study.others[:, 0] - study.others[:, 1])
    apart = np.abs(theirs - ours + training)
    stds = math.sqrt(2) * slopes * study.stds

    def hold(confidence: float) -> np.ndarray:
        quantile = find_quantile(confidence, trainings.freedom)
        z = ndtri((1 + confidence) / 2)
        return apart <= np.sqrt(z**2 * sampling + (quantile * stds) ** 2)

    return share_confidence(hold, numbers=len(trainings.cells), confidence=CONFIDENCE)


def simulate_test_sets(
    cells: Sequence[Cell], *, rng: np.random.Generator, simulations: int
) -> np.ndarray:
    """Return (S, C) of the paper's numbers as other test sets of its size would give them."""
    printed = read_paper_percent()
    simulated = np.empty((simulations, len(cells)))
    for method in dict.fromkeys(method for method, _ in cells):
        f1 = find_proportion(printed, method, F1)
        shares = np.array([f1.hits, f1.trials - f1.hits, TEST_IMAGES - f1.trials]) / TEST_IMAGES
        hits, misses, _ = rng.multinomial(TEST_IMAGES, shares, size=simulations).T
        drawn = {
            "glaucoma_accuracy": 1 - misses / TEST_IMAGES,
            F1: 2 * hits / np.maximum(2 * hits + misses, 1),
        }
        for column, (name, metric) in enumerate(cells):
            if name != method:
                continue
            if metric not in drawn:
                share = find_proportion(printed, method, metric).value
                drawn[metric] = rng.binomial(TEST_IMAGES, share, size=simulations) / TEST_IMAGES
            simulated[:, column] = drawn[metric]
    return simulated


def read_errors() -> TrainingErrors:
    """Return what widened the bands of validation/paper/paper_table1.csv."""
    rows = [row for row in read_rows() if row.get("seed_logits")]
    errors = {
        (row["method"], row["metric"]): TrainingError(
            float(row["seed_logits"]), float(row["seed_freedom"]), row["seed_data"]
        )
        for row in rows
    }
    return TrainingErrors(errors, float(rows[0]["confidence"]) if rows else ALONE)
