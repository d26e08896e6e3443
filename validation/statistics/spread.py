"""How far a number lies apart in trainings that differ in the seed alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import t

from validation.statistics.intervals import CONFIDENCE, Cell


@dataclass(frozen=True)
class Spread:
    """Mean, sample standard deviation and Student's interval of the mean; fractions.

    `variation` is the coefficient of variation, CV*; NaN where the mean is 0.
    """

    runs: int
    mean: float
    std: float
    low: float
    high: float
    variation: float


def measure_spread(tables: Iterable[Mapping[Cell, float]]) -> dict[Cell, Spread]:
    """Return the spread of every number that all tables have.

    Args:
        tables: one per seed, fractions by (method, metric).

    Raises:
        ValueError: when there are fewer than two tables.
    """
    all_tables = list(tables)
    if len(all_tables) < 2:
        raise ValueError(f"spread: expected at least 2 runs, got {len(all_tables)}")
    shared = [cell for cell in all_tables[0] if all(cell in table for table in all_tables)]
    return {cell: _spread_of(np.array([table[cell] for table in all_tables])) for cell in shared}


def _spread_of(values: np.ndarray) -> Spread:
    mean, std = float(values.mean()), float(values.std(ddof=1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * std / len(values) ** 0.5
    return Spread(len(values), mean, std, mean - half, mean + half, measure_variation(values))


def measure_variation(values: Sequence[float] | np.ndarray) -> float:
    """Return the unbiased coefficient of variation of few measurements, CV*.

    (1 + 1/(4n)) s / (c4 |mean|) (Belz, Popovic and Mille, Quantified Reproducibility Assessment of
    NLP Results, ACL 2022): the sample standard deviation s divided by c4, which makes it
    unbiased for normal measurements, over the mean, and the correction for few of them. 0 where all
    are equal, NaN where the mean is 0; a fraction.

    Args:
        values: at least two measurements of one quantity, on a scale that starts at 0.

    Raises:
        ValueError: when there are fewer.
    """
    found = np.asarray(values, dtype=float)
    if (count := len(found)) < 2:
        raise ValueError(f"variation: expected at least 2 measurements, got {count}")
    if found.mean() == 0:
        return float("nan")
    c4 = np.sqrt(2 / (count - 1)) * np.exp(gammaln(count / 2) - gammaln((count - 1) / 2))
    return float((1 + 1 / (4 * count)) * found.std(ddof=1) / c4 / abs(found.mean()))
