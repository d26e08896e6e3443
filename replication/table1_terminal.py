"""Table 1 for a terminal: 80 columns, one line a row, ours beside the paper's."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import groupby

from replication.table1 import ROWS, Table1
from replication.table1_text import to_cells

COLUMNS = 80
NUMBER = 15  # "100.00 (90.00)" and a space before it
NAME = COLUMNS - 4 * NUMBER
UNIT = "ours (paper), in %"
HEADINGS = ("Identity", "Replacement", "Glaucoma", "F1")


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
    lines += ["", f"{UNIT:<{NAME}}" + "".join(f"{heading:>{NUMBER}}" for heading in HEADINGS)]
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
    absent = [row.method for row, found in zip(ROWS, table.rows, strict=True) if not found.measured]
    return lines + (textwrap.wrap(f"Not run: {', '.join(absent)}", COLUMNS) if absent else [])
