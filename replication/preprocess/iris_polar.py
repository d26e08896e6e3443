"""A closer look at a few centres: the frame unwrapped about each, its rings judged and fitted.

Daugman (1993) unwraps the eye into polar coordinates and looks for the rings where brightness rises
most. Here the radii grow by a constant factor (log-polar coordinates), which keeps directions and
gives a small iris as many samples as a large one, each read from a copy of the frame whose px are
about as wide. What speaks for a ring is counted a contrario, as in
`replication.preprocess.iris_evidence`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from replication.preprocess.iris_copies import WORKING_SIDE_PX, list_halves
from replication.preprocess.iris_evidence import (
    ARCS,
    LATERAL,
    LIMBUS_ARCS,
    PUPIL_ARCS,
    EdgePoints,
    judge_inside,
)
from replication.preprocess.iris_votes import SMALLEST_LIMBUS

ANGLES = 96  # ours: a sample is a fifteenth of its radius wide
STEP = 2 * np.pi / ANGLES  # from ring to ring, as a share of the radius
MARGIN = 3  # rings at both ends that smoothing, gradient and ridges use up
CORRELATED = 4  # samples of smoothed noise that agree with each other and so count as one
TOLERANCE_DEGREES = 22.5  # ours: an oval with axes of 4 to 5 turns its edge by 13
SLOPE = np.float32(np.tan(np.deg2rad(TOLERANCE_DEGREES)))
CHANCE = 2 * TOLERANCE_DEGREES / 360  # that a direction is within the tolerance of the radius
SHARES = (1.0, 0.5, 0.25)  # ours: all edges, and the stronger half and quarter of them
SMOOTHING = np.float32([1, 4, 6, 4, 1]) / 16
ACROSS = np.float32([3, 10, 3])  # Scharr's
SMOOTHED_FROM = 3  # samples to each side that an edge is found from; beyond the frame are none
LEAST_DECADES = 0.01  # ours: about a circle without any evidence nothing is known
READ_FROM = 0.8  # ours: a copy is fine enough where a sample is this many of its px wide
BRIGHT_DECADES = 2.0  # ours: one pupil in a hundred may be brighter than its iris
LIMBUS_TO_PUPIL = (1.4, 8.0)  # ours: wider than the 20 to 70% dilation of ISO/IEC 29794-6
USUAL_LIMBUS_TO_PUPIL = (1 / 0.7, 1 / 0.2)  # ISO/IEC 29794-6: dilations of 20 to 70%
LOOKS = 3  # ours: a fit brings in edges that the one before didn't have
FIT_RINGS = 2  # rings beside the judged one whose edges are fitted
FARTHEST = 0.15  # ours: of the limbus's radius, how far one fit may move the centre
DAMPING = 1e-6  # ours: keeps a centre that too few edges leave open

ANGLE = (np.arange(ANGLES) + 0.5) * STEP
COSINES, SINES = np.float32(np.cos(ANGLE)), np.float32(np.sin(ANGLE))
SIDEWAYS = np.abs(COSINES) > LATERAL
PART = SIDEWAYS + 2 * (SINES > 0) + 4 * (COSINES > 0)
# Each part of a circle is a run of angles.
PART_STARTS = np.flatnonzero(np.diff(PART, prepend=-1))
ARC_OF_RUNS = ARCS[:, PART[PART_STARTS]] > 0
TERMS = np.stack([COSINES, SINES, np.ones_like(COSINES)]).astype(np.float64)


@dataclass(frozen=True)
class Look:
    """The best pair of rings about each of C centres, working px: (C,) each.

    Args:
        x, y: the centres.
        pupil, limbus: radii of the two rings.
        pupil_decades, limbus_decades: how surprising each ring is by itself.
        decades: how surprising the pair is, before all that was tried; 0 without one.
        tries: how many pairs, arcs and strengths chance had at each place.
    """

    x: np.ndarray
    y: np.ndarray
    pupil: np.ndarray
    limbus: np.ndarray
    pupil_decades: np.ndarray
    limbus_decades: np.ndarray
    decades: np.ndarray
    tries: int


@dataclass(frozen=True)
class _Rings:
    """Edges on the rings about C centres: (C, R, ANGLES) each, but for radii (R,)."""

    radii: np.ndarray
    rise: np.ndarray  # of brightness along the radius, gray levels by a common factor
    on_edge: np.ndarray  # whether it is a ridge of the rise whose direction is the radius's
    slope: np.ndarray  # along and across
    inside: np.ndarray  # the frame


def look_closer(
    image: np.ndarray,
    points: EdgePoints,
    x: np.ndarray,
    y: np.ndarray,
    *,
    looks: int = LOOKS,
    by_pupil: bool = False,
) -> Look:
    """Judge the rings about each centre, move it to their middle, and so again.

    By the pupil where little is seen of the limbus: its middle alone is moved to, its darkness is
    held against other places than its own, and it has a usual share of the iris.

    Args:
        image: (H, W) uint8, larger than the working image.
        points: the working image's; how dark its places are.
        x, y: (C,) float32 centres in the working image.

    Returns:
        All that was looked at, the centres as they were and as they were moved to.
    """
    copies = list_copies(image)
    seen = []
    for _ in range(looks):
        look, x, y = _look(copies, points, x, y, by_pupil=by_pupil)
        seen.append(look)
    joined = {
        name: np.concatenate([getattr(look, name) for look in seen])
        for name in vars(look)
        if name != "tries"
    }
    return Look(**joined, tries=look.tries)


@lru_cache(maxsize=16)
def list_rings(height_px: int, width_px: int) -> np.ndarray:
    """Return the rings' radii, ascending, the margins among them, working px: (R,) float32."""
    least, most = max(height_px, width_px) / 40, min(height_px, width_px) / 2
    count = max(0, int(np.log(most / least) / STEP)) + 2
    return np.float32(least * np.exp(STEP * np.arange(-MARGIN, count + MARGIN)))


