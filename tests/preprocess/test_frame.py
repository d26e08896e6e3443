"""Cut, mirror, centre, resize: on drawn eyes whose every number is known."""

import cv2
import numpy as np
import pytest
from drawn_eyes import IRIS, PUPIL, SCLERA, draw_eye, label_strip

from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.errors import DataError
from replication.preprocess.frame import BY_HAND, preprocess_image
from replication.preprocess.iris import IrisFit

SETTINGS = PreprocessSettings()


def middle_of_darkest(image: np.ndarray) -> tuple[float, float]:
    """Return the mean x and y of the pupil's pixels."""
    rows, columns = np.nonzero(image < 75)
    return columns.mean(), rows.mean()


@pytest.mark.parametrize("centre", [(320, 240), (200, 180), (440, 300)])
@pytest.mark.parametrize("eye", ["left", "right"])
def test_the_iris_comes_to_the_middle(centre: tuple[int, int], eye: str) -> None:
    image, facts = preprocess_image(
        label_strip(draw_eye(centre=centre)), eye=eye, settings=SETTINGS
    )
    assert (image.shape, image.dtype) == ((64, 64), np.uint8)
    assert middle_of_darkest(image) == pytest.approx((31.5, 31.5), abs=0.75)
    x = 639 - centre[0] if eye == "right" else centre[0]
    assert (facts.iris_centre_x_px, facts.iris_centre_y_px) == pytest.approx((x, centre[1]), abs=5)
    assert (facts.shift_x_px, facts.shift_y_px) == pytest.approx(
        (319.5 - x, 234 - centre[1]), abs=6
    )
    assert facts.iris_found
    assert facts.mirrored == (eye == "right")
    assert (facts.frame_width_px, facts.frame_height_px) == (640, 480)
    assert facts.strip_rows_removed == 11


def test_the_strip_leaves_no_trace() -> None:
    eye = draw_eye()
    other = eye.copy()
    other[-11:] = np.random.default_rng(0).integers(0, 256, (11, 640))
    image, facts = preprocess_image(eye, eye="left", settings=SETTINGS)
    other_image, other_facts = preprocess_image(other, eye="left", settings=SETTINGS)
    np.testing.assert_array_equal(image, other_image)
    assert facts == other_facts
    one_row_up = other.copy()
    one_row_up[-12] = 0
    changed, _ = preprocess_image(one_row_up, eye="left", settings=SETTINGS)
    assert (changed != image).any()


def test_a_right_eye_is_a_mirrored_left_one() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (91, 120), np.uint8)
    image, facts = preprocess_image(frame, eye="left", settings=SETTINGS)
    flipped = np.ascontiguousarray(frame[:, ::-1])
    mirrored, mirrored_facts = preprocess_image(flipped, eye="right", settings=SETTINGS)
    np.testing.assert_array_equal(image, mirrored)
    assert (facts.mirrored, mirrored_facts.mirrored) == (False, True)


def test_the_iris_may_be_found_and_the_frame_resized_otherwise() -> None:
    eye = draw_eye(centre=(200, 180))
    elsewhere = IrisFit(220.0, 180.0, 120.0, 48.0, 1.0, True)
    image, facts = preprocess_image(
        eye, eye="left", settings=SETTINGS, find=lambda frame: elsewhere, interpolation=0
    )
    assert (facts.iris_centre_x_px, facts.shift_x_px) == (220.0, round(319.5 - 220))
    assert set(np.unique(image)) == {PUPIL, IRIS, SCLERA}  # the nearest pixel makes no others


@pytest.mark.parametrize(("eye", "x"), [("left", 200.0), ("right", 439.0)])
def test_an_iris_by_hand_takes_the_place_of_the_finder(eye: str, x: float) -> None:
    frame = np.full((480, 640), SCLERA, np.uint8)  # nothing to find
    cv2.circle(frame, (200, 180), 5, PUPIL, -1)
    given = Circle(200.0, 180.0, 90.0)
    image, facts = preprocess_image(frame, eye=eye, settings=SETTINGS, by_hand=given)
    assert facts.iris_found and facts.iris_evidence == BY_HAND
    assert (facts.iris_centre_x_px, facts.iris_centre_y_px, facts.iris_radius_px) == (x, 180, 90)
    assert np.isnan(facts.pupil_radius_px)
    assert (facts.shift_x_px, facts.shift_y_px) == (round(319.5 - x), 54)
    row, column = np.unravel_index(image.argmin(), image.shape)
    assert {int(row), int(column)} <= {31, 32}


def test_without_an_iris_the_frame_stays_where_it_is() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (480, 640), np.uint8)
    image, facts = preprocess_image(frame, eye="left", settings=SETTINGS)
    expected = cv2.resize(frame[:-11], (64, 64), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(image, expected)
    assert not facts.iris_found
    assert (facts.shift_x_px, facts.shift_y_px) == (0, 0)
    assert np.isnan([facts.iris_centre_x_px, facts.iris_centre_y_px, facts.iris_radius_px]).all()


def test_the_border_is_repeated_not_wrapped() -> None:
    eye = draw_eye(centre=(500, 235))
    eye[:, 630:] = 90
    image, facts = preprocess_image(eye, eye="left", settings=SETTINGS)
    assert facts.shift_x_px < -150
    first = 640 + facts.shift_x_px
    np.testing.assert_array_equal(image[:, first // 10 + 1 :], 90)
    assert (image[:, 0] == 200).all()


def test_a_frame_no_higher_than_the_strip_is_refused() -> None:
    with pytest.raises(DataError, match="more than 11 rows, got 11"):
        preprocess_image(np.zeros((11, 40), np.uint8), eye="left", settings=SETTINGS)
