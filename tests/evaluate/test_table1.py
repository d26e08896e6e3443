"""Table 1: which rows and numbers there are, in files nothing is lost, in a terminal nothing wraps."""

import csv
import json
from dataclasses import replace

import pytest

from replication.errors import DataError
from replication.evaluate.table1 import (
    HEADINGS,
    PoolSize,
    Table1,
    Table1Row,
    build_table,
    from_json,
    to_cells,
    to_csv,
    to_json,
    to_markdown,
    to_terminal,
)
from replication.privatize.methods import METHODS, ROWS
from replication.records import TABLE1_METRICS
from validation.paper.numbers import read_paper_percent


def full_row(title, value=0.5):
    return Table1Row(title.name, True, **dict.fromkeys(title.metrics(), value))


def test_there_are_14_rows_and_51_numbers_the_paper_s():
    in_paper = [name for name, method in METHODS.items() if method.in_paper]
    assert [title.name for title in ROWS] == ["original", *in_paper]
    ours = {(title.name, metric) for title in ROWS for metric in title.metrics()}
    assert len(ROWS) == 14
    assert len(ours) == 51
    assert ours == set(read_paper_percent())


def test_a_table_is_put_in_order_and_what_was_not_run_is_marked():
    table = build_table([full_row(ROWS[9]), full_row(ROWS[0])])
    assert [row.method for row in table.rows] == [title.name for title in ROWS]
    assert [row.method for row in table.rows if row.measured] == ["original", ROWS[9].name]


def test_strange_and_double_rows_are_refused():
    with pytest.raises(DataError, match="blur-4"):
        build_table([Table1Row("blur-4", True, 0, None, 0, 0)])
    with pytest.raises(DataError, match="twice"):
        build_table([full_row(ROWS[0]), full_row(ROWS[0])])


@pytest.mark.parametrize(
    "planted",
    [
        Table1Row("original", True, 0.9, None, 0.9, None),
        Table1Row("original", True, 0.9, 0.1, 0.9, 0.9),
        Table1Row("original", False, 0.9, None, 0.9, 0.9),
        Table1Row("blur-3", True, 0.9, None, 0.9, 0.9),
    ],
)
def test_a_row_with_other_numbers_than_the_paper_s_or_out_of_order_is_refused(planted):
    others = [full_row(title) for title in ROWS[1:]]
    with pytest.raises(DataError, match="Table 1"):
        Table1((planted, *others))


PAPER = read_paper_percent()
LONG = "Table 1 on " + "the data in a folder of a long name, " * 4


def widest_table():
    """Every number takes as many letters as one can."""
    return build_table(
        [Table1Row(r.name, True, 1.0, 1.0 if r.has_replacement else None, 1.0, 1.0) for r in ROWS]
    )


def test_the_widest_numbers_and_the_longest_title_fit():
    lines = to_terminal(widest_table(), paper_percent=PAPER, title=LONG)
    assert max(map(len, lines)) <= 80


def test_every_row_is_one_line_below_its_experiment():
    lines = to_terminal(widest_table(), paper_percent=PAPER, title="T")
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
    lines = to_terminal(table, paper_percent=PAPER, title="T")
    assert [line for line in lines if "(" in line[20:]] == [
        " original             50.00 (90.00)              -  50.00 (93.24)  50.00 (87.83)"
    ]
    assert " ".join(lines).count("blur-9") == 1
    assert max(map(len, lines)) <= 80


TABLE = build_table(
    [
        Table1Row("original", True, 1 / 3, None, 0.93245, 1.0),
        Table1Row("k-same-12", True, 0.0, 0.1 + 0.2, 0.5, 0.25),
    ]
)


POOLS = (
    PoolSize("pprl-vgan-random", False, 265, 115, 115),
    PoolSize("pprl-vgan-random", True, 94, 115, 115),
    PoolSize("pprl-vgan-averaged-same-pathology", False, 265, 107, 108),
    PoolSize("pprl-vgan-averaged-same-pathology", True, 94, 45, 45),
)
DRAWN_FROM = (
    "Patients that a test image's replacement is drawn from (265 without glaucoma and 94 with "
    "glaucoma): random 115 and 115; averaged, same 107 to 108 and 45."
)


def test_json_comes_back_as_the_same_table():
    assert from_json(to_json(TABLE)) == TABLE
    drawn = replace(TABLE, pools=POOLS)
    assert from_json(to_json(drawn)) == drawn


def test_json_without_pools_is_a_table_too():
    content = json.loads(to_json(TABLE))
    del content["pools"]
    assert from_json(json.dumps(content)) == TABLE


def test_pools_stand_below_the_table_in_the_terminal_and_on_the_page():
    drawn = replace(TABLE, pools=POOLS)
    page = to_markdown(drawn, paper_percent=PAPER)
    assert page == to_markdown(TABLE, paper_percent=PAPER) + f"\n{DRAWN_FROM}\n"
    lines = to_terminal(drawn, paper_percent=PAPER, title="T")
    assert DRAWN_FROM in " ".join(lines)
    assert max(map(len, lines)) <= 80


def test_json_is_plain_and_tells_measured_from_not():
    rows = json.loads(to_json(TABLE))["rows"]
    assert [row["method"] for row in rows if row["measured"]] == ["original", "k-same-12"]
    assert rows[0]["replacement_accuracy"] is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": [{"name": "x"}]}', '{"rows": []}'])
