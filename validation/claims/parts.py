"""The kinds of comparison that claims are made of, each a margin that is positive where it holds.

Margins are fractions; they take numbers or arrays of replicates alike.
"""

from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

import numpy as np

from validation.statistics.intervals import Cell
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
    """One comparison, or several of which one is enough."""

    text: str
    either: tuple[Option, ...]
    to_be_shown: bool = True  # False where it is enough that the opposite isn't shown


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, a conjunction of parts."""

    name: str
    place: str  # section, and what the paragraph is about
    quotation: str
    statement: str  # ours: what has to hold, with our limit and why that one, if it needs one
    parts: tuple[Part, ...]  # all have to hold


def exceeds(metric: str, method: str, other: str, *, fraction: float = 1.0) -> Part:
    """Return the part: a fraction of a method's number is above another method's."""
    scale = "" if fraction == 1 else f"{100 * fraction:.3g}% of "
    option = Option(((method, metric), (other, metric)), lambda own, its: fraction * own - its)
    return Part(f"{WORDS[metric]}: {scale}{method} over {other}", (option,))


def outweighs(method: str, metric: str, other: str) -> Part:
    """Return the part: one number of a method is above another of its numbers."""
    option = Option(((method, metric), (method, other)), lambda own, its: own - its)
    return Part(f"{method}: {WORDS[metric]} over {WORDS[other]}", (option,))


def ranks(metric: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Return the parts: each method's number is above the next one's."""
    return tuple(exceeds(metric, before, after) for before, after in pairwise(methods))


def falls(metric: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Return the parts: a number falls from the first to the last method, and rises at no step."""
    steps = (replace(part, to_be_shown=False) for part in ranks(metric, methods))
    return (exceeds(metric, methods[0], methods[-1]), *steps)


def each_below(limit: float, metric: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Return the parts: an accuracy is below a fixed limit with each method."""
    return _hold_each(metric, methods, f"under {100 * limit:.3g}%", lambda number: limit - number)


def each_above(limit: float, metric: str, methods: tuple[str, ...]) -> tuple[Part, ...]:
    """Return the parts: an accuracy is above a fixed limit with each method."""
    return _hold_each(metric, methods, f"over {100 * limit:.3g}%", lambda number: number - limit)


def _hold_each(
    metric: str, methods: tuple[str, ...], words: str, margin: Margin
) -> tuple[Part, ...]:
    return tuple(
        Part(f"{WORDS[metric]}: {method} {words}", (Option(((method, metric),), margin),))
        for method in methods
    )


def trades_better(
    best: tuple[str, ...], *, without: tuple[str, ...], with_replacement: tuple[str, ...]
) -> tuple[Part, ...]:
    """Return the parts: one of the best has a better trade-off than each other method.

    The trade-off is glaucoma accuracy minus identity or replacement accuracy, the higher one. The
    best have replacement identities, the others have none or some.
    """
    plain = ("glaucoma_accuracy", "identity_accuracy")
    full = (*plain, "replacement_accuracy")
    return tuple(
        Part(
            f"trade-off: averaged over {other}",
            tuple(
                Option(
                    (*((own, metric) for metric in full), *((other, metric) for metric in metrics)),
                    lambda *numbers: _trade(*numbers[:3]) - _trade(*numbers[3:]),
                )
                for own in best
            ),
        )
        for others, metrics in ((without, plain), (with_replacement, full))
        for other in others
    )


def _trade(glaucoma: np.ndarray, *recognised: np.ndarray) -> np.ndarray:
    return glaucoma - reduce(np.maximum, recognised)
