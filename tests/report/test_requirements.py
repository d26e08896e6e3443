"""Table 2 on the page: which measures are drawn, and tables that a page has room for."""

import re

import pytest
from planted_table2 import plant_rows

from replication.attack.table2 import LEAKS, MEASURES, REALISTIC, SHOWN, Requirement
from replication.attack.table2_text import to_tables
from replication.report.requirements import PANELS, lay_out_requirements, split_columns
from replication.store.tables import Section

NOTHING = {"summary": [], "claims": []}


def test_what_is_drawn_decides_and_is_little():
    decisive = {"identity_static", *LEAKS, *SHOWN, *REALISTIC}
    assert list(PANELS) == list(Requirement)
    for requirement, panels in PANELS.items():
        measures = [name for panel in panels for name in panel.measures]
        assert {MEASURES[name].requirement for name in measures} == {requirement}
        assert set(measures) <= decisive
        assert len(measures) == len(set(measures)) <= 4
        assert max(len(panel.measures) for panel in panels) <= 2
    names = [panel.name for panels in PANELS.values() for panel in panels]
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    attack = NOTHING | {"rows": plant_rows()}
    return lay_out_requirements(attack, tmp_path_factory.mktemp("charts"))


def test_each_requirement_has_its_charts_and_all_its_numbers(laid_out):
    parts, others = laid_out
    whole = to_tables(NOTHING | {"rows": plant_rows()})
    assert [part.title for part in parts] == list(whole)[:4]
    assert others == dict(list(whole.items())[4:])
    for part, panels in zip(parts, PANELS.values(), strict=True):
        assert [chart.name for _, chart in part.charts] == [panel.name for panel in panels]
        cells = [{row[0]: row[1:] for row in table.rows} for table in part.tables]
        joined = [(m, *(cell for table in cells for cell in table[m])) for m in cells[0]]
        assert joined == list(whole[part.title].rows)


def test_methods_of_a_requirement_have_the_same_rows_in_its_charts(laid_out):
    for part in laid_out[0]:
        rows = [len(re.findall(r"kernel \d", chart.svg)) for _, chart in part.charts]
        assert rows == [4] * len(part.charts)


def test_without_a_sign_s_place_what_needs_it_is_not_drawn(tmp_path):
    attack = NOTHING | {"rows": plant_rows(signs=False)}
    evidence = lay_out_requirements(attack, tmp_path)[0][2]
    assert [chart.name for _, chart in evidence.charts] == ["evidence-verdict"]
    assert MEASURES["sign_kind_auc"].heading not in evidence.charts[0][1].svg


def test_what_was_not_measured_has_no_part(tmp_path):
    rows = [row for row in plant_rows() if row["measure"] == "ssim"]
    [part] = lay_out_requirements(NOTHING | {"rows": rows}, tmp_path)[0]
    assert (part.title, part.charts) == ("Intelligibility", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "widths"), [(1, [1]), (4, [4]), (5, [2, 3]), (14, [3, 4, 3, 4])]
)
def test_a_wide_table_is_split_into_ones_of_nearly_equal_width(columns, widths):
    cells = [str(number) for number in range(columns)]
    tables = split_columns(Section("note", ("method", *cells), [("blur", *cells)]))
    assert [len(table.headings) - 1 for table in tables] == widths
    assert [cell for table in tables for cell in table.headings[1:]] == cells
    assert all(table.rows == [("blur", *table.headings[1:])] for table in tables)
    assert all(table.headings[0] == "method" and not table.note for table in tables)
