"""The paper's own words, where its text lies beside the repository."""

from collections.abc import Iterable

import pytest
from places import SHARED

from validation.claims.parts import Claim

PAPER = SHARED / "paper"


def find_misquoted(claims: Iterable[Claim]) -> list[str]:
    """Return the claims whose quotation is not in the paper's results; skip without the text."""
    files = sorted(PAPER.glob("*.txt"))
    if not files:
        pytest.skip("the paper's text is not here")
    text = " ".join(" ".join(file.read_text(encoding="utf-8") for file in files).split())
    results = text[text.index("3. RESULTS") : text.index("4. DISCUSSION")]
    return [claim.name for claim in claims if claim.quotation not in results]
