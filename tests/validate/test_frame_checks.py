"""What preprocessing did is measured again on its images, and a moved iris is noticed.

An image says how its frame was treated, and a strip that was left on is seen.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye, label_strip, write_eyes
from textured_eyes import draw_textured_eye

from replication.config import PreprocessSettings
from replication.preprocess.frame import preprocess_image
from replication.preprocess.stage import preprocess_images
from replication.validate.frame_checks import (
    FrameAgreement,
    compare_with_frame,
    measure_off_middle,
    see_strip,
)


def measure_all(images: np.ndarray) -> np.ndarray:
    """Measure images of 160x109 px frames; an iris that isn't found is an error here."""
    return np.array([measure_off_middle(i, width_px=160, height_px=109) for i in images], float)


def preprocess_eyes(folder: Path) -> np.ndarray:
    return preprocess_images(write_eyes(folder, 10), folder, PreprocessSettings(), workers=1)[0]


def test_a_centred_iris_measured_again_is_in_the_middle(tmp_path: Path) -> None:
    off = measure_all(preprocess_eyes(tmp_path))
    # 160 px wide frames: 5 px are 20 of 640.
    assert np.hypot(*off.T).max() < 5


def test_an_iris_moved_off_the_middle_is_noticed(tmp_path: Path) -> None:
    moved = np.roll(preprocess_eyes(tmp_path), 4, axis=2)
    np.testing.assert_allclose(measure_all(moved)[:, 0], 10, atol=4)


def test_where_no_iris_is_found_there_is_no_answer() -> None:
    assert measure_off_middle(np.zeros((64, 64), np.uint8), width_px=160, height_px=109) is None


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
class TestTreatments:
    def test_as_it_should_be(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        image, facts = preprocess_image(frame, eye=eye, settings=CUT)
        assert agree(image, frame, facts, eye=eye) == FrameAgreement(True, eye == "right", 0.0)

    def test_resized_in_another_way_it_is_still_told(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        image, facts = preprocess_image(frame, eye=eye, settings=CUT)
        blurred = cv2.GaussianBlur(image, (3, 3), 0)
        seen = agree(blurred, frame, facts, eye=eye)
        assert (seen.shows_cut_frame, seen.shows_mirrored_frame) == (True, eye == "right")
        assert 0 < seen.frame_difference_gray < 4

    def test_not_mirrored_or_mirrored_without_need(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        other = {"left": "right", "right": "left"}[eye]
        image, facts = preprocess_image(frame, eye=other, settings=CUT)
        assert agree(image, frame, facts, eye=eye).shows_mirrored_frame == (eye == "left")

    def test_mirrored_once_more_at_the_end(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        image, facts = preprocess_image(frame, eye=eye, settings=CUT)
        seen = agree(image[:, ::-1], frame, facts, eye=eye)
        assert seen.shows_mirrored_frame == (eye == "left")
        assert seen.frame_difference_gray > 4

    def test_a_strip_left_on(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        image, facts = preprocess_image(frame, eye=eye, settings=UNCUT)
        seen = agree(image, frame, facts, eye=eye)
        assert (seen.shows_cut_frame, seen.shows_mirrored_frame) == (False, eye == "right")

    def test_moved_by_40_px_of_640(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        image, facts = preprocess_image(frame, eye=eye, settings=CUT)
        assert agree(np.roll(image, 4, axis=1), frame, facts, eye=eye).frame_difference_gray > 4

    def test_another_eyes_image(self, seed: int, eye: str) -> None:
        frame = draw_textured_eye(np.random.default_rng(seed))
        _, facts = preprocess_image(frame, eye=eye, settings=CUT)
        stranger = draw_textured_eye(np.random.default_rng(seed + 100))
        image, _ = preprocess_image(stranger, eye=eye, settings=CUT)
        assert agree(image, frame, facts, eye=eye).frame_difference_gray > 4


@pytest.mark.parametrize("eye", ["left", "right"])
def test_where_no_difference_can_be_seen_none_is_alleged(eye: str) -> None:
    frame = np.full((91, 120), 80, np.uint8)
    image, facts = preprocess_image(frame, eye=eye, settings=CUT)
    seen = agree(image, frame, facts, eye=eye)
    assert seen == FrameAgreement(True, eye == "right", 0.0)


def test_frames_without_a_strip_are_taken_as_they_are() -> None:
    frame = draw_textured_eye(np.random.default_rng(1))
    image, facts = preprocess_image(frame, eye="left", settings=UNCUT)
    assert agree(image, frame, facts, eye="left", strip_rows=0).shows_cut_frame


@pytest.mark.parametrize("level", [1.0, 0.6, 0.05])
@pytest.mark.parametrize("down", [0, -8])
def test_a_strip_is_seen_in_light_frames_and_none_is_in_dark_ones(level: float, down: int) -> None:
    eye = (draw_eye(centre=(320, 234.5 - down)) * level).astype(np.uint8)
    whole, _ = preprocess_image(label_strip(eye), eye="left", settings=CUT)
    assert not see_strip(whole)
    left_on, _ = preprocess_image(label_strip(eye), eye="left", settings=UNCUT)
    assert see_strip(left_on) == (level > 0.5)


def test_a_light_strip_is_seen_too() -> None:
    frame = 255 - label_strip(255 - (draw_eye() // 2))
    image, _ = preprocess_image(frame, eye="left", settings=UNCUT)
    assert see_strip(image)


def test_a_shade_towards_the_bottom_is_no_strip() -> None:
    fading = np.linspace(1, 0, 64)[:, None] * np.full((1, 64), 220.0)
    assert not see_strip(fading.astype(np.uint8))


def test_an_edge_with_an_eye_below_it_is_no_strip() -> None:
    image = np.full((64, 64), 150, np.uint8)
    image[50:] = np.linspace(20, 120, 14)[:, None]
    assert not see_strip(image)
