"""Table 2 for a terminal: 80 columns, one line a row, the figures that most depends on."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from replication.table1 import ROWS
from replication.table2 import MEASURES, NOISE
from replication.table2_text import SHORT

COLUMNS = 80
NUMBER = 12
NAME = COLUMNS - 5 * NUMBER
# Of each: the measure, and its heading in two lines.
SHOWN = (
    ("identity_static", "Identity:", "static"),
    ("identity_best", "Identity:", "retrained"),
    ("used_auc", "Replaced:", "AUC"),
    ("glaucoma_f1", "Glaucoma:", "F1"),
    ("sign_kind_auc", "Sign kind:", "AUC"),
)
ABSENT = "-"


def lay_out_table2(numbers: Sequence[Mapping], *, title: str) -> list[str]:
    """Return the table's lines, none of more than `COLUMNS` letters.

    Args:
        numbers: rows of `Table2Intervals.list_numbers`.
        title: what was measured on what.

    Returns:
        The title, two lines of headings, the methods in Table 1's order and then noise.
    """
    values = {(row["method"], row["measure"]): row["value"] for row in numbers}
    methods = [row.method for row in ROWS] + [NOISE]
    lines = [*textwrap.wrap(title, COLUMNS), ""]
    for line in (1, 2):
        lines.append(" " * NAME + "".join(f"{shown[line]:>{NUMBER}}" for shown in SHOWN))
    return lines + [
        f" {SHORT[method]:<{NAME - 1}}"
        + "".join(f"{_write(values, method, shown[0]):>{NUMBER}}" for shown in SHOWN)
        for method in methods
        if any(name == method for name, _ in values)
    ]


def _write(values: Mapping, method: str, measure: str) -> str:
    value = values.get((method, measure))
    if value is None:
        return ABSENT
    return f"{100 * value:.1f}%" if MEASURES[measure].share else f"{value:.2f}"
