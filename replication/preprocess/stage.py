"""Preprocess a whole manifest: read every file once, turn each frame into an image (paper §2.1).

Images that can't be read are skipped and reported; `replication.preprocess.frame` has what is done
to one.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.config import PreprocessSettings
from replication.data.image_file import (
    FULL_WHITE,
    ImageHeader,
    find_white,
    read_header,
    read_levels,
    scale_levels,
)
from replication.data.iris_by_hand import Circle, list_circles
from replication.data.pixels import are_too_many, describe_unreadable
from replication.data.survey import EYES
from replication.errors import DataError
from replication.preprocess.frame import ImageFacts, preprocess_image
from replication.system.processes import advance_each, spread

CHUNK = 16
NOTED = ("readable", "problem", "white_level", "turn")

_LOG = logging.getLogger(__name__)


def preprocess_images(
    manifest: pd.DataFrame,
    root: Path,
    settings: PreprocessSettings,
    *,
    workers: int,
    on_image: Callable[[], None] | None = None,
    prepare: Callable[..., tuple[np.ndarray, ImageFacts]] = preprocess_image,
    white: int | None = None,
) -> tuple[np.ndarray, pd.DataFrame]:
    """Preprocess all images of a manifest; the result is the same for any number of workers.

    Args:
        manifest: columns image_id, path (relative to root) and eye ('left' or 'right', or any word
            where nothing is mirrored); the fields of `Circle` where irises are given by hand.
        root: the folder that the paths start from; read only.
        settings: of the steps.
        workers: processes that preprocess.
        on_image: called after each image, for a progress bar.
        prepare: what is done to one frame.
        white: the level that becomes 255 in every image; None finds that of these.

    Returns:
        images: (N, S, S) uint8 of the readable images, in the manifest's order.
        facts: one row per row of the manifest: image_id, path, readable, problem (empty where
            readable), white_level and turn (of `replication.data.image_file`), then the fields of
            `ImageFacts` (missing where not readable), `padded` only where frames are.

    Raises:
        DataError: when more than 1% of the images can't be read, there are none, or eyes are
            mirrored and one is neither left nor right.
    """
    if manifest.empty:
        raise DataError("manifest: expected at least one image, got none")
    odd = set(manifest["eye"]) - set(EYES) if settings.mirroring else ()
    if odd:
        raise DataError(f"manifest, column eye: {len(odd)} words beside 'left' and 'right'")
    files = [root / path for path in manifest.path]
    tasks = list(zip(files, manifest.eye, list_circles(manifest), strict=True))
    if white is None:
        white = read_white(files, workers=workers)
    work = partial(_preprocess_file, settings, prepare, white)
    results = spread(work, tasks, workers=workers, chunk=CHUNK)
    images, rows = zip(*advance_each(results, on_image), strict=True)
    done = pd.DataFrame(rows, columns=[*NOTED, *ImageFacts.__annotations__])
    if settings.resizing != "pad":
        del done["padded"]
    facts = pd.concat([manifest[["image_id", "path"]].reset_index(drop=True), done], axis=1)
    _report_unreadable(facts)
    return np.stack([image for image in images if image is not None]), facts


def read_white(files: Sequence[Path], *, workers: int) -> int:
    """Return the level that stands for white in all images of a data set, by the first header."""
    white = next((header.white for header in map(_read_header, files) if header), 255)
    if white != FULL_WHITE:
        return white
    return find_white(white, max(spread(_find_highest, files, workers=workers, chunk=CHUNK)))


def _read_header(file: Path) -> ImageHeader | None:
    try:
        with file.open("rb") as stream:
            return read_header(stream)
    except (OSError, DataError):
        return None


def _find_highest(file: Path) -> int:
    try:
        return int(read_levels(file)[0].max())
    except DataError:
        return 0


def _preprocess_file(
    settings: PreprocessSettings,
    prepare: Callable,
    white: int,
    task: tuple[Path, str, Circle | None],
) -> tuple[np.ndarray | None, dict]:
    """Preprocess one file: its image or None, and its row of facts."""
    path, eye, by_hand = task
    try:
        levels, header = read_levels(path)
        gray = scale_levels(levels, header, white=white)
        image, facts = prepare(gray, eye=eye, settings=settings, by_hand=by_hand)
    except DataError as error:
        return None, {"readable": False, "problem": str(error)}
    noted = {"readable": True, "problem": "", "white_level": white, "turn": header.turn}
    return image, noted | vars(facts)


def _report_unreadable(facts: pd.DataFrame) -> None:
    """Warn of images that were skipped, or raise DataError where they are too many."""
    bad = facts[~facts.readable]
    if bad.empty:
        return
    for path, problem in zip(bad.path, bad.problem, strict=True):
        _LOG.debug("%s: %s", path, problem)
    sentence = describe_unreadable(facts.path.tolist(), facts.problem.tolist())
    if are_too_many(len(bad), len(facts)):
        raise DataError(sentence)
    _LOG.warning("%s", sentence)