def test_other_json_is_refused(text):
    with pytest.raises(DataError, match="Table 1"):
        from_json(text)


def test_csv_holds_every_fraction_in_full():
    lines = list(csv.DictReader(to_csv(TABLE).splitlines()))
    assert [line["method"] for line in lines] == [title.name for title in ROWS]
    assert float(lines[0]["identity_accuracy"]) == 1 / 3
    assert float(lines[13]["replacement_accuracy"]) == 0.1 + 0.2


def test_csv_tells_does_not_apply_from_not_measured():
    lines = list(csv.DictReader(to_csv(TABLE).splitlines()))
    for title, line in zip(ROWS, lines, strict=True):
        measured = title.name in ("original", "k-same-12")
        for metric in TABLE1_METRICS:
            applies = title.has_replacement or metric != "replacement_accuracy"
            assert (line[metric] == "-") == (not applies)
            assert (line[metric] == "not measured") == (applies and not measured)


def test_cells_are_percent_beside_the_paper_s_digits():
    cells = to_cells(TABLE.numbers(), paper_percent=read_paper_percent())
    assert cells[0] == (
        "Baseline",
        "Original test set",
        "33.33 (90.00)",
        "-",
        "93.25 (93.24)",
        "100.00 (87.83)",
    )
    assert cells[6][2:4] == ("not measured (69.41)", "-")
    assert cells[13][2:4] == ("0.00 (0.88)", "30.00 (15.29)")


def test_a_number_that_the_paper_lacks_has_no_brackets():
    numbers = {("dp-pix-16", metric): 0.5 for metric in METHODS["dp-pix-16"].metrics()}
    (cells,) = to_cells(numbers, [METHODS["dp-pix-16"]], paper_percent=read_paper_percent())
    assert cells[2:] == ("50.00", "-", "50.00", "50.00")


GROUPED = Table1Row("k-same-grouped-3", True, 0.25, 0.75, 0.5, 0.125)
DP_PIX = Table1Row("dp-pix-16", True, 0.125, None, 0.25, 0.5)
FURTHER = build_table([DP_PIX, *(row for row in TABLE.rows if row.measured), GROUPED])


def test_rows_beyond_the_paper_stand_apart_and_change_none_of_its_own():
    assert FURTHER.beyond == (GROUPED, DP_PIX)
    assert FURTHER.rows == TABLE.rows
    assert FURTHER.numbers() == TABLE.numbers()
    assert FURTHER.numbers_beyond()["dp-pix-16", "glaucoma_f1"] == 0.5
    assert len(FURTHER.numbers_beyond()) == 7
    assert to_csv(FURTHER) == to_csv(TABLE)
    assert to_markdown(FURTHER, paper_percent=PAPER) == to_markdown(TABLE, paper_percent=PAPER)
    assert from_json(to_json(replace(FURTHER, at_most={"dp-pix-16": 1.0}))).at_most == {
        "dp-pix-16": 1.0
    }


def test_json_of_before_there_were_rows_beyond_the_paper_is_a_table_too():
    content = json.loads(to_json(TABLE))
    del content["beyond"], content["at_most"]
    assert from_json(json.dumps(content)) == TABLE


def test_rows_beyond_the_paper_have_a_file_of_their_own():
    grouped, dp_pix = csv.DictReader(to_csv(FURTHER, beyond=True).splitlines())
    assert (grouped["method"], grouped["replacement_accuracy"]) == ("k-same-grouped-3", "0.75")
    assert (dp_pix["method"], dp_pix["replacement_accuracy"]) == ("dp-pix-16", "-")


@pytest.mark.parametrize(
    "beyond",
    [
        (DP_PIX, GROUPED),
        (GROUPED, GROUPED),
        (replace(DP_PIX, replacement_accuracy=0.5),),
        (replace(DP_PIX, method="blur-3"),),
    ],
)
def test_rows_beyond_the_paper_that_are_none_or_out_of_order_are_refused(beyond):
    with pytest.raises(DataError, match="Table 1"):
        Table1(TABLE.rows, beyond=beyond)


def test_a_terminal_has_them_last_under_their_own_heads_and_asks_for_none():
    lines = to_terminal(FURTHER, paper_percent=PAPER, title="T")
    place = lines.index("K-Same in groups (beyond the paper)")
    assert lines[place + 1].split() == [
        "grouped,",
        "K",
        "=",
        "3",
        *["25.00", "75.00", "50.00", "12.50"],
    ]
    assert lines[place + 2] == "DP-Pix (beyond the paper)"
    assert lines[place + 3].split()[-4:] == ["12.50", "-", "25.00", "50.00"]
    assert max(map(len, lines)) <= 80
    assert "grouped" not in " ".join(lines[place + 4 :])


def test_markdown_is_a_table_of_the_cells():
    first, rule, *rows = to_markdown(TABLE, paper_percent=read_paper_percent()).splitlines()
    split = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in (first, *rows)]
    assert split[0] == HEADINGS
    assert split[1:15] == to_cells(TABLE.numbers(), paper_percent=read_paper_percent())
    assert rule.count("|") == len(HEADINGS) + 1
    assert rows[14:] == ["", "In percent: measured (paper)."]
