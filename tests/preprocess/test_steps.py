"""Other steps than the paper's: no iris looked for, nothing mirrored, frames padded, circles given."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_bodies import draw_chest, draw_ground, write_bodies
from drawn_eyes import write_eyes

from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.data.manifest import survey_manifest
from replication.errors import DataError, SettingsError
from replication.preprocess.frame import list_facts, preprocess_image, repeat_steps
from replication.preprocess.places import find_iris_axes, mask_irises, mask_signs
from replication.preprocess.stage import preprocess_images
from replication.store.arrays import load_manifest, save_preprocessed

PLAIN = PreprocessSettings(strip_rows=0, mirroring=False, centring="none")
BY_MANIFEST = replace(PLAIN, centring="manifest")
FRAME = np.random.default_rng(0).integers(0, 256, (30, 48), np.uint8)


def pad_slowly(frame: np.ndarray) -> np.ndarray:
    """Return the frame in a square, pixel by pixel: the nearest of its own."""
    height, width = frame.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.empty((side, side), np.uint8)
    for row in range(side):
        for column in range(side):
            y = min(max(row - top, 0), height - 1)
            x = min(max(column - left, 0), width - 1)
            square[row, column] = frame[y, x]
    return square


def shrink(frame: np.ndarray, size_px: int = 64) -> np.ndarray:
    return cv2.resize(frame, (size_px, size_px), interpolation=cv2.INTER_AREA)


def refuse_to_look(frame: np.ndarray):
    raise AssertionError("an iris was looked for")


@pytest.mark.parametrize("eye", ["left", "right", "neither"])
@pytest.mark.parametrize("size_px", [64, 128])
def test_without_steps_a_frame_is_resized_and_nothing_else(eye: str, size_px: int) -> None:
    settings = replace(PLAIN, image_size_px=size_px)
    image, facts = preprocess_image(
        FRAME, eye=eye, settings=settings, find=refuse_to_look, by_hand=Circle(3, 4, 5)
    )
    np.testing.assert_array_equal(image, shrink(FRAME, size_px))
    assert not (facts.iris_found or facts.mirrored or facts.padded)
    assert (facts.shift_x_px, facts.shift_y_px, facts.iris_evidence) == (0, 0, "")
    assert np.isnan([facts.iris_centre_x_px, facts.iris_radius_px]).all()


def test_steps_are_left_out_one_at_a_time() -> None:
    cut = replace(PLAIN, strip_rows=4)
    image, facts = preprocess_image(FRAME, eye="right", settings=cut)
    np.testing.assert_array_equal(image, shrink(FRAME[:-4]))
    assert facts.strip_rows_removed == 4
    mirrored = replace(PLAIN, mirroring=True)
    image, facts = preprocess_image(FRAME, eye="right", settings=mirrored)
    np.testing.assert_array_equal(image, shrink(np.ascontiguousarray(FRAME[:, ::-1])))
    assert facts.mirrored


@pytest.mark.parametrize("shape", [(30, 48), (48, 30), (31, 48), (48, 31), (40, 40)])
def test_padding_repeats_the_border_around_the_middle(shape: tuple[int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    settings = replace(PLAIN, resizing="pad")
    image, facts = preprocess_image(frame, eye="neither", settings=settings)
    np.testing.assert_array_equal(image, shrink(pad_slowly(frame)))
    assert facts.padded
    np.testing.assert_array_equal(repeat_steps(frame, facts, size_px=64), image)


@pytest.mark.parametrize("mirroring", [True, False])
def test_a_circle_given_comes_to_the_middle(mirroring: bool) -> None:
    frame, (x, y, radius) = draw_ground(1, 0, True)
    settings = replace(BY_MANIFEST, mirroring=mirroring)
    image, facts = preprocess_image(
        frame, eye="right", settings=settings, find=refuse_to_look, by_hand=Circle(x, y, radius)
    )
    pale = np.argwhere(image > 210)  # the cup, in the disc's middle
    assert pale.mean(axis=0) == pytest.approx((31.5, 31.5), abs=0.6)
    assert facts.mirrored is mirroring
    width, height = facts.frame_width_px, facts.frame_height_px
    assert abs(facts.iris_centre_x_px + facts.shift_x_px - (width - 1) / 2) <= 0.5
    assert abs(facts.iris_centre_y_px + facts.shift_y_px - (height - 1) / 2) <= 0.5
    with pytest.raises(DataError, match="has no centre_x, centre_y, radius to be centred on"):
        preprocess_image(frame, eye="right", settings=settings)


def test_a_manifest_without_sides_is_preprocessed_in_its_order(tmp_path: Path) -> None:
    file = write_bodies(tmp_path / "chests", draw_chest, patients=3, images=2)
    table = survey_manifest(file, steps=PLAIN).require_usable()
    images, facts = preprocess_images(table, file.parent, PLAIN, workers=1)
    for image, path in zip(images, table["path"], strict=True):
        np.testing.assert_array_equal(image, shrink(cv2.imread(str(file.parent / path), 0)))
    assert "padded" not in facts and not facts["mirrored"].any()
    with pytest.raises(DataError, match="beside 'left' and 'right'"):
        preprocess_images(table, file.parent, replace(PLAIN, mirroring=True), workers=1)


def test_facts_of_padded_frames_are_read_back(tmp_path: Path) -> None:
    settings = PreprocessSettings(resizing="pad")
    table = write_eyes(tmp_path, 4)
    images, facts = preprocess_images(table, tmp_path, settings, workers=1)
    assert facts["padded"].all()
    save_preprocessed(tmp_path, images, facts.assign(patient_id=table["patient_id"]))
    for image, path, fact in zip(
        images, facts["path"], list_facts(load_manifest(tmp_path)), strict=True
    ):
        frame = cv2.imread(str(tmp_path / path), 0)
        np.testing.assert_array_equal(repeat_steps(frame, fact, size_px=64), image)


@pytest.mark.parametrize("resizing", ["stretch", "pad"])
def test_places_go_the_way_of_the_pixels(tmp_path: Path, resizing: str) -> None:
    settings = PreprocessSettings(resizing=resizing)
    table = write_eyes(tmp_path, 6)
    _, facts = preprocess_images(table, tmp_path, settings, workers=1)
    signs = pd.DataFrame(
        [(path, "spot", 70.0, 50.0, 8.0) for path in facts["path"]],
        columns=["file", "kind", "x_px", "y_px", "radius_px"],
    )
    spot = np.zeros((120, 160), np.uint8)
    rows, columns = np.ogrid[:120, :160]
    spot[(columns - 70) ** 2 + (rows - 50) ** 2 <= 64] = 255
    masks = mask_signs(facts, signs)
    for mask, fact in zip(masks, list_facts(facts), strict=True):
        shown = repeat_steps(spot, fact, size_px=64)
        assert mask[shown > 1].all() and not mask[shown == 0].any()
    irises, _ = mask_irises(facts)
    across, along = find_iris_axes(facts)
    assert irises.any(axis=1).sum(axis=1).mean() / 2 == pytest.approx(across, abs=1)
    assert irises.any(axis=2).sum(axis=1).mean() / 2 == pytest.approx(along, abs=1)
    if resizing == "pad":
        assert across == along


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"strip_rows": -1}, "--strip-rows: expected 0 or more, got -1"),
        ({"strip_rows": "11"}, "--strip-rows: expected 0 or more, got '11'"),
        ({"centring": "pupil"}, "--centring: expected one of iris, none, manifest, got 'pupil'"),
        ({"resizing": "crop"}, "--resize: expected one of stretch, pad, got 'crop'"),
        ({"channels": 2}, "--channels: expected one of 3, 1, got 2"),
    ],
)
def test_unknown_steps_are_refused(wrong: dict, sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        PreprocessSettings(**wrong)
    assert str(raised.value) == sentence


def test_the_paper_s_steps_are_recorded_as_before_and_others_beside_them() -> None:
    usual = PreprocessSettings()
    assert usual.recorded == {"strip_rows": 11, "image_size_px": 64, "channels": 3}
    assert usual.words == () and usual.on_irises
    assert not replace(usual, centring="manifest").on_irises
    other = PreprocessSettings(0, 128, 1, mirroring=False, centring="none", resizing="pad")
    assert PreprocessSettings(**other.recorded) == other and not other.on_irises
    assert " ".join(other.words) == (
        "--strip-rows 0 --no-mirroring --centring none --resize pad --channels 1 --image-size 128"
    )
