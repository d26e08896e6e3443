"""What lies around the surrogate's iris: skin and sclera, drawn once per eye as maps.

Ours. Coordinates are iris radii about the middle of the eye; MAP_SCALE pixels to the radius
of a map.
"""

from __future__ import annotations

import cv2
import numpy as np

from replication.synthetic_lids import shape_lids
from replication.synthetic_patient import PATIENT_LEVEL, EyeIdentity, make_rng
from replication.synthetic_strokes import soften

MAP_SCALE = 100.0
MAP_SIZE = (760, 600)  # width, height: covers the frame at every distance and place
SHARED = 0.85
FACE_STREAM = 2002


def paint_skin(identity: EyeIdentity) -> np.ndarray:
    """Draw the skin around one eye, (height, width) float32 grey levels over MAP_SIZE."""
    traits = identity.traits
    rngs = (
        make_rng(identity.seed, identity.patient, PATIENT_LEVEL, FACE_STREAM),
        make_rng(identity.seed, identity.patient, identity.eye.number, FACE_STREAM),
    )
    skin = np.full(MAP_SIZE[::-1], traits["skin_grey"], np.float32)
    skin += traits["skin_blotch"] * (
        _mix_noise(rngs, (230, 130)) + 0.35 * _mix_noise(rngs, (50, 35))
    )
    grain = _mix_noise(rngs, (2.5, 2)) + _mix_noise(rngs, (9, 4)) + 0.9 * _mix_noise(rngs, (20, 9))
    skin += traits["skin_grain"] * grain
    upper, lower = shape_lids(traits, 1.0)
    gap, depth = traits["crease_gap"], traits["crease_depth"]
    _fold(skin, upper - (0, gap), 3.0, -depth)
    _fold(skin, upper - (0, gap - 0.12), 7.0, 0.5 * depth)
    _fold(skin, lower * (1, 0.9) + (0, 0.42), 9.0, -traits["bag_depth"])
    for _ in range(12):
        depth = rngs[0].uniform(2, 24)
        _fold(skin, *_choose_wrinkle(rngs[0], lower), -depth)
    return skin


def paint_sclera(identity: EyeIdentity) -> np.ndarray:
    """Draw the white of one eye with its vessels, (height, width) float32 over MAP_SIZE."""
    rng = make_rng(identity.seed, identity.patient, identity.eye.number, FACE_STREAM + 100)
    height, width = MAP_SIZE[1], MAP_SIZE[0]
    vessels = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(6, 16))):
        side = rng.choice([-1.0, 1.0])
        start = np.array([side * 2.6, rng.uniform(-0.6, 0.9)])
        end = np.array([side * rng.uniform(1.05, 1.5), rng.uniform(-0.6, 0.6)])
        path = np.linspace(start, end, 14)
        path[:, 1] += np.cumsum(rng.normal(0, 0.035, 14))
        cv2.polylines(vessels, [_to_map(path)], False, int(rng.integers(60, 200)), 1, cv2.LINE_AA)
    x = (np.arange(width, dtype=np.float32) - width / 2) / MAP_SCALE
    ball = identity.traits["sclera_grey"] - 7 * x[None] ** 2 + 4 * _draw_noise(rng, (40, 40))
    return ball - 0.12 * cv2.GaussianBlur(vessels, (0, 0), 1.0).astype(np.float32)


def _mix_noise(rngs: tuple[np.random.Generator, ...], grain_px: tuple[float, float]) -> np.ndarray:
    """Return noise of unit variance over the map, partly the patient's, partly the eye's."""
    patient_noise, eye_noise = (_draw_noise(rng, grain_px) for rng in rngs)
    return np.sqrt(SHARED) * patient_noise + np.sqrt(1 - SHARED) * eye_noise


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


def _fold(skin: np.ndarray, path: np.ndarray, width_px: float, grey: float) -> None:
    """Add a soft line along a path to the skin, all of `grey` at the line's middle."""
    line = np.zeros(MAP_SIZE[::-1], np.uint8)
    cv2.polylines(line, [_to_map(path)], False, 255, max(1, round(width_px)), cv2.LINE_AA)
    rows, soft = soften(line, width_px / 2)
    skin[rows] += grey * (soft / 200)


def _to_map(path: np.ndarray) -> np.ndarray:
    """Return a path in iris radii as whole pixels of a map."""
    return np.round(path * MAP_SCALE + np.array(MAP_SIZE) / 2).astype(np.int32)
