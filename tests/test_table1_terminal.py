"""Table 1 in a terminal of 80 columns: nothing wraps, whatever the numbers are."""

from replication.privatize import METHODS
from replication.records import Table1Row
from replication.table1 import ROWS, build_table
from replication.table1_terminal import lay_out_for_terminal
from validation.paper import read_paper_percent

PAPER = read_paper_percent()
LONG = "Table 1 on " + "the data in a folder of a long name, " * 4


def widest_table():
    """Every number takes as many letters as one can."""
    return build_table(
        [Table1Row(r.method, True, 1.0, 1.0 if r.has_replacement else None, 1.0, 1.0) for r in ROWS]
    )


def test_the_widest_numbers_and_the_longest_title_fit():
    lines = lay_out_for_terminal(widest_table(), paper_percent=PAPER, title=LONG)
    assert max(map(len, lines)) <= 80


def test_every_row_is_one_line_below_its_experiment():
    lines = lay_out_for_terminal(widest_table(), paper_percent=PAPER, title="T")
    assert lines[0] == "T"
    assert lines[2].split("%")[1].split() == ["Identity", "Replacement", "Glaucoma", "F1"]
    rows = [line for line in lines if "100.00 (" in line]
    assert [line[1:20].rstrip() for line in rows] == [row.short for row in ROWS]
    below = " ".join(lines[lines.index("Blurring") + 1].split())
    assert below == "kernel 3 100.00 (69.41) - 100.00 (93.24) 100.00 (87.57)"


def test_names_are_short_and_apart_within_an_experiment():
    named = {(method.experiment, method.short) for method in METHODS.values()}
    assert len(named) == len(METHODS)
    assert max(len(method.short) for method in METHODS.values()) <= 19


def test_methods_that_were_not_run_are_named_and_have_no_row():
    table = build_table([Table1Row("original", True, 0.5, None, 0.5, 0.5)])
    lines = lay_out_for_terminal(table, paper_percent=PAPER, title="T")
    assert [line for line in lines if "(" in line[20:]] == [
        " original             50.00 (90.00)              -  50.00 (93.24)  50.00 (87.83)"
    ]
    assert " ".join(lines).count("blur-9") == 1
    assert max(map(len, lines)) <= 80
