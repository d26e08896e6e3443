"""The confusion counts behind each printed pair of glaucoma accuracy and F1.

True positives and errors follow from the two numbers. How the errors divide into false positives
and false negatives depends on how many test images have glaucoma, which all rows bound together:
at least their true positives, at most their true positives and errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from validation.digits import Confusion, matching_confusions, to_hundredths
from validation.paper_counts import F1, TEST_IMAGES, Printed, count_draws

ACCURACY = "glaucoma_accuracy"

Counts = tuple[int, int]


@dataclass(frozen=True)
class GlaucomaCounts:
    """The counts behind one row, over all of its draws.

    `solutions` holds every possible answer; for a mean over draws they are those of pooled draws.
    The two kinds of error are ranges over all numbers of glaucoma images that the table allows,
    and None for a mean over draws, where the paper may have averaged F1 instead of pooling.
    """

    method: str
    images: int
    draws: int
    solutions: tuple[Confusion, ...]
    false_positive: Counts | None
    false_negative: Counts | None


def solve_rows(printed: Printed) -> dict[str, tuple[Confusion, ...]]:
    """Find all true positives and errors that give each row's digits, by method."""
    return {
        method: matching_confusions(
            to_hundredths(printed[method, ACCURACY]),
            to_hundredths(printed[method, F1]),
            TEST_IMAGES * count_draws(method),
        )
        for method in dict.fromkeys(method for method, _ in printed)
    }


def bound_positives(solved: dict[str, tuple[Confusion, ...]], *, pooled: bool) -> Counts:
    """Return the fewest and the most test images with glaucoma that the rows allow.

    Args:
        solved: answers by method.
        pooled: whether to use the means over draws too, as if F1 were that of the pooled draws.
    """
    lowest, highest = 0, TEST_IMAGES
    for method, solutions in solved.items():
        draws = count_draws(method)
        if draws > 1 and not pooled:
            continue
        fewest = min(s.true_positive for s in solutions)
        most = max(s.true_positive + s.errors for s in solutions)
        lowest, highest = max(lowest, -(-fewest // draws)), min(highest, most // draws)
    return lowest, highest


def count_rows(
    solved: dict[str, tuple[Confusion, ...]], positives: Counts
) -> tuple[GlaucomaCounts, ...]:
    """Divide each row's errors by kind, as far as the number of glaucoma images allows."""
    return tuple(_count_row(method, solved[method], positives) for method in solved)


def _count_row(method: str, solutions: tuple[Confusion, ...], positives: Counts) -> GlaucomaCounts:
    draws = count_draws(method)
    missed = [
        (solution.errors, count - solution.true_positive)
        for solution in solutions
        for count in range(positives[0], positives[1] + 1)
        if 0 <= count - solution.true_positive <= solution.errors
    ]
    known = draws == 1
    return GlaucomaCounts(
        method,
        TEST_IMAGES,
        draws,
        solutions,
        _span(errors - negative for errors, negative in missed) if known else None,
        _span(negative for _, negative in missed) if known else None,
    )


def _span(counts: Iterable[int]) -> Counts:
    ordered = sorted(counts)
    return ordered[0], ordered[-1]
