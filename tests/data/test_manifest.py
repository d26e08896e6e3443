"""A user's own manifest, good and bad, whatever wrote it."""

import hashlib
from pathlib import Path

import pytest
from drawn_eyes import write_image, write_manifest

from replication.data.iris_by_hand import Circle, list_circles
from replication.data.manifest import (
    name_delimiter,
    read_rows,
    survey_manifest,
)
from replication.errors import DataError

HEADER = "path,patient_id,eye,glaucoma"
GOOD = ["eyes/0.png,ann,left,no", "eyes/1.png,ann,right,no", "eyes/2.png,bob,left,yes"]


def test_a_good_manifest_is_sorted_and_typed(tmp_path: Path) -> None:
    survey = survey_manifest(write_manifest(tmp_path))
    table = survey.require_usable()
    assert survey.root == tmp_path
    assert table["image_id"].tolist() == table["path"].tolist()
    assert table["path"].tolist() == ["eyes/0.png", "eyes/1.png", "eyes/2.png"]
    assert table["patient_id"].tolist() == ["ann", "ann", "bob"]
    assert table["eye"].tolist() == ["left", "left", "right"]
    assert table["glaucoma"].tolist() == [False, False, True]
    data = (tmp_path / "eyes/0.png").read_bytes()
    assert table["sha256"].iloc[0] == hashlib.sha256(data).hexdigest()


