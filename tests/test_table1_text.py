"""Table 1 written out: nothing lost in JSON, and the two kinds of absence told apart."""

import csv
import json

import pytest

from replication.errors import DataError
from replication.records import TABLE1_METRICS, Table1Row
from replication.table1 import ROWS, build_table
from replication.table1_text import HEADINGS, from_json, to_cells, to_csv, to_json, to_markdown
from validation.paper import read_paper_percent

TABLE = build_table(
    [
        Table1Row("original", True, 1 / 3, None, 0.93245, 1.0),
        Table1Row("k-same-12", True, 0.0, 0.1 + 0.2, 0.5, 0.25),
    ]
)


def test_json_comes_back_as_the_same_table():
    assert from_json(to_json(TABLE)) == TABLE


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
    assert [line["method"] for line in lines] == [title.method for title in ROWS]
    assert float(lines[0]["identity_accuracy"]) == 1 / 3
    assert float(lines[13]["replacement_accuracy"]) == 0.1 + 0.2


def test_csv_tells_does_not_apply_from_not_measured():
    lines = list(csv.DictReader(to_csv(TABLE).splitlines()))
    for title, line in zip(ROWS, lines, strict=True):
        measured = title.method in ("original", "k-same-12")
        for metric in TABLE1_METRICS:
            applies = title.has_replacement or metric != "replacement_accuracy"
            assert (line[metric] == "-") == (not applies)
            assert (line[metric] == "not measured") == (applies and not measured)


def test_cells_are_percent_beside_the_paper_s_digits():
    cells = to_cells(TABLE, paper_percent=read_paper_percent())
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


def test_markdown_is_a_table_of_the_cells():
    first, rule, *rows = to_markdown(TABLE, paper_percent=read_paper_percent()).splitlines()
    split = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in (first, *rows)]
    assert split[0] == HEADINGS
    assert split[1:15] == to_cells(TABLE, paper_percent=read_paper_percent())
    assert rule.count("|") == len(HEADINGS) + 1
    assert rows[14:] == ["", "In percent: measured (paper)."]
