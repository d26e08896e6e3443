"""Find the iris: two circles about one middle, the pupil's and the limbus.

Circular edges as in Daugman (1993), proposed by radial votes (Loy and Zelinsky, 2003) and judged
a contrario (`replication.preprocess.iris_evidence`), so that 'no iris' is an answer.

Departure: the first author's later code takes a Hough circle of a copy binarised at gray level
130, which fails silently on other cameras' eyes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np

from replication.preprocess.iris_copies import WORKING_SIDE_PX, remove_lamps
from replication.preprocess.iris_evidence import (
    ARCS,
    DIRECTION_TOLERANCE,
    LATERAL,
    LIMBUS_ARCS,
    PUPIL_ARCS,
    STRONG,
    EdgePoints,
    find_edge_points,
    judge_circles,
    list_radii,
    tolerance_px,
)
from replication.preprocess.iris_polar import (
    BRIGHT_DECADES,
    LEAST_DECADES,
    LIMBUS_TO_PUPIL,
    Look,
    look_closer,
)
from replication.preprocess.iris_votes import SMALLEST_LIMBUS, propose_centres, propose_pupils

NARROWEST = 6  # ours: of a frame, as the smallest limbus tried spans an eighth of its longer side
SURVIVORS = 3  # ours: proposals whose centre is fitted
DAMPING = 1e-6 * np.eye(4)  # ours
SEEN_DECADES = 3.5  # ours: fewer than one in ten by chance, of some 300 radii, arcs and strengths
# Ours: arcs, strengths and grays are not independent, so that 3 decades, one false alarm in a
# thousand frames of noise, are too few for stripes and boxes.
FOUND_DECADES = 4.5
# Ours: below, a closer look decides; above, no degraded eye had its iris at a wrong place.
SURE_DECADES = 17.0
# Ours: of the closer look, whose finer samples follow straight edges further: of 60 frames of noise
# none, of 30 frames of boxes one at most has as much.
CLOSER_FOUND_DECADES = 6.5
PUPIL_SIDE_PX = 2 * WORKING_SIDE_PX  # ours: the smallest pupil tried spans 10 px
PUPIL_LOOKS = 5  # ours: votes lie up to half a small pupil's radius off its middle
CHOSEN = 4  # ours: centres looked at closer
APART_PX = 2.5  # ours: working px; nearer ones come to the same middle


class Evidence(StrEnum):
    """Which of the two circles is evident by itself; the radius of the other is a guess."""

    BOTH = "both"
    PUPIL = "pupil alone"
    LIMBUS = "limbus alone"
    TOGETHER = "neither alone"
    NONE = ""


@dataclass(frozen=True)
class IrisFit:
    """Where the iris is in a frame; pixel centres are at whole numbers.

    Args:
        centre_x_px, centre_y_px: the common middle of pupil and limbus.
        radius_px: of the limbus, the iris's outer edge.
        pupil_radius_px: of the pupil.
        confidence: in [0, 1]; 0.5 and above means found.
        found: whether chance would hardly draw such a pair of circles in any frame of noise.
        evidence: by which circles; NONE where not found.
    """

    centre_x_px: float
    centre_y_px: float
    radius_px: float
    pupil_radius_px: float
    confidence: float
    found: bool
    evidence: Evidence = Evidence.NONE


@dataclass(frozen=True)
class _CirclePair:
    """Two circles about one centre, working px, and how many decades they are beyond chance.

    `pupil_decades` and `limbus_decades` are the evidence of each, before all that was tried.
    """

    x: float
    y: float
    pupil: float
    limbus: float
    pupil_is_dark: bool
    decades: float
    pupil_decades: float = 0.0
    limbus_decades: float = 0.0


def find_iris(gray: np.ndarray) -> IrisFit:
    """Find the iris in one eye image of any size.

    1. Thin the image to edge points. 2. Let each vote for the centres it may belong to.
    3. Judge the best proposals by how surprising a pair of circles about them is. 4. Fit the best
    few to their own edge points and judge again. 5. Where little speaks for the best, look closer,
    and where that finds nothing, at the likeliest pupils.

    Args:
        gray: (H, W) uint8, without a label strip.
    """
    points = find_edge_points(gray)
    if len(points.x) == 0 or max(gray.shape) > NARROWEST * min(gray.shape):
        return nothing_found(gray)
    centre_x, centre_y = propose_centres(points)
    pairs = _best_pairs(points, centre_x, centre_y)
    survivors = sorted(pairs, key=lambda pair: -pair.decades)[:SURVIVORS]
    fitted = {pair: _fit_circles(points, pair) for pair in survivors}
    x, y = (np.float32([getattr(pair, axis) for pair in fitted.values()]) for axis in "xy")
    pairs = survivors + _best_pairs(points, x, y)
    best = max(pairs, key=lambda pair: pair.decades)
    # The radii tried lie in steps: the first fit brings in all points, the second uses them.
    once = fitted[best] if best in fitted else _fit_circles(points, best)
    if best.decades >= SURE_DECADES:
        return _to_frame(points, _fit_circles(points, once), FOUND_DECADES)
    return _find_closer(gray)


def _find_closer(gray: np.ndarray) -> IrisFit:
    """Find the iris in the frame without its lamps, unwrapped about the likeliest centres.

    Pupils alone are looked at where there is none: what was found stays as it is.
    """
    image = remove_lamps(gray)
    points = find_edge_points(image)
    if len(points.x) == 0:
        return nothing_found(gray)
    pairs = sorted(_best_pairs(points, *propose_centres(points)), key=lambda pair: -pair.decades)
    chosen: list[_CirclePair] = []
    for pair in pairs:
        if all(np.hypot(pair.x - other.x, pair.y - other.y) > APART_PX for other in chosen):
            chosen.append(pair)
    x, y = (np.float32([getattr(pair, axis) for pair in chosen[:CHOSEN]]) for axis in "xy")
    pair = _pair_of(points, look_closer(image, points, x, y))
    if pair.decades < CLOSER_FOUND_DECADES:
        pair = max(pair, _find_by_pupil(image, points), key=lambda pair: pair.decades)
    scale = points.scale * image.shape[1] / gray.shape[1]
    return _to_frame(replace(points, scale=scale), pair, CLOSER_FOUND_DECADES)


def _find_by_pupil(image: np.ndarray, points: EdgePoints) -> _CirclePair:
    """Return the best pair about the likeliest pupil, of which little else may be seen.

    Pupils are proposed on a finer copy, as a small one's weak edge is lost in the working image. The
    best is then looked at alone: the edges about it are ranked among themselves, not with others'.
    """
    fine = find_edge_points(image, PUPIL_SIDE_PX)
    working = points.scale / fine.scale
    x, y = ((place + 0.5) * working - 0.5 for place in propose_pupils(fine))
    best = _pair_of(points, look_closer(image, points, x, y, looks=1, by_pupil=True))
    x, y = np.float32([best.x]), np.float32([best.y])
    look = look_closer(image, points, x, y, looks=PUPIL_LOOKS, by_pupil=True)
    return _pair_of(points, look)


def _pair_of(points: EdgePoints, look: Look) -> _CirclePair:
    """Return the best pair of rings, chance's tries at each of the places counted."""
    best = int(look.decades.argmax())
    x, y, pupil, limbus, pupil_decades, limbus_decades = (
        float(getattr(look, name)[best])
        for name in ("x", "y", "pupil", "limbus", "pupil_decades", "limbus_decades")
    )
    log_places = np.log10(points.height_px * points.width_px)
    decades = float(look.decades[best]) - log_places - float(np.log10(look.tries))
    return _CirclePair(x, y, pupil, limbus, True, float(decades), pupil_decades, limbus_decades)


