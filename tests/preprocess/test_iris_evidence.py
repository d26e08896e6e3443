"""Edge points lie on drawn outlines; a circle's evidence is its definition written slowly."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_eyes import draw_eye
from scipy.stats import binom

from replication.preprocess.iris_copies import WORKING_SIDE_PX
from replication.preprocess.iris_evidence import (
    ARCS,
    CHANCE,
    CORRELATION_PX,
    LIMBUS_ARCS,
    PUPIL_ARCS,
    RADIUS_TOLERANCE,
    EdgePoints,
    find_edge_points,
    find_rings,
    judge_circles,
    list_radii,
)


def test_edge_points_lie_on_the_drawn_circles_and_point_outwards() -> None:
    points = find_edge_points(draw_eye())
    dx = (points.x + 0.5) / points.scale - 0.5 - 320
    dy = (points.y + 0.5) / points.scale - 0.5 - 240
    distance = np.hypot(dx, dy)
    on_pupil, on_limbus = np.abs(distance - 48) < 5, np.abs(distance - 120) < 5
    assert (on_pupil | on_limbus).mean() > 0.95
    assert np.median(distance[on_pupil]) == pytest.approx(48, abs=1.5)
    assert np.median(distance[on_limbus]) == pytest.approx(120, abs=1.5)
    one_per_px = 2 * np.pi * (48 + 120) * points.scale
    assert len(points.x) == pytest.approx(one_per_px, rel=0.3)
    outwards = (dx * points.towards_x + dy * points.towards_y) / distance
    assert (outwards[on_pupil | on_limbus] > 0.9).all()


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


def test_a_blank_frame_has_no_edge_points() -> None:
    assert len(find_edge_points(np.full((480, 640), 99, np.uint8)).x) == 0


def ring_of_points(radius_px: float, *, turn: float, count: int) -> EdgePoints:
    """Return edge points on a circle about (48, 36), each turned off its radius."""
    angle = np.arange(count) * (2 * np.pi / count)
    return EdgePoints(
        (48 + radius_px * np.cos(angle)).astype(np.float32),
        (36 + radius_px * np.sin(angle)).astype(np.float32),
        np.cos(angle + turn).astype(np.float32),
        np.sin(angle + turn).astype(np.float32),
        np.zeros(count, bool),
        np.ones((72, 96), np.float32),
        72,
        96,
        1.0,
    )


def judge_slowly(points: EdgePoints, x: float, y: float, index: int, arcs: np.ndarray) -> float:
    """Return the evidence of a dark disc's outline, point by point, the circle inside the frame.

    Args:
        arcs: (A, 8) the parts of each choice.
    """
    radii = list_radii(points.height_px, points.width_px)
    low = (radii[index - 2] + radii[index - 1]) / 2
    high = (radii[index + 1] + radii[index + 2]) / 2
    aligned, total = np.zeros((2, 8)), np.zeros(8)
    for k in range(len(points.x)):
        dx, dy = points.x[k] - x, points.y[k] - y
        distance = np.hypot(dx, dy)
        if low < distance <= high:
            part = (abs(dx) > distance / 2) + 2 * (dy > 0) + 4 * (dx > 0)
            total[part] += 1
            cosine = (dx * points.towards_x[k] + dy * points.towards_y[k]) / distance
            along = np.degrees(np.arccos(np.clip(cosine, -1, 1))) < 30
            aligned[0, part] += along
            aligned[1, part] += along and points.strong[k]
    # A side's part is a sixth of the circle, a cap's, left or right of the middle, a twelfth.
    tried = np.maximum(total, 2 * np.pi * radii[index] * np.array([1, 2] * 4) / 12)
    found = [0.0]
    for choice in arcs:
        for level, chance in enumerate((CHANCE, CHANCE / 2)):
            length = max(1, tried @ choice)
            fraction = min(max(aligned[level] @ choice / length, chance), 1 - 1e-6)
            divergence = fraction * np.log(fraction / chance)
            divergence += (1 - fraction) * np.log((1 - fraction) / (1 - chance))
            found.append(length / CORRELATION_PX * divergence / np.log(10))
    return max(found)


def test_the_evidence_is_the_definition() -> None:
    points = find_edge_points(draw_eye(centre=(300, 235)))
    points = replace(points, rank=np.ones_like(points.rank))  # the outlines' alone
    x, y = 300.5 * points.scale - 0.5, 235.5 * points.scale - 0.5
    dark, _, limbus = judge_circles(points, np.float32([x]), np.float32([y]))
    for found, arcs in ((dark, PUPIL_ARCS), (limbus, LIMBUS_ARCS)):
        for index in range(3, found.shape[1] - 3):
            slowly = judge_slowly(points, x, y, index, ARCS[arcs])
            assert found[0, index] == pytest.approx(slowly, abs=1e-3)


def test_a_disc_as_dark_as_few_places_is_evident_by_two_of_them() -> None:
    points = ring_of_points(20, turn=0, count=120)
    down, right = np.ogrid[-36:36, -48:48]
    rank = np.where(np.hypot(right, down) < 20, 0.1, 1).astype(np.float32)
    centre = (np.float32([48]), np.float32([36]))
    plain, dark = (
        judge_circles(replace(points, rank=each), *centre)[0][0]
        for each in (np.ones_like(rank), rank)
    )
    index = int(plain.argmax())
    assert dark[index] - plain[index] == pytest.approx(2, abs=1e-3)
    rank[:36] = 1  # its upper half under a lid
    half = judge_circles(replace(points, rank=rank), *centre)[0][0]
    assert half[index] - plain[index] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shape", [(70, 96), (96, 72), (96, 96), (24, 96)])
def test_a_distance_is_in_the_ring_of_the_nearest_radius(shape) -> None:
    radii = list_radii(*shape)
    middles = (radii[1:] + radii[:-1]) / 2
    borders = np.array(
        [1.5 * radii[0] - 0.5 * radii[1], *middles, 1.5 * radii[-1] - 0.5 * radii[-2]]
    )
    distance = np.append(np.linspace(0, 140, 200_001), borders).astype(np.float32)
    np.testing.assert_array_equal(find_rings(distance, *shape), np.searchsorted(borders, distance))


def test_the_bound_is_no_smaller_than_the_chance_it_bounds() -> None:
    for count in (20, 40, 60, 80):
        points = ring_of_points(20, turn=0, count=count)
        dark, _, _ = judge_circles(points, np.float32([48]), np.float32([36]))
        arc = 2 * np.pi * 20
        exact = -binom.logsf(np.floor(count / CORRELATION_PX) - 1, arc // CORRELATION_PX, CHANCE)
        assert 0 <= dark.max() <= 1.25 * exact / np.log(10)


def test_the_turn_of_the_points_decides_which_disc_they_are() -> None:
    centre = (np.float32([48]), np.float32([36]))
    dark, bright, limbus = judge_circles(ring_of_points(20, turn=0, count=120), *centre)
    assert limbus.max() == pytest.approx(dark.max())
    assert dark.max() > 20
    assert bright.max() == pytest.approx(0, abs=1e-6)
    dark, bright, limbus = judge_circles(ring_of_points(20, turn=np.pi, count=120), *centre)
    assert bright.max() > 20
    assert dark.max() == pytest.approx(0, abs=1e-6) == limbus.max()
    sideways = judge_circles(ring_of_points(20, turn=np.pi / 2, count=120), *centre)
    assert max(evidence.max() for evidence in sideways) == pytest.approx(0, abs=1e-6)


def test_the_evidence_peaks_at_the_radius() -> None:
    dark, _, _ = judge_circles(
        ring_of_points(20, turn=0, count=120), np.float32([48]), np.float32([36])
    )
    assert list_radii(72, 96)[dark[0].argmax()] == pytest.approx(20, rel=2 * RADIUS_TOLERANCE)
