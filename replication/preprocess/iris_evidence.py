"""What speaks for a circle in an eye image: its edge points, and how unlikely they are by chance.

Edges are thinned to one point per outline (non-maximum suppression, Canny 1986). Everything is
relative to the frame and to its own gray levels: the frame is first brought to one working size,
and only the directions of its gradients are used, not their strengths.

Evidence is the a contrario reasoning of Desolneux, Moisan and Morel (2000), as Akinlar and Topal
(EDCircles, 2013) use it for circles: under chance an edge's direction is anything, so it is within
the tolerance of the radius with a known probability, and the number of those that are is binomial.
So it is with the strength's rank among the frame's edges (Desolneux, Moisan and Morel, 2001).
Outline that is missing counts against the circle, but only on the arcs that are looked at: lids may
hide the others. A pupil is also as dark as few other places of its frame. No gray level enters.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from replication.preprocess.iris_copies import WORKING_SIDE_PX, shrink

TINY = np.finfo(np.float32).tiny
SMOOTHING_PX = 1.0  # ours: the least that gives a thinned outline its direction
RADIUS_TOLERANCE = 0.06  # ours: pupils are ovals and lie off the iris's middle by about as much
TOLERANCE_DEGREES = 30.0  # ours
DIRECTION_TOLERANCE = np.cos(np.deg2rad(TOLERANCE_DEGREES))
CHANCE = 2 * TOLERANCE_DEGREES / 360  # that a direction is within the tolerance of the radius
STRONG = (1.0, 0.5)  # ours: all edge points, and the stronger half of them
LATERAL = 0.5  # lids hide the iris's outline above and below: Daugman 1993 leaves those arcs out
# Points of smoothed noise closer than this agree with each other, so they count as one.
CORRELATION_PX = 4 * SMOOTHING_PX
# A circle's parts: bit 0 where it is left or right, bit 1 in the lower half, bit 2 in the right one.
PARTS = np.arange(8)
SIDES, LOWER, RIGHT = PARTS & 1 > 0, PARTS & 2 > 0, PARTS & 4 > 0
# What lids and lamps may leave of a pupil and of a limbus; a row is one choice of parts.
ARCS = np.array(
    [
        SIDES & LOWER,
        SIDES & RIGHT,
        SIDES & ~RIGHT,
        SIDES | ~SIDES,
        SIDES,
        LOWER,
        SIDES | LOWER,
    ],
    np.float64,
)
PUPIL_ARCS, LIMBUS_ARCS = slice(3, 7), slice(0, 6)
LEAST_RANK = 0.02  # ours: darker than all but this much is no rarer, as blacks are cut off
ARC_SAMPLES = 24
ARC_ANGLES = (np.arange(ARC_SAMPLES) + 0.5) * (2 * np.pi / ARC_SAMPLES)
ARC_COSINES, ARC_SINES = np.cos(ARC_ANGLES), np.sin(ARC_ANGLES)
ARC_PARTS = (np.abs(ARC_COSINES) > LATERAL) + 2 * (ARC_SINES > 0) + 4 * (ARC_COSINES > 0)
# In the order of their parts, so that each part is a run of samples.
ARC_ORDER = np.argsort(ARC_PARTS, kind="stable")
ARC_COSINES, ARC_SINES = (np.float32(each[ARC_ORDER]) for each in (ARC_COSINES, ARC_SINES))
ARC_STARTS = np.searchsorted(ARC_PARTS[ARC_ORDER], PARTS)
# Places inside a disc, in its radii: the lower half's and, mirrored, the upper half's.
INSIDE_X, INSIDE_Y = (
    np.float32(np.outer([0.35, 0.7], turn(np.deg2rad([23, 68, 113, 158]))).ravel())
    for turn in (np.cos, np.sin)
)


@dataclass(frozen=True)
class EdgePoints:
    """Edge points of one working image, at subpixel places.

    Args:
        x, y: (E,) float32 places in the working image, px.
        towards_x, towards_y: (E,) float32 unit direction in which the image gets brighter.
        strong: (E,) bool, whether it is among the stronger half of them.
        rank: (H, W) float32, how much of the working image is no brighter, above 0 to 1.
        height_px, width_px: size of the working image.
        scale: working px per px of the frame.
    """

    x: np.ndarray
    y: np.ndarray
    towards_x: np.ndarray
    towards_y: np.ndarray
    strong: np.ndarray
    rank: np.ndarray
    height_px: int
    width_px: int
    scale: float


def find_edge_points(gray: np.ndarray, side_px: int = WORKING_SIDE_PX) -> EdgePoints:
    """Find the points where the image changes fastest along its own gradient.

    1. Resize to the working size and smooth. 2. Take the gradient. 3. Keep what is steeper than
    both neighbours along the gradient and than the median pixel. 4. Move each to the top of the
    parabola through the three.

    Args:
        gray: (H, W) uint8.
        side_px: the longer side of the working image.
    """
    small, scale = shrink(gray, side_px)
    height, width = small.shape
    smooth = cv2.GaussianBlur(small, (0, 0), SMOOTHING_PX, borderType=cv2.BORDER_REPLICATE)
    steep_x = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
    steep_y = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
    # Not cv2.magnitude: its last bit depends on where in memory the arrays lie.
    strength = np.sqrt(steep_x * steep_x + steep_y * steep_y)
    divisor = np.maximum(strength, TINY)
    unit_x, unit_y = steep_x / divisor, steep_y / divisor
    grid_x, grid_y = _pixel_grid(height, width)
    ahead, behind = (
        cv2.remap(
            strength,
            grid_x + side * unit_x,
            grid_y + side * unit_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for side in (1, -1)
    )
    # Not np.median, which costs as much again: above both middle pixels is above their mean.
    middle = (strength.size - 1) // 2
    typical = np.partition(strength, middle, axis=None)[middle]
    keep = (strength >= ahead) & (strength > behind) & (strength > typical)
    # The frame's own border is no outline: its replicated pixels have no true gradient.
    keep[[0, -1]] = keep[:, [0, -1]] = False
    kept = np.flatnonzero(keep)
    row, column = np.divmod(kept, width)
    before, at, after, towards_x, towards_y = (
        each.ravel()[kept] for each in (behind, strength, ahead, unit_x, unit_y)
    )
    shift = np.clip((after - before) / (2 * (2 * at - before - after)), -0.5, 0.5)
    return EdgePoints(
        (column + shift * towards_x).astype(np.float32),
        (row + shift * towards_y).astype(np.float32),
        towards_x,
        towards_y,
        at > np.partition(at, len(at) // 2)[len(at) // 2] if len(at) else keep[:0, 0],
        _rank_grays(smooth),
        height,
        width,
        scale,
    )


def _rank_grays(image: np.ndarray) -> np.ndarray:
    """Return for each pixel the fraction of all that are no brighter, to a whole gray level."""
    level = np.rint(image).astype(np.uint8)
    return (np.bincount(level.ravel(), minlength=256).cumsum() / level.size)[level]


@lru_cache(maxsize=16)
def _pixel_grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the x and the y of every pixel, (H, W) float32 each."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x, y


@lru_cache(maxsize=16)
def list_radii(height_px: int, width_px: int) -> np.ndarray:
    """Return the radii to try in the working image, ascending, px: (K,) float32."""
    radii = [max(height_px, width_px) / 40]
    while radii[-1] < min(height_px, width_px) / 2:
        radii.append(radii[-1] + max(1.0, RADIUS_TOLERANCE * radii[-1]))
    return np.array(radii, np.float32)


def tolerance_px(radius_px: float) -> float:
    """Return how far from a circle an edge point may lie and still be its own."""
    return 1.5 * max(1.0, RADIUS_TOLERANCE * radius_px)


def judge_circles(
    points: EdgePoints, centre_x: np.ndarray, centre_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each centre and radius how surprising its outline is.

    Args:
        points: edge points of the working image.
        centre_x, centre_y: (C,) float32 places in the working image.

    Returns:
        dark: (C, K) evidence of a disc darker than its surroundings and than most of the frame.
        bright: of a disc brighter than its surroundings.
        limbus: of an outline that is darker inside. All are -log10 of a bound on the probability
            under chance, of the arcs that show it best, 0 or above.
    """
    radii = list_radii(points.height_px, points.width_px)
    counts = _count_on_rings(points, centre_x, centre_y, radii)
    tried = np.maximum(counts.sum(axis=(0, 1)), _arcs_in_frame(points, centre_x, centre_y, radii))
    length = np.maximum(np.einsum("ap,pck->ack", ARCS, tried), 1)
    along = np.einsum("ap,kspcr->ksacr", ARCS, counts[:2])
    along[:, 0] += along[:, 1]
    darker = _surprise(along[0], length).max(axis=0)
    brighter = _surprise(along[1, :, PUPIL_ARCS], length[PUPIL_ARCS]).max(axis=(0, 1))
    dark = darker[PUPIL_ARCS].max(axis=0) + judge_inside(points, centre_x, centre_y, radii)
    return dark, brighter, darker[LIMBUS_ARCS].max(axis=0)


