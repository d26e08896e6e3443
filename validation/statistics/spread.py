"""How far a number lies apart in trainings that differ in the seed alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from validation.statistics.intervals import CONFIDENCE, Cell


@dataclass(frozen=True)
class Spread:
    """Mean, sample standard deviation and Student's interval of the mean; fractions."""

    runs: int
    mean: float
    std: float
    low: float
    high: float


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
    return Spread(len(values), mean, std, mean - half, mean + half)
