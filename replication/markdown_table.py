"""A table's rows as the lines of a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def lay_out_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, words: int
) -> list[str]:
    """Return the lines of a table.

    Args:
        headings: of the columns.
        rows: as many cells each.
        words: how many columns, from the left, hold words; the others are numbers, at the right.
    """
    first, *others = ["| " + " | ".join(map(str, cells)) + " |" for cells in (headings, *rows)]
    return [first, "|" + "---|" * words + "---:|" * (len(headings) - words), *others]
