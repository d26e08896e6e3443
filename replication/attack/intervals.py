"""The intervals of Table 2 and of every difference in it, by drawing patients and not images.

All numbers share their draws of patients, so differences of methods are paired
(`validation.statistics.resampling`). Distances between sets (`Measure.log`) have intervals by
leaving out one patient at a time instead (jackknife: Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, ch. 11).
"""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import norm

from replication.attack.table2 import MEASURES, NOISE, Table2
from validation.statistics.intervals import CONFIDENCE, Cell, Interval, proportion_interval
from validation.statistics.resampling import (
    Margin,
    Resamples,
    bootstrap_interval,
    count_unbelieved,
    resample_ratios,
)

REPLICATES = 2000
DIFFERENCES = ("measure", "method", "other", "difference", "low", "high")
NO_INTERVAL = (np.nan, np.nan)


class Table2Intervals:
    """Table 2 with what it takes to estimate: the same draws of patients for all numbers.

    Args:
        table: all entries.
        seed: of the draws.
    """

    def __init__(self, table: Table2, *, seed: int) -> None:
        self._entries = table.entries
        patients = len(np.unique(table.patients))
        drawn = {"rng": np.random.default_rng(seed), "patients": patients}
        statistics = ({}, {})
        for cell, entry in table.entries.items():
            statistics[MEASURES[cell[1]].log][cell] = entry.statistic
        self._drawn, self._left_out = (
            resample_ratios(own, images=len(table.patients), replicates=replicates, **drawn)
            for own, replicates in zip(statistics, (REPLICATES, 0), strict=True)
        )

    def list_numbers(self) -> pd.DataFrame:
        """Return every number of the table.

        Columns: method, requirement, measure, value, low, high, chance, images and patients; low
        and high are empty where it rests on too few patients for an interval.
        """
        return pd.DataFrame([self._describe(cell) for cell in self._entries])

    def compare_methods(self) -> pd.DataFrame:
        """Return each measure's difference between every two methods, with the columns DIFFERENCES."""
        rows = [
            (
                first[1],
                first[0],
                second[0],
                self._observe(first) - self._observe(second),
                *self._find_interval(np.subtract, first, second),
            )
            for first, second in self._list_pairs()
        ]
        return pd.DataFrame(rows, columns=list(DIFFERENCES))

    def _describe(self, cell: Cell) -> dict[str, object]:
        method, name = cell
        entry, measure, value = self._entries[cell], MEASURES[name], self._observe(cell)
        if measure.log:
            low, high = np.exp(self._find_interval(np.log, cell))
        else:
            low, high = self._find_interval(np.positive, cell)
        if measure.fraction and not np.isnan(low):
            exact = proportion_interval(value * entry.images, entry.images, confidence=CONFIDENCE)
            low, high = min(low, exact[0]), max(high, exact[1])
        return {
            "method": method,
            "requirement": measure.requirement.value,
            "measure": name,
            "value": value,
            "low": low,
            "high": high,
            "chance": entry.chance,
            "images": entry.images,
            "patients": entry.patients,
        }

    def _find_interval(self, margin: Margin, *cells: Cell) -> Interval:
        if min(self._entries[cell].patients for cell in cells) <= count_unbelieved(CONFIDENCE):
            return NO_INTERVAL
        if MEASURES[cells[0][1]].log:
            return _jackknife(margin, cells, self._left_out)
        return bootstrap_interval(margin, cells, self._drawn, confidence=CONFIDENCE)

    def _observe(self, cell: Cell) -> float:
        resamples = self._left_out if MEASURES[cell[1]].log else self._drawn
        return resamples.observed[cell].item()

    def _list_pairs(self) -> Iterable[tuple[Cell, Cell]]:
        for measure in MEASURES:
            cells = [cell for cell in self._entries if cell[1] == measure and cell[0] != NOISE]
            yield from combinations(cells, 2)


def _jackknife(margin: Margin, cells: tuple[Cell, ...], resamples: Resamples) -> Interval:
    """Return the normal interval of a margin, its std being that of leaving patients out."""
    value = margin(*(resamples.observed[cell] for cell in cells)).item()
    without_one = margin(*(resamples.without_one[cell] for cell in cells))
    std = np.sqrt((len(without_one) - 1) * np.var(without_one))
    reach = norm.ppf((1 + CONFIDENCE) / 2) * std
    return value - reach, value + reach
