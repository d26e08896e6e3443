"""From a camera's frames to a network's images: cut, mirror, centre, resize.

Paper §2.1; the order of the steps, the 11 rows and the resizing of the whole frame, which changes
its aspect, follow the first author's later code (IEEE Access 2021).

Departure: the iris is found by `replication.iris` instead of a Hough circle, and where it isn't
found the image is kept uncentred and marked. The resizing averages areas, which the sources don't
state; it keeps the frame's fine texture from turning into a pattern of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from replication.config import PreprocessSettings
from replication.errors import DataError
from replication.image_file import read_gray
from replication.iris import IrisFit, find_iris

EYES = ("left", "right")
MOST_UNREADABLE = 0.01  # ours: share of the files that may be left out
CHUNK = 16
NAMED_FILES = 3

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageFacts:
    """What was measured and done on one image; places in the frame after cut and mirroring.

    Args:
        frame_width_px, frame_height_px: of the frame as the camera gave it.
        strip_rows_removed: rows cut off the bottom.
        mirrored: whether left and right were exchanged.
        iris_found: whether the centre below was found; else the image is not centred.
        iris_centre_x_px, iris_centre_y_px, iris_radius_px, pupil_radius_px: NaN where not found.
        iris_confidence: in [0, 1].
        shift_x_px, shift_y_px: how far the frame was moved right and down to centre the iris.
    """

    frame_width_px: int
    frame_height_px: int
    strip_rows_removed: int
    mirrored: bool
    iris_found: bool
    iris_centre_x_px: float
    iris_centre_y_px: float
    iris_radius_px: float
    pupil_radius_px: float
    iris_confidence: float
    shift_x_px: int
    shift_y_px: int


def preprocess(
    manifest: pd.DataFrame,
    root: Path,
    settings: PreprocessSettings,
    *,
    workers: int,
    on_image: Callable[[], None] | None = None,
) -> tuple[np.ndarray, pd.DataFrame]:
    """Preprocess all images of a manifest; the result is the same for any number of workers.

    Args:
        manifest: columns image_id, path (relative to root) and eye ('left' or 'right').
        root: the folder that the paths start from; read only.
        settings: strip rows and image size.
        workers: processes to share the work.
        on_image: called after each image, for a progress bar.

    Returns:
        images: (N, S, S) uint8 of the readable images, in the manifest's order.
        facts: one row per row of the manifest: image_id, path, readable, problem (empty where
            readable), then the fields of `ImageFacts` (missing where not readable).

    Raises:
        DataError: when more than 1% of the images can't be read, or an eye is neither.
    """
    odd = sorted(set(manifest["eye"]) - set(EYES))
    if odd:
        raise DataError(f"manifest, column eye: expected 'left' or 'right', got {odd[0]!r}")
    tasks = [(root / path, eye) for path, eye in zip(manifest.path, manifest.eye, strict=True)]
    images, rows = [], []
    for image, row in _run(partial(_preprocess_file, settings), tasks, workers=workers):
        rows.append(row)
        if image is not None:
            images.append(image)
        if on_image is not None:
            on_image()
    facts = pd.DataFrame(rows, columns=["readable", "problem", *ImageFacts.__annotations__])
    for place, column in enumerate(("image_id", "path")):
        facts.insert(place, column, manifest[column].to_numpy())
    _report_unreadable(facts)
    return np.stack(images), facts


def preprocess_image(
    gray: np.ndarray, *, eye: str, settings: PreprocessSettings
) -> tuple[np.ndarray, ImageFacts]:
    """Preprocess one frame.

    1. Drop the label strip. 2. Mirror a right eye. 3. Find the iris and move it to the middle,
    repeating the border. 4. Resize the whole frame.

    Args:
        gray: (H, W) uint8, as the camera gave it.
        eye: 'left' or 'right'.
        settings: strip rows and image size.

    Returns:
        (S, S) uint8 and what was measured.

    Raises:
        DataError: when the frame is no higher than its label strip.
    """
    height, width = gray.shape
    if height <= settings.strip_rows:
        raise DataError(f"expected more than {settings.strip_rows} rows, got {height}")
    cut = gray[: height - settings.strip_rows]
    frame = np.ascontiguousarray(cut[:, ::-1] if eye == "right" else cut)
    fit = find_iris(frame)
    shift_x, shift_y = _shift_to_middle(frame, fit)
    size = (settings.image_size_px, settings.image_size_px)
    image = cv2.resize(_move(frame, shift_x, shift_y), size, interpolation=cv2.INTER_AREA)
    measured = (fit.centre_x_px, fit.centre_y_px, fit.radius_px, fit.pupil_radius_px)
    return image, ImageFacts(
        width,
        height,
        settings.strip_rows,
        eye == "right",
        fit.found,
        *(measured if fit.found else (float("nan"),) * len(measured)),
        fit.confidence,
        shift_x,
        shift_y,
    )


def _shift_to_middle(frame: np.ndarray, fit: IrisFit) -> tuple[int, int]:
    """Return the whole px right and down that bring the iris to the middle; 0 where not found."""
    if not fit.found:
        return 0, 0
    height, width = frame.shape
    return round((width - 1) / 2 - fit.centre_x_px), round((height - 1) / 2 - fit.centre_y_px)


def _move(frame: np.ndarray, right: int, down: int) -> np.ndarray:
    """Return the frame moved by whole px, its border repeated into what comes free."""
    rows, columns = (np.arange(side) for side in frame.shape)
    rows = np.clip(rows - down, 0, frame.shape[0] - 1)
    columns = np.clip(columns - right, 0, frame.shape[1] - 1)
    return frame[rows][:, columns]


def _preprocess_file(
    settings: PreprocessSettings, task: tuple[Path, str]
) -> tuple[np.ndarray | None, dict]:
    """Preprocess one file: its image or None, and its row of facts."""
    path, eye = task
    try:
        image, facts = preprocess_image(read_gray(path), eye=eye, settings=settings)
    except DataError as error:
        return None, {"readable": False, "problem": str(error)}
    return image, {"readable": True, "problem": "", **asdict(facts)}


def _run(work: Callable, tasks: list, *, workers: int) -> Iterator:
    """Yield the work's result on each task, in the tasks' order."""
    if workers == 1:
        yield from map(work, tasks)
        return
    # A fresh process: a forked one would inherit the locks of the parent's threads.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        yield from pool.map(work, tasks, chunksize=CHUNK)


def _report_unreadable(facts: pd.DataFrame) -> None:
    """Warn of images that were left out, or raise DataError where they are too many."""
    bad = facts[~facts.readable]
    if bad.empty and len(facts):
        return
    named = "; ".join(bad.problem[:NAMED_FILES])
    more = f" and {len(bad) - NAMED_FILES} more" if len(bad) > NAMED_FILES else ""
    sentence = f"{len(bad)} of {len(facts)} images can't be read: {named}{more}"
    if len(bad) > MOST_UNREADABLE * len(facts) or not len(facts):
        raise DataError(f"{sentence}; restore them or take them out of the data")
    _LOG.warning("%s; they are left out", sentence)
