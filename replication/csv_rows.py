"""Read a CSV file of unknown origin as rows of stripped cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

DELIMITERS = (";", ",", "\t")


def read_rows(file: Path, *, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the number of its last line.

    UTF-8 with or without a byte order mark; what is no UTF-8 is read as Latin-1, whose letters
    outside ASCII don't matter to any word that is looked for.

    Args:
        file: the CSV file.
        delimiter: one character between the cells.

    Raises:
        OSError: when the file can't be read.
        csv.Error: when its quoting can't be understood.
    """
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells


def name_delimiter(header: list[str], *, expected: str) -> str | None:
    """Return the delimiter that a header read as one cell seems to use, or None.

    Args:
        header: the cells of the first row, read with the expected delimiter.
        expected: that delimiter.
    """
    if len(header) != 1:
        return None
    others = [mark for mark in DELIMITERS if mark != expected and mark in header[0]]
    return others[0] if others else None
