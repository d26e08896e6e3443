"""The counts behind the paper's printed numbers, at the test size that its digits give.

The paper states no test size. `validation.paper.audit` derives the two constants from the digits of
Table 1, and its test holds them to that.

The numbers that the paper prints (Table 1), as its digits.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from validation.paper.digits import matching_confusions, matching_counts, to_hundredths
from validation.statistics.intervals import Interval, f1_interval, proportion_interval

TEST_IMAGES = 340
DRAWS = 10  # of the replacement identities, in the rows of PPRL-VGAN
F1 = "glaucoma_f1"

Printed = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Proportion:
    """A printed number as hits among trials, for F1 as true positives among non-true-negatives.

    Means over draws count images, not draws, so their hits and trials may be fractions.
    """

    metric: str
    hits: float
    trials: float

    @property
    def value(self) -> float:
        """The number itself, a fraction in [0, 1]."""
        hits, trials = self.hits, self.trials
        return 2 * hits / (hits + trials) if self.metric == F1 else hits / trials

    def interval(self, *, confidence: float, scale: float = 1.0) -> Interval:
        """Return its interval, were the same shares seen on `scale` times as many images."""
        hits, trials = self.hits * scale, self.trials * scale
        if self.metric == F1:
            return f1_interval(hits, trials - hits, confidence=confidence)
        return proportion_interval(hits, trials, confidence=confidence)


def count_draws(method: str) -> int:
    """Return over how many draws a row's numbers are means."""
    return DRAWS if method.startswith("pprl-vgan") else 1


def find_proportion(printed: Printed, method: str, metric: str) -> Proportion:
    """Find the one count behind a printed number.

    For F1 of a mean over draws, the draws are taken as pooled.

    Args:
        printed: the paper's percentages by method and metric (`validation.paper.numbers`).
        method: name of the row.
        metric: name of the column.

    Raises:
        ValueError: when the digits allow no count or several.
    """
    draws = count_draws(method)
    total = draws * TEST_IMAGES
    number = to_hundredths(printed[method, metric])
    if metric == F1:
        accuracy = to_hundredths(printed[method, "glaucoma_accuracy"])
        pairs = [
            (counts.true_positive, counts.true_positive + counts.errors)
            for counts in matching_confusions(accuracy, number, total)
        ]
    else:
        pairs = [(count, total) for count in matching_counts(number, total)]
    if len(pairs) != 1:
        raise ValueError(f"{method} {metric}: expected one count of {total}, got {pairs}")
    hits, trials = pairs[0]
    return Proportion(metric, hits / draws, trials / draws)


def read_paper_percent() -> dict[tuple[str, str], str]:
    """Return the 51 printed numbers in percent, as printed, by method and metric."""
    text = files("validation.paper").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    return {(row["method"], row["metric"]): row["paper_percent"] for row in _rows(text)}


def read_seed_std() -> dict[tuple[str, str], float]:
    """Return each number's standard deviation over training seeds, a fraction, where measured."""
    text = files("validation.paper").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    return {
        (row["method"], row["metric"]): float(row["seed_points"]) / 100
        for row in _rows(text)
        if row.get("seed_points")
    }


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
