"""The intervals of Table 2 and of every difference in it, by drawing patients and not images.

All numbers share their draws of patients, so differences of methods are paired
(`validation.statistics.resampling`). What is about pairs of patients (`Measure.jackknife`) has
intervals by leaving out one patient at a time instead, with Student's quantile (Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, ch. 11): rates of them on the logit scale, for near 0 and 1
they are skewed. Simulated bootstrap intervals of rates were too short, and of distances too long.

There are thousands of differences, so each has, beside its own interval, a p-value and a q: the false
discovery rate at which it would be the last one believed (Benjamini and Hochberg, J. Royal
Statistical Society B 57, 1995; of independent or positively dependent tests). Figures are exploratory where no claim was made of them beforehand.
"""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import false_discovery_control, t

from replication.attack.table2 import MEASURES, NOISE, Scale, Table2
from validation.statistics.intervals import CONFIDENCE, Cell, Interval, proportion_interval
from validation.statistics.resampling import (
    Margin,
    Resamples,
    bootstrap_interval,
    count_unbelieved,
    resample_ratios,
)

REPLICATES = 2000
DIFFERENCES = ("measure", "method", "other", "difference", "low", "high", "p", "q")
MOST_LEFT_OUT = 11  # so many patients, all in favour, are a p-value below 2 / REPLICATES
SMALLEST_RATE = 1e-6  # below one of all pairs
NO_INTERVAL = (np.nan, np.nan)


class Table2Intervals:
    """Table 2 with what it takes to estimate: the same draws of patients for all numbers.

    Args:
        table: all entries.
        seed: of the draws.
    """

    def __init__(self, table: Table2, *, seed: int) -> None:
        self._entries = table.entries
        self._patients = len(np.unique(table.patients))
        drawn = {"rng": np.random.default_rng(seed), "patients": self._patients}
        statistics = ({}, {})
        for cell, entry in table.entries.items():
            statistics[_is_left_out(cell)][cell] = entry.statistic
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
        """Return each measure's difference between every two methods, with the columns DIFFERENCES.

        p is two-sided, of no difference; q is over all rows. Both are empty without an interval.
        """
        rows = [
            (
                first[1],
                first[0],
                second[0],
                self._observe(first) - self._observe(second),
                *self._find_interval(np.subtract, first, second),
                self._find_p(first, second),
                np.nan,
            )
            for first, second in self._list_pairs()
        ]
        compared = pd.DataFrame(rows, columns=list(DIFFERENCES))
        known = compared["p"].notna()
        compared.loc[known, "q"] = false_discovery_control(compared.loc[known, "p"])
        return compared

    def _describe(self, cell: Cell) -> dict[str, object]:
        method, name = cell
        entry, measure, value = self._entries[cell], MEASURES[name], self._observe(cell)
        if measure.jackknife is Scale.LOGIT:
            low, high = expit(self._find_interval(_to_logit, cell))
        else:
            low, high = self._find_interval(np.positive, cell)
        # Where no patient makes a difference the jackknife has no width.
        certain = measure.jackknife is Scale.LOGIT and value in (0, 1)
        if (measure.fraction or certain) and not np.isnan(low):
            count = entry.patients if certain else entry.images
            exact = proportion_interval(value * count, count, confidence=CONFIDENCE)
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
        if self._are_few(cells):
            return NO_INTERVAL
        if _is_left_out(cells[0]):
            value, std = _jackknife(margin, cells, self._left_out)
            reach = t.ppf((1 + CONFIDENCE) / 2, self._patients - 1) * std
            return value - reach, value + reach
        return bootstrap_interval(margin, cells, self._drawn, confidence=CONFIDENCE)

    def _find_p(self, first: Cell, second: Cell) -> float:
        """Return the p-value of no difference, which agrees with its interval.

        Student's by jackknife; else twice the fraction of replicates beyond 0, and no less than that
        of an exact sign test of as many patients, all in favour, as the difference needs to keep
        its sign.
        """
        if self._are_few((first, second)):
            return np.nan
        if _is_left_out(first):
            value, std = _jackknife(np.subtract, (first, second), self._left_out)
            return (
                float(2 * t.sf(abs(value) / std, self._patients - 1)) if std else float(not value)
            )
        replicated, without_one, observed = (
            by_cell[first] - by_cell[second]
            for by_cell in (
                self._drawn.replicates,
                self._drawn.without_one,
                self._drawn.observed,
            )
        )
        sign = np.sign(observed.item())
        beyond = (sign * replicated <= 0).sum()
        bootstrapped = 2 * (beyond + 1) / (len(replicated) + 1)
        order = np.argsort(sign * without_one, kind="stable")
        weights = np.ones((min(MOST_LEFT_OUT, len(order) - 1), len(order)))
        for row, kept in enumerate(weights):
            kept[order[: row + 1]] = 0
        left = np.subtract(
            *(self._entries[cell].statistic.weigh(weights) for cell in (first, second))
        )
        lost = np.flatnonzero(sign * left <= 0)
        signed = 2.0 ** -lost[0] if len(lost) else 0.0
        return float(min(max(bootstrapped, signed), 1))

    def _are_few(self, cells: tuple[Cell, ...]) -> bool:
        return min(self._entries[cell].patients for cell in cells) <= count_unbelieved(CONFIDENCE)

    def _observe(self, cell: Cell) -> float:
        resamples = self._left_out if _is_left_out(cell) else self._drawn
        return resamples.observed[cell].item()

    def _list_pairs(self) -> Iterable[tuple[Cell, Cell]]:
        for measure in MEASURES:
            cells = [cell for cell in self._entries if cell[1] == measure and cell[0] != NOISE]
            yield from combinations(cells, 2)


def _is_left_out(cell: Cell) -> bool:
    """Return whether a number has its interval by leaving patients out."""
    return MEASURES[cell[1]].jackknife is not None


def _jackknife(
    margin: Margin, cells: tuple[Cell, ...], resamples: Resamples
) -> tuple[float, float]:
    """Return a margin and its standard deviation, that of leaving patients out."""
    value = margin(*(resamples.observed[cell] for cell in cells)).item()
    without_one = margin(*(resamples.without_one[cell] for cell in cells))
    return value, float(np.sqrt((len(without_one) - 1) * np.var(without_one)))


def _to_logit(rates: np.ndarray) -> np.ndarray:
    """Return logits of rates that end short of 0 and 1, where they would have none."""
    return logit(rates.clip(SMALLEST_RATE, 1 - SMALLEST_RATE))
