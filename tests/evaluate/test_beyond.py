"""The page of methods that the paper hasn't."""

from dataclasses import replace

from replication.evaluate.beyond import AT_MOST, NOTE, lay_out_beyond
from replication.evaluate.table1 import HEADINGS, Table1Row, build_table

ROWS = [
    Table1Row("original", True, 0.5, None, 0.5, 0.5),
    Table1Row("k-same-grouped-3", True, 0.25, 0.75, 0.5, 0.125),
    Table1Row("dp-pix-16", True, 0.125, None, 0.25, 0.5),
]
TABLE = replace(build_table(ROWS), at_most={"k-same-grouped-3": 0.404, "dp-pix-16": 1.0})


def test_it_has_the_numbers_and_what_is_proven():
    page = lay_out_beyond(TABLE).to_markdown()
    assert page.startswith(NOTE)
    assert f"| {' | '.join((*HEADINGS, AT_MOST))} |" in page
    grouped, dp_pix = page.splitlines()[-2:]
    assert grouped.endswith("| 25.00 | 75.00 | 50.00 | 12.50 | 40.40 |")
    assert dp_pix.endswith("| 12.50 | - | 25.00 | 50.00 | - |")
    assert "epsilon = 0.5 for m = 16 pixels, not for a person" in dp_pix


def test_numbers_are_written_as_the_page_needs_them():
    section = lay_out_beyond(TABLE, lambda cell, number: f"{cell[0]} {number}")
    assert section.rows[1][2] == "dp-pix-16 0.125"


def test_without_such_methods_there_is_no_page():
    assert lay_out_beyond(build_table(ROWS[:1])) is None


def test_methods_that_refuse_the_data_are_named_with_the_reason():
    refused = {"evidence-code-k3": "too few", "evidence-code-k5": "too few", "dp-pix-16": "blank"}
    page = lay_out_beyond(replace(build_table(ROWS[:1]), refused=refused)).to_markdown()
    assert "Not measured: evidence-code-k3, evidence-code-k5: too few. " in page
    assert page.rstrip().endswith("Not measured: dp-pix-16: blank.")
    assert "|" not in page
