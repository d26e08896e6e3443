"""The annotations file: tolerant of spelling, strict about what it means."""

from pathlib import Path

import pytest
from tiny_eyes import ROWS, write_annotations

from replication.data.warsaw_annotations import read_annotations, split_diseases


def test_labels_are_per_eye(tmp_path: Path) -> None:
    write_annotations(tmp_path)
    found = read_annotations(tmp_path)
    assert found.remarks.errors == found.remarks.odd == ()
    assert found.patients() == {1, 2, 3}
    labels = {eye: found.has_glaucoma(*eye) for eye in found.diseases}
    assert [eye for eye, has in labels.items() if has] == [(1, "right"), (2, "left")]
    assert found.has_glaucoma(4, "left") is None


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("", set()),
        (" , ", set()),
        ("Glaucoma", {"glaucoma"}),
        (" cataract ,secondary   GLAUCOMA", {"cataract", "secondary glaucoma"}),
    ],
)
def test_diseases_are_split_and_cleaned(cell: str, names: set[str]) -> None:
    assert split_diseases(cell) == names


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"healthy", "gr\u00f3d".encode("latin-1")),
        lambda text: text.replace(b"healthy", "gr\u00f3d".encode()),
        lambda text: text.replace(b"\r\n", b" \n \r\n"),
        lambda text: text.replace(b";", b" ; "),
        lambda text: text.replace(b"\n1;", b"\n0001;"),
        lambda text: text + text.splitlines()[1],
    ],
    ids=["mark", "latin-1", "utf-8", "blank rows", "spaces", "padded", "same row twice"],
)
def test_other_spellings_read_the_same(tmp_path: Path, change) -> None:
    file = write_annotations(tmp_path)
    before = read_annotations(tmp_path)
    file.write_bytes(change(file.read_bytes()))
    after = read_annotations(tmp_path)
    assert after.remarks == before.remarks
    for eye in before.diseases:
        assert after.has_glaucoma(*eye) == before.has_glaucoma(*eye)


def test_the_file_is_found_in_any_case(tmp_path: Path) -> None:
    write_annotations(tmp_path).rename(tmp_path / "Medical-Description-V3.CSV")
    assert read_annotations(tmp_path).patients() == {1, 2, 3}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([row.replace(";", ",") for row in ROWS], "separated by ','"),
        ([row.replace(";", "\t") for row in ROWS], r"separated by '\t'"),
        ([], "the header has nothing"),
        (["patient;diseases", "1;glaucoma"], "'patient', 'diseases'"),
        (ROWS[1:], "first row is no header"),
        (["patient;right eye;left eye", *ROWS[1:]], "column 2 is 'right eye'"),
        (["patient;age;left eye;right eye", "1;60;healthy;"], "column 2 is 'age'"),
        (["id;age;notes", "1;60;healthy"], "line 2"),
        (["patient;age;right eye", "1;old;healthy"], "put the left eye there"),
        (ROWS[:1], "no patients"),
        ([*ROWS, "4;healthy"], "line 5"),
        ([*ROWS, "legend;x;y"], "line 5"),
        ([*ROWS, "1;glaucoma;glaucoma"], "line 5: the patient's left eye is annotated twice"),
    ],
)
def test_what_can_not_be_understood_is_said_once_and_clearly(
    tmp_path: Path, rows: list[str], sentence: str
) -> None:
    file = write_annotations(tmp_path, tuple(rows))
    wrong = read_annotations(tmp_path).remarks.wrong
    assert wrong[0].startswith(f"{file}: ")
    assert sentence in wrong[0]


def test_no_file_and_two_files_are_refused(tmp_path: Path) -> None:
    assert "no annotations file" in read_annotations(tmp_path).remarks.missing[0]
    write_annotations(tmp_path)
    (tmp_path / "medical-description-v1.csv").touch()
    assert "more than one" in read_annotations(tmp_path).remarks.wrong[0]


def test_unheard_headings_and_other_glaucomas_are_odd(tmp_path: Path) -> None:
    write_annotations(tmp_path, ("id;OS;OD", *ROWS[1:], "4;suspected glaucoma;"))
    heading, disease = read_annotations(tmp_path).remarks.odd
    assert "'OS' and 'OD' are read as left and right eye" in heading
    assert "'suspected glaucoma' is not counted as glaucoma" in disease
