"""The later code's Hough circle: what it finds, and what it passes over."""

import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.studies.hough_circle import find_iris_by_hough


def test_a_dark_disc_near_the_middle_is_found() -> None:
    fit = find_iris_by_hough(draw_eye(centre=(300, 250), radius_px=250))
    assert fit.found
    assert (fit.centre_x_px, fit.centre_y_px) == pytest.approx((300, 250), abs=4)
    assert fit.radius_px == pytest.approx(100, abs=5)


@pytest.mark.parametrize(
    "eye",
    [
        draw_eye(centre=(450, 240), radius_px=250),  # further than 100 px from the middle
        draw_eye(radius_px=250) // 4 + 140,  # nothing is darker than the gray level
        np.full((480, 640), 200, np.uint8),
    ],
)
def test_whatever_its_constants_do_not_fit_is_not_found(eye: np.ndarray) -> None:
    fit = find_iris_by_hough(eye)
    assert not fit.found
    assert fit.confidence == 0
