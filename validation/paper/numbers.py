"""The numbers that the paper prints (Table 1): their counts, and what separates them.

The paper states no test size. `validation.paper.audit` derives the two constants from the digits of
Table 1, and its test holds them to that.

Numbers whose 95% intervals overlap are called undecided. All methods were judged on the same
test images, so a paired comparison of the predictions could separate some of these pairs; the
printed numbers can't. Chance is, by column:

- identity: one of the 115 patients;
- replacement: any of the K identities used, K / 115;
- glaucoma accuracy: the answer "no glaucoma" for every image;
- glaucoma F1: the answer "glaucoma" for every image.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from validation.paper.digits import matching_confusions, matching_counts, to_hundredths
from validation.statistics.intervals import (
    CONFIDENCE,
    F1,
    Cell,
    Interval,
    f1_interval,
    proportion_interval,
)

TEST_IMAGES = 340
DRAWS = 10  # of the replacement identities, in the rows of PPRL-VGAN
PATIENTS = 115  # paper §2.1
UNDECIDED = "undecided"
# Identities that count as a row's replacement, if not one: six averaged, one the original's own.
USED_IDENTITIES = {
    **dict.fromkeys(("pprl-vgan-averaged-random", "pprl-vgan-averaged-same-pathology"), 5),
    **{f"k-same-{k}": k for k in (3, 6, 9, 12)},
}

Printed = Mapping[Cell, str]


def read_paper_percent() -> dict[Cell, str]:
    """Return the 51 printed numbers in percent, as printed, by method and metric."""
    return {(row["method"], row["metric"]): row["paper_percent"] for row in _read_rows()}


def read_seed_std() -> dict[Cell, float]:
    """Return each number's standard deviation over training seeds, a fraction, where measured."""
    return {
        (row["method"], row["metric"]): float(row["seed_points"]) / 100
        for row in _read_rows()
        if row.get("seed_points")
    }


def _read_rows() -> list[dict[str, str]]:
    text = files("validation.paper").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


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
        """Return its interval, had `scale` times as many images given the same proportion."""
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


@dataclass(frozen=True)
class PrintedNumber:
    """One printed number; all but the counts are fractions in [0, 1].

    Args:
        method, metric: names of the row and the column.
        printed: the paper's digits, in percent.
        hits, trials: as of `Proportion`.
        interval: at 95%, with the images' number, also for means over draws.
        chance: the lowest and the highest that chance may score.
        against_chance: "above", "below" or "undecided".
        not_told_apart: methods whose number in the same column has an overlapping interval.
    """

    method: str
    metric: str
    printed: str
    hits: float
    trials: float
    interval: Interval
    chance: Interval
    against_chance: str
    not_told_apart: tuple[str, ...]


def compare_numbers(
    printed: Printed, *, majority_accuracy: Interval, always_positive_f1: Interval
) -> tuple[PrintedNumber, ...]:
    """Compare each number with its column and with chance.

    Args:
        printed: the paper's percentages by method and metric.
        majority_accuracy, always_positive_f1: ranges of glaucoma accuracy and F1 by chance.
    """
    counts = {cell: find_proportion(printed, *cell) for cell in printed}
    intervals = {cell: own.interval(confidence=CONFIDENCE) for cell, own in counts.items()}
    constant = {"glaucoma_accuracy": majority_accuracy, F1: always_positive_f1}
    numbers = []
    for cell, own in intervals.items():
        method, metric = cell
        chance = constant.get(metric) or guess_identity(*cell)
        alike = tuple(
            other
            for (other, column), interval in intervals.items()
            if column == metric and other != method and _side(own, interval) == UNDECIDED
        )
        hits, trials = counts[cell].hits, counts[cell].trials
        numbers.append(
            PrintedNumber(
                *cell, printed[cell], hits, trials, own, chance, _side(own, chance), alike
            )
        )
    return tuple(numbers)


def guess_identity(method: str, metric: str) -> Interval:
    """Return the accuracy of a guess among all patients, as a range of one value."""
    wanted = USED_IDENTITIES.get(method, 1) if metric == "replacement_accuracy" else 1
    return wanted / PATIENTS, wanted / PATIENTS


def _side(own: Interval, other: Interval) -> str:
    if own[0] > other[1]:
        return "above"
    return "below" if own[1] < other[0] else UNDECIDED
