"""Table 1 as text: JSON and CSV of fractions, Markdown and cells in percent.

Where there is no number, '-' says that it does not apply (the paper has none either) and
'not measured' that the method was not run.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from replication.errors import DataError
from replication.markdown_table import lay_out_table
from replication.records import TABLE1_METRICS, Table1Row
from replication.table1 import ROWS, RowTitle, Table1

DOES_NOT_APPLY = "-"
NOT_MEASURED = "not measured"
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
        writer.writerow([title.method, title.experiment, title.dataset, *numbers])
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
    title: RowTitle, row: Table1Row, metric: str, paper_percent: Mapping[tuple[str, str], str]
) -> str:
    measured = _format_value(title, row, metric, lambda fraction: f"{100 * fraction:.2f}")
    if measured == DOES_NOT_APPLY:
        return measured
    return f"{measured} ({paper_percent[title.method, metric]})"


def _format_value(
    title: RowTitle, row: Table1Row, metric: str, write: Callable[[float], str]
) -> str:
    if metric not in title.metrics():
        return DOES_NOT_APPLY
    return write(getattr(row, metric)) if row.measured else NOT_MEASURED
