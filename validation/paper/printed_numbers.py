"""What each printed number can be told from at the paper's test size: chance, and the others.

Two numbers whose 95% intervals overlap are called not told apart. All methods were judged on the
same test images, so a paired comparison of the predictions could tell some of these pairs apart;
the printed numbers cannot. Chance is, by column:

- identity: one of the 115 patients;
- replacement: any of the K identities used, K / 115;
- glaucoma accuracy: the answer "no glaucoma" for every image;
- glaucoma F1: the answer "glaucoma" for every image.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from validation.paper.numbers import Printed, find_proportion
from validation.statistics.intervals import Interval

CONFIDENCE = 0.95
PATIENTS = 115  # paper §2.1
# Identities that count as a row's replacement: one each, six averaged with one the original's own.
USED_IDENTITIES = {
    "pprl-vgan-random": 1,
    "pprl-vgan-same-pathology": 1,
    "pprl-vgan-different-pathology": 1,
    "pprl-vgan-averaged-random": 5,
    "pprl-vgan-averaged-same-pathology": 5,
    "k-same-3": 3,
    "k-same-6": 6,
    "k-same-9": 9,
    "k-same-12": 12,
}


@dataclass(frozen=True)
class PrintedNumber:
    """One printed number; all but the counts are fractions in [0, 1].

    Args:
        method: name of the row.
        metric: name of the column.
        printed: the paper's digits, in percent.
        hits: images counted, for F1 the true positives; a mean over draws may be a fraction.
        trials: of how many, for F1 the images that are no true negatives.
        interval: at 95%, with the images' number, also for means over draws.
        chance: the lowest and the highest that chance may score.
        against_chance: "above", "below" or "not told apart".
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
    """Compare each number with chance and with its column.

    Args:
        printed: the paper's percentages by method and metric.
        majority_accuracy: range of the glaucoma accuracy of one answer for all images.
        always_positive_f1: range of F1 of "glaucoma" for all images.
    """
    intervals = {
        cell: find_proportion(printed, *cell).interval(confidence=CONFIDENCE) for cell in printed
    }
    constant = {"glaucoma_accuracy": majority_accuracy, "glaucoma_f1": always_positive_f1}
    return tuple(
        _compare(printed, cell, intervals, constant.get(cell[1]) or guess_identity(*cell))
        for cell in printed
    )


def guess_identity(method: str, metric: str) -> Interval:
    """Return the accuracy of a guess among all patients, as a range of one value."""
    wanted = USED_IDENTITIES[method] if metric == "replacement_accuracy" else 1
    return wanted / PATIENTS, wanted / PATIENTS


def _compare(
    printed: Printed,
    cell: tuple[str, str],
    intervals: Mapping[tuple[str, str], Interval],
    chance: Interval,
) -> PrintedNumber:
    (method, metric), own, share = cell, intervals[cell], find_proportion(printed, *cell)
    others = tuple(
        other
        for (other, column), interval in intervals.items()
        if column == metric and other != method and _side(own, interval) == "not told apart"
    )
    return PrintedNumber(
        method,
        metric,
        printed[cell],
        share.hits,
        share.trials,
        own,
        chance,
        _side(own, chance),
        others,
    )


def _side(own: Interval, other: Interval) -> str:
    if own[0] > other[1]:
        return "above"
    return "below" if own[1] < other[0] else "not told apart"
