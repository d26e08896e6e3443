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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    rank_without_one,
    resample_ratios,
    weigh_without_extremes,
)

REPLICATES = 2000
DIFFERENCES = ("measure", "method", "other", "difference", "low", "high", "p", "q")
MOST_LEFT_OUT = 11  # so many patients, all in favour, are a p-value below 2 / REPLICATES
SMALLEST_RATE = 1e-6  # below one of all pairs
NO_INTERVAL = (np.nan, np.nan)
TAIL = (1 - CONFIDENCE) / 2
FEW = count_unbelieved(CONFIDENCE)  # patients, too few for an interval


@dataclass(frozen=True)
class Differences:
    """All D differences of two numbers by one measure, each number less those after it.

    Args:
        cells: M numbers.
        resamples: that hold them.
    """

    cells: Sequence[Cell]
    resamples: Resamples

    def take(self, numbers: Mapping[Cell, np.ndarray]) -> np.ndarray:
        """Return (D, N) differences of the cells' (N,) numbers."""
        return self._subtract(np.array([numbers[cell] for cell in self.cells]))

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (D, W) differences, each by its own (D, W, patients) weights."""
        # Each number is taken by the weights of all: so equal ones are equal to the last bit.
        rows = weights.reshape(-1, weights.shape[-1])
        found = np.array([self.resamples.ratios[cell].weigh(rows) for cell in self.cells])
        own = np.arange(len(weights))
        return self._subtract(found.reshape(-1, *weights.shape[:2]), own)

    def _subtract(self, numbers: np.ndarray, *places: np.ndarray) -> np.ndarray:
        first, second = np.triu_indices(len(self.cells), 1)
        return numbers[first, *places] - numbers[second, *places]


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
        columns = (
            [cell for cell in self._entries if cell[1] == measure and cell[0] != NOISE]
            for measure in MEASURES
        )
        parts = zip(*(self._compare(cells) for cells in columns if cells), strict=True)
        compared = pd.DataFrame(dict(zip(DIFFERENCES, map(np.concatenate, parts), strict=False)))
        compared["q"] = np.nan
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

    def _find_interval(self, margin: Margin, cell: Cell) -> Interval:
        if self._is_of_few(cell):
            return NO_INTERVAL
        if _is_left_out(cell):
            value = margin(self._left_out.observed[cell]).item()
            reach = self._reach(margin(self._left_out.without_one[cell]))
            return value - reach, value + reach
        return bootstrap_interval(margin, (cell,), self._drawn, confidence=CONFIDENCE)

    def _compare(self, cells: list[Cell]) -> tuple[np.ndarray, ...]:
        """Return the columns of every two of one measure's numbers: all of DIFFERENCES but q."""
        first, second = np.triu_indices(len(cells), 1)
        measures, methods = np.array([(measure, method) for method, measure in cells], object).T
        numbers = np.array([self._observe(cell) for cell in cells])
        known = np.array([not self._is_of_few(cell) for cell in cells])
        tested = np.full((3, len(first)), np.nan)
        if known.sum() > 1:
            own = [cell for cell in cells if not self._is_of_few(cell)]
            test = self._test_left_out if _is_left_out(cells[0]) else self._test_drawn
            tested[:, known[first] & known[second]] = test(own)
        difference = numbers[first] - numbers[second]
        return measures[first], methods[first], methods[second], difference, *tested

    def _test_left_out(self, cells: list[Cell]) -> tuple[np.ndarray, ...]:
        """Return (D,) low, high and p of numbers' differences: Student's by jackknife."""
        pairs = Differences(cells, self._left_out)
        value = pairs.take(self._left_out.observed)[:, 0]
        without_one = pairs.take(self._left_out.without_one)
        reach, std = self._reach(without_one), _jackknife(without_one)
        with np.errstate(divide="ignore", invalid="ignore"):
            p = 2 * t.sf(abs(value) / std, self._patients - 1)
        p = np.where(std > 0, p, value == 0)  # where no patient makes a difference
        return value - reach, value + reach, p

    def _test_drawn(self, cells: list[Cell]) -> tuple[np.ndarray, ...]:
        """Return (D,) low, high and p of numbers' differences, by the bootstrap.

        p is twice the fraction of replicates beyond 0, and no less than that of an exact sign test
        of as many patients, all in favour, as the difference needs to keep its sign.
        """
        pairs = Differences(cells, self._drawn)
        sign = np.sign(pairs.take(self._drawn.observed))
        replicates, without_one = map(pairs.take, (self._drawn.replicates, self._drawn.without_one))
        ends = [
            *np.quantile(replicates, [TAIL, 1 - TAIL], axis=1),
            *pairs.weigh(weigh_without_extremes(without_one, count=FEW)).T,
        ]
        beyond = (sign * replicates <= 0).sum(axis=1)
        bootstrapped = 2 * (beyond + 1) / (replicates.shape[1] + 1)
        most = np.arange(1, 1 + min(MOST_LEFT_OUT, self._patients - 1))
        kept = rank_without_one(sign * without_one)[:, None] >= most[:, None]
        lost = sign * pairs.weigh(kept.astype(float)) <= 0
        signed = np.where(lost.any(axis=1), 2.0 ** -lost.argmax(axis=1), 0)
        p = np.minimum(np.maximum(bootstrapped, signed), 1)
        return np.min(ends, axis=0), np.max(ends, axis=0), p

    def _reach(self, without_one: np.ndarray) -> np.ndarray:
        """Return how far to either side (..., patients) numbers' intervals reach by jackknife."""
        return t.ppf(1 - TAIL, self._patients - 1) * _jackknife(without_one)

    def _is_of_few(self, cell: Cell) -> bool:
        return self._entries[cell].patients <= FEW

    def _observe(self, cell: Cell) -> float:
        resamples = self._left_out if _is_left_out(cell) else self._drawn
        return resamples.observed[cell].item()


def _is_left_out(cell: Cell) -> bool:
    """Return whether a number has its interval by leaving patients out."""
    return MEASURES[cell[1]].jackknife is not None


def _jackknife(without_one: np.ndarray) -> np.ndarray:
    """Return the standard deviation of numbers by their (..., patients) values without each."""
    return np.sqrt((without_one.shape[-1] - 1) * np.var(without_one, axis=-1))


def _to_logit(rates: np.ndarray) -> np.ndarray:
    """Return logits of rates that end short of 0 and 1, where they would have none."""
    return logit(rates.clip(SMALLEST_RATE, 1 - SMALLEST_RATE))
