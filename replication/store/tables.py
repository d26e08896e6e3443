"""Tables as CSV, no cell of which a spreadsheet takes for a formula, and as lines of text.

Names of images and patients come from the user's data, and spreadsheets run a cell that starts
with one of a few characters (OWASP, "CSV Injection"). Such a cell gets an apostrophe in front, and
loses it when it is read: every text comes back as it was.
"""

import csv
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication.errors import DataError
from replication.store.words import put

MARK = "'"
COLUMNS = 80  # letters of a terminal
GAP, INDENT = "  ", 6 * " "
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", MARK)


def write_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table with a header and no index; its column names are ours, its cells anybody's."""
    safe = table.copy(deep=False)
    texts = [c for c in safe.columns if not pd.api.types.is_numeric_dtype(safe[c].dtype)]
    for column in texts:
        safe[column] = safe[column].map(_guard)
    # Python's writer doesn't quote a lone carriage return, and readers take it for a line's end.
    returns = any("\r" in cell for c in texts for cell in safe[c] if isinstance(cell, str))
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    safe.to_csv(file, index=False, lineterminator="\n", quoting=quoting)


def read_table(file: Path, *, text: tuple[str, ...] = (), exact: bool = False) -> pd.DataFrame:
    """Read what `write_table` wrote.

    Args:
        file: to read.
        text: columns that are text, whatever they look like; others hold numbers or words of ours.
        exact: read every float as the one that was written, to the last bit.

    Raises:
        DataError: when the file is no such table, or a row has more cells than the header.
    """
    try:
        with warnings.catch_warnings():
            # The warning of pandas where it drops cells beyond the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # A converter gets every cell as it stands: NA is a name like another.
            return pd.read_csv(
                file,
                index_col=False,
                converters=dict.fromkeys(text, _bare),
                float_precision="round_trip" if exact else None,
            )
    except (ValueError, OverflowError, pd.errors.ParserWarning) as error:
        raise DataError(f"{file}: not readable as a table ({str(error).strip()})") from error


def to_records(table: pd.DataFrame) -> list[dict]:
    """Return the rows for JSON, None where there is no number."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _guard(cell: object) -> object:
    return MARK + cell if isinstance(cell, str) and cell.startswith(STARTS) else cell


def _bare(cell: str) -> str:
    return cell.removeprefix(MARK)


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


def lay_out_for_terminal(title: str, rows: Iterable[Sequence[str]], *, number: int) -> list[str]:
    """Return the lines of a table for a terminal, as wide as it or less.

    Args:
        title: of one or more lines.
        rows: headings among them; the first cell stands at the left, the others are numbers.
        number: letters that each number has; the first cell has the rest.
    """
    lines = [*textwrap.wrap(put(title), COLUMNS), ""]
    for cells in rows:
        first, *numbers = map(put, cells)
        left = first.ljust(COLUMNS - number * len(numbers)) if numbers else first
        lines.append(left + "".join(cell.rjust(number) for cell in numbers))
    return lines


def lay_out_whole(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table of words, no cell of which is ever cut.

    Where a row would be wider than a terminal, its last cell stands below it, after its heading.
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    below = sum(widths) + len(GAP) * (len(widths) - 1) > COLUMNS
    lines = [*textwrap.wrap(title, COLUMNS), ""]
    for cells in (headings, *rows):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append(GAP.join(padded[:-1] if below else padded).rstrip())
        if below and cells is not headings and cells[-1]:
            lines += textwrap.wrap(
                f"{headings[-1]}: {cells[-1]}",
                COLUMNS,
                initial_indent=INDENT,
                subsequent_indent=2 * INDENT,
            )
    return lines


@dataclass(frozen=True)
class Section:
    """A part of a page: a note, the table below it and a last line.

    Args:
        note: a paragraph.
        headings: of the columns; without any there is no table.
        rows: as many cells each.
        words: how many columns, from the left, hold words.
        last: a line below the table, such as a verdict; may be empty.
    """

    note: str
    headings: Sequence[str] = ()
    rows: Iterable[Sequence[object]] = ()
    words: int = 1
    last: str = ""

    def to_markdown(self) -> str:
        """Return the parts with an empty line between them, without a last line break."""
        table = lay_out_table(self.headings, self.rows, words=self.words) if self.headings else []
        return "\n\n".join(part for part in (self.note, "\n".join(table), self.last) if part)
