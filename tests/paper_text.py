"""The paper's own words, where its text lies beside the repository."""

from collections.abc import Iterable

import pytest
from places import SHARED

from validation.claims.parts import Claim

PAPER = SHARED / "paper"


def find_misquoted(claims: Iterable[Claim]) -> list[str]:
    """Return the claims whose quotation is not in the paper's results; skip without the text."""
    results = _read("3. RESULTS", "4. DISCUSSION")
    return [claim.name for claim in claims if claim.quotation not in results]


def is_concluded(quotation: str) -> bool:
    """Return whether these words are in the paper's conclusions; skip without the text."""
    return quotation in _read("4. DISCUSSION")


def _read(start: str, end: str | None = None) -> str:
    """Return the paper's text, blanks alike, from a heading up to another or to its end."""
    files = sorted(PAPER.glob("*.txt"))
    if not files:
        pytest.skip("the paper's text is not here")
    text = " ".join(" ".join(file.read_text(encoding="utf-8") for file in files).split())
    return text[text.index(start) : text.index(end) if end else None]