def judge_inside(
    points: EdgePoints,
    centre_x: np.ndarray,
    centre_y: np.ndarray,
    radii: np.ndarray,
    *,
    elsewhere: bool = False,
) -> np.ndarray:
    """Return -log10 of the chance that two places be as dark as the disc's two halves: (C, K).

    A half's rank is that of its lower median place, which a lamp doesn't reach.

    Args:
        elsewhere: whether only places outside the disc are ranked: a wide pupil is a tenth of the
            frame by itself, and so never as dark as fewer places.
    """
    area = np.pi * radii**2 / points.rank.size
    across = centre_x[:, None, None] + radii[:, None] * INSIDE_X
    column = np.clip(np.rint(across), 0, points.width_px - 1).astype(np.intp)
    evidence = np.zeros((len(centre_x), len(radii)))
    for half in (INSIDE_Y, -INSIDE_Y):
        row = np.rint(centre_y[:, None, None] + radii[:, None] * half)
        row = np.clip(row, 0, points.height_px - 1).astype(np.intp)
        middle = len(half) // 2 - 1
        ranks = np.partition(points.rank[row, column], middle, axis=-1)
        rank = ranks[..., middle]
        if elsewhere:
            own = (ranks <= rank[..., None]).mean(axis=-1) * area
            rank = (rank - own) / (1 - area)
        evidence -= np.log10(np.maximum(rank, LEAST_RANK))
    return evidence


