"""About a drawn iris the rings are its circles, and a centre off the middle is moved there."""

import numpy as np
import pytest
from drawn_eyes import IRIS, PUPIL, draw_eye

from replication.preprocess.iris_copies import remove_lamps
from replication.preprocess.iris_evidence import find_edge_points
from replication.preprocess.iris_polar import (
    ANGLES,
    CORRELATED,
    STEP,
    list_copies,
    list_rings,
    look_closer,
    unwrap,
)


def look_at(eye: np.ndarray, x: float, y: float):
    """Look closer at one place of a frame; return the best look's values, px of the frame."""
    image = remove_lamps(eye)
    points = find_edge_points(image)
    scale = points.scale * image.shape[1] / eye.shape[1]
    place = (np.float32([(each + 0.5) * scale - 0.5]) for each in (x, y))
    look = look_closer(image, points, *place)
    best = look.decades.argmax()
    middle = (look.x[best] + 0.5) / scale - 0.5, (look.y[best] + 0.5) / scale - 0.5
    return look, middle, look.pupil[best] / scale, look.limbus[best] / scale


@pytest.mark.parametrize("radius_px", [60, 90, 150])
@pytest.mark.parametrize("off_px", [0, 5])
def test_the_rings_are_the_circles_of_any_size(radius_px: int, off_px: int) -> None:
    _, middle, pupil, limbus = look_at(draw_eye(radius_px=radius_px), 320 + off_px, 240)
    assert middle == pytest.approx((320, 240), abs=0.04 * radius_px)
    assert pupil == pytest.approx(0.4 * radius_px, rel=0.12)
    assert limbus == pytest.approx(radius_px, rel=0.12)


def test_a_whole_circle_is_as_surprising_as_its_samples() -> None:
    look, *_ = look_at(draw_eye(), 320, 240)
    # The strongest quarter of all edges, each with a chance of an eighth.
    most = ANGLES / CORRELATED * np.log10(8 * 4)
    assert 0.5 * most < look.limbus_decades.max() <= most * (1 + 1e-6)
    blank, *_ = look_at(
        np.full((480, 640), 90, np.uint8) + np.eye(480, 640, dtype=np.uint8), 320, 240
    )
    assert blank.limbus_decades.max() < 0.25 * most


def test_the_unwrapped_frame_has_its_gray_levels() -> None:
    copies = list_copies(remove_lamps(draw_eye()))
    scale = max(copies[-1].shape) / 96
    assert 2 / 3 < scale <= 2
    levels = unwrap(copies, np.float32([47.6]), np.float32([35.6]), np.float32([4, 12]))
    assert levels.shape == (1, 2, ANGLES)
    np.testing.assert_allclose(levels[0, 0], PUPIL, atol=2)
    np.testing.assert_allclose(levels[0, 1], IRIS, atol=2)


def test_each_ring_is_farther_by_one_factor() -> None:
    rings = list_rings(72, 96)
    np.testing.assert_allclose(rings[1:] / rings[:-1], np.exp(STEP), rtol=1e-5)
    assert rings[0] < 96 / 40 and rings[-1] > 36
