"""Find the iris: two circles about one middle, the pupil's and the limbus.

Circular edges as in Daugman (1993), proposed by radial votes (Loy and Zelinsky, 2003) and judged
a contrario (`replication.preprocess.iris_evidence`), so that 'no iris' is an answer.

Departure: the first author's later code takes a Hough circle of a copy binarised at gray level
130, which fails silently on other cameras' eyes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate

import cv2
import numpy as np

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

VOTE_CELL_PX = 2  # ours: half the working resolution is enough to propose
PROPOSALS = 10  # ours
LIMBUS_TO_PUPIL = (1.4, 8.0)  # ours: wider than the 20 to 70% dilation of ISO/IEC 29794-6
LEAST_VOTED_RATIO = 1.25  # ours: below the least ratio, as the radii voted for lie in coarse steps
SMALLEST_LIMBUS = 1 / 16  # ours, of the longer side: an iris an eighth of the frame across
SURVIVORS = 3  # ours: proposals whose centre is fitted
DAMPING = 1e-6 * np.eye(4)  # ours
LEAST_DECADES = 0.01  # ours: about a circle without any evidence nothing is known
BRIGHT_DECADES = 2.0  # ours: one pupil in a hundred may be brighter than its iris
SEEN_DECADES = 3.5  # ours: fewer than one in ten by chance, of some 300 radii, arcs and strengths
# Ours: arcs, strengths and grays are not independent, so that 3 decades, one false alarm in a
# thousand frames of noise, are too few for stripes and boxes.
FOUND_DECADES = 4.5


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
    few to their own edge points and judge again.

    Args:
        gray: (H, W) uint8, without a label strip.
    """
    points = find_edge_points(gray)
    if len(points.x) == 0:
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
    return _to_frame(points, _fit_circles(points, once))


def nothing_found(gray: np.ndarray) -> IrisFit:
    """Return the middle of the frame, marked as not found."""
    height, width = gray.shape
    return IrisFit((width - 1) / 2, (height - 1) / 2, 0.0, 0.0, 0.0, False)


def propose_centres(points: EdgePoints) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres with the most votes from a pupil and a limbus together: (C,) x and y."""
    radii = list_radii(points.height_px, points.width_px)[::2]
    dark, bright = _count_votes(points, radii, 1), _count_votes(points, radii, -1)
    # Not NumPy's own accumulate, which goes through the layers cell by cell.
    best_pupil = np.stack(list(accumulate(np.maximum(dark, bright), np.maximum)))
    inner = np.searchsorted(radii, radii / LEAST_VOTED_RATIO, side="right") - 1
    outer = (inner >= 0) & (radii >= SMALLEST_LIMBUS * max(points.height_px, points.width_px))
    votes = (best_pupil[inner[outer]] + dark[outer]).max(axis=0)
    peaks = np.flatnonzero(votes >= cv2.dilate(votes, np.ones((3, 3), np.uint8)))
    best = peaks[np.argsort(-votes.ravel()[peaks], kind="stable")[:PROPOSALS]]
    row, column = np.divmod(best, votes.shape[1])
    middle = (VOTE_CELL_PX - 1) / 2
    return (
        (column * VOTE_CELL_PX + middle).astype(np.float32),
        (row * VOTE_CELL_PX + middle).astype(np.float32),
    )


def _count_votes(points: EdgePoints, radii: np.ndarray, side: int) -> np.ndarray:
    """Return how many edge points have each cell as their centre at each radius.

    Args:
        side: 1 for discs darker than their surroundings, -1 for brighter ones.

    Returns:
        (K, rows, columns) float32 votes, spread over their uncertainty and divided by the square
        root of the radius, as chance gives counts that grow with it.
    """
    rows = -(-points.height_px // VOTE_CELL_PX)
    columns = -(-points.width_px // VOTE_CELL_PX)
    reach = side * radii[:, None]
    column = _nearest_cell(points.x - reach * points.towards_x)
    row = _nearest_cell(points.y - reach * points.towards_y)
    # Read as unsigned, what is left of the image or above it lies far beyond.
    inside = (column.view(np.uint32) < columns) & (row.view(np.uint32) < rows)
    layer = np.arange(0, len(radii) * rows * columns, rows * columns, dtype=np.int32)[:, None]
    cell = row * columns
    cell += column
    cell += layer
    counts = np.bincount(cell[inside], minlength=len(radii) * rows * columns)
    votes = counts.reshape(len(radii), rows, columns).astype(np.float32)
    spreads = (0.8 + 0.08 * radii.astype(np.float64)) / VOTE_CELL_PX
    for layer_votes, spread in zip(votes, spreads.tolist(), strict=True):
        cv2.GaussianBlur(layer_votes, (0, 0), spread, dst=layer_votes)
    votes *= np.float32(spreads**2 / np.sqrt(radii))[:, None, None]
    return votes


def _nearest_cell(place: np.ndarray) -> np.ndarray:
    """Return the cell nearest to each place, int32; the places are used up."""
    place /= VOTE_CELL_PX
    place -= 0.25
    return np.rint(place, out=place).astype(np.int32)


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


def _to_frame(points: EdgePoints, pair: _CirclePair) -> IrisFit:
    """Return the pair in px of the frame."""
    decades = max(pair.decades, 0.0)
    return IrisFit(
        (pair.x + 0.5) / points.scale - 0.5,
        (pair.y + 0.5) / points.scale - 0.5,
        pair.limbus / points.scale,
        pair.pupil / points.scale,
        decades / (decades + FOUND_DECADES),
        decades >= FOUND_DECADES,
        _name_evidence(pair) if decades >= FOUND_DECADES else Evidence.NONE,
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
