"""Images that are to be explained: what a manifest may hold, and what a row's fault stops."""

import pytest

from replication.cases.queries import list_rows
from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.errors import DataError

EYES = PreprocessSettings()
BY_CIRCLE = PreprocessSettings(mirroring=False, centring="manifest")
PLAIN = PreprocessSettings(mirroring=False, centring="none")


def write(tmp_path, text, steps=EYES):
    file = tmp_path / "many.csv"
    file.write_text(text)
    return list_rows(file, steps)


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
    with pytest.raises(DataError, match=f"^--queries: {words}"):
        write(tmp_path, text)


def test_a_missing_manifest_is_named_by_its_option(tmp_path):
    with pytest.raises(DataError, match="^--queries: can't be read"):
        list_rows(tmp_path / "Qgone.csv", EYES)


def test_images_without_sides_need_no_eye_and_centred_ones_a_circle(tmp_path):
    (row,) = write(tmp_path, "path\na.png\n", PLAIN)
    assert (row.file, row.eye, row.circle, row.problem) == (tmp_path / "a.png", "neither", None, "")
    given = "path,eye,centre_x,centre_y,radius\na.png,right,12.5,9,4\n"
    assert write(tmp_path, given, BY_CIRCLE)[0].circle == Circle(12.5, 9, 4)
    assert write(tmp_path, given)[0].circle == Circle(12.5, 9, 4)  # in the place of an iris found
    assert write(tmp_path, given, PLAIN)[0].circle is None
    with pytest.raises(DataError, match="^--queries: lacks centre_x and centre_y and radius; "):
        write(tmp_path, "path\na.png\n", BY_CIRCLE)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("1,2,", "'radius' is blank"),
        ("1,2,0", "radius given is not above 0"),
        ("1,two,3", "centre_y given is no number"),
    ],
)
def test_a_circle_that_is_none_stops_its_row(tmp_path, cells, problem):
    heading = "path,centre_x,centre_y,radius"
    one, other = write(tmp_path, f"{heading}\na.png,{cells}\nb.png,1,2,3\n", BY_CIRCLE)
    assert one.file is None and one.problem.startswith(problem)
    assert other.circle == Circle(1, 2, 3)
