"""The overview of many cards: what became of each row of a manifest, as a page and as a table.

Rows are named by their numbers: paths and ids may name patients.
"""

from collections.abc import Sequence
from typing import NamedTuple

from replication.cases.card import Card, name_label, render_page

TABLE = "cards.csv"


class Listed(NamedTuple):
    """What became of a row of the manifest."""

    row: int  # from 1, the header not counted
    card: str = ""  # name of the page; empty where there is none
    verdict: str = ""
    glaucoma_probability: float | None = None  # in [0, 1]
    cases: int = 0  # shown, of the verdict's diagnosis
    counter_cases: int = 0
    not_shown: int = 0  # nearer cases that were passed over
    problem: str = ""  # why there is no card


def list_card(row: int, name: str, card: Card) -> Listed:
    """Return what an overview has of a row's card."""
    query = card.query
    counts = len(card.cases), len(card.counter), sum(card.refused.values())
    return Listed(row, name, name_label(query.verdict), query.probability, *counts)


def render_overview(listed: Sequence[Listed], *, synthetic: bool) -> str:
    """Return the overview as a page."""
    return render_page("overview.html", listed=listed, synthetic=synthetic)