def list_copies(image: np.ndarray) -> list[np.ndarray]:
    """Return the image at its size and halved down to the working size, (H, W) uint8 each."""
    return list_halves(image, 1.5 * WORKING_SIDE_PX)


def unwrap(
    copies: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Return the gray levels on rings about C centres: (C, R, ANGLES) float32.

    Args:
        copies: of `list_copies`.
        x, y, radii: (C,), (C,) and (R,) float32 px of the working image.
    """
    scales = np.array([max(copy.shape) / WORKING_SIDE_PX for copy in copies])
    fine_enough = np.multiply.outer(scales, radii * STEP) >= READ_FROM
    chosen = np.maximum(fine_enough.sum(axis=0) - 1, 0)  # scales descend: the last that is
    levels = np.empty((len(x), len(radii), ANGLES), np.float32)
    for index, (copy, scale) in enumerate(zip(copies, scales.tolist(), strict=True)):
        rings = np.flatnonzero(chosen == index)
        if len(rings):
            reach = radii[rings][:, None] * scale
            places = (
                (middle[:, None, None] + 0.5) * np.float32(scale) - 0.5 + reach * along
                for middle, along in ((x, COSINES), (y, SINES))
            )
            across, down = (np.float32(each.reshape(-1, ANGLES)) for each in places)
            read = cv2.remap(copy, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            levels[:, rings] = read.reshape(len(x), len(rings), ANGLES)
    return levels


def _look(
    copies: Sequence[np.ndarray],
    points: EdgePoints,
    x: np.ndarray,
    y: np.ndarray,
    *,
    by_pupil: bool,
) -> tuple[Look, np.ndarray, np.ndarray]:
    """Judge the rings about the centres; return also where their edges' middle is."""
    rings = _find_edges(copies, points, x, y)
    darker, brighter = _judge_rings(rings)
    dark = darker[PUPIL_ARCS].max(axis=0)
    dark += judge_inside(points, x, y, rings.radii, elsewhere=by_pupil)
    bright = brighter[PUPIL_ARCS].max(axis=0) - BRIGHT_DECADES
    pupil, limbus = np.maximum(dark, bright), darker[LIMBUS_ARCS].max(axis=0)
    ratio = rings.radii / rings.radii[:, None]
    least, most = USUAL_LIMBUS_TO_PUPIL if by_pupil else LIMBUS_TO_PUPIL
    allowed = (ratio >= least) & (ratio <= most)
    allowed &= rings.radii >= SMALLEST_LIMBUS * max(points.height_px, points.width_px)
    inner, outer = pupil[:, :, None], limbus[:, None, :]
    both = np.where(
        allowed & (inner >= LEAST_DECADES) & (outer >= LEAST_DECADES), inner + outer, 0.0
    )
    inner, outer = np.divmod(both.reshape(len(x), -1).argmax(axis=1), len(rings.radii))
    each = np.arange(len(x))
    choices = ARCS[PUPIL_ARCS].shape[0] * ARCS[LIMBUS_ARCS].shape[0] * len(SHARES)
    if by_pupil:  # the second search of the frame, and each ring has the best share of its own
        choices *= 2 * len(SHARES)
    look = Look(
        x,
        y,
        rings.radii[inner],
        rings.radii[outer],
        pupil[each, inner],
        limbus[each, outer],
        both[each, inner, outer],
        np.count_nonzero(allowed) * choices,
    )
    is_dark = dark[each, inner] >= bright[each, inner]
    fitted = [(inner, np.where(is_dark, 1, -1)), (outer, np.ones(len(x), int))]
    return look, *_fit_centres(rings, look, fitted[:1] if by_pupil else fitted)


def _find_edges(
    copies: Sequence[np.ndarray], points: EdgePoints, x: np.ndarray, y: np.ndarray
) -> _Rings:
    """Unwrap the frame, smooth it, and find where brightness changes most along the radius."""
    radii = list_rings(points.height_px, points.width_px)
    levels = unwrap(copies, x, y, radii)
    around = np.concatenate([levels[..., -3:], levels, levels[..., :3]], axis=-1)
    smooth = cv2.sepFilter2D(
        around.reshape(-1, ANGLES + 6), cv2.CV_32F, SMOOTHING, np.ones(1, np.float32)
    )
    smooth = smooth[:, 2:-2].reshape(len(x), len(radii), ANGLES + 2)
    smooth = sum(
        weight * smooth[:, ring : len(radii) - 4 + ring] for ring, weight in enumerate(SMOOTHING)
    )
    rise, turn = smooth[:, 2:] - smooth[:, :-2], smooth[..., 2:] - smooth[..., :-2]
    rise = sum(w * rise[..., k : ANGLES + k] for k, w in enumerate(ACROSS))
    turn = sum(w * turn[:, k : len(radii) - 6 + k] for k, w in enumerate(ACROSS))
    size, radii = np.abs(rise), radii[MARGIN:-MARGIN]
    ridge = np.zeros(size.shape, bool)
    ridge[:, 1:-1] = (size[:, 1:-1] > size[:, :-2]) & (size[:, 1:-1] >= size[:, 2:])
    across, down = (
        middle[:, None, None] + radii[:, None] * along
        for middle, along in ((x, COSINES), (y, SINES))
    )
    margin = 1 + SMOOTHED_FROM * STEP * radii[:, None]
    inside = (across >= margin) & (across <= points.width_px - 1 - margin)
    inside &= (down >= margin) & (down <= points.height_px - 1 - margin)
    on_edge = ridge & inside & (np.abs(turn) < SLOPE * size)
    return _Rings(radii, rise, on_edge, np.sqrt(rise * rise + turn * turn), inside)


def _judge_rings(rings: _Rings) -> tuple[np.ndarray, np.ndarray]:
    """Return how surprising it is that each ring is darker inside, and brighter: (arcs, C, R).

    A ring has the edges of its two neighbours, too, which makes its width the tolerance; edges are
    steeper than the median place.
    """
    length = _count_on_arcs(rings.inside)
    slopes = np.sort(rings.slope[rings.inside])
    result = np.zeros((2, *length.shape))
    for share in SHARES:
        least = slopes[int(len(slopes) * (1 - share / 2))] if len(slopes) else np.inf
        for side, evidence in zip((1, -1), result, strict=True):
            hits = rings.on_edge & (side * rings.rise > least)
            near = hits.copy()
            near[:, 1:] |= hits[:, :-1]
            near[:, :-1] |= hits[:, 1:]
            found = _surprise(_count_on_arcs(near), length, CHANCE * share)
            np.maximum(evidence, found, out=evidence)
    return result[0], result[1]


def _count_on_arcs(chosen: np.ndarray) -> np.ndarray:
    """Return how many of the (C, R, ANGLES) chosen samples are on each choice of arcs."""
    runs = np.add.reduceat(chosen, PART_STARTS, axis=-1, dtype=np.float32)
    runs = np.ascontiguousarray(np.moveaxis(runs, -1, 0))
    return np.stack([runs[arcs].sum(axis=0) for arcs in ARC_OF_RUNS])


def _surprise(hits: np.ndarray, length: np.ndarray, chance: float) -> np.ndarray:
    """Return -log10 of Chernoff's bound on the chance of so many hits among `length` samples."""
    fraction = np.clip(hits / np.maximum(length, 1), chance, 1 - 1e-6)
    rest = 1 - fraction
    divergence = fraction * np.log(fraction / chance) + rest * np.log(rest / (1 - chance))
    return divergence * (length / CORRELATED / np.log(10))


def _fit_centres(
    rings: _Rings, look: Look, fitted: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres moved to the common middle of the rings' edges: (C,) float32 x and y.

    Least squares of r = a cos + b sin + c over the edges near the rings, one c for each, every
    edge weighing by 1/r², as its place is known to a share of r. Of the limbus, the sides alone.

    Args:
        fitted: which ring is the pupil's and 1 where it is dark, -1 where bright: (C,) each; then,
            where it is fitted, the limbus's.
    """
    count = len(look.x)
    sums, right = np.zeros((count, 4, 4)), np.zeros((count, 4))
    sums += DAMPING * np.eye(4)
    inverse = 1 / rings.radii.astype(np.float64)
    beside = np.arange(-FIT_RINGS, FIT_RINGS + 1)
    for column, (chosen, sign) in enumerate(fitted, start=2):
        near = chosen[:, None] + beside
        here = np.arange(count)[:, None], near.clip(0, len(inverse) - 1)
        edges = rings.on_edge[here] & (sign[:, None, None] * rings.rise[here] > 0)
        edges &= (near == here[1])[:, :, None]
        if column == 3:
            edges &= SIDEWAYS
        # Summed by NumPy: the threads of a matrix product would add in another order each time.
        each = inverse[here[1]][:, :, None]
        weight, pull = (edges * each**2).sum(axis=1), (edges * each).sum(axis=1)
        used = [0, 1, column]
        products = (weight[:, None, None] * TERMS[:, None] * TERMS).sum(axis=-1)
        sums[np.ix_(range(count), used, used)] += products
        right[:, used] += (pull[:, None] * TERMS).sum(axis=-1)
    step = np.linalg.solve(sums, right[..., None])[:, :2, 0]
    length = np.hypot(step[:, 0], step[:, 1])
    step *= np.minimum(1, FARTHEST * look.limbus / np.maximum(length, 1e-9))[:, None]
    return np.float32(look.x + step[:, 0]), np.float32(look.y + step[:, 1])
