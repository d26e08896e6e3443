"""What a printed percentage allows: arithmetic on rounded digits, in whole numbers throughout.

A percentage with two decimals is held in hundredths of a percent (87.83% is 8783). Where a value
lies exactly between two printable ones, either counts as its rounding, since it is not known which
way the authors' software rounds.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WHOLE = 10_000
PRINTED = re.compile(r"(\d{1,3})\.(\d{2})")


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
    """Return those totals (from 1) of which every printed number of hundredths may be a fraction."""
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
