"""What lies around the surrogate's iris: skin and sclera as lasting maps, lids and lashes.

Ours. Coordinates are iris radii about the middle of the eye until something is drawn; a map has
MAP_SCALE pixels to the radius.
"""

from functools import partial

import cv2
import numpy as np

from replication.surrogate.paint import (
    FRAME_SIZE,
    SUBPIXEL_BITS,
    cover_rows,
    fix_point,
    mix_noise,
    soften,
)
from replication.surrogate.patient import EyeIdentity, Shot

MAP_SCALE = 100.0
MAP_SIZE = (760, 600)  # width, height: covers the frame at every distance and place
FACE_STREAM = 2002
LASH_STREAM = 2003
CURVE_POINTS = 49


def paint_skin(identity: EyeIdentity) -> np.ndarray:
    """Draw the skin around one eye, (height, width) float32 gray levels over MAP_SIZE."""
    traits = identity.traits
    rngs = identity.patient_rng(FACE_STREAM), identity.rng(FACE_STREAM)
    mix = partial(mix_noise, rngs, _draw_noise)
    skin = np.full(MAP_SIZE[::-1], traits["skin_gray"], np.float32)
    skin += traits["skin_blotch"] * (mix((230, 130)) + 0.35 * mix((50, 35)))
    grain = 0.03 * mix((2.5, 2)) + 0.26 * mix((9, 4)) + mix((20, 9))
    skin += traits["skin_grain"] * grain
    upper, lower = shape_lids(traits, 1.0)
    gap, depth = traits["crease_gap"], traits["crease_depth"]
    _fold(skin, upper - (0, gap), 3.0, -depth)
    _fold(skin, upper - (0, gap - 0.12), 7.0, 0.5 * depth)
    _fold(skin, lower * (1, 0.9) + (0, 0.42), 9.0, -traits["bag_depth"])
    for _ in range(12):
        depth = rngs[0].uniform(1, 8)
        _fold(skin, *_choose_wrinkle(rngs[0], lower), -depth)
    return skin


def paint_sclera(identity: EyeIdentity) -> np.ndarray:
    """Draw the white of one eye with its vessels, (height, width) float32 over MAP_SIZE."""
    rng = identity.rng(FACE_STREAM + 100)
    width, height = MAP_SIZE
    vessels = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(6, 16))):
        side = rng.choice([-1.0, 1.0])
        start = np.array([side * 2.6, rng.uniform(-0.6, 0.9)])
        end = np.array([side * rng.uniform(1.05, 1.5), rng.uniform(-0.6, 0.6)])
        path = np.linspace(start, end, 14)
        path[:, 1] += np.cumsum(rng.normal(0, 0.035, 14))
        cv2.polylines(vessels, [_to_map(path)], False, int(rng.integers(60, 200)), 1, cv2.LINE_AA)
    x = (np.arange(width, dtype=np.float32) - width / 2) / MAP_SCALE
    ball = identity.traits["sclera_gray"] - 7 * x[None] ** 2 + 4 * _draw_noise(rng, (40, 40))
    return ball - 0.12 * cv2.GaussianBlur(vessels, (0, 0), 1.0).astype(np.float32)


