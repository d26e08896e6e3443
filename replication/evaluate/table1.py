"""Table 1: from the evaluators' predictions to 14 rows and 51 numbers (paper §2.3, Table 1).

The baseline is a row and no method: the rows are the baseline and then the registry's methods.

Table 1 as text: JSON and CSV of fractions, Markdown and cells in percent.

Where there is no number, '-' says that it does not apply (the paper has none either) and
'not measured' that the method was not run.

Table 1 for a terminal: 80 columns, one line a row, ours beside the paper's.
"""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

import numpy as np

from replication.errors import DataError
from replication.evaluate.metrics import accuracy, any_of_accuracy, f1_score
from replication.privatize.methods import ROWS, Row
from replication.records import TABLE1_METRICS, EyeDataset, Table1Row
from replication.store.numbers import DOES_NOT_APPLY, NOT_MEASURED, write_percent
from replication.store.tables import lay_out_table


@dataclass(frozen=True)
class Table1:
    """All rows in the paper's order, measured or not.

    Raises:
        DataError: when the rows are others, in another order, or a measured one lacks a number.
    """

    rows: tuple[Table1Row, ...]

    def __post_init__(self) -> None:
        names, expected = [row.method for row in self.rows], [title.name for title in ROWS]
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
    strangers = sorted(set(by_method) - {title.name for title in ROWS})
    if strangers or len(by_method) != len(measured):
        raise DataError(f"Table 1: rows that it doesn't have, or a row twice: {strangers}")
    return Table1(tuple(by_method.get(title.name, Table1Row(title.name, False)) for title in ROWS))


HEADINGS = (
    "Experiment",
    "Dataset",
    "Identity Recognition Accuracy",
    "Replacement Identity Recognition Accuracy",
    "Glaucoma Recognition Accuracy",
    "Glaucoma Recognition F1-Score",
)  # paper, Table 1


def to_json(table: Table1) -> str:
    """Write every row with its fractions in full; null where there is none, `measured` says why."""
    return json.dumps({"rows": [asdict(row) for row in table.rows]}, indent=2) + "\n"


def from_json(text: str) -> Table1:
    """Read what `to_json` wrote.

    Raises:
        DataError: when the text is no Table 1.
    """
    try:
        rows = tuple(Table1Row(**row) for row in json.loads(text)["rows"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"table1.json: expected the 14 rows of Table 1, got {error!r}") from error
    return Table1(rows)


def to_csv(table: Table1) -> str:
    """Write one line per row: method, the paper's words for it and four fractions in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "experiment", "dataset", *TABLE1_METRICS])
    for title, row in zip(ROWS, table.rows, strict=True):
        numbers = [_format_value(title, row, name, repr) for name in TABLE1_METRICS]
        writer.writerow([title.name, title.experiment, title.dataset, *numbers])
    return text.getvalue()


def to_markdown(table: Table1, *, paper_percent: Mapping[tuple[str, str], str]) -> str:
    """Write a Markdown table in percent, the paper's numbers in brackets.

    Args:
        table: the measured table.
        paper_percent: the paper's printed digits ("90.00") by method and metric.
    """
    lines = lay_out_markdown(to_cells(table, paper_percent=paper_percent))
    return "\n".join([*lines, "", "In percent: measured (paper).", ""])


def lay_out_markdown(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the lines of a Markdown table of rows with six cells, under `HEADINGS`."""
    return lay_out_table(HEADINGS, rows, words=len(HEADINGS) - len(TABLE1_METRICS))


def to_cells(
    table: Table1, *, paper_percent: Mapping[tuple[str, str], str]
) -> list[tuple[str, ...]]:
    """Return the 14 rows as plain text, for whoever draws them.

    Args:
        table: the measured table.
        paper_percent: the paper's printed digits ("90.00") by method and metric.

    Returns:
        Per row six cells, under `HEADINGS`; a number is "measured (paper)" in percent.
    """
    return [
        (
            title.experiment,
            title.dataset,
            *(_percent_cell(title, row, name, paper_percent) for name in TABLE1_METRICS),
        )
        for title, row in zip(ROWS, table.rows, strict=True)
    ]


def _percent_cell(
    title: Row, row: Table1Row, metric: str, paper_percent: Mapping[tuple[str, str], str]
) -> str:
    measured = _format_value(title, row, metric, write_percent)
    if measured == DOES_NOT_APPLY:
        return measured
    return f"{measured} ({paper_percent[title.name, metric]})"


def _format_value(title: Row, row: Table1Row, metric: str, write: Callable[[float], str]) -> str:
    if metric not in title.metrics():
        return DOES_NOT_APPLY
    return write(getattr(row, metric)) if row.measured else NOT_MEASURED


COLUMNS = 80
NUMBER = 15  # "100.00 (90.00)" and a space before it
NAME = COLUMNS - 4 * NUMBER
UNIT = "ours (paper), in %"
TERMINAL_HEADINGS = ("Identity", "Replacement", "Glaucoma", "F1")


def lay_out_for_terminal(
    table: Table1, *, paper_percent: Mapping[tuple[str, str], str], title: str
) -> list[str]:
    """Return the table's lines, none of more than `COLUMNS` letters.

    Args:
        table: the measured table.
        paper_percent: the paper's printed digits ("90.00") by method and metric.
        title: what was measured on what.

    Returns:
        The title, what the columns are, and the measured rows below their experiments; methods
        that were not run are named in the end.
    """
    lines = textwrap.wrap(title, COLUMNS)
    lines += [
        "",
        f"{UNIT:<{NAME}}" + "".join(f"{heading:>{NUMBER}}" for heading in TERMINAL_HEADINGS),
    ]
    cells = to_cells(table, paper_percent=paper_percent)
    measured = [
        (row, numbers)
        for row, found, (_, _, *numbers) in zip(ROWS, table.rows, cells, strict=True)
        if found.measured
    ]
    for experiment, rows in groupby(measured, lambda pair: pair[0].experiment):
        lines.append(experiment)
        lines += [
            f" {row.short:<{NAME - 1}}" + "".join(f"{number:>{NUMBER}}" for number in numbers)
            for row, numbers in rows
        ]
    absent = [row.name for row, found in zip(ROWS, table.rows, strict=True) if not found.measured]
    return lines + (textwrap.wrap(f"Not run: {', '.join(absent)}", COLUMNS) if absent else [])
