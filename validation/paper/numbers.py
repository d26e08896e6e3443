"""The numbers that the paper prints (Table 1): their digits, their counts, what separates them.

The paper states no test size. `validation.paper.audit` derives the two constants from the digits of
Table 1, and its test holds them to that. All arithmetic on digits is in whole hundredths of a
percent (87.83% is 8783). Where a value lies exactly between two printable ones, either counts as
its rounding, since it is not known which way the authors' software rounds.

Numbers whose 95% intervals overlap are called undecided. All methods were judged on the same test
images, so a paired comparison of the predictions could separate some of these pairs; the printed
numbers can't. Chance is, by column:

- identity: one of the 115 patients;
- replacement: any of the K identities used, K / 115;
- glaucoma accuracy: the answer "no glaucoma" for every image;
- glaucoma F1: the answer "glaucoma" for every image.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

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
WHOLE = 10_000
PRINTED = re.compile(r"(\d{1,3})\.(\d{2})")
# Identities that count as a row's replacement, if not one: six averaged, one the original's own.
USED_IDENTITIES = {
    **dict.fromkeys(("pprl-vgan-averaged-random", "pprl-vgan-averaged-same-pathology"), 5),
    **{f"k-same-{k}": k for k in (3, 6, 9, 12)},
}
# What a block's rows start with; the first that fits.
BLOCK_STARTS = ("original", "pprl-vgan-averaged", "pprl-vgan", "blur", "k-same")

Printed = Mapping[Cell, str]


def read_paper_percent() -> dict[Cell, str]:
    """Return the 51 printed numbers in percent, as printed, by method and metric."""
    return {(row["method"], row["metric"]): row["paper_percent"] for row in read_rows()}


def read_rows() -> list[dict[str, str]]:
    """Return the rows of paper_table1.csv by their headings."""
    text = files("validation.paper").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]


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


def find_block(cell: Cell) -> tuple[str, str]:
    """Return the block of rows that are one method with several settings, and the metric.

    The averaged sets of PPRL-VGAN are a block of their own: one image is the generator's, an average
    of six is none.
    """
    method, metric = cell
    return next(block for block in BLOCK_STARTS if method.startswith(block)), metric


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


@dataclass(frozen=True)
class Confusion:
    """Counts of glaucoma recognition; accuracy and F1 don't separate the two kinds of error."""

    true_positive: int
    errors: int
    true_negative: int


def to_hundredths(printed: str) -> int:
    """Read a percentage with two decimals as whole hundredths of a percent.

    Raises:
        ValueError: when it has another form or is over 100.00.
    """
    digits = PRINTED.fullmatch(printed)
    hundredths = int("".join(digits.groups())) if digits else WHOLE + 1
    if hundredths > WHOLE:
        raise ValueError(f"percentage: expected two decimals and at most 100.00, got {printed!r}")
    return hundredths


def rounds_to(hundredths: int, numerator: int, denominator: int) -> bool:
    """Return whether numerator/denominator may be printed so; 0/0 may not."""
    distance = abs(WHOLE * numerator - hundredths * denominator)
    return denominator > 0 and 2 * distance <= denominator


def matching_counts(hundredths: int, total: int) -> range:
    """Return the counts k for which k/total may be printed so; often there is none."""
    lowest = -((1 - 2 * hundredths) * total // (2 * WHOLE))
    highest = (2 * hundredths + 1) * total // (2 * WHOLE)
    return range(max(lowest, 0), min(highest, total) + 1)


def fitting_totals(printed: Sequence[int], totals: Iterable[int]) -> tuple[int, ...]:
    """Return those totals (from 1) of which every printed percentage may be a fraction."""
    return tuple(
        total
        for total in totals
        if all(len(matching_counts(hundredths, total)) for hundredths in printed)
    )


def matching_confusions(accuracy: int, f1: int, total: int) -> tuple[Confusion, ...]:
    """Return all counts over `total` images that give both printed numbers, in hundredths.

    Accuracy gives the errors, and F1 = 2 TP / (2 TP + errors) then gives the true positives.
    """
    return tuple(
        Confusion(true_positive, total - correct, correct - true_positive)
        for correct in matching_counts(accuracy, total)
        for true_positive in range(correct + 1)
        if rounds_to(f1, 2 * true_positive, 2 * true_positive + total - correct)
    )