def shape_lids(traits: dict[str, float], opening: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of the upper and the lower lid.

    Args:
        traits: of the eye.
        opening: 1 for wide open, less for a lowered upper lid.

    Returns:
        Two (CURVE_POINTS, 2) float arrays of x, y in iris radii, inner corner first.
    """
    along = np.linspace(0, 1, CURVE_POINTS)
    x = traits["inner_x"] + (traits["outer_x"] - traits["inner_x"]) * along
    corner = 0.28 - traits["tilt"] * x
    arch = np.sin(np.pi * along ** traits["lid_skew"]) ** 0.8
    sag = np.sin(np.pi * along ** (2 - traits["lid_skew"])) ** 0.9
    upper = corner - arch * (traits["upper_height"] * opening + 0.28 * opening)
    lower = corner + sag * (traits["lower_height"] - 0.12 * (1 - opening))
    return np.stack([x, upper], 1), np.stack([x, lower], 1)


def cover_with_lids(
    ball: np.ndarray, skin: np.ndarray, identity: EyeIdentity, shot: Shot, to_frame: np.ndarray
) -> np.ndarray:
    """Return the frame with skin outside the lids and the lids' shadow on the eyeball."""
    traits = identity.traits
    upper, lower = (place_path(e, to_frame) for e in _open_lids(traits, shot))
    opening = np.zeros(FRAME_SIZE[::-1], np.uint8)
    outline = np.concatenate([upper, lower[::-1]])
    cv2.fillPoly(opening, [fix_point(outline)], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    clear = cv2.GaussianBlur(opening, (0, 0), 1.2).astype(np.float32) / 255
    small = cv2.resize(opening, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    lit = cv2.GaussianBlur(small, (0, 0), 2.6).astype(np.float32) / 255
    lit = cv2.resize(lit, FRAME_SIZE, interpolation=cv2.INTER_LINEAR)
    shaded = ball * (0.55 + 0.45 * np.clip(1.5 * lit - 0.35, 0, 1))
    shadowed = skin * (1 - 0.18 * np.clip(2 * lit, 0, 1))
    scene = shadowed + clear * (shaded - shadowed)
    scene = _draw_rim(scene, lower + (0, 4), 10, 0.35 * traits["skin_gray"] + 135, 0.55)
    return _draw_rim(scene, upper - (0, 1), 5, 0.45 * traits["skin_gray"], 0.6)


def _open_lids(traits: dict[str, float], shot: Shot) -> tuple[np.ndarray, np.ndarray]:
    """Return the lids' edges in iris radii; they follow the gaze up and down."""
    upper, lower = shape_lids(traits, shot.opening - 0.3 * shot.gaze[1])
    return upper, lower + (0, 0.3 * shot.gaze[1])


def _draw_rim(
    scene: np.ndarray, path: np.ndarray, width_px: int, gray: float, weight: float
) -> np.ndarray:
    """Return the scene with a soft line of one gray along a lid."""
    line = np.zeros(FRAME_SIZE[::-1], np.uint8)
    cv2.polylines(line, [fix_point(path)], False, 255, width_px, cv2.LINE_AA, SUBPIXEL_BITS)
    rows, soft = soften(line, width_px / 3)
    return cover_rows(scene, rows, soft * (weight / 255), gray)


def draw_lashes(
    scene: np.ndarray,
    identity: EyeIdentity,
    shot: Shot,
    to_frame: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the scene with both rows of lashes, thicker at the root."""
    mask = np.zeros(FRAME_SIZE[::-1], np.uint8)
    for edge, upper in zip(_open_lids(identity.traits, shot), (True, False), strict=True):
        lashes = fix_point(place_path(_lay_lashes(identity, edge, rng, upper=upper), to_frame))
        for stop, width in ((3, 4), (5, 3), (6, 2)) if upper else ((4, 2), (6, 1)):
            paths = list(lashes[:, :stop])
            cv2.polylines(mask, paths, False, 255, width - 1, cv2.LINE_AA, SUBPIXEL_BITS)
    rows, soft = soften(mask, 0.8)
    return cover_rows(scene, rows, soft * (identity.traits["lash_dark"] / 255), 30)


def place_path(path: np.ndarray, to_frame: np.ndarray) -> np.ndarray:
    """Return paths in iris radii, (..., 2), as pixels of the frame."""
    return path @ to_frame[:, :2].T + to_frame[:, 2]


def _lay_lashes(
    identity: EyeIdentity, edge: np.ndarray, rng: np.random.Generator, *, upper: bool
) -> np.ndarray:
    """Return the lashes of one lid.

    Args:
        identity: the eye; its lashes keep root, length and bend.
        edge: (n, 2) lid edge in iris radii.
        rng: of the image, for how they lie today.
        upper: upper lid or lower lid.

    Returns:
        (lashes, 6, 2) float curves, root first, in iris radii.
    """
    lasting = identity.rng(LASH_STREAM + int(upper))
    traits = identity.traits
    count = int(traits["lash_count"] if upper else 0.45 * traits["lash_count"])
    along = np.sort(lasting.uniform(0.1, 0.99, count))
    index = along * (len(edge) - 1)
    root = np.stack([np.interp(index, np.arange(len(edge)), edge[:, axis]) for axis in (0, 1)], 1)
    length = traits["lash_length"] * lasting.uniform(0.5, 1.1, count) * (1 if upper else 0.45)
    fan = 1.7 * (along - 0.5) + lasting.normal(0, 0.22, count) + rng.normal(0, 0.2, count)
    fall = traits["lash_fall"] + lasting.normal(0, 0.12, count) + rng.normal(0, 0.25)
    rise = np.where(upper, -np.cos(fan) * (0.75 - 0.25 * fall), np.cos(fan))
    t = np.linspace(0, 1, 6)[None, :]
    x = root[:, :1] + (length * np.sin(fan))[:, None] * t**1.2
    dip = 1.1 * np.clip(fall, 0, None)[:, None] * t * (1 - t) * 2 if upper else 0 * t
    y = root[:, 1:] + length[:, None] * (rise[:, None] * t**1.4 + dip)
    return np.stack([x, y], axis=2)


def _draw_noise(rng: np.random.Generator, grain_px: tuple[float, float]) -> np.ndarray:
    """Return smooth noise over the map whose grain has the given width and height."""
    width, height = MAP_SIZE
    grid = (int(height / grain_px[1]) + 3, int(width / grain_px[0]) + 3)
    coarse = rng.standard_normal(grid, dtype=np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _choose_wrinkle(rng: np.random.Generator, lower: np.ndarray) -> tuple[np.ndarray, float]:
    """Return path and width of one fine fold below the eye."""
    start = int(rng.integers(0, 25))
    path = lower[start : start + int(rng.integers(10, 24))]
    slope = rng.uniform(-0.15, 0.25) * (path[:, :1] - path[0, 0])
    moved = path + np.concatenate([0 * slope, slope + rng.uniform(0.15, 1.1)], 1)
    return moved, rng.uniform(1.5, 4)


def _fold(skin: np.ndarray, path: np.ndarray, width_px: float, gray: float) -> None:
    """Add a soft line along a path to the skin, all of `gray` at the line's middle."""
    line = np.zeros(MAP_SIZE[::-1], np.uint8)
    cv2.polylines(line, [_to_map(path)], False, 255, max(1, round(width_px)), cv2.LINE_AA)
    rows, soft = soften(line, width_px / 2)
    skin[rows] += gray * (soft / 200)


def _to_map(path: np.ndarray) -> np.ndarray:
    """Return a path in iris radii as whole pixels of a map."""
    return np.round(path * MAP_SCALE + np.array(MAP_SIZE) / 2).astype(np.int32)
