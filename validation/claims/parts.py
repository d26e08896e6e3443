"""The kinds of comparison that claims are made of, each a margin that is positive where it holds.

Margins are fractions; they take numbers or arrays of replicates alike.
"""

from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

import numpy as np

from validation.statistics.patient_sums import Cell
from validation.statistics.resampling import Margin

WORDS = {
    "identity_accuracy": "identity accuracy",
    "replacement_accuracy": "replacement accuracy",
    "glaucoma_accuracy": "glaucoma accuracy",
    "glaucoma_f1": "F1",
    "rank_correlation": "rank correlation of maps",
    "top_overlap": "overlap of the top 10% of maps",
    "structural_similarity": "SSIM of maps",
    "other_rank_correlation": "that with another patient's original",
    "other_top_overlap": "that with another patient's original",
    "other_structural_similarity": "that with another patient's original",
    "in_upper_half": "relevance in the upper half of the iris",
    "in_lower_half": "that in the lower half",
}


@dataclass(frozen=True)
class Option:
    """One comparison: the (method, metric) of its numbers, and its margin as a function of them."""

    cells: tuple[Cell, ...]
    margin: Margin


@dataclass(frozen=True)
class Part:
    """One thing that a claim says.

    Args:
        text: in words.
        either: it holds where one of these does.
        to_be_shown: False where it is enough that the opposite isn't shown.
    """

    text: str
    either: tuple[Option, ...]
    to_be_shown: bool = True


def exceeds(metric: str, method: str, other: str, *, share: float = 1.0) -> Part:
    """Say that a share of a method's number is above another method's."""
    text = f"{WORDS[metric]}: {_name_share(share)}{method} over {other}"
    option = Option(((method, metric), (other, metric)), lambda own, its: share * own - its)
    return Part(text, (option,))


def exceeds_each(metric: str, method: str, others: tuple[str, ...]) -> tuple[Part, ...]:
    """Say that a method's number is above that of each of the others."""
    return tuple(exceeds(metric, method, other) for other in others)


def outweighs(method: str, metric: str, other: str) -> Part:
    """Say that one number of a method is above another of its numbers."""
    option = Option(((method, metric), (method, other)), lambda own, its: own - its)
    return Part(f"{method}: {WORDS[metric]} over {WORDS[other]}", (option,))


def ranks(metric: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Say that each method's number is above the next one's."""
    return tuple(exceeds(metric, before, after) for before, after in pairwise(methods))


def falls(metric: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Say that a number falls along the methods: from end to end, and at no step does it rise."""
    steps = (replace(part, to_be_shown=False) for part in ranks(metric, methods))
    return (exceeds(metric, methods[0], methods[-1]), *steps)


def each_below(limit: float, accuracy: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Say that an accuracy is below a fixed limit with each method."""
    return tuple(
        Part(
            f"{WORDS[accuracy]}: {method} under {100 * limit:.3g}%",
            (Option(((method, accuracy),), lambda number: limit - number),),
        )
        for method in methods
    )


def each_above(limit: float, accuracy: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Say that an accuracy is above a fixed limit with each method."""
    return tuple(
        Part(
            f"{WORDS[accuracy]}: {method} over {100 * limit:.3g}%",
            (Option(((method, accuracy),), lambda number: number - limit),),
        )
        for method in methods
    )


def trades_better(
    best: tuple[str, ...], *, without: tuple[str, ...], with_replacement: tuple[str, ...]
) -> tuple[Part, ...]:
    """Say that one of the best trades better than each other method.

    The trade-off is glaucoma accuracy minus identity or replacement accuracy, the higher one.

    Args:
        best: methods with replacement identities; one of them has to be better.
        without: the other methods that have no replacement identities.
        with_replacement: the other methods that have.
    """
    plain = ("glaucoma_accuracy", "identity_accuracy")
    full = (*plain, "replacement_accuracy")
    return tuple(
        Part(
            f"trade-off: averaged over {other}",
            tuple(
                Option(
                    (*_cells(own, full), *_cells(other, metrics)),
                    lambda *numbers: _trade(*numbers[:3]) - _trade(*numbers[3:]),
                )
                for own in best
            ),
        )
        for others, metrics in ((without, plain), (with_replacement, full))
        for other in others
    )


def _cells(method: str, metrics: tuple[str, ...]) -> tuple[Cell, ...]:
    return tuple((method, metric) for metric in metrics)


def _trade(glaucoma: np.ndarray, *recognised: np.ndarray) -> np.ndarray:
    return glaucoma - reduce(np.maximum, recognised)


def _name_share(share: float) -> str:
    return "" if share == 1 else f"{100 * share:.3g}% of "