def test_column_order_spaces_extra_columns_and_patient_zeros(tmp_path: Path) -> None:
    rows = ["Glaucoma, eye ,age,PATIENT_ID,path", "yes,left,50, 008 ,./eyes/0.png"]
    file = write_manifest(tmp_path, [*rows, "no,left,60,7,eyes\\1.png,, ", "", ",,,,"])
    table = survey_manifest(file).require_usable()
    assert table["patient_id"].tolist() == ["008", "7"]
    assert table["path"].tolist() == ["eyes/0.png", "eyes/1.png"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("eyes/0.png,ann,lft,no", "line 5: eye 'lft' is unknown, write left or right"),
        ("eyes/0.png,ann,left,maybe", "line 5: glaucoma 'maybe' is unknown"),
        ("eyes/0.png,ann,left,2", "line 5: glaucoma '2' is unknown"),
        ('eyes/0.png,ann,left,"n\no"', r"line 6: glaucoma 'n\no' is unknown"),
        ("eyes/0.png,,left,no", "line 5: 'patient_id' is blank"),
        ("eyes/0.png,ann", "line 5: 'eye', 'glaucoma' is blank"),
        ("eyes/0.png,ann,left,no", "line 5: 'eyes/0.png' comes twice"),
        ("./eyes//0.png,bob,right,yes", "line 5: 'eyes/0.png' comes twice"),
        ("eyes/9.png,ann,left,no", "line 5: 'eyes/9.png' is no file"),
        ("eyes,ann,left,no", "line 5: 'eyes' is no file"),
        (f"{'x' * 5000},ann,left,no", "line 5: 'x"),
        ("eyes/0.png,ann,left,no,more", "line 5: 5 cells under 4 columns"),
        ("../out.png,ann,left,no", "line 5: '../out.png' leads out"),
        ("eyes/../eyes/0.png,ann,left,no", "leads out"),
        ("/etc/hostname,ann,left,no", "line 5: '/etc/hostname' leads out"),
        ("C:\\eyes\\0.png,ann,left,no", "leads out"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, sentence: str) -> None:
    root = tmp_path / "data"
    write_image(tmp_path / "out.png", seed=8)
    file = write_manifest(root, [HEADER, *GOOD, row])
    [error] = survey_manifest(file).errors
    assert sentence in error.named and str(file) in error.named
    with pytest.raises(DataError) as caught:
        survey_manifest(file).require_usable()
    assert str(caught.value).startswith(f"{file} line ")
    assert not {cell for cell in row.split(",") if repr(cell) in str(caught.value)}


BY_HAND = f"{HEADER},centre_x,centre_y,radius"


def write_by_hand(root: Path, *circles: str) -> Path:
    """Write three eyes of 40 x 60 px and a manifest with these cells of a circle in its rows."""
    rows = [f"{row},{circle}" for row, circle in zip(GOOD, circles, strict=False)]
    file = write_manifest(root, [BY_HAND, *rows, *GOOD[len(rows) :]])
    for seed in range(3):
        write_image(root / f"eyes/{seed}.png", seed=seed, width_px=40, height_px=60)
    return file


def test_irises_by_hand_are_read_and_counted(tmp_path: Path) -> None:
    file = write_by_hand(tmp_path, "20,30.5,12", ",,", "0,48,40")
    survey = survey_manifest(file)
    circles = [Circle(20.0, 30.5, 12.0), None, Circle(0.0, 48.0, 40.0)]
    assert list_circles(survey.require_usable()) == circles
    assert ("irises given by hand", 2) in survey.counts


def test_without_a_circle_the_table_is_as_without_the_columns(tmp_path: Path) -> None:
    plain = survey_manifest(write_manifest(tmp_path, [HEADER, *GOOD]))
    blank = survey_manifest(write_manifest(tmp_path, [BY_HAND, *(f"{row},,," for row in GOOD)]))
    assert plain.table.equals(blank.table) and plain.counts == blank.counts


@pytest.mark.parametrize(
    ("circle", "sentence"),
    [
        ("20,30,", "line 2: 'radius' is blank, fill in centre_x, centre_y, radius or none"),
        (",,12", "line 2: 'centre_x', 'centre_y' is blank"),
        ("x0,30,12", "line 2: centre_x 'x0' is no number, write px as 312.5"),
        ("20,nan,12", "line 2: centre_y 'nan' is no number"),
        ("20,30,inf", "line 2: radius 'inf' is no number"),
        ("20,30,0", "line 2: radius '0' is not above 0"),
        ("20,30,-12", "line 2: radius '-12' is not above 0"),
        ("40,30,12", "'eyes/0.png': the iris by hand lies outside the image without its bottom 11"),
        ("20,49,12", "'eyes/0.png': the iris by hand lies outside"),
        ("20,30,61", "'eyes/0.png': the iris by hand lies outside"),
    ],
)
def test_a_bad_circle_is_one_sentence(tmp_path: Path, circle: str, sentence: str) -> None:
    survey = survey_manifest(write_by_hand(tmp_path, circle))
    [error] = survey.errors
    assert sentence in error.named
    assert "eyes/0.png" not in str(error) and "x0" not in str(error)
    with pytest.raises(DataError):
        survey.require_usable()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([f"{BY_HAND},radius", *GOOD], "'radius' comes twice"),
        ([HEADER.replace(",", ";"), *GOOD], "this file has ';'"),
        (["path,patient,eye,glaucoma", *GOOD], "'patient_id' not found"),
        (["path,path,patient_id,eye,glaucoma", *GOOD], "'path' comes twice"),
        (GOOD, "not found"),
        ([HEADER], "no rows"),
        ([""], "not found"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, rows: list[str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        survey_manifest(write_manifest(tmp_path, rows)).require_usable()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent.csv", "absent.csv: no such file"),
        ("eyes", "eyes: no such file"),
        ("eyes/0.png", r"0\.png"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, name: str, sentence: str) -> None:
    write_manifest(tmp_path)
    with pytest.raises(DataError, match=sentence):
        survey_manifest(tmp_path / name).require_usable()


def test_a_name_in_another_normal_form_is_found(tmp_path: Path) -> None:
    write_image(tmp_path / "e\u0301.png", seed=8)
    file = write_manifest(tmp_path, [HEADER, *GOOD, "\u00e9.png,ann,left,no"])
    assert "e\u0301.png" in survey_manifest(file).table["path"].tolist()


def test_faults_of_one_kind_are_one_remark(tmp_path: Path) -> None:
    rows = [row.replace("left", "L").replace("right", "R") for row in GOOD]
    [error] = survey_manifest(write_manifest(tmp_path, [HEADER, *rows])).errors
    assert error.named.endswith("(2 more such rows)")


def test_an_eye_with_both_labels_is_odd_only(tmp_path: Path) -> None:
    rows = [HEADER, GOOD[0], GOOD[1].replace("right,no", "left,yes"), GOOD[2]]
    survey = survey_manifest(write_manifest(tmp_path, rows))
    assert survey.errors == ()
    assert [remark.named for remark in survey.remarks] == [
        "'ann left': images with and without glaucoma"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
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
