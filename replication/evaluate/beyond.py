"""The page of the methods that the paper hasn't: their numbers, and what equal images prove."""

from collections.abc import Callable

from replication.evaluate.table1 import HEADINGS, Table1, describe_refusals, write_rows
from replication.store.numbers import DOES_NOT_APPLY, write_percent
from replication.store.tables import Section
from validation.statistics.intervals import Cell

PAGE_BEYOND, CSV_BEYOND = "beyond.md", "beyond.csv"
TITLE = "Beyond the paper"
AT_MOST = "Identity, Proven at Most"
NOTE = (
    "Methods that the paper hasn't, measured as its own; in percent. Of groups every member counts as "
    "a replacement, the patient too; of an evidence code those who share it. Proven at most: of images "
    "with one code, or of equal images, no more are named rightly than the most that are of one patient, "
    "whoever the attacker is and whatever it learned, if it looks at one image at a time; '-' where "
    "there are neither. DP-Pix's epsilon is about two images that "
    "differ in at most m pixels, not about a person: it promises nothing about who is in an image."
)


def lay_out_beyond(
    table: Table1, write: Callable[[Cell, float], str] = lambda cell, number: write_percent(number)
) -> Section | None:
    """Return the rows beyond the paper as a part of a page, None where none was run.

    Args:
        table: the measured table.
        write: returns the text of a (method, metric) and its number, a fraction; by default in
            percent.
    """
    if not table.beyond and not table.refused:
        return None
    titles, numbers = table.titles_beyond(), table.numbers_beyond()
    rows = [
        (*cells, _write_bound(table.at_most.get(title.name, 1.0)))
        for title, cells in zip(
            titles, write_rows(lambda cell: write(cell, numbers[cell]), titles), strict=True
        )
    ]
    note = " ".join([NOTE, *describe_refusals(table.refused)])
    return Section(note, (*HEADINGS, AT_MOST) if rows else (), rows, words=2)


def _write_bound(share: float) -> str:
    return DOES_NOT_APPLY if share == 1 else write_percent(share)
