"""Objects are what the standard asks of a secondary capture, carry nothing, and come out alike."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pydicom = pytest.importorskip("pydicom")

from replication.config import SMOKE
from replication.data.image_file import read_levels
from replication.errors import DataError
from replication.privatize.dicom_objects import EMPTY, build_object, write_each
from replication.privatize.methods import METHODS
from replication.records import PrivatizedSet, to_bytes

SIDE = SMOKE.preprocess.image_size_px


def draw_sets(images: int = 3, draws: int = 2, *, size_px: int = SIDE) -> list[PrivatizedSet]:
    """Draw noise, gray in three channels in draw 0 and coloured in draw 1."""
    rng = np.random.default_rng(0)
    gray = rng.uniform(-1, 1, (images, size_px, size_px, 1)).repeat(3, axis=3)
    coloured = rng.uniform(-1, 1, gray.shape)
    kinds = [gray, coloured][:draws]
    return [
        PrivatizedSet("k-same-3", number, kind.astype(np.float32), None)
        for number, kind in enumerate(kinds)
    ]


def write(folder: Path, sets: list[PrivatizedSet], *, root: str = "secret", first_row: int = 0):
    """Write sets into a new folder, and return the list of objects, each read back."""
    folder.mkdir()
    ids = pd.Series([f"eye-{first_row + n}" for n in range(len(sets[0].images))])
    given = {"image_ids": ids, "root": root, "first_row": first_row}
    assert list(write_each(sets, folder, **given)) == sets
    listed = pd.read_csv(folder / "objects.csv")
    return listed.assign(read=[pydicom.dcmread(folder / file) for file in listed["file"]])


def test_each_image_is_an_object_of_the_same_pixels(tmp_path: Path) -> None:
    sets = draw_sets()
    listed = write(tmp_path / "block", sets)
    assert listed["image_id"].tolist() == ["eye-0", "eye-1", "eye-2"] * 2
    assert listed["draw"].tolist() == [0, 0, 0, 1, 1, 1]
    for place, (draw, made) in enumerate(zip(listed["draw"], listed["read"], strict=True)):
        wanted = to_bytes(sets[draw].images[place % 3])
        found = made.pixel_array
        np.testing.assert_array_equal(found, wanted if draw else wanted[..., 0])
        assert made.PhotometricInterpretation == ("RGB" if draw else "MONOCHROME2")
    gray, colour = (tmp_path / "block" / listed["file"][n] for n in (0, 3))
    np.testing.assert_array_equal(read_levels(gray)[0], to_bytes(sets[0].images[0, ..., 0]))
    with pytest.raises(DataError, match="holds colours"):
        read_levels(colour)


def test_an_odd_number_of_pixels_is_padded(tmp_path: Path) -> None:
    sets = draw_sets(size_px=5)
    listed = write(tmp_path / "block", sets)
    assert [len(made.PixelData) for made in listed["read"]] == [26] * 3 + [76] * 3
    np.testing.assert_array_equal(listed["read"][4].pixel_array, to_bytes(sets[1].images[1]))


def test_the_marks_of_deidentification_are_set(tmp_path: Path) -> None:
    made = write(tmp_path / "block", draw_sets(1))["read"][0]
    assert made[0x0012, 0x0062].value == "YES"
    words = list(made[0x0012, 0x0063].value)
    assert words == ["method k-same-3", "header made anew, nothing copied from a source"]
    (code,) = made[0x0012, 0x0064].value
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113102", "DCM")
    assert code.CodeMeaning == "Clean Recognizable Visual Features Option"
    assert all(made[name].is_empty for name in EMPTY)
    assert not [element for element in made if element.VR in ("DA", "TM", "DT") and element.value]
    longest = max(METHODS, key=len)
    values = build_object(np.zeros((2, 2, 1), np.uint8), method=longest, draw=0, row=0, root="a")
    assert max(map(len, values.DeidentificationMethod)) <= 64


def test_the_same_images_give_the_same_bytes_and_another_secret_other_uids(tmp_path: Path) -> None:
    def list_bytes(name: str, root: str) -> dict[str, bytes]:
        write(tmp_path / name, draw_sets(), root=root)
        folder = tmp_path / name
        return {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file()
        }

    once, again, other = list_bytes("a", "s"), list_bytes("b", "s"), list_bytes("c", "t")
    assert once == again
    assert not once.keys() & other.keys() - {"objects.csv"}
    studies, series = (
        {pydicom.dcmread(tmp_path / name / file)[tag].value for file in files if "/" in file}
        for name, files in (("a", once), ("c", other))
        for tag in ("StudyInstanceUID",)
    )
    assert len(studies) == len(series) == 1 and not studies & series


def test_no_two_objects_share_a_uid(tmp_path: Path) -> None:
    # Rows and draws that are the same figures joined: 1 and 11, 11 and 1.
    pixels = np.zeros((2, 2, 1), np.uint8)
    made = [
        build_object(pixels, method="blur-3", draw=draw, row=row, root="secret")
        for draw in range(12)
        for row in range(120)
    ]
    assert len({each.SOPInstanceUID for each in made}) == len(made)
    assert len({each.SeriesInstanceUID for each in made}) == 12
    assert len({each.StudyInstanceUID for each in made}) == 1
    every = {uid for m in made for uid in (m.SOPInstanceUID, m.SeriesInstanceUID)}
    assert len(every) == len(made) + 12 and max(map(len, every)) <= 64


def test_the_next_block_continues_where_the_last_one_ended(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole", draw_sets(1))
    next_one = write(tmp_path / "next", draw_sets(1), first_row=1)
    assert not set(whole["file"]) & set(next_one["file"])


def test_files_stand_in_no_order_of_the_images(tmp_path: Path) -> None:
    listed = write(tmp_path / "block", draw_sets(60, 1))
    order = np.argsort(listed["file"].to_numpy())
    assert abs(np.corrcoef(order, np.arange(60))[0, 1]) < 0.4
    made = listed["read"]
    numbers = {(each.SeriesNumber, each.InstanceNumber, each.StudyInstanceUID) for each in made}
    assert len(numbers) == 1


def test_every_object_is_what_the_module_tables_ask_for(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    from dicom_tables import read_tables

    modules, used = read_tables()
    attributes = {e["key"]: [a for a in modules[e["key"]] if not a["path"]] for e in used}
    allowed = {a["keyword"] for each in attributes.values() for a in each}
    asked = [a for e in used if e["usage"] == "M" for a in attributes[e["key"]]]
    types = {a["keyword"]: a["type"] for a in asked if a["type"] in ("1", "2")}
    assert len(types) > 20 and set(EMPTY) - {"PatientOrientation"} <= types.keys()
    for made in write(tmp_path / "block", draw_sets())["read"]:
        assert not [name for name in types if name not in made]
        assert not [name for name, kind in types.items() if kind == "1" and made[name].is_empty]
        assert {element.keyword for element in made} <= allowed


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (None, 0),
        (lambda made: made.pop("PatientName"), 1),
        (lambda made: setattr(made, "Modality", ""), 1),
        (lambda made: setattr(made, "ExposureTime", "5"), 1),
        (lambda made: made.DeidentificationMethodCodeSequence[0].pop("CodeMeaning"), 1),
        (lambda made: setattr(made, "StudyInstanceUID", "1.02.3"), 1),
    ],
)
def test_a_public_validator_finds_no_error_and_would_find_some(
    tmp_path: Path, fault, found: int
) -> None:
    pytest.importorskip("highdicom")
    pytest.importorskip("dicom_validator")
    from dicom_tables import list_errors

    listed = write(tmp_path / "block", draw_sets())
    for name, made in zip(listed["file"], listed["read"], strict=True):
        if fault:
            fault(made)
            made.save_as(tmp_path / "block" / name)
        assert len(list_errors(tmp_path / "block" / name)) == found
