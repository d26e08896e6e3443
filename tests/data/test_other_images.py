"""Manifests of images that are no eyes: `disease`, no sides, circles to be centred on."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_bodies import CHEST_PX, draw_chest, draw_ground, write_bodies
from drawn_eyes import write_warsaw

from replication.config import PreprocessSettings
from replication.data.doctor import examine
from replication.data.iris_by_hand import list_circles
from replication.data.manifest import survey_manifest
from replication.data.survey import NO_SIDE, PAPER_STEPS, Survey

PLAIN = PreprocessSettings(strip_rows=0, mirroring=False, centring="none")
BY_MANIFEST = replace(PLAIN, centring="manifest")


@pytest.fixture
def chests(tmp_path: Path) -> Path:
    return write_bodies(tmp_path / "chests", draw_chest, patients=3, images=2)


@pytest.fixture
def grounds(tmp_path: Path) -> Path:
    return write_bodies(tmp_path / "grounds", draw_ground, patients=3, images=2, with_circles=True)


def change(manifest: Path, right: str, wrong: str) -> Path:
    text = manifest.read_text()
    assert right in text
    manifest.write_text(text.replace(right, wrong, 1))
    return manifest


def name_error(survey: Survey) -> str:
    return survey.errors[0].named


def test_a_disease_needs_no_side_where_nothing_is_mirrored(chests: Path) -> None:
    table = survey_manifest(chests, steps=PLAIN).require_usable()
    assert table["glaucoma"].tolist() == [False] * 4 + [True] * 2
    assert set(table["eye"]) == {NO_SIDE} and "disease" not in table
    sentence = name_error(survey_manifest(chests))
    assert "'eye' not found: add them; without sides, give --no-mirroring" in sentence


def test_the_paper_s_manifest_is_read_without_mirroring_too(chests: Path) -> None:
    change(chests, "path,patient_id,disease", "Path,patient_id,GLAUCOMA,eye")
    change(chests, "001-0.png,patient-1,false", "001-0.png,patient-1,false,Right")
    table = survey_manifest(chests, steps=PLAIN).require_usable()
    assert table["eye"].tolist() == ["right"] + [NO_SIDE] * 5
    change(chests, "001-1.png,patient-1,false", "001-1.png,patient-1,false,up")
    assert "eye 'up' is unknown" in name_error(survey_manifest(chests, steps=PLAIN))


def test_one_column_holds_the_disease(chests: Path) -> None:
    change(chests, "disease", "disease,glaucoma")
    sentence = name_error(survey_manifest(chests, steps=PLAIN))
    assert sentence.endswith("the columns 'glaucoma' and 'disease' are one, keep one")


def test_circles_are_read_where_images_are_centred_on_them(grounds: Path) -> None:
    survey = survey_manifest(grounds, steps=BY_MANIFEST)
    circles = list_circles(survey.require_usable())
    assert all(circles) and ("circles to be centred on", 6) in survey.counts
    _, (x, y, radius) = draw_ground(1, 0, False)
    assert circles[0] == pytest.approx((x, y, radius), abs=0.05)
    plain = survey_manifest(grounds, steps=PLAIN).require_usable()
    assert "radius" not in plain  # as any further column is


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (",,", "no centre_x, centre_y, radius to be centred on, fill them in"),
        ("160,,30", "'centre_y' is blank"),
        ("160,wide,30", "centre_y 'wide' is no number"),
        ("160,120,-1", "radius '-1' is not above 0"),
        ("160,240,30", "the circle lies outside the image without its bottom 0 rows"),
        ("-1,120,30", "the circle lies outside the image"),
        ("160,120,321", "the circle lies outside the image"),
    ],
)
def test_a_circle_that_can_t_be_a_middle_is_refused(
    grounds: Path, cells: str, sentence: str
) -> None:
    first = grounds.read_text().splitlines()[1]
    change(grounds, first, ",".join([*first.split(",")[:3], cells]))
    assert sentence in name_error(survey_manifest(grounds, steps=BY_MANIFEST))


def test_a_manifest_without_circles_can_t_be_centred_on_them(chests: Path) -> None:
    sentence = name_error(survey_manifest(chests, steps=BY_MANIFEST))
    assert "'centre_x', 'centre_y', 'radius' not found" in sentence


def test_a_folder_has_no_circles_to_be_centred_on(tmp_path: Path) -> None:
    root = write_warsaw(tmp_path / "eyes")
    assert examine(root).errors == ()
    [error] = examine(root, steps=PreprocessSettings(centring="manifest")).errors
    assert "no image has a circle to be centred on; give centre_x,centre_y,radius" in str(error)


def test_a_strip_that_is_kept_tells_images_apart(chests: Path) -> None:
    first, second = (chests.parent / f"001-{number}.png" for number in (0, 1))
    image = cv2.imread(str(first), 0)
    image[-3:] = 255 - image[-3:]
    cv2.imwrite(str(second), image)
    assert survey_manifest(chests, steps=PLAIN).errors == ()
    cut = replace(PLAIN, strip_rows=11)
    assert "have the same pixels, remove" in name_error(survey_manifest(chests, steps=cut))


def test_a_mirrored_copy_is_another_image_where_nothing_is_mirrored(chests: Path) -> None:
    first, second = (chests.parent / f"001-{number}.png" for number in (0, 1))
    cv2.imwrite(str(second), np.ascontiguousarray(cv2.imread(str(first), 0)[:, ::-1]))
    assert survey_manifest(chests, steps=PLAIN).errors == ()
    change(chests, "path,patient_id,disease", "eye,path,patient_id,disease")
    text = chests.read_text().splitlines()
    chests.write_text("\n".join([text[0], *(f"left,{line}" for line in text[1:])]) + "\n")
    sentence = name_error(survey_manifest(chests, steps=replace(PLAIN, mirroring=True)))
    assert "pixels, mirrored or not" in sentence


def test_contrast_counts_in_what_is_kept(chests: Path) -> None:
    file = chests.parent / "001-0.png"
    flat = np.full(CHEST_PX[::-1], 90, np.uint8)
    flat[-5:] = 250
    cv2.imwrite(str(file), flat)
    assert survey_manifest(chests, steps=PLAIN).errors == ()
    cut = replace(PLAIN, strip_rows=5)
    assert "spans less than 50" in name_error(survey_manifest(chests, steps=cut))


def test_frames_no_higher_than_what_is_cut_off_are_refused(chests: Path) -> None:
    low = replace(PLAIN, strip_rows=CHEST_PX[1])
    assert "no higher than the label strip of 300 rows" in name_error(
        survey_manifest(chests, steps=low)
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: cv2.imwrite(str(file), np.eye(200, dtype=np.uint8) * 255), "mixed sizes"),
        (
            lambda file: cv2.imwrite(str(file), np.arange(108000).reshape(300, 360).astype("u2")),
            "mixed depths",
        ),
        (lambda file: file.write_text("no image"), "1 of 6 images can't be read"),
    ],
)
def test_images_of_mixed_kinds_are_refused(chests: Path, spoil, sentence: str) -> None:
    spoil(chests.parent / "002-0.png")
    assert any(sentence in str(error) for error in survey_manifest(chests, steps=PLAIN).errors)


def test_the_doctor_counts_no_eyes_of_what_has_no_sides(chests: Path) -> None:
    counts = dict(examine(chests, steps=PLAIN).counts)
    assert counts["patients with glaucoma"] == 1 and "eyes" not in counts
    assert "eyes with glaucoma" not in counts
    change(chests, "patient-3,true", "patient-3,false")
    assert not examine(chests, steps=PLAIN).list_remarks(*["odd"])
    assert PAPER_STEPS == PreprocessSettings()
