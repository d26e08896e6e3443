"""Find the iris: two circles about one middle, the pupil's and the limbus.

Circular edges as in Daugman (1993), proposed by radial votes (Loy and Zelinsky, 2003) and judged
a contrario (`replication.iris_evidence`), so that 'no iris' is an answer.

Departure: the first author's later code takes a Hough circle of a copy binarised at gray level
130, which fails silently on other cameras' eyes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from replication.iris_edges import EdgePoints, find_edge_points
from replication.iris_evidence import (
    DIRECTION_TOLERANCE,
    LATERAL,
    judge_circles,
    list_radii,
    tolerance_px,
)

VOTE_CELL_PX = 2  # ours: half the working resolution is enough to propose
PROPOSALS = 16  # ours
SURVIVORS = 3  # ours: proposals whose centre is fitted
FIT_ROUNDS = 2  # ours
LIMBUS_TO_PUPIL = (1.25, 8.0)  # ours: wider than the 20 to 70% dilation of ISO/IEC 29794-6
SMALLEST_LIMBUS = 1 / 16  # of the longer side: an iris an eighth of the frame across
FOUND_DECADES = 3.0  # ours: fewer than one false alarm in a thousand frames of noise


@dataclass(frozen=True)
class IrisFit:
    """Where the iris is in a frame; pixel centres are at whole numbers.

    Args:
        centre_x_px, centre_y_px: the common middle of pupil and limbus.
        radius_px: of the limbus, the iris's outer edge.
        pupil_radius_px: of the pupil.
        confidence: in [0, 1]; 0.5 and above means found.
        found: whether chance explains the circles badly enough.
    """

    centre_x_px: float
    centre_y_px: float
    radius_px: float
    pupil_radius_px: float
    confidence: float
    found: bool


def find_iris(gray: np.ndarray) -> IrisFit:
    """Find the iris in one eye image of any size.

    1. Thin the image to edge points. 2. Let each vote for the centres it may belong to.
    3. Judge the best proposals by how surprising a pair of circles about them is. 4. Fit the best
    few to their own edge points and judge again, twice.

    Args:
        gray: (H, W) uint8, without a label strip.
    """
    points = find_edge_points(gray)
    if len(points.x) == 0:
        return _nothing_found(gray)
    centre_x, centre_y = _propose_centres(points)
    pairs = _best_pairs(points, centre_x, centre_y)
    for _ in range(FIT_ROUNDS):
        pairs = sorted(pairs, key=lambda pair: -pair.decades)[:SURVIVORS]
        fitted = np.float32([_fit_centre(points, pair) for pair in pairs])
        pairs += _best_pairs(points, fitted[:, 0], fitted[:, 1])
    return _to_frame(points, max(pairs, key=lambda pair: pair.decades))


@dataclass(frozen=True)
class _CirclePair:
    """Two circles about one centre, working px, and how many decades they are beyond chance."""

    x: float
    y: float
    pupil: float
    limbus: float
    pupil_is_dark: bool
    decades: float


def _nothing_found(gray: np.ndarray) -> IrisFit:
    """Return the middle of the frame, marked as not found."""
    height, width = gray.shape
    return IrisFit((width - 1) / 2, (height - 1) / 2, 0.0, 0.0, 0.0, False)


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
    )


def _propose_centres(points: EdgePoints) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres with the most votes from a pupil and a limbus together: (C,) x and y."""
    radii = list_radii(points.height_px, points.width_px)[::2]
    dark, bright = _count_votes(points, radii, 1), _count_votes(points, radii, -1)
    best_pupil = np.maximum.accumulate(np.maximum(dark, bright), axis=0)
    inner = np.searchsorted(radii, radii / LIMBUS_TO_PUPIL[0], side="right") - 1
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
    column = np.rint((points.x - reach * points.towards_x) / VOTE_CELL_PX - 0.25).astype(np.int32)
    row = np.rint((points.y - reach * points.towards_y) / VOTE_CELL_PX - 0.25).astype(np.int32)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    layer = np.arange(len(radii), dtype=np.int32)[:, None]
    cell = (layer * rows + row) * columns + column
    counts = np.bincount(cell[inside], minlength=len(radii) * rows * columns)
    votes = counts.reshape(len(radii), rows, columns).astype(np.float32)
    for layer_votes, radius in zip(votes, radii, strict=True):
        spread = (0.8 + 0.08 * radius) / VOTE_CELL_PX
        blurred = cv2.GaussianBlur(layer_votes, (0, 0), spread)
        layer_votes[:] = blurred * (spread**2 / np.sqrt(radius))
    return votes


def _best_pairs(
    points: EdgePoints, centre_x: np.ndarray, centre_y: np.ndarray
) -> list[_CirclePair]:
    """Return the most surprising pair of circles about each of the centres."""
    radii = list_radii(points.height_px, points.width_px)
    dark, bright, limbus = judge_circles(points, centre_x, centre_y)
    ratio = radii[None, :] / radii[:, None]
    allowed = (ratio >= LIMBUS_TO_PUPIL[0]) & (ratio <= LIMBUS_TO_PUPIL[1])
    allowed &= radii >= SMALLEST_LIMBUS * max(points.height_px, points.width_px)
    both = np.maximum(dark, bright)[:, :, None] + limbus[:, None, :]
    best = np.where(allowed, both, -np.inf).reshape(len(both), -1).argmax(axis=1)
    # Chance had this many tries: every centre, every allowed pair, two kinds of pupil.
    tries = 2 * allowed.sum() * points.height_px * points.width_px
    return [
        _CirclePair(
            float(centre_x[i]),
            float(centre_y[i]),
            float(radii[inner]),
            float(radii[outer]),
            bool(dark[i, inner] >= bright[i, inner]),
            float(both[i, inner, outer] - np.log10(tries)),
        )
        for i, (inner, outer) in enumerate(zip(*np.divmod(best, len(radii)), strict=True))
    ]


def _fit_centre(points: EdgePoints, pair: _CirclePair) -> tuple[float, float]:
    """Return the centre of two concentric circles through the pair's edge points.

    Least squares of x² + y² = 2ax + 2by + c, one c for each circle (Kåsa, 1976), where near and
    far points weigh the same. Moves no further than the tolerance that chose the points.
    """
    dx, dy = points.x - pair.x, points.y - pair.y
    distance = np.hypot(dx, dy)
    along = dx * points.towards_x + dy * points.towards_y
    side = 1 if pair.pupil_is_dark else -1
    on_pupil = np.abs(distance - pair.pupil) < tolerance_px(pair.pupil)
    on_pupil &= side * along > DIRECTION_TOLERANCE * distance
    on_limbus = np.abs(distance - pair.limbus) < tolerance_px(pair.limbus)
    on_limbus &= (along > DIRECTION_TOLERANCE * distance) & (np.abs(dx) > LATERAL * distance)
    circle = np.repeat([0, 1], [on_pupil.sum(), on_limbus.sum()])
    x, y = (np.concatenate([axis[on_pupil], axis[on_limbus]]) for axis in (dx, dy))
    squared = x * x + y * y
    weight = 1 / np.sqrt(squared + 1)
    terms = np.stack([2 * x, 2 * y, circle == 0, circle == 1]) * weight
    # A trace of damping decides where too few points leave the centre open: it stays.
    normal = terms @ terms.T + 1e-3 * np.eye(len(terms))
    shift = np.linalg.solve(normal, terms @ (squared * weight))[:2]
    shift *= min(1.0, tolerance_px(pair.limbus) / max(float(np.hypot(*shift)), 1e-6))
    return pair.x + float(shift[0]), pair.y + float(shift[1])
