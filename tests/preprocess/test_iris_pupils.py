"""An iris of which little but the pupil is seen is found by it; what was found without, stays."""

import cv2
import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.preprocess import iris
from replication.preprocess.iris import LIMBUS_TO_PUPIL, find_iris
from replication.preprocess.iris_copies import remove_lamps
from replication.preprocess.iris_evidence import (
    LEAST_RANK,
    EdgePoints,
    find_edge_points,
    judge_inside,
)
from replication.preprocess.iris_polar import USUAL_LIMBUS_TO_PUPIL, look_closer
from replication.preprocess.iris_votes import propose_pupils

MIDDLE = (320, 240)
LIMBUS_PX, PUPIL_PX = 107, 37


def draw_squint(
    *,
    opening_px: float = 50,
    grays: tuple[int, int, int] = (60, 80, 95),
    pupil: tuple[int, int] = MIDDLE,
    lamp: tuple[int, int] | None = None,
    brow: bool = False,
) -> np.ndarray:
    """Return (469, 640) uint8: an eye between lids that cut its limbus above and below.

    Args:
        opening_px: half the height between the lids.
        grays: of pupil, iris and sclera.
        pupil: its middle; the limbus's is MIDDLE.
        lamp: the middle of a lamp's image.
        brow: whether one, darker and larger than the pupil, is in the frame.
    """
    rows, columns = np.mgrid[:469, :640].astype(float)
    eye = np.full(rows.shape, 235.0)
    if brow:
        eye[rows < 110 + 20 * np.sin(columns / 90)] = 35
    lid = opening_px * (1 - ((columns - MIDDLE[0]) / 260) ** 2)
    ball = np.full_like(eye, grays[2])
    ball[np.hypot(columns - MIDDLE[0], rows - MIDDLE[1]) < LIMBUS_PX] = grays[1]
    ball[np.hypot(columns - pupil[0], rows - pupil[1]) < PUPIL_PX] = grays[0]
    eye = np.where(np.abs(rows - MIDDLE[1]) < lid, ball, eye)
    lashes = (np.abs(rows - MIDDLE[1] + lid) < 9) & (np.abs(columns - MIDDLE[0]) < 290)
    eye = cv2.GaussianBlur(np.where(lashes, 45, eye), (0, 0), 2)
    if lamp:
        cv2.circle(eye, lamp, 6, 255, -1)
    eye += np.random.default_rng(0).normal(0, 2, eye.shape)
    return np.clip(eye, 0, 255).astype(np.uint8)


HIDDEN = {
    "lids cut the limbus": {},
    "the pupil is off the limbus's middle": {"pupil": (332, 234)},
    "a lamp lies on the pupil's edge": {"lamp": (352, 222)},
    "a brow is darker and larger": {
        "brow": True,
        "opening_px": 58,
        "grays": (20, 50, 65),
        "lamp": (352, 222),
    },
    "the pupil is hardly darker than the iris": {"opening_px": 58, "grays": (75, 90, 110)},
}


