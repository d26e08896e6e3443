"""The surrogate's iris texture, drawn once per eye as a map over angle and radius.

Ours. Steps: fibres (ridged noise stretched along the radius), collarette, crypts, contraction
furrows, then the dark edge at the limbus. The map is stretched between pupil and limbus when an
image is drawn, as the rubber sheet of iris recognition does, so dilation moves the texture.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from replication.surrogate.paint import mix_noise
from replication.surrogate.patient import Disease, EyeIdentity

RADII = 96
ANGLES = 768
IRIS_STREAM = 2001

MixNoise = Callable[[tuple[int, int]], np.ndarray]


def paint_iris(identity: EyeIdentity) -> np.ndarray:
    """Draw the iris of one eye.

    Returns:
        (RADII, ANGLES) float32 gray levels; row 0 at the pupil's edge, column 0 to the right,
        columns clockwise and periodic.
    """
    traits = identity.traits
    rngs = identity.patient_rng(IRIS_STREAM), identity.rng(IRIS_STREAM)
    mix = partial(mix_noise, rngs, _draw_periodic)
    rho = np.linspace(0, 1, RADII, dtype=np.float32)[:, None]
    ring = traits["collarette_rho"] + 0.035 * mix((1, 40)) + 0.03 * mix((1, 8))
    texture = traits["iris_gray"] + traits["iris_slope"] * (rho - 0.5)
    texture = texture + 9 * mix((2, 7)) + 8 * mix((4, 16))
    texture = texture + traits["fibre_gain"] * _draw_fibres(mix, rho, ring)
    texture = texture + traits["collarette_gain"] * np.exp(-(((rho - ring) / 0.05) ** 2))
    texture = texture - 10 * np.clip((ring - rho) / 0.2, 0, 1)
    texture = texture + _draw_furrows(mix, rho, traits["furrow_gain"])
    texture = texture + _draw_crypts(rngs[1], ring[0], int(traits["crypt_count"]))
    if Disease.NEVUS in identity.diseases:
        texture = texture + draw_nevi(rngs[1], traits)
    if Disease.HETEROCHROMIA in identity.diseases:
        texture = texture + _draw_dark_sector(rngs[1])
    limbus = np.clip((rho - 1) / traits["limbus_width"] + 1, 0, 1)
    return (texture - 28 * limbus**2 - 22 * np.exp(-rho / 0.02)).astype(np.float32)


def _draw_periodic(rng: np.random.Generator, grid: tuple[int, int]) -> np.ndarray:
    """Return smooth noise through a random grid (rows by columns), periodic in the columns."""
    coarse = rng.standard_normal(grid, dtype=np.float32)
    wrapped = np.concatenate([coarse[:, -2:], coarse, coarse[:, :2]], axis=1)
    step = ANGLES / grid[1]
    width = round(step * wrapped.shape[1])
    fine = cv2.resize(wrapped, (width, RADII), interpolation=cv2.INTER_CUBIC)
    start = round(2 * step)
    return fine[:, start : start + ANGLES]


def _draw_fibres(mix: MixNoise, rho: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Return radial fibres, finer inside the collarette; each a ridge of stretched noise."""
    fibres = np.zeros((RADII, ANGLES), np.float32)
    for columns, rows, weight in ((60, 2, 0.9), (120, 4, 0.4), (220, 6, 0.15)):
        ridge = 1 - 1.6 * np.abs(mix((rows, columns)))
        fibres += weight * ridge
    bend = 9 * mix((3, 18))
    columns = (np.arange(ANGLES, dtype=np.float32)[None] + bend).astype(np.float32) % ANGLES
    rows = np.broadcast_to(rho * (RADII - 1), columns.shape).astype(np.float32)
    bent = cv2.remap(fibres, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    inner = 1.5 * np.abs(mix((2, 170))) - 1
    return np.where(rho < ring, inner, bent).astype(np.float32)


def _draw_furrows(mix: MixNoise, rho: np.ndarray, gain: float) -> np.ndarray:
    """Return broken concentric furrows in the outer half of the iris."""
    phase = 2 * np.pi * 9 * (rho + 0.03 * mix((2, 10)))
    broken = np.clip(mix((3, 12)) + 0.3, 0, 1)
    return gain * np.cos(phase) * broken * np.clip((rho - 0.45) / 0.2, 0, 1)


def _draw_crypts(rng: np.random.Generator, ring: np.ndarray, count: int) -> np.ndarray:
    """Return dark holes with a pale border along the collarette."""
    mask = np.zeros((RADII, ANGLES), np.uint8)
    for _ in range(count):
        column = int(rng.integers(ANGLES))
        row = int(RADII * np.clip(ring[column] + abs(rng.normal(0.04, 0.13)), 0.05, 0.85))
        axes = (int(rng.integers(6, 24)), int(rng.integers(4, 11)))
        _stamp(mask, column, row, axes)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32) / 255
    border = cv2.GaussianBlur(mask, (0, 0), 4).astype(np.float32) / 255
    return 11 * border - 33 * soft


def draw_nevi(rng: np.random.Generator, traits: dict[str, float]) -> np.ndarray:
    """Return three to eight dark spots; their edge is soft, and none is as dark as the pupil."""
    mask = np.zeros((RADII, ANGLES), np.uint8)
    for _ in range(int(rng.integers(3, 9))):
        axes = (int(rng.integers(16, 34)), int(rng.integers(9, 17)))
        _stamp(mask, int(rng.integers(ANGLES)), int(rng.integers(25, 80)), axes)
    depth = rng.uniform(0.6, 0.84) * (traits["iris_gray"] - traits["pupil_gray"])
    return -depth * cv2.GaussianBlur(mask, (0, 0), 4).astype(np.float32) / 255


def _draw_dark_sector(rng: np.random.Generator) -> np.ndarray:
    """Return one darker sector that keeps its texture; an atrophic one is paler and has none."""
    turn = 2 * np.pi * np.arange(ANGLES) / ANGLES - rng.uniform(0, 2 * np.pi)
    side = np.abs(np.mod(turn + np.pi, 2 * np.pi) - np.pi)
    return -rng.uniform(8, 26) * np.clip((rng.uniform(0.25, 0.6) - side) / 0.15, 0, 1)[None]


def _stamp(mask: np.ndarray, column: int, row: int, axes: tuple[int, int]) -> None:
    """Draw one filled ellipse into the map, across its seam where needed."""
    for shift in (-ANGLES, 0, ANGLES):
        cv2.ellipse(mask, (column + shift, row), axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
