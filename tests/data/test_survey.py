"""The checks that both readers share, and what one pass over a file finds."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_eyes import write_image
from PIL import Image
from PIL.ExifTags import Base

from replication.data.image_file import ImageHeader
from replication.data.pixels import hash_pixels
from replication.data.survey import (
    COLUMNS,
    COPIES,
    PAPER_STEPS,
    Choice,
    FileFacts,
    Finding,
    ImageRow,
    Remark,
    Survey,
    inspect_files,
    name_some,
    survey_images,
)
from replication.errors import DataError

ROWS = [
    ImageRow("b.png", "1", "left", True),
    ImageRow("a.png", "2", "right", False),
    ImageRow("c.png", "2", "left", False),
]


def survey(root: Path, rows: list[ImageRow] = ROWS, **choices) -> Survey:
    return survey_images(root, rows, remarks=[], **choices)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed, name in enumerate("abc"):
        write_image(tmp_path / f"{name}.png", seed=seed)
    return tmp_path


def test_a_good_table_is_sorted_and_plain(root: Path) -> None:
    table = survey(root).require_usable()
    assert tuple(table.columns) == COLUMNS
    assert table["image_id"].tolist() == table["path"].tolist() == ["a.png", "b.png", "c.png"]
    assert table["glaucoma"].tolist() == [False, True, False]
    assert table["glaucoma"].dtype == bool
    assert table["sha256"].str.len().eq(64).all()


def test_two_files_of_the_same_content_are_both_named(root: Path) -> None:
    (root / "c.png").write_bytes((root / "a.png").read_bytes())
    [error] = survey(root).errors
    assert "'a.png' and 'c.png' have the same content" in error.named
    with pytest.raises(DataError, match="^two files have the same content"):
        survey(root).require_usable()


def write_copy(root: Path, name: str, **labels) -> ImageRow:
    """Write the pixels of a.png once more, in another kind of file, and return its row."""
    cv2.imwrite(str(root / name), cv2.imread(str(root / "a.png"), cv2.IMREAD_GRAYSCALE))
    return ROWS[1]._replace(path=name, **labels)


def test_images_of_the_same_pixels_stop_a_run_unless_copies_are_dropped(root: Path) -> None:
    rows = [*ROWS, write_copy(root, "d.bmp")]
    [error] = survey(root, rows).errors
    assert (
        "'a.png' and 'd.bmp' have the same pixels, mirrored or not, remove all but one"
        in error.named
    )
    assert str(error).startswith("two files have the same pixels, ")
    found = survey(root, rows, choices=[Choice.DROP_DUPLICATES])
    assert ("copies of images, left out", 1) in found.counts
    table = found.require_usable()
    assert table["path"].tolist() == ["a.png", "b.png", "c.png"]
    assert table[COPIES].tolist() == ["d.bmp", "", ""]
    assert len(found.sizes_px) == len(found.problems) == 3


@pytest.mark.parametrize("label", [{"patient_id": "1"}, {"eye": "left"}, {"glaucoma": True}])
def test_copies_that_contradict_each_other_are_never_dropped(root: Path, label: dict) -> None:
    rows = [*ROWS, write_copy(root, "d.bmp", **label), write_copy(root, "e.bmp")]
    for choices in ([], [Choice.DROP_DUPLICATES]):
        [error] = survey(root, rows, choices=choices).errors
        pairs = "'a.png' and 'd.bmp', 'a.png' and 'e.bmp' have the same pixels, mirrored or not, "
        assert error.named.startswith(f"{pairs}and differ in patient, eye or glaucoma")


def test_a_copy_may_differ_in_its_label_strip_and_nowhere_else(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 8), dtype=np.uint8)
    for name, row in (("a", 0), ("strip", -1), ("eye", 0)):
        changed = levels.copy()
        changed[row] = 255 - levels[row] if name != "a" else levels[row]
        cv2.imwrite(str(tmp_path / f"{name}.png"), changed)
    one, strip, eye = (
        hash_pixels(tmp_path / f"{name}.png", PAPER_STEPS) for name in ("a", "strip", "eye")
    )
    assert one == strip != eye


def test_a_few_unreadable_images_are_odd_unless_they_are_all_of_a_patient(tmp_path: Path) -> None:
    rows = [ImageRow(f"{n:03}.png", str(n % 2), "left", n % 3 == 0) for n in range(100)]
    for seed, row in enumerate(rows):
        write_image(tmp_path / row.path, seed=seed)
    (tmp_path / "007.png").write_bytes(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"
    )
    [odd] = survey(tmp_path, rows).remarks
    assert odd.kind is Finding.ODD
    assert "'007.png' is a Git LFS pointer, get the image by `git lfs pull`; they are" in odd.named
    rows[7] = rows[7]._replace(patient_id="lost")
    [error] = survey(tmp_path, rows).errors
    assert "no image of 'lost' can be read" in error.named and "lost" not in str(error)


def test_an_image_is_a_copy_of_its_mirror_image(root: Path) -> None:
    pixels = cv2.imread(str(root / "a.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(root / "c.png"), pixels[:, ::-1])
    [error] = survey(root).errors
    assert "'a.png' and 'c.png' have the same pixels, mirrored or not" in error.named


def test_frames_of_the_label_strip_alone_and_flat_frames_are_refused(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        write_image(tmp_path / f"{name}.png", seed=number, height_px=11)
    [error] = survey(tmp_path).errors
    assert "no higher than the label strip of 11 rows" in error.named
    for number, name in enumerate("abc"):
        levels = np.random.default_rng(number).integers(0, 4096, (32, 8), dtype=np.uint16)
        levels[-11:] = 0  # the strip is no part of what is held against the limit
        cv2.imwrite(str(tmp_path / f"{name}.png"), levels if name < "c" else 16 * levels)
    [error] = survey(tmp_path).errors
    sentence = "'a.png', 'b.png': spans less than 50 of 255 gray levels where level 65535 is white"
    assert sentence in error.named


def test_empty_files_are_no_copies_of_each_other(root: Path) -> None:
    for name in "ac":
        (root / f"{name}.png").write_bytes(b"")
    found = survey(root)
    [error] = found.list_remarks(*Finding)
    assert "2 of 3 images can't be read: 'a.png' has no readable header" in error.named
    assert "number 1 has no readable header" in str(error) and "png" not in str(error)
    assert found.sizes_px == (None, (8, 16), None)


def test_one_other_size_is_named(root: Path) -> None:
    write_image(root / "b.png", seed=9, width_px=7)
    [error] = survey(root).errors
    assert "mixed sizes: 8x16 (2, 'a.png'), 7x16 (1, 'b.png')" in error.named
    with pytest.raises(DataError, match=r"mixed sizes: 8x16 \(2\), 7x16 \(1\)"):
        survey(root).require_usable()


def test_one_of_another_depth_and_one_of_another_turn_are_named(root: Path) -> None:
    rng = np.random.default_rng(5)
    cv2.imwrite(str(root / "b.png"), rng.integers(0, 4096, (16, 8), dtype=np.uint16))
    exif = Image.Exif()
    exif[Base.Orientation] = 3
    Image.fromarray(rng.integers(0, 256, (16, 8), dtype=np.uint8)).save(root / "c.png", exif=exif)
    depth, turn = survey(root).errors
    white = "mixed depths: white is level 255 (2, 'a.png'), white is level 65535 (1, 'b.png')"
    assert white in depth.named
    assert "mixed EXIF turns: orientation 1 (2, 'a.png'), orientation 3 (1, 'c.png')" in turn.named


def test_turned_images_are_counted_as_they_are_read(root: Path) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    for seed, name in enumerate("abc"):
        pixels = np.random.default_rng(seed).integers(0, 256, (16, 20), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{name}.png", exif=exif)
    found = survey(root)
    [odd] = found.remarks
    assert (odd.kind, found.sizes_px) == (Finding.ODD, ((16, 20),) * 3)
    assert odd.named.startswith("'a.png', 'b.png', 'c.png': turned as EXIF data say")


def test_a_file_that_is_gone_is_named(root: Path) -> None:
    (root / "b.png").unlink()
    [error] = survey(root).errors
    assert "'b.png': is no file, restore it or remove it" in error.named
    with pytest.raises(DataError, match=r"^1 files: is no file.*`data doctor` names"):
        survey(root).require_usable()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"patient_id": "1"}, "one patient"),
        ({"glaucoma": True}, "every image has glaucoma"),
        ({"glaucoma": False}, "no image has glaucoma"),
    ],
)
def test_classes_that_nobody_could_distinguish_are_refused(
    root: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        survey(root, [row._replace(**change) for row in ROWS]).require_usable()


def test_unknown_labels_are_not_counted_as_none_having_glaucoma(root: Path) -> None:
    rows = [row._replace(glaucoma=row.glaucoma or None) for row in ROWS]
    found = survey(root, rows)
    assert found.remarks == ()
    assert found.table["glaucoma"].isna().tolist() == [True, False, True]


def test_one_person_under_two_ids_stops_a_run_unless_they_are_called_distinct(root: Path) -> None:
    rows = [row._replace(patient_id=who) for row, who in zip(ROWS, ["P4", "x", "p04"], strict=True)]
    found = survey(root, rows)
    [error] = found.errors
    assert "'P4' = 'p04' may be one person" in error.named
    with pytest.raises(DataError, match="1 groups of patient ids may be .*--ids-are-distinct") as e:
        found.require_usable()
    assert "P4" not in str(e.value)
    chosen = survey(root, rows, choices=[Choice.IDS_ARE_DISTINCT])
    assert chosen.require_usable()["patient_id"].nunique() == 3
    assert "'P4' = 'p04'" in chosen.list_remarks(Finding.ODD)[0].named


def test_errors_are_the_missing_and_the_wrong_and_odd_remarks_stop_nothing(root: Path) -> None:
    kinds = [Finding.ODD, Finding.WRONG, Finding.MISSING, Finding.WRONG]
    remarks = [Remark(f"{kind} {place}", kind=kind) for place, kind in enumerate(kinds)]
    found = survey_images(root, ROWS, remarks=remarks)
    assert [str(error) for error in found.errors] == ["missing 2", "wrong 1", "wrong 3"]
    assert found.list_remarks(Finding.ODD) == (remarks[0],)
    survey_images(root, ROWS, remarks=remarks[:1]).require_usable()


def test_only_three_names_are_written_and_none_breaks_the_line() -> None:
    assert name_some("abc") == "'a', 'b', 'c'"
    assert name_some("abcde") == "'a', 'b', 'c' and 2 more"
    assert name_some(["a\nb"]) == r"'a\nb'"


@pytest.mark.parametrize(("suffix", "kind"), [(".bmp", "BMP"), (".jpg", "JPEG"), (".png", "PNG")])
def test_size_is_width_then_height_and_hash_is_of_the_bytes(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    file = tmp_path / f"eye{suffix}"
    write_image(file, seed=1, width_px=9, height_px=5)
    expected = FileFacts(hashlib.sha256(file.read_bytes()).hexdigest(), ImageHeader(kind, (9, 5)))
    assert inspect_files(tmp_path, [file.name]) == [expected]


def test_facts_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(9)]
    for width_px, file in enumerate(files, start=1):
        write_image(file, seed=0, width_px=width_px)
    found = inspect_files(tmp_path, [file.name for file in files[::-1]])
    assert [fact.size_px for fact in found] == [(width_px, 16) for width_px in range(9, 0, -1)]


def test_what_is_no_image_still_has_a_hash(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not an image")
    (tmp_path / "empty.png").touch()
    text, empty, absent, folder = inspect_files(
        tmp_path, ["text.png", "empty.png", "absent.png", "."]
    )
    assert text == FileFacts(hashlib.sha256(b"not an image").hexdigest(), None, False)
    assert empty == FileFacts(hashlib.sha256(b"").hexdigest(), None, True)
    assert absent == folder == FileFacts(None, None, False)
