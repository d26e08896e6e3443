"""The table of docs/departures.md, read back for pages that have to hold it themselves."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "departures.md"


def read_departures(page: Path = PAGE) -> list[dict[str, str]]:
    """Return the rows by the table's headings, as plain words without Markdown's marks.

    The list is empty where the code lies without its docs.
    """
    if not page.exists():
        return []
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    headings, _, *rows = ([_strip(cell) for cell in line[1:-1].split("|")] for line in lines)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def _strip(cell: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").strip()
