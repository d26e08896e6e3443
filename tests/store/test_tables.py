import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.errors import DataError
from replication.store.tables import STARTS, read_table, write_table

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'=1"]
TRAPS = [*FORMULAS, "''", "NA", "", "007", "nan"]


@given(names=st.lists(st.one_of(NAMES, st.sampled_from(TRAPS)), min_size=1, max_size=8))
def test_every_text_comes_back_and_none_is_a_formula(names, tmp_path_factory):
    file = tmp_path_factory.mktemp("table") / "table.csv"
    write_table(pd.DataFrame({"name": names, "score": [-0.5] * len(names)}), file)
    again = read_table(file, text=("name",))
    assert again["name"].tolist() == names
    assert again["score"].tolist() == [-0.5] * len(names)
    with file.open(encoding="utf-8", newline="") as stream:
        cells = [row[0] for row in csv.reader(stream)][1:]
    assert not [cell for cell in cells if cell.startswith(tuple(set(STARTS) - {"'"}))]


def test_ordinary_tables_are_written_as_ever(tmp_path):
    table = pd.DataFrame({"name": ["a.png", "b, c"], "good": [True, False], "score": [1e-9, -2.0]})
    write_table(table, tmp_path / "table.csv")
    plain = table.to_csv(index=False, lineterminator="\n")
    assert (tmp_path / "table.csv").read_text() == plain


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b'a,b\n"1', b"a\n1,2,3\n", b"a,b\n1,2,3\n4,5\n", b"a,b\n1,2\n3,4,5\n"],
)
def test_what_is_no_table_is_named(tmp_path, content):
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"table\.csv: not readable as a table"):
        read_table(tmp_path / "table.csv")
