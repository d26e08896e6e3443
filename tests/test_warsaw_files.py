"""Which files of a Warsaw folder are which."""

from pathlib import Path

import pytest

from replication.warsaw_files import is_ad100_image, list_eye_folders, sort_files, walk_files


@pytest.mark.parametrize(
    "name",
    [
        "0001_L_IG_11.jpg",
        "0001_R_IG_11.BMP",
        "0001-l-ig-1.jpeg",
        "IG_0001_1.png",
        "0001_1_IG.bmp",
        "0001IG1.bmp",
        "0001LIG1.bmp",
        "0001leftIG1.bmp",
        "0001rightIG1.bmp",
        "0001_IGright_1.bmp",
        "0001 IG 1.bmp",
    ],
)
def test_the_token_is_found_where_the_name_has_it(name: str) -> None:
    assert is_ad100_image(Path(name))


@pytest.mark.parametrize(
    "name",
    [
        "0001_L_CA_11.jpg",
        "0001right_TC_1.jpg",
        "0001_right_1.jpg",
        "SIGN_1.jpg",
        "0001_SIGN.jpg",
        "0001_IGNORE_1.jpg",
        "0001_BIG_1.jpg",
        "0001_L_IG_11.txt",
        "IG/0001_L_CA_1.jpg",
    ],
)
def test_other_words_and_types_are_not_taken_for_it(name: str) -> None:
    assert not is_ad100_image(Path(name))


def test_eye_folders_are_found_in_any_spelling_and_sorted(tmp_path: Path) -> None:
    for name in ["0060left", "0002 RIGHT", "0002_Left", "readme", ".hidden", "left", "0001front"]:
        (tmp_path / "Images-nir" / name).mkdir(parents=True)
    (tmp_path / "Images-nir" / "0004left").touch()
    folders, strays = list_eye_folders(tmp_path, "images-NIR")
    assert [(folder.patient, folder.eye) for folder in folders] == [
        (2, "right"),
        (2, "left"),
        (60, "left"),
    ]
    assert [path.name for path in strays] == ["0001front", "0004left", "left", "readme"]


def test_files_are_sorted_by_camera_and_type_at_any_depth(tmp_path: Path) -> None:
    eye = tmp_path / "images-NIR" / "0001left"
    for name in ["b_IG_1.jpg", "a/c_IG_2.BMP", "x_CA_1.jpg", "Thumbs.db", "._b_IG_1.jpg"]:
        (eye / name).parent.mkdir(parents=True, exist_ok=True)
        (eye / name).touch()
    files = sort_files(list_eye_folders(tmp_path, "images-NIR")[0])
    assert [file.name for _, file in files.ad100] == ["b_IG_1.jpg", "c_IG_2.BMP"]
    assert [file.name for file in files.other_cameras] == ["x_CA_1.jpg"]
    assert [file.name for file in files.other_types] == ["Thumbs.db"]


def test_a_circle_of_links_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "again").symlink_to(tmp_path)
    assert [file.name for file in walk_files(tmp_path)] == ["a.png"]
