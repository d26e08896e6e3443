"""The paper's claims (`validation.claims.table1_claims`) judged by the predictions of a run.

Predictions give every part of a claim a margin with an interval, and the intervals decide;
docs/validation.md states their limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
import pandas as pd

from validation.claims.parts import Claim, Part
from validation.claims.table1_claims import CLAIMS
from validation.statistics.intervals import CONFIDENCE, Cell
from validation.statistics.resampling import Resamples, margin_interval, resample_patients

STORED_UNDECIDED = "cannot be told apart"


class Finding(StrEnum):
    """What becomes of a claim; only `HOLDS` is a pass."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"

    @property
    def stored(self) -> str:
        """The word in table2.json; files keep their words where pages find better ones."""
        return STORED_UNDECIDED if self is Finding.UNDECIDED else self.value

    @classmethod
    def from_stored(cls, word: str) -> Self:
        """Return the finding that `stored` wrote; ValueError where there is none."""
        return cls.UNDECIDED if word == STORED_UNDECIDED else cls(word)


@dataclass(frozen=True)
class JudgedPart:
    """A part's margin, a fraction, and its interval; None where a number was not measured."""

    text: str
    to_be_shown: bool
    margin: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Judgement:
    """What became of a claim, and why."""

    claim: Claim
    finding: Finding
    parts: tuple[JudgedPart, ...]


def judge_claims(
    predictions: pd.DataFrame, *, seed: int = 0, claims: Sequence[Claim] = CLAIMS
) -> list[Judgement]:
    """Judge claims by the predictions of a run.

    Args:
        predictions: as for `resample_patients`; a method without rows was not measured.
        seed: of the bootstrap.
        claims: to judge, those about Table 1 by default.
    """
    resamples = resample_patients(predictions, rng=np.random.default_rng(seed))
    return [judge_claim(claim, resamples) for claim in claims]


def judge_table1(resamples: Resamples) -> list[Judgement]:
    """Judge every claim about Table 1 by one bootstrap."""
    return [judge_claim(claim, resamples) for claim in CLAIMS]


def judge_claim(claim: Claim, resamples: Resamples) -> Judgement:
    """Judge one claim; lower ends have 95% confidence, upper ends 95% over all its parts."""
    shared = 1 - (1 - CONFIDENCE) / len(claim.parts)
    parts = tuple(_judge_part(part, resamples, upper=shared) for part in claim.parts)
    return Judgement(claim, find_finding(parts), parts)


def find_margin(part: Part, numbers: Mapping[Cell, float]) -> float | None:
    """Return the margin of a part in a table of numbers; None where one was not measured."""
    if any(cell not in numbers for option in part.either for cell in option.cells):
        return None
    return max(
        float(option.margin(*(numbers[cell] for cell in option.cells))) for option in part.either
    )


def _judge_part(part: Part, resamples: Resamples, *, upper: float) -> JudgedPart:
    observed = {cell: number.item() for cell, number in resamples.observed.items()}
    margin = find_margin(part, observed)
    if margin is None:
        return JudgedPart(part.text, part.to_be_shown, None, None, None)
    low, high = (
        _find_end(part, resamples, side, confidence)
        for side, confidence in ((0, CONFIDENCE), (1, upper))
    )
    return JudgedPart(part.text, part.to_be_shown, margin, low, high)


def _find_end(part: Part, resamples: Resamples, side: int, confidence: float) -> float:
    """Return the highest end of all options; their errors add up, so each gets its part of it."""
    of_each = 1 - (1 - confidence) / len(part.either)
    return max(
        margin_interval(option.margin, option.cells, resamples, confidence=of_each)[side]
        for option in part.either
    )


def find_finding(parts: Sequence[JudgedPart]) -> Finding:
    """Return what becomes of a claim by its judged parts."""
    if any(part.margin is None for part in parts):
        return Finding.NOT_MEASURED
    if any(part.high < 0 for part in parts):
        return Finding.FAILS
    shown = all(part.low > 0 for part in parts if part.to_be_shown)
    return Finding.HOLDS if shown else Finding.UNDECIDED
