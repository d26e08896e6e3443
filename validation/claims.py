"""What the paper's results say in words (§3), as checks on a measured Table 1 of any data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

Numbers = Mapping[tuple[str, str], float | None]

BLURS = ("original", "blur-3", "blur-9", "blur-15", "blur-21")
REPLACED = ("pprl-vgan-random", "pprl-vgan-same-pathology", "pprl-vgan-different-pathology")
AVERAGED = ("pprl-vgan-averaged-random", "pprl-vgan-averaged-same-pathology")


@dataclass(frozen=True)
class Claim:
    """One statement about the table.

    Args:
        name: short, for reports.
        statement: what has to hold, in words.
        cells: (method, metric) of the numbers that it speaks of, in the order that `holds` takes.
        holds: whether it holds for those numbers, fractions in [0, 1].
    """

    name: str
    statement: str
    cells: tuple[tuple[str, str], ...]
    holds: Callable[..., bool]


@dataclass(frozen=True)
class Judgement:
    """What became of a claim: True, False, or None where a number was not measured."""

    claim: Claim
    numbers: tuple[float | None, ...]
    holds: bool | None


def _cells(methods: tuple[str, ...], metric: str) -> tuple[tuple[str, str], ...]:
    return tuple((method, metric) for method in methods)


def _falls(*numbers: float) -> bool:
    return all(before > after for before, after in pairwise(numbers))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "blur",
        "identity accuracy falls strictly with the blur kernel",
        _cells(BLURS, "identity_accuracy"),
        _falls,
    ),
    Claim(
        "patient hidden",
        "PPRL-VGAN leaves identity accuracy under 5%",
        _cells(REPLACED, "identity_accuracy"),
        lambda *numbers: max(numbers) < 0.05,
    ),
    Claim(
        "replacement shown",
        "PPRL-VGAN's replacement accuracy is over 50%",
        _cells(REPLACED, "replacement_accuracy"),
        lambda *numbers: min(numbers) > 0.5,
    ),
    Claim(
        "pathology of the replacement",
        "glaucoma accuracy: same pathology > random > different pathology",
        _cells((REPLACED[1], REPLACED[0], REPLACED[2]), "glaucoma_accuracy"),
        _falls,
    ),
    Claim(
        "averaging protects the replaced",
        "averaging brings replacement accuracy under 25%",
        _cells(AVERAGED, "replacement_accuracy"),
        lambda *numbers: max(numbers) < 0.25,
    ),
)


def judge_claims(numbers: Numbers) -> list[Judgement]:
    """Judge every claim by the numbers of a table.

    Args:
        numbers: fractions by (method, metric), None or absent where not measured.
    """
    judgements = []
    for claim in CLAIMS:
        values = tuple(numbers.get(cell) for cell in claim.cells)
        holds = None if None in values else claim.holds(*values)
        judgements.append(Judgement(claim, values, holds))
    return judgements