def _count_on_rings(
    points: EdgePoints, centre_x: np.ndarray, centre_y: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Count the edge points on each circle: (3, 2, 8, C, K).

    The first index is 0 where brightness rises along the radius, 1 where it falls, 2 elsewhere;
    the second is 1 for strong ones; the third is the part of the circle. A ring takes in the points
    of its two neighbours, which makes its width the tolerance.
    """
    dx, dy = points.x - centre_x[:, None], points.y - centre_y[:, None]
    distance = np.sqrt(dx * dx + dy * dy)
    along = dx * points.towards_x + dy * points.towards_y
    points_along = np.abs(along) > DIRECTION_TOLERANCE * distance
    # Whole numbers of one byte: what is counted below is read and written several times.
    kind = np.int8(2) - points_along * (np.int8(1) + (along > 0))
    kind = np.int8(16) * kind + np.int8(8) * points.strong
    kind += (np.abs(dx) > LATERAL * distance) + np.int8(2) * (dy > 0) + np.int8(4) * (dx > 0)
    rings = len(radii) + 2
    shape = (3, 2, 8, len(centre_x), rings)
    cell = find_rings(distance, points.height_px, points.width_px)
    cell += np.arange(0, len(centre_x) * rings, rings)[:, None]
    cell += kind.astype(np.intp) * (len(centre_x) * rings)
    exact = np.bincount(cell.ravel(), minlength=np.prod(shape)).reshape(shape)
    exact[..., 0] = exact[..., -1] = 0
    return exact[..., :-2] + exact[..., 1:-1] + exact[..., 2:]


def find_rings(distance: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    """Return the ring that each distance is in: 0 within the first one, then one per radius.

    Borders lie a px apart or more, none next to a whole number, so that within the px of a distance
    there is one at most: looked up by whole px and compared once, the rings cost a quarter of a
    search among all borders.

    Args:
        distance: of any shape, px, 0 or above; so is what is returned, from 0 to K + 1.
        height_px, width_px: of the working image, as for `list_radii`.
    """
    borders, ring_at_px = _list_borders(height_px, width_px)
    ring = ring_at_px.take(distance.astype(np.intp), mode="clip")
    ring += distance > borders.take(ring)
    return ring


@lru_cache(maxsize=16)
def _list_borders(height_px: int, width_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each ring ends, halfway to the next radius, and the ring that each px begins in.

    The last ring has no end; the px reach into it.
    """
    radii = list_radii(height_px, width_px)
    middles = (radii[1:] + radii[:-1]) / 2
    borders = np.concatenate([[1.5 * radii[0] - 0.5 * radii[1]], middles])
    borders = np.append(borders, [1.5 * radii[-1] - 0.5 * radii[-2], np.inf])
    return borders, np.searchsorted(borders, np.arange(int(borders[-2]) + 2))


def _arcs_in_frame(
    points: EdgePoints, centre_x: np.ndarray, centre_y: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Return the length inside the frame of each part of each circle: (8, C, K) px."""
    x = centre_x[:, None, None] + radii[:, None] * ARC_COSINES
    y = centre_y[:, None, None] + radii[:, None] * ARC_SINES
    inside = (x >= 0) & (x <= points.width_px - 1) & (y >= 0) & (y <= points.height_px - 1)
    step = radii * np.float32(2 * np.pi / ARC_SAMPLES)
    counts = np.add.reduceat(inside, ARC_STARTS, axis=-1, dtype=np.float32)
    return np.moveaxis(counts, -1, 0) * step


def _surprise(aligned: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return -log10 of Chernoff's bound on P(this fraction aligned by chance), 0 or above.

    A whole outline has one point per px, so where there are fewer the rest count as not aligned.

    Args:
        aligned: (2, A, C, K) points on each choice of arcs, all and the strong ones.
        length: (A, C, K) points, aligned or not, or px of outline where these are more.
    """
    chance = CHANCE * np.array(STRONG)[:, None, None, None]
    fraction = np.clip(aligned / length, chance, 1 - 1e-6)
    rest = 1 - fraction
    divergence = fraction * (np.log(fraction) - np.log(chance))
    divergence += rest * (np.log(rest) - np.log(1 - chance))
    return divergence * (length / CORRELATION_PX / np.log(10))
