"""The images that are to be explained: one, or those of a file of queries.

It is a CSV `path,eye`, with `patient_id` where it is known, and the fields of `Circle` where images are
centred on circles; without mirroring `eye` may be missing, as in a run's manifest. Other columns are
ignored. Paths are relative to its folder. A row that can't be answered stops no other.
"""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.data.manifest import Fault, find_form, parse_circle, read_rows, spell_path
from replication.data.survey import EYES, NO_SIDE
from replication.errors import DataError
from replication.explain.one_image import read_frame
from replication.system.processes import spread

CHUNK = 4  # frames that a process is handed at once


@dataclass(frozen=True)
class Query:
    """An image that is to be explained."""

    image: np.ndarray  # (1, S, S, C) float32 in [-1, 1]
    eye: str  # 'left' or 'right'
    patient: str | None  # whose it is, as the run's data name patients; None where unknown


class Row(NamedTuple):
    """A row, as it was given."""

    file: Path | None  # None where the row names none that could be read
    eye: str
    patient: str | None
    problem: str  # empty where it may be read
    circle: Circle | None = None  # that it is centred on


def list_rows(file: Path, steps: PreprocessSettings) -> list[Row]:
    """Read a file of images that are to be explained.

    Args:
        file: the CSV.
        steps: of the run's preprocessing: what a row has to give.

    Raises:
        DataError: when it can't be read, lacks a column, or has no row.
    """
    needed = ("path", *(["eye"] if steps.mirroring else []))
    needed += Circle._fields if steps.centring == "manifest" else ()
    try:
        numbered = read_rows(file, delimiter=",")
        header = [name.lower() for name in next(numbered, (0, []))[1]]
        if absent := [name for name in needed if name not in header]:
            words = ",".join(needed)
            raise DataError(
                f"--queries: lacks {' and '.join(absent)}; give a CSV of {words} or "
                f"{words},patient_id"
            )
        rows = [
            _read_row(file.parent, dict(zip(header, row, strict=False)), steps)
            for _, row in numbered
        ]
    except (OSError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        words = ",".join(needed)
        raise DataError(f"--queries: can't be read ({reason}); give a CSV of {words}") from error
    if not rows:
        raise DataError("--queries: no rows under the header, add one row per image")
    return rows


def _read_row(folder: Path, cells: dict[str, str], steps: PreprocessSettings) -> Row:
    eye, patient = cells.get("eye", "").lower(), cells.get("patient_id") or None
    if not steps.mirroring:
        eye = NO_SIDE
    elif eye not in EYES:
        return Row(None, eye, patient, f"eye: expected one of {', '.join(EYES)}")
    if not cells.get("path"):
        return Row(None, eye, patient, "path is blank")
    try:
        file = folder / find_form(folder, spell_path(cells["path"]))
    except DataError as error:
        return Row(None, eye, patient, f"path: {error}")
    circle = None if steps.centring == "none" else parse_circle(cells)
    if isinstance(circle, Fault):
        return Row(None, eye, patient, circle.sentence.format("given"))
    return Row(file, eye, patient, "", circle)


def read_queries(
    rows: list[Row],
    *,
    settings: PreprocessSettings,
    white: int,
    sizes_px: Collection[tuple[int, int]],
    workers: int,
) -> Iterator[Query | str]:
    """Yield each row's image, or in one sentence why it can't be explained.

    Args:
        rows: of `list_rows`.
        settings, white, sizes_px: of `read_frame`.
        workers: processes that read.
    """
    work = partial(_read_query, settings, white, sizes_px)
    yield from spread(work, rows, workers=min(workers, len(rows)), chunk=CHUNK)


def _read_query(
    settings: PreprocessSettings, white: int, sizes_px: Collection[tuple[int, int]], row: Row
) -> Query | str:
    if row.file is None:
        return row.problem
    try:
        image = read_frame(
            row.file,
            given_as="path",
            eye=row.eye,
            circle=row.circle,
            settings=settings,
            white=white,
            sizes_px=sizes_px,
        )
    except DataError as error:
        return str(error)
    return Query(image, row.eye, row.patient)
