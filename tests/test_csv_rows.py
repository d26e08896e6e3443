"""Rows of small CSV files, whatever wrote them."""

from pathlib import Path

import pytest

from replication.csv_rows import name_delimiter, read_rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_and_line_endings_make_no_difference(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(ending.join(["a;b", "", " é ;'x", ";", "c;d"]).encode(encoding))
    rows = list(read_rows(file, delimiter=";"))
    assert rows == [(1, ["a", "b"]), (3, ["é", "'x"]), (5, ["c", "d"])]


@pytest.mark.parametrize(
    ("header", "mark"),
    [(["a,b,c"], ","), (["a\tb"], "\t"), (["a"], None), (["a,b", "c"], None), ([], None)],
)
def test_another_delimiter_is_named(header: list[str], mark: str | None) -> None:
    assert name_delimiter(header, expected=";") == mark
