"""Edge points lie on the outlines that were drawn and point across them."""

import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.preprocess.iris_edges import WORKING_SIDE_PX, find_edge_points


def test_they_lie_on_the_drawn_circles_and_point_outwards() -> None:
    points = find_edge_points(draw_eye())
    dx = (points.x + 0.5) / points.scale - 0.5 - 320
    dy = (points.y + 0.5) / points.scale - 0.5 - 240
    distance = np.hypot(dx, dy)
    on_pupil, on_limbus = np.abs(distance - 48) < 5, np.abs(distance - 120) < 5
    assert (on_pupil | on_limbus).mean() > 0.95
    assert np.median(distance[on_pupil]) == pytest.approx(48, abs=1.5)
    assert np.median(distance[on_limbus]) == pytest.approx(120, abs=1.5)
    outwards = (dx * points.towards_x + dy * points.towards_y) / distance
    assert (outwards[on_pupil | on_limbus] > 0.9).all()


def test_an_outline_has_about_one_point_per_px() -> None:
    points = find_edge_points(draw_eye())
    outline = 2 * np.pi * (48 + 120) * points.scale
    assert len(points.x) == pytest.approx(outline, rel=0.3)


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (1280, 960), (90, 120), (641, 479)])
def test_every_frame_comes_to_the_working_size(size: tuple[int, int]) -> None:
    points = find_edge_points(draw_eye(size=size, centre=(size[0] / 2, size[1] / 2)))
    assert max(points.width_px, points.height_px) == WORKING_SIDE_PX
    assert points.scale * max(size) == pytest.approx(WORKING_SIDE_PX, rel=0.01)


def test_strengths_do_not_matter() -> None:
    # Exact: every gray level is halved, and so every comparison of two slopes is the same.
    eye = draw_eye() // 2 * 2
    whole, half = find_edge_points(eye), find_edge_points(eye // 2)
    assert len(whole.x) == pytest.approx(len(half.x), rel=0.02)


def test_a_blank_frame_has_none() -> None:
    assert len(find_edge_points(np.full((480, 640), 99, np.uint8)).x) == 0
