"""The Warsaw reader on good folders and broken ones: which files are which, which eyes have what."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from drawn_eyes import (
    ANNOTATIONS,
    FILES,
    LABELS,
    ROWS,
    write_annotations,
    write_image,
    write_warsaw,
)
from places import REAL_EYES

from replication.data.survey import Finding
from replication.data.warsaw import (
    is_ad100_image,
    list_eye_folders,
    read_annotations,
    sort_files,
    split_diseases,
    survey_warsaw,
)
from replication.errors import DataError

NIR = Path("images-NIR")


def read_warsaw(root: Path) -> pd.DataFrame:
    return survey_warsaw(root).require_usable()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_warsaw(tmp_path / "warsaw")


def test_every_column_of_a_good_folder(root: Path) -> None:
    table = read_warsaw(root)
    assert table["image_id"].tolist() == table["path"].tolist() == list(FILES)
    assert table["patient_id"].tolist() == ["0001", "0001", "0001", "0002", "0003"]
    assert table["eye"].tolist() == ["left", "left", "right", "left", "right"]
    assert table["glaucoma"].tolist() == list(LABELS)


def test_other_cameras_visible_light_and_hidden_files_are_left_out(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = read_warsaw(root)
    write_image(root / NIR / "0001left/0001_L_CA_1.png", seed=91)
    write_image(root / "images-visible/0001left/0001_L_IG_1.png", seed=92)
    (root / NIR / "0001left/._0001_L_IG_11.png").touch()
    with caplog.at_level("INFO"):
        assert read_warsaw(root).equals(before)
    assert "images of other cameras, left out: 1" in caplog.messages
    assert not any("000" in message for message in caplog.messages)


def test_folder_case_and_missing_padding_make_no_difference(root: Path) -> None:
    before = read_warsaw(root)
    (root / NIR).rename(root / "IMAGES-nir")
    (root / "IMAGES-nir/0001left").rename(root / "IMAGES-nir/1_LEFT")
    after = read_warsaw(root)
    assert set(after["sha256"]) == set(before["sha256"])
    columns = ["patient_id", "eye", "glaucoma", "sha256"]
    assert set(after[columns].itertuples(index=False, name=None)) == set(
        before[columns].itertuples(index=False, name=None)
    )


@pytest.mark.parametrize("kind", ["images-NIR/0004left/0004_L_TC_1.png", "images-visible/0004left"])
def test_a_patient_without_ad100_images_is_no_error(root: Path, kind: str) -> None:
    write_annotations(root, (*ROWS, "4;healthy;healthy"))
    if kind.endswith(".png"):
        write_image(root / kind, seed=90)
    else:
        (root / kind).mkdir(parents=True)
    assert read_warsaw(root)["patient_id"].nunique() == 3


def empty_folder(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def go_one_folder_down(root: Path) -> None:
    shutil.copytree(root, root / "v2.1")
    shutil.rmtree(root / NIR)


def keep_other_cameras(root: Path) -> None:
    for file in FILES:
        (root / file).rename(root / file.replace("IG", "CA"))


# What both readers check, and what the annotations may be, is tested elsewhere.
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (shutil.rmtree, "warsaw: no such folder"),
        (empty_folder, "warsaw: the folder is empty"),
        (lambda root: (root / NIR).rename(root / "pictures"), "warsaw: no folder images-NIR"),
        (go_one_folder_down, "warsaw/v2.1"),
        (keep_other_cameras, "5 images of other cameras and none of the AD100"),
        (lambda root: (root / ANNOTATIONS).unlink(), "no annotations file medical-description"),
        (
            lambda root: write_annotations(root, (*ROWS[:2], ROWS[2].replace(";", ","))),
            f"{ANNOTATIONS}: line 3: expected 'patient;left eye;right eye'",
        ),
        (
            lambda root: write_annotations(root, ROWS[:-1]),
            "no row for the patient of '0003right'",
        ),
        (
            lambda root: shutil.rmtree(root / NIR / "0002left"),
            "no folder for the patient of row '2'",
        ),
        (
            lambda root: (root / NIR / "0003right").rename(root / NIR / "three"),
            "'images-NIR/three': AD100 images of an unknown eye",
        ),
        (
            lambda root: (root / NIR / "0003right/0003_R_IG_12.png").symlink_to(root / "nowhere"),
            "0003_R_IG_12.png': is a link to no file",
        ),
    ],
)
def test_bad_folders_give_one_sentence(
    root: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    damage(root)
    assert sentence in survey_warsaw(root).errors[0].named
    with pytest.raises(DataError) as caught:
        read_warsaw(root)
    assert str(caught.value).isprintable()
    assert not re.search("000[0-9]", str(caught.value)), "an error names no patient"


@pytest.mark.parametrize(
    ("place", "sentence"), [(NIR, "give the folder above"), (ANNOTATIONS, "no such folder")]
)
def test_what_lies_in_the_folder_is_not_the_one_to_give(
    root: Path, place: Path | str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        read_warsaw(root / place)


@pytest.mark.skipif(not REAL_EYES.is_dir(), reason="the real eyes are not on this machine")
def test_real_eyes_are_read() -> None:
    table = read_warsaw(REAL_EYES)
    assert (len(table), table["patient_id"].nunique()) == (756, 108)
    assert table["glaucoma"].sum() == 27 * 7
    assert table["image_id"].is_monotonic_increasing


AD100 = """0001_L_IG_11.jpg, 0001_R_IG_11.BMP, 0001-l-ig-1.jpeg, IG_0001_1.png, 0001_1_IG.bmp,
0001IG1.bmp, 0001LIG1.bmp, 0001leftIG1.bmp, 0001rightIG1.bmp, 0001_IGright_1.bmp, 0001 IG 1.bmp"""
OTHERS = """0001_L_CA_11.jpg, 0001right_TC_1.jpg, 0001_right_1.jpg, SIGN_1.jpg, 0001_SIGN.jpg,
0001_IGNORE_1.jpg, 0001_BIG_1.jpg, 0001_L_IG_11.txt, IG/0001_L_CA_1.jpg"""


@pytest.mark.parametrize(("names", "expected"), [(AD100, True), (OTHERS, False)])
def test_the_token_is_found_where_the_name_has_it_alone(names: str, expected: bool) -> None:
    for name in names.replace("\n", " ").split(", "):
        assert is_ad100_image(Path(name)) == expected, name


def test_eye_folders_are_found_in_any_spelling_and_sorted(tmp_path: Path) -> None:
    for name in ["0060left", "0002 RIGHT", "0002_Left", "readme", ".hidden", "left", "0001front"]:
        (tmp_path / "Images-nir" / name).mkdir(parents=True)
    (tmp_path / "Images-nir" / "0004left").touch()
    folders, strays = list_eye_folders(tmp_path, "images-NIR")
    found = [(folder.patient, folder.eye) for folder in folders]
    assert found == [(2, "right"), (2, "left"), (60, "left")]
    assert [path.name for path in strays] == ["0001front", "0004left", "left", "readme"]


def test_files_are_sorted_by_camera_and_type_at_any_depth(tmp_path: Path) -> None:
    eye = tmp_path / "images-NIR" / "0001left"
    for name in ["b_IG_1.jpg", "a/c_IG_2.BMP", "x_CA_1.jpg", "Thumbs.db", "._b_IG_1.jpg"]:
        (eye / name).parent.mkdir(parents=True, exist_ok=True)
        (eye / name).touch()
    files = sort_files(list_eye_folders(tmp_path, "images-NIR")[0])
    assert [file.name for _, file in files.ad100] == ["c_IG_2.BMP", "b_IG_1.jpg"]
    assert [file.name for file in files.other_cameras] == ["x_CA_1.jpg"]
    assert [file.name for file in files.other_types] == ["Thumbs.db"]


def test_a_link_to_a_folder_is_followed_and_a_circle_refused(tmp_path: Path) -> None:
    root = write_warsaw(tmp_path / "warsaw")
    eye = root / "images-NIR" / "0001left"
    eye.rename(tmp_path / "kept")
    eye.mkdir()
    (eye / "session").symlink_to(tmp_path / "kept")
    assert len(read_warsaw(root)) == len(FILES)
    (eye / "again").symlink_to(eye)
    with pytest.raises(DataError, match="a folder in it can't be listed .a link that leads in a c"):
        read_warsaw(root)


def test_labels_are_per_eye(tmp_path: Path) -> None:
    write_annotations(tmp_path)
    found = read_annotations(tmp_path)
    assert found.remarks == ()
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
        ([], "the header has 0 cells"),
        (["patient;diseases", "1;glaucoma"], "the header has 2 cells"),
        (ROWS[1:], "first row is no header"),
        (
            ["patient;right eye;left eye", *ROWS[1:]],
            "column 2 is another's: put the left eye there",
        ),
        (["patient;age;left eye;right eye", "1;60;healthy;"], "column 2 is another's"),
        (["id;age;notes", "1;60;healthy"], "line 2"),
        (["patient;age;right eye", "1;old;healthy"], "put the left eye there"),
        (ROWS[:1], "no patients"),
        ([*ROWS, "4;healthy"], "line 5"),
        ([*ROWS, "legend;x;y"], "line 5"),
        ([*ROWS, "4;healthy;;glaucoma"], "line 5: more cells than the header has"),
        ([*ROWS, "1;glaucoma;glaucoma"], "line 5: the patient's left eye is annotated twice"),
    ],
)
def test_what_can_not_be_understood_is_reported_clearly(
    tmp_path: Path, rows: list[str], sentence: str
) -> None:
    file = write_annotations(tmp_path, tuple(rows))
    wrong = read_annotations(tmp_path).remarks[0]
    assert wrong.kind is Finding.WRONG
    assert str(wrong).startswith(f"{file}: ") and sentence in str(wrong)


def test_no_file_and_two_files_are_refused(tmp_path: Path) -> None:
    [missing] = read_annotations(tmp_path).remarks
    assert missing.kind is Finding.MISSING and "no annotations file" in str(missing)
    write_annotations(tmp_path)
    (tmp_path / "medical-description-v1.csv").touch()
    [wrong] = read_annotations(tmp_path).remarks
    assert wrong.kind is Finding.WRONG and "more than one" in str(wrong)


def test_unknown_headings_and_other_glaucomas_are_odd(tmp_path: Path) -> None:
    write_annotations(tmp_path, ("id;OS;OD", *ROWS[1:], "4;suspected glaucoma;"))
    annotations = read_annotations(tmp_path)
    assert annotations.has_glaucoma(4, "left") is False
    assert {remark.kind for remark in annotations.remarks} == {Finding.ODD}
    heading, disease = (remark.named for remark in annotations.remarks)
    assert "'OS', 'OD' are read as left and right eye" in heading
    assert "'suspected glaucoma' not counted as glaucoma" in disease