def nothing_found(gray: np.ndarray) -> IrisFit:
    """Return the middle of the frame, marked as not found."""
    height, width = gray.shape
    return IrisFit((width - 1) / 2, (height - 1) / 2, 0.0, 0.0, 0.0, False)


def _best_pairs(
    points: EdgePoints, centre_x: np.ndarray, centre_y: np.ndarray
) -> list[_CirclePair]:
    """Return the most surprising pair of circles about each of the centres."""
    radii = list_radii(points.height_px, points.width_px)
    dark, bright, limbus = judge_circles(points, centre_x, centre_y)
    pupil = np.maximum(dark, bright - BRIGHT_DECADES)
    allowed = _allow_pairs(points.height_px, points.width_px)
    inner, outer = pupil[:, :, None], limbus[:, None, :]
    allowed_here = allowed & (inner >= LEAST_DECADES) & (outer >= LEAST_DECADES)
    both = np.where(allowed_here, inner + outer, 0.0)
    best = both.reshape(len(both), -1).argmax(axis=1)
    # Chance had this many tries: every centre, every allowed pair, their arcs and strengths.
    choices = ARCS[PUPIL_ARCS].shape[0] * ARCS[LIMBUS_ARCS].shape[0] * len(STRONG)
    pairs = np.count_nonzero(allowed) * choices
    log_tries = np.log10(pairs * points.height_px * points.width_px)
    return [
        _CirclePair(
            float(centre_x[i]),
            float(centre_y[i]),
            float(radii[inner]),
            float(radii[outer]),
            bool(pupil[i, inner] == dark[i, inner]),
            float(both[i, inner, outer] - log_tries),
            float(pupil[i, inner]),
            float(limbus[i, outer]),
        )
        for i, (inner, outer) in enumerate(zip(*np.divmod(best, len(radii)), strict=True))
    ]


