"""Where the relevance of a map lies: in the iris, in its upper half, in a known sign.

The paper names "the upper side of the iris" (paper §3, Figure 5). Where a sign's place is known, two
measures say whether a map finds it: the pointing game (Zhang et al., IJCV 126, 2018: is the highest
pixel inside?) and relevance mass (Arras et al., Information Fusion 81, 2022: the fraction of
relevance inside). Both are only as good as they beat controls that don't depend on the network: a
random map, an edge detector and a blob in the middle, where preprocessing puts the iris.

A map of one value throughout, such as an empty one, has no place: NaN.
"""

import cv2
import numpy as np
import pandas as pd

from replication.errors import DataError
from replication.explain.agreement import check_maps, has_pattern, name_parts
from validation.statistics.resampling import estimate_mean, estimate_rate

CONTROLS = ("random", "edges", "centre")
BLOB_SIGMA = 1 / 8  # ours, of the image's side: two thirds of it fall on a surrogate's iris
RELEVANCE = "relevance"


def measure_mass(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return (N,) float64 in [0, 1], the fraction of each map's relevance that lies in its mask.

    Args:
        maps: (N, S, S), not negative; NaN for one of one value throughout.
        masks: (N, S, S) bool; NaN for an empty one.

    Raises:
        DataError: when shapes differ or a map is negative or not finite.
    """
    shown = _check_places(maps, masks)
    inside = (maps * masks).sum(axis=(1, 2), dtype=np.float64)
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.full(len(maps), np.nan), where=shown)


def measure_pointing(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return (N,) float64, whether each map's highest pixel lies in its mask.

    0 or 1, or the fraction inside of several highest pixels. Arguments, NaN and errors are those of
    `measure_mass`.
    """
    shown = _check_places(maps, masks)
    highest = maps == maps.max(axis=(1, 2), keepdims=True)
    inside = (highest & masks).sum(axis=(1, 2)) / highest.sum(axis=(1, 2))
    return np.where(shown, inside, np.nan)


def make_controls(images: np.ndarray, *, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Make maps that don't depend on any network.

    Args:
        images: (N, S, S, C) float32 in [-1, 1].
        rng: draws the random maps.

    Returns:
        By name of CONTROLS, (N, S, S) float32, not negative: uniform noise, the gradient's size by
        Sobel, and the same Gaussian in the middle of all.
    """
    shape = images.shape[:3]
    gray = images.mean(axis=3)
    edges = [
        np.hypot(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
        for image in gray
    ]
    side = np.arange(shape[1]) - (shape[1] - 1) / 2
    bell = np.exp(-((side / (BLOB_SIGMA * shape[1])) ** 2) / 2).astype(np.float32)
    centre = np.broadcast_to(np.outer(bell, bell), shape)
    noise = rng.random(shape, dtype=np.float32)
    return dict(zip(CONTROLS, (noise, np.stack(edges), centre), strict=True))


def measure_places(
    maps: np.ndarray,
    masks: np.ndarray,
    controls: dict[str, np.ndarray],
    patients: np.ndarray,
    *,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Measure how well maps find the known places of signs, beside controls on the same images.

    Args:
        maps: (N, S, S), not negative.
        masks: (N, S, S) bool, of `preprocess.places.mask_signs`; images without a sign are left out.
        controls: of `make_controls`.
        patients: (N,) of whom each image is.
        rng: draws the patients.

    Returns:
        One row per measure ('pointing', 'mass') and map ('relevance' first, then the controls):
        measure, map, mean, low, high, then lead_mean, lead_low, lead_high (relevance minus
        control, paired), area (mean fraction of the image that the signs take: both measures' mean
        of the random map), images, patients, and empty: the maps of images with a sign that have no
        pattern and are left out.

    Raises:
        DataError: as in `measure_mass`.
    """
    signed = masks.any(axis=(1, 2))
    used = signed & has_pattern(maps)
    area = masks[used].mean() if used.any() else np.nan
    measures = {
        "pointing": (measure_pointing, estimate_rate),
        "mass": (measure_mass, estimate_mean),
    }
    rows = []
    for measure, (measure_map, estimate) in measures.items():
        ours = measure_map(maps[used], masks[used])
        for name, those in {RELEVANCE: maps, **controls}.items():
            values = measure_map(those[used], masks[used])
            found = estimate(values, patients[used], rng=rng)
            row = {"measure": measure, "map": name}
            row |= {"mean": found.mean, "low": found.low, "high": found.high}
            if name != RELEVANCE:
                lead = estimate_mean(ours - values, patients[used], rng=rng)
                row |= name_parts("lead", lead)
            row |= {"area": area, "images": found.images, "patients": found.patients}
            rows.append(row | {"empty": int((signed & ~used).sum())})
    return pd.DataFrame(rows)


def tabulate_iris_fractions(maps: np.ndarray, iris: np.ndarray, upper: np.ndarray) -> pd.DataFrame:
    """Return the fractions of each map's relevance in the iris and in its upper half.

    Args:
        maps: (N, S, S), not negative.
        iris: (N, S, S) bool, of `preprocess.places.mask_irises`.
        upper: (N, S, S) bool, of the same.

    Returns:
        N rows, fractions: in_iris and in_upper_half of all relevance, iris_area and
        upper_half_area of the image (what an even map has), upper_of_iris (of the relevance in the
        iris, the part in its upper half; NaN where there is none). All NaN where `measure_mass` has
        NaN, so that the means of all columns but the last are of the same images.

    Raises:
        DataError: as in `measure_mass`.
    """
    in_iris, in_upper = (measure_mass(maps, mask) for mask in (iris, upper))
    nothing = np.full(len(maps), np.nan)
    fractions = pd.DataFrame(
        {
            "in_iris": in_iris,
            "in_upper_half": in_upper,
            "iris_area": iris.mean(axis=(1, 2)),
            "upper_half_area": upper.mean(axis=(1, 2)),
            "upper_of_iris": np.divide(in_upper, in_iris, out=nothing, where=in_iris > 0),
        }
    )
    fractions.loc[np.isnan(in_iris)] = np.nan
    return fractions


def _check_places(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return (N,) bool, whether map and mask have a place; raise DataError unless they fit."""
    check_maps(maps)
    if masks.shape != maps.shape or masks.dtype != bool:
        raise DataError(f"masks: expected {maps.shape} bool, got {masks.shape} {masks.dtype}")
    return has_pattern(maps) & masks.any(axis=(1, 2))