@pytest.mark.parametrize("kind", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_pupil_is_found_where_the_limbus_is_hidden(kind: dict) -> None:
    fit = find_iris(draw_squint(**kind))
    assert fit.found
    x, y = kind.get("pupil", MIDDLE)
    assert (fit.centre_x_px, fit.centre_y_px) == pytest.approx((x, y), abs=4)
    assert fit.pupil_radius_px == pytest.approx(PUPIL_PX, rel=0.15)


def test_what_a_closer_look_finds_is_not_looked_for_by_its_pupil(monkeypatch) -> None:
    def refuse(*_):
        raise AssertionError("looked for pupils")

    monkeypatch.setattr(iris, "_find_by_pupil", refuse)
    assert find_iris(draw_squint(grays=(20, 50, 65), lamp=(352, 222))).found
    with pytest.raises(AssertionError, match="looked for pupils"):
        find_iris(draw_squint())


@pytest.mark.parametrize("radius_px", [60, 120, 200])
def test_a_pupil_is_proposed_whatever_the_size_of_its_iris(radius_px: int) -> None:
    points = find_edge_points(draw_eye(radius_px=radius_px, size=(640, 469)))
    x, y = propose_pupils(points)
    miss = np.hypot(*(each - (320.5, 240.5)[k] * points.scale for k, each in enumerate((x, y))))
    assert miss.min() < 2


def test_a_frame_too_narrow_for_a_pupil_has_none() -> None:
    frame = np.zeros((3, 900), np.uint8)
    frame[:, ::7] = 255
    assert [len(each) for each in propose_pupils(find_edge_points(frame))] == [0, 0]


def draw_dark_disc(radius_px: int) -> EdgePoints:
    """Return a working image whose middle is a disc, all else brighter."""
    down, right = np.ogrid[-36:36, -48:48]
    inside = np.hypot(right, down) <= radius_px
    rank = np.where(inside, inside.mean(), 1).astype(np.float32)
    empty = np.zeros(0, np.float32)
    return EdgePoints(empty, empty, empty, empty, empty > 0, rank, 72, 96, 0.15)


def test_a_wide_pupil_is_dark_beside_what_lies_elsewhere() -> None:
    wide, narrow = draw_dark_disc(24), draw_dark_disc(5)
    centre = (np.float32([48]), np.float32([36]))
    most = -2 * np.log10(LEAST_RANK)

    def judge(points: EdgePoints, radius: float, *, elsewhere: bool) -> float:
        radii = np.float32([radius])
        return float(judge_inside(points, *centre, radii, elsewhere=elsewhere)[0, 0])

    assert judge(wide, 24, elsewhere=False) == pytest.approx(
        -2 * np.log10(wide.rank.min()), rel=1e-3
    )
    assert judge(wide, 24, elsewhere=True) == pytest.approx(most, rel=1e-3)
    assert judge(narrow, 5, elsewhere=False) == pytest.approx(most, rel=1e-3)
    # Half of what is as dark lies outside of a disc of half the area.
    half = (wide.rank.min() / 2) / (1 - wide.rank.min() / 2)
    part = judge(wide, 24 / np.sqrt(2), elsewhere=True)
    assert part == pytest.approx(-2 * np.log10(half), rel=0.02)


def look_at_middle(eye: np.ndarray, *, by_pupil: bool):
    """Look closer at the frame's middle; return the last look's middle, px of the frame, and ratio."""
    image = remove_lamps(eye)
    points = find_edge_points(image)
    scale = points.scale * image.shape[1] / eye.shape[1]
    place = (np.float32([(each + 0.5) * scale - 0.5]) for each in MIDDLE)
    look = look_closer(image, points, *place, by_pupil=by_pupil)
    middle = (look.x[-1] + 0.5) / scale - 0.5, (look.y[-1] + 0.5) / scale - 0.5
    return middle, look.limbus[-1] / look.pupil[-1]


def test_by_the_pupil_the_limbus_does_not_pull_the_middle() -> None:
    eye = draw_eye(radius_px=1)
    cv2.circle(eye, (332, 240), 110, 120, -1)
    cv2.circle(eye, (314, 240), 60, 30, -1)
    (by_pupil, _), (by_both, _) = (look_at_middle(eye, by_pupil=each) for each in (True, False))
    assert by_pupil == pytest.approx((314, 240), abs=1)
    assert by_both[0] > by_pupil[0] + 1


def test_by_the_pupil_a_hole_in_the_iris_is_too_small_for_one() -> None:
    eye = draw_eye(radius_px=1)
    for radius, gray in ((140, 120), (22, 30)):
        cv2.circle(eye, MIDDLE, radius, gray, -1)
    assert look_at_middle(eye, by_pupil=False)[1] == pytest.approx(140 / 22, rel=0.1)
    assert look_at_middle(eye, by_pupil=True)[1] <= USUAL_LIMBUS_TO_PUPIL[1] * 1.01
    assert LIMBUS_TO_PUPIL[0] <= USUAL_LIMBUS_TO_PUPIL[0] < USUAL_LIMBUS_TO_PUPIL[1]