@lru_cache(maxsize=16)
def _allow_pairs(height_px: int, width_px: int) -> np.ndarray:
    """Return which limbus may go with which pupil: (K, K) bool, the pupil's radius first."""
    radii = list_radii(height_px, width_px)
    ratio = radii[None, :] / radii[:, None]
    allowed = (ratio >= LIMBUS_TO_PUPIL[0]) & (ratio <= LIMBUS_TO_PUPIL[1])
    return allowed & (radii >= SMALLEST_LIMBUS * max(height_px, width_px))


def _fit_circles(points: EdgePoints, pair: _CirclePair) -> _CirclePair:
    """Return the pair moved onto its own edge points, no further than their tolerance.

    Least squares of x² + y² = 2ax + 2by + c, one c for each of the two concentric circles
    (Kåsa, 1976), where near and far points weigh the same.
    """
    on_pupil, on_limbus = (each.nonzero()[0] for each in _points_on(points, pair))
    chosen = np.concatenate([on_pupil, on_limbus])
    x, y = np.float64(points.x[chosen]) - pair.x, np.float64(points.y[chosen]) - pair.y
    squared = x * x + y * y
    terms = np.zeros((5, len(chosen)))
    terms[0], terms[1], terms[4] = 2 * x, 2 * y, squared
    terms[2, : len(on_pupil)] = terms[3, len(on_pupil) :] = 1
    terms *= 1 / np.sqrt(squared + 1)
    # Summed by NumPy: the threads of a matrix product would add in another order each time.
    sums = (terms[:4, None] * terms).sum(axis=-1)
    # A trace of damping decides where too few points leave the centre open: it stays.
    right, down, *constants = np.linalg.solve(sums[:, :4] + DAMPING, sums[:, 4])
    far = max(1.0, float(np.hypot(right, down)) / tolerance_px(pair.limbus))
    pupil, limbus = np.sqrt(np.maximum(np.array(constants) + right**2 + down**2, 0))
    return replace(
        pair,
        x=pair.x + float(right) / far,
        y=pair.y + float(down) / far,
        pupil=_keep_near(float(pupil), pair.pupil),
        limbus=_keep_near(float(limbus), pair.limbus),
    )


def _points_on(points: EdgePoints, pair: _CirclePair) -> tuple[np.ndarray, np.ndarray]:
    """Return which points are the pupil's and which are the limbus's, left and right: (E,)."""
    dx, dy = points.x - pair.x, points.y - pair.y
    distance = np.hypot(dx, dy)
    along = dx * points.towards_x + dy * points.towards_y
    outwards, inwards = (side * along > DIRECTION_TOLERANCE * distance for side in (1, -1))
    on_pupil = np.abs(distance - pair.pupil) < tolerance_px(pair.pupil)
    on_limbus = np.abs(distance - pair.limbus) < tolerance_px(pair.limbus)
    lateral = np.abs(dx) > LATERAL * distance
    return on_pupil & (outwards if pair.pupil_is_dark else inwards), on_limbus & outwards & lateral


def _keep_near(fitted: float, radius: float) -> float:
    """Return the fitted radius, no further from the judged one than its tolerance."""
    return min(max(fitted, radius - tolerance_px(radius)), radius + tolerance_px(radius))


def _to_frame(points: EdgePoints, pair: _CirclePair, least_decades: float) -> IrisFit:
    """Return the pair in px of the frame, found where it has so much evidence."""
    decades = max(pair.decades, 0.0)
    return IrisFit(
        (pair.x + 0.5) / points.scale - 0.5,
        (pair.y + 0.5) / points.scale - 0.5,
        pair.limbus / points.scale,
        pair.pupil / points.scale,
        decades / (decades + least_decades),
        decades >= least_decades,
        _name_evidence(pair) if decades >= least_decades else Evidence.NONE,
    )


def _name_evidence(pair: _CirclePair) -> Evidence:
    """Return which circles of a pair are evident each by itself."""
    pupil, limbus = (
        decades >= SEEN_DECADES for decades in (pair.pupil_decades, pair.limbus_decades)
    )
    if pupil and limbus:
        return Evidence.BOTH
    if pupil or limbus:
        return Evidence.PUPIL if pupil else Evidence.LIMBUS
    return Evidence.TOGETHER
