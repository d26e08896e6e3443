"""Table 1: from the evaluators' predictions to 14 rows and 51 numbers (paper §2.3, Table 1).

The baseline is a row and no method: the rows are the baseline and then the registry's methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replication.errors import DataError
from replication.metrics import accuracy, any_of_accuracy, f1_score
from replication.privatize import METHODS
from replication.records import TABLE1_METRICS, EyeDataset, Table1Row

BASELINE = "original"


@dataclass(frozen=True)
class RowTitle:
    """What a row is about: its method's name, the paper's words, and which numbers it has."""

    method: str
    experiment: str
    dataset: str
    short: str
    has_replacement: bool

    def metrics(self) -> tuple[str, ...]:
        """Return the names of the row's three or four numbers, in the table's order."""
        return tuple(
            name
            for name in TABLE1_METRICS
            if self.has_replacement or name != "replacement_accuracy"
        )


ROWS: tuple[RowTitle, ...] = (
    RowTitle(BASELINE, "Baseline", "Original test set", "original", False),
    *(
        RowTitle(m.name, m.experiment, m.dataset, m.short, m.has_replacement)
        for m in METHODS.values()
    ),
)


@dataclass(frozen=True)
class Table1:
    """All rows in the paper's order, measured or not.

    Raises:
        DataError: when the rows are others, in another order, or a measured one lacks a number.
    """

    rows: tuple[Table1Row, ...]

    def __post_init__(self) -> None:
        names, expected = [row.method for row in self.rows], [title.method for title in ROWS]
        if names != expected:
            raise DataError(f"Table 1: expected the rows {expected}, got {names}")
        for row, title in zip(self.rows, ROWS, strict=True):
            given = tuple(name for name in TABLE1_METRICS if getattr(row, name) is not None)
            if given != (title.metrics() if row.measured else ()):
                raise DataError(f"Table 1, {row.method}: measured={row.measured}, but has {given}")

    def numbers(self) -> dict[tuple[str, str], float]:
        """Return the measured numbers, fractions by (method, metric); the others are left out."""
        return {
            (row.method, name): getattr(row, name)
            for row in self.rows
            for name in TABLE1_METRICS
            if getattr(row, name) is not None
        }


def evaluate_set(
    method: str,
    predicted_identity: np.ndarray,
    predicted_glaucoma: np.ndarray,
    *,
    source: EyeDataset,
    used_identities: np.ndarray | None,
) -> Table1Row:
    """Judge one draw of one method, or the original test set.

    Args:
        method: name of the row.
        predicted_identity: (N,) identity classes, as the evaluator sees the privatized images.
        predicted_glaucoma: (N,) bool.
        source: the N original images with their true labels.
        used_identities: (N, K) replacement identities, or None where there are none.

    Raises:
        DataError: when lengths differ, or no original image has glaucoma.
    """
    replacement = None
    if used_identities is not None:
        replacement = any_of_accuracy(predicted_identity, used_identities)
    return Table1Row(
        method,
        True,
        identity_accuracy=accuracy(predicted_identity, source.identity),
        replacement_accuracy=replacement,
        glaucoma_accuracy=accuracy(predicted_glaucoma, source.glaucoma),
        glaucoma_f1=f1_score(predicted_glaucoma, source.glaucoma),
    )


def average_draws(rows: Sequence[Table1Row]) -> Table1Row:
    """Return the mean row over the draws of one method; the paper's digits fit a mean over 10.

    Raises:
        DataError: when there is no row, or rows of several methods.
    """
    methods = {row.method for row in rows}
    if len(methods) != 1:
        raise DataError(f"draws: expected rows of one method, got {sorted(methods)}")
    means = {}
    for name in TABLE1_METRICS:
        values = [getattr(row, name) for row in rows]
        means[name] = None if None in values else float(np.mean(values))
    return Table1Row(rows[0].method, True, **means)


def build_table(measured: Sequence[Table1Row]) -> Table1:
    """Put measured rows in the paper's order and mark the others as not measured.

    Raises:
        DataError: when a row is none of Table 1's, or comes twice.
    """
    by_method = {row.method: row for row in measured}
    strangers = sorted(set(by_method) - {title.method for title in ROWS})
    if strangers or len(by_method) != len(measured):
        raise DataError(f"Table 1: rows that it doesn't have, or a row twice: {strangers}")
    return Table1(
        tuple(by_method.get(title.method, Table1Row(title.method, False)) for title in ROWS)
    )
