"""Images that are to be explained: what a manifest may hold, and what a row's fault stops."""

import pytest

from replication.cases.queries import list_rows
from replication.errors import DataError


def write(tmp_path, text):
    file = tmp_path / "many.csv"
    file.write_text(text)
    return list_rows(file)


def test_rows_keep_their_order_and_what_they_say(tmp_path):
    rows = write(tmp_path, "eye,note,path,patient_id\nLeft,x,a/b.png,17\nright,,c.png,\n")
    assert [(row.file, row.eye, row.patient, row.problem) for row in rows] == [
        (tmp_path / "a" / "b.png", "left", "17", ""),
        (tmp_path / "c.png", "right", None, ""),
    ]


def test_patients_need_not_be_known(tmp_path):
    assert write(tmp_path, "path,eye\na.png,left\n")[0].patient is None


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a.png,both", "eye: expected one of left, right"),
        ("a.png", "eye: expected one of left, right"),
        (",left", "path is blank"),
        ("../a.png,left", "path: leads out"),
        ("/etc/a.png,left", "path: leads out"),
    ],
)
def test_a_row_that_names_no_image_stops_no_other(tmp_path, row, problem):
    one, other = write(tmp_path, f"path,eye\n{row}\nb.png,right\n")
    assert one.file is None and one.problem.startswith(problem)
    assert other.file == tmp_path / "b.png" and not other.problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,patient_id\na.png,1\n", "lacks eye"),
        ("", "lacks path and eye"),
        ("path,eye\n\n", "no rows under the header"),
    ],
)
def test_a_file_that_is_no_such_manifest_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=f"^--manifest: {words}"):
        write(tmp_path, text)


def test_a_missing_manifest_is_named_by_its_option(tmp_path):
    with pytest.raises(DataError, match="^--manifest: can't be read"):
        list_rows(tmp_path / "Qgone.csv")
