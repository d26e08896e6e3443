"""The eyes of one data set as calibration measures them, and all statistics of theirs.

Ours. Every frame is preprocessed as in a run, at three times the size; its images are means of that.
What depends on how large the iris is in the picture is measured at one iris size (`equal`).
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.attack.twins import draw_twins, has_twins, read_twins
from replication.config import PreprocessSettings
from replication.data.sources import Kind, Source
from replication.data.warsaw import TWINS_FOLDER
from replication.errors import DataError
from replication.preprocess.places import find_sign_table, read_signs
from replication.preprocess.stage import preprocess_images
from replication.studies.eye_statistics import (
    BANDS,
    KERNELS,
    SHARES,
    correlate_bands,
    crop_middle,
    hide_iris,
    measure_kept_gradients,
    measure_slope,
    name_by_discriminants,
    share_energy,
    shrink,
)
from replication.studies.sign_statistics import (
    count_changed,
    extract_features,
    judge_by_features,
    know_by_patient,
    measure_visibility,
    share_half_sick,
)

FEWEST_IMAGES = 200
FINER = 3
EQUAL_RADIUS = 0.336  # ours, of the frame's width: 215 of 640 px, as in CASIA-IrisV1
FEWEST_CHANGED_PX = 4
# A hole in the iris is an iridectomy here, and an iridotomy in sets whose signs others drew.
KINDS = {"iridectomy": "hole", "iridotomy": "hole"}
DRAWN_KINDS = ("hole", "haze", "dilated", "atrophy")


@dataclass(frozen=True)
class MeasuredEyes:
    """N images of one data set, their irises in the middle, and M twins.

    Args:
        images: (N, S, S) uint8, as networks see them.
        equal: (N, S, S) uint8, the same with the median iris as large in all data sets.
        patient, eye: (N,) of each.
        glaucoma: (N,) bool.
        radius_share: the median iris's radius over the frame's width and over its height.
        sick: (M,) rows of the images that have twins, all with glaucoma.
        twins: (M, S, S) uint8.
        kinds: (M,) of the sign, or of several, joined by a bar.
    """

    images: np.ndarray
    equal: np.ndarray
    patient: np.ndarray
    eye: np.ndarray
    glaucoma: np.ndarray
    radius_share: tuple[float, float]
    sick: np.ndarray
    twins: np.ndarray
    kinds: np.ndarray


def read_eyes(source: Source, *, workers: int) -> MeasuredEyes:
    """Read, preprocess and check one data set.

    Args:
        source: a surrogate, or a folder with twins.
        workers: processes that preprocess.

    Raises:
        DataError: when there are fewer than 200 images in which the iris is found, or no twins.
    """
    require_twins(source)
    manifest, root = source.read(decode=False)
    settings = PreprocessSettings()
    fine = replace(settings, image_size_px=FINER * settings.image_size_px)
    _require_images(len(manifest), source)
    pixels, facts = preprocess_images(manifest, root, fine, workers=workers)
    table = manifest.merge(facts.drop(columns="path"), on="image_id")
    table, pixels = _keep_found(table, pixels)
    _require_images(len(table), source)
    sick = np.flatnonzero(table["glaucoma"].to_numpy(bool))
    facts = table.iloc[sick]
    sizes = {"size_px": fine.image_size_px}
    if source.kind is Kind.SURROGATE:
        twins = draw_twins(root, facts, workers=workers, **sizes)
    else:
        twins = read_twins(root, facts, **sizes)
    return MeasuredEyes(
        images=_reduce(pixels),
        equal=_equalise(pixels, table),
        patient=table["patient_id"].to_numpy(),
        eye=(table["patient_id"].astype(str) + table["eye"]).to_numpy(),
        glaucoma=table["glaucoma"].to_numpy(bool),
        radius_share=_share_radius(table),
        sick=sick,
        twins=_reduce(twins),
        kinds=_name_kinds(root, facts),
    )


def require_twins(source: Source) -> None:
    """Raise DataError where a data set that is no surrogate has no twins or no table of its signs."""
    surrogate = source.kind is Kind.SURROGATE
    if not surrogate and (not has_twins(source.path) or find_sign_table(source.path) is None):
        raise DataError(
            f"{source.path.name}: calibration needs the images with glaucoma again without their "
            f"signs, in {TWINS_FOLDER} under the same names, and signs.csv"
        )


def measure_eyes(eyes: MeasuredEyes) -> dict[str, float]:
    """Return all statistics by name; a kind of sign that no eye has alone has none."""
    return _measure_anatomy(eyes) | _measure_signs(eyes)


def _measure_anatomy(eyes: MeasuredEyes) -> dict[str, float]:
    found = {"slope": measure_slope(eyes.equal)}
    for low, high in SHARES:
        found[f"share {low}-{high}"] = share_energy(eyes.equal, low, high)
    correlations = correlate_bands(eyes.images, eyes.eye)
    for (low, high), value in zip(pairwise(BANDS), correlations, strict=True):
        found[f"icc {low:g}-{high:g}"] = value
    for kernel, value in zip(KERNELS, measure_kept_gradients(eyes.equal), strict=True):
        found[f"kept {kernel}"] = value
    outside = shrink(hide_iris(eyes.images, eyes.radius_share))
    found["lda outside"] = name_by_discriminants(outside, eyes.patient)
    found["lda inside"] = name_by_discriminants(crop_middle(eyes.equal), eyes.patient)
    return found


def _measure_signs(eyes: MeasuredEyes) -> dict[str, float]:
    change = eyes.images[eyes.sick].astype(int) - eyes.twins
    healthy = ~eyes.glaucoma
    visible = measure_visibility(eyes.images[healthy], eyes.patient[healthy], change)
    found = {"visible": np.median(visible), "visible tenth": np.quantile(visible, 0.1)}
    for kind in DRAWN_KINDS:
        if (alone := eyes.kinds == kind).any():
            found[f"visible {kind}"] = np.median(visible[alone])
    features = extract_features(eyes.images, eyes.radius_share)
    found["auc"] = judge_by_features(features, eyes.glaucoma, eyes.patient)
    features[eyes.sick] = extract_features(eyes.twins, eyes.radius_share)
    found["auc twins"] = judge_by_features(features, eyes.glaucoma, eyes.patient)
    found["half sick"] = share_half_sick(eyes.glaucoma, eyes.patient)
    found["by patient"] = know_by_patient(eyes.glaucoma, eyes.patient)
    found["unseen"] = (count_changed(change) < FEWEST_CHANGED_PX).mean()
    return {name: float(value) for name, value in found.items()}


def _require_images(count: int, source: Source) -> None:
    if count < FEWEST_IMAGES:
        raise DataError(
            f"{source.path.name}: calibration needs {FEWEST_IMAGES} images in which the iris is "
            f"found, got {count}; add images"
        )


def _keep_found(table: pd.DataFrame, pixels: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    readable = table[table["readable"].astype(bool)].reset_index(drop=True)
    found = readable["iris_found"].astype(bool)
    return readable[found].reset_index(drop=True), pixels[found.to_numpy()]


def _reduce(pixels: np.ndarray) -> np.ndarray:
    """Return (N, S, S) uint8 means of (N, 3 S, 3 S) pixels."""
    size = pixels.shape[1] // FINER
    return np.array([cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA) for p in pixels])


def _equalise(pixels: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """Return (N, S, S) uint8, cut so that the median iris has `EQUAL_RADIUS`.

    Where that is more than the frame, its border is repeated.
    """
    side, size = pixels.shape[1], pixels.shape[1] // FINER
    half = round(side * _share_radius(table)[0] / EQUAL_RADIUS / 2)
    margin = max(0, half - side // 2)
    padded = np.pad(pixels, ((0, 0), (margin, margin), (margin, margin)), mode="edge")
    inside = slice(padded.shape[1] // 2 - half, padded.shape[1] // 2 + half)
    cut = padded[:, inside, inside]
    return np.array([cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA) for p in cut])


def _share_radius(table: pd.DataFrame) -> tuple[float, float]:
    height = table["frame_height_px"] - table["strip_rows_removed"]
    radius = table["iris_radius_px"]
    return float((radius / table["frame_width_px"]).median()), float((radius / height).median())


def _name_kinds(root: Path, facts: pd.DataFrame) -> np.ndarray:
    """Return the kinds of sign of each image, in the order of their names."""
    signs = read_signs(find_sign_table(root))
    kinds = signs["kind"].replace(KINDS).groupby(signs["file"]).agg(lambda k: "|".join(sorted(k)))
    files = facts["path"].str.rpartition("/")[2]
    return files.map(kinds).fillna("").to_numpy()
