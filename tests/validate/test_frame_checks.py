"""An image shows how its frame was treated: cut or not, mirrored or not, moved how far."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye, draw_textured_eye, label_strip, write_eyes

from replication.config import PreprocessSettings
from replication.preprocess.frame import preprocess_image
from replication.preprocess.stage import preprocess_images
from replication.validate.frame_checks import (
    FrameAgreement,
    compare_with_frame,
    find_strip,
    measure_offset,
)


def measure_all(images: np.ndarray) -> np.ndarray:
    """Measure images of 160x109 px frames; an iris that isn't found is an error here."""
    return np.array([measure_offset(i, width_px=160, height_px=109) for i in images], float)


def preprocess_eyes(folder: Path) -> np.ndarray:
    return preprocess_images(write_eyes(folder, 10), folder, PreprocessSettings(), workers=1)[0]


def test_a_centred_iris_measured_again_is_in_the_middle(tmp_path: Path) -> None:
    offset = measure_all(preprocess_eyes(tmp_path))
    # 160 px wide frames: 5 px are 20 of 640.
    assert np.hypot(*offset.T).max() < 5


def test_an_iris_moved_off_the_middle_or_absent_is_noticed(tmp_path: Path) -> None:
    assert measure_offset(np.zeros((64, 64), np.uint8), width_px=160, height_px=109) is None
    moved = np.roll(preprocess_eyes(tmp_path), 4, axis=2)
    np.testing.assert_allclose(measure_all(moved)[:, 0], 10, atol=4)


CUT, UNCUT = PreprocessSettings(), PreprocessSettings(strip_rows=0)


def agree(
    image: np.ndarray, frame: np.ndarray, facts, *, eye: str, strip_rows: int = 11
) -> FrameAgreement:
    return compare_with_frame(
        image,
        frame,
        strip_rows=strip_rows,
        is_right=eye == "right",
        shift=(facts.shift_x_px, facts.shift_y_px),
    )


@pytest.mark.parametrize("eye", ["left", "right"])
@pytest.mark.parametrize("seed", range(3))
def test_every_treatment_of_a_frame_is_recognised(seed: int, eye: str) -> None:
    frame, stranger = (draw_textured_eye(np.random.default_rng(s)) for s in (seed, seed + 100))
    right, other = eye == "right", {"left": "right", "right": "left"}[eye]
    image, facts = preprocess_image(frame, eye=eye, settings=CUT)
    assert agree(image, frame, facts, eye=eye) == FrameAgreement(True, right, 0.0)

    resized_otherwise = agree(cv2.GaussianBlur(image, (3, 3), 0), frame, facts, eye=eye)
    assert resized_otherwise.shows_cut_frame
    assert resized_otherwise.shows_mirrored_frame == right
    assert 0 < resized_otherwise.frame_difference_gray < 4

    mirrored_at_the_end = agree(image[:, ::-1], frame, facts, eye=eye)
    assert mirrored_at_the_end.shows_mirrored_frame == (not right)
    assert mirrored_at_the_end.frame_difference_gray > 4

    moved_by_40_px_of_640 = agree(np.roll(image, 4, axis=1), frame, facts, eye=eye)
    assert moved_by_40_px_of_640.frame_difference_gray > 4

    another_eye, _ = preprocess_image(stranger, eye=eye, settings=CUT)
    assert agree(another_eye, frame, facts, eye=eye).frame_difference_gray > 4

    image, facts = preprocess_image(frame, eye=other, settings=CUT)
    assert agree(image, frame, facts, eye=eye).shows_mirrored_frame == (not right)

    image, facts = preprocess_image(frame, eye=eye, settings=UNCUT)
    strip_kept = agree(image, frame, facts, eye=eye)
    assert (strip_kept.shows_cut_frame, strip_kept.shows_mirrored_frame) == (False, right)


def test_an_even_eye_that_was_mirrored_after_it_was_moved_is_noticed() -> None:
    frame = label_strip(draw_eye(centre=(250, 230)))
    image, facts = preprocess_image(frame, eye="left", settings=CUT)
    assert facts.shift_x_px > 60
    found = agree(image[:, ::-1], frame, facts, eye="left")
    assert (found.shows_cut_frame, found.shows_mirrored_frame) == (True, True)


@pytest.mark.parametrize("eye", ["left", "right"])
def test_where_there_is_no_difference_none_is_reported(eye: str) -> None:
    frame = np.full((91, 120), 80, np.uint8)
    image, facts = preprocess_image(frame, eye=eye, settings=CUT)
    found = agree(image, frame, facts, eye=eye)
    assert found == FrameAgreement(True, eye == "right", 0.0)


def test_frames_without_a_strip_are_taken_as_they_are() -> None:
    frame = draw_textured_eye(np.random.default_rng(1))
    image, facts = preprocess_image(frame, eye="left", settings=UNCUT)
    assert agree(image, frame, facts, eye="left", strip_rows=0).shows_cut_frame


@pytest.mark.parametrize("level", [1.0, 0.6, 0.05])
@pytest.mark.parametrize("down", [0, -8])
def test_a_strip_is_found_in_light_frames_and_none_is_in_dark_ones(level: float, down: int) -> None:
    eye = (draw_eye(centre=(320, 234.5 - down)) * level).astype(np.uint8)
    whole, _ = preprocess_image(label_strip(eye), eye="left", settings=CUT)
    assert not find_strip(whole)
    left_on, _ = preprocess_image(label_strip(eye), eye="left", settings=UNCUT)
    assert find_strip(left_on) == (level > 0.5)


def test_a_light_strip_is_found_too_and_a_shade_or_an_edge_with_an_eye_below_is_none() -> None:
    light = 255 - label_strip(255 - (draw_eye() // 2))
    assert find_strip(preprocess_image(light, eye="left", settings=UNCUT)[0])
    fading = np.linspace(1, 0, 64)[:, None] * np.full((1, 64), 220.0)
    assert not find_strip(fading.astype(np.uint8))
    edge = np.full((64, 64), 150, np.uint8)
    edge[50:] = np.linspace(20, 120, 14)[:, None]
    assert not find_strip(edge)
