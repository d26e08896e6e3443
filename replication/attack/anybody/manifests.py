"""Manifests of anybody's images: one CSV of originals, one of privatized images, one to learn from.

Columns, in any order, further ones ignored:

- `path`: of the image, relative to the manifest's folder, and not leading out of it;
- `patient_id`: whose it is;
- `source`: which original a privatized image was made of, by the path or the image_id that the
  originals' manifest has; may be left out of the manifest to learn from;
- `image_id` (originals): another name of the image;
- `disease`: 1 or 0, blank where not known;
- `draw`: the number of a release, where an image was privatized more than once;
- `used`: patients whose images or likeness went in, separated by `;`, blank where nobody's did.

Letters in parts, as some systems have them in names of files, are those written whole.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from os.path import isfile
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import numpy as np

from replication.attack.anybody.collection import UNKNOWN, Collection
from replication.attack.anybody.pictures import read_first, read_pictures
from replication.data.manifest import TRUTH, find_form, name_delimiter, read_rows, spell_path
from replication.data.survey import name_absent
from replication.errors import DataError, Sentence

SEPARATOR = ";"  # of used patients
MOST_DIGITS = 18  # of a draw, so that 64 bits hold it
COLUMNS = ("path", "patient_id", "source", "image_id", "disease", "draw", "used")


class Kind(StrEnum):
    """What a manifest holds."""

    ORIGINALS = "originals"
    PRIVATIZED = "privatized"
    LEARN = "to learn from"


class Row(NamedTuple):
    """One image of a manifest; a cell that isn't there is blank."""

    line: int
    path: str
    patient_id: str
    source: str
    image_id: str
    disease: int
    draw: int | None
    used: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a row stands, for errors: the manifest's name and the line, never a cell."""

    file: Path
    lines: np.ndarray

    def __call__(self, row: int) -> str:
        """Return the manifest and the line of a row."""
        return f"{self.file} line {self.lines[row]}"


def read_manifest(file: Path, kind: Kind) -> Collection:
    """Read a manifest; its images are read when they are wanted.

    Args:
        file: the CSV.
        kind: what it holds; privatized images need a source each.

    Raises:
        DataError: when the manifest, or its first image, can't be used; names the first fault.
    """
    needed = COLUMNS[: 3 if kind == Kind.PRIVATIZED else 2]
    header, rows = _parse(file, needed)
    lines = np.array([row.line for row in rows])
    paths = [row.path for row in rows]
    place = Place(file, lines)

    def file_of(row: int) -> Path:
        return file.parent / paths[row]

    first = read_first(file_of, len(rows), place)
    names: dict[str, int] = {}
    for number, row in enumerate(rows):
        for name in _list_names(row, kind):
            if names.setdefault(name, number) != number:
                raise DataError(
                    Sentence(
                        f"{place(number)}: {{}} stands twice, keep one", repr(name), "an image"
                    )
                )
    draws = [row.draw for row in rows]
    if None in draws and any(draw is not None for draw in draws):
        row = draws.index(None)
        raise DataError(f"{place(row)}: draw is blank, number all releases or none")
    used = [row.used for row in rows]
    return Collection(
        str(file),
        np.array([row.patient_id for row in rows]),
        lambda wanted: read_pictures(file_of, wanted, first, place),
        first.size_px,
        np.array([row.disease for row in rows], dtype=np.int8),
        first.white,
        None if kind == Kind.ORIGINALS else [row.source for row in rows],
        names,
        None if None in draws else np.array(draws),
        used if "used" in header and any(used) else None,
        place,
    )


def _list_names(row: Row, kind: Kind) -> set[str]:
    """Return the names that have to be unique: the path, and of an original its image_id."""
    path = normalize("NFC", row.path)
    return {path, row.image_id} - {""} if kind == Kind.ORIGINALS else {path}


def _parse(file: Path, needed: tuple[str, ...]) -> tuple[list[str], list[Row]]:
    if not isfile(file):
        raise DataError(f"{file}: no such file, give a CSV of {','.join(needed)}")
    try:
        numbered = read_rows(file, delimiter=",")
        _, header = next(numbered, (0, []))
        names = [name.lower() for name in header]
        if mark := name_delimiter(header, expected=","):
            raise DataError(
                f"{file}: expected cells separated by ',', this file has {mark!r}: save it again "
                "with ','"
            )
        if absent := [name for name in needed if name not in names]:
            raise DataError(
                f"{file}: expected the columns {','.join(needed)}, no {absent[0]} found"
            )
        if twice := [name for name in COLUMNS if names.count(name) > 1]:
            raise DataError(f"{file}: the column {twice[0]} stands twice, keep one")
        rows = list(_parse_rows(file, names, numbered, needed))
    except (OSError, csv.Error) as error:
        raise DataError(f"{file}: can't be read ({error}), save it again as CSV") from error
    if not rows:
        raise DataError(f"{file}: no rows under the header, add one row per image")
    return names, rows


def _parse_rows(file: Path, names: list[str], numbered, needed: tuple[str, ...]) -> Iterator[Row]:
    for line, found in numbered:
        place = f"{file} line {line}"
        if any(found[len(names) :]):
            raise DataError(f"{place}: {len(found)} cells under {len(names)} columns, correct it")
        whole = (normalize("NFC", cell) for cell in found)
        cells = dict.fromkeys(COLUMNS, "") | dict(zip(names, whole, strict=False))
        if blank := [name for name in needed if not cells[name]]:
            raise DataError(f"{place}: {blank[0]} is blank, fill it in")
        try:
            path = find_form(file.parent, spell_path(cells["path"]))
        except DataError as error:
            raise DataError(
                Sentence(f"{place}: {{}} {error}", repr(cells["path"]), "path")
            ) from None
        if not isfile(file.parent / path):
            absent = f"{place}: {{}} {name_absent(file.parent / path)}"
            raise DataError(Sentence(absent, repr(path), "the image"))
        yield Row(
            line,
            path,
            cells["patient_id"],
            _spell_source(cells["source"]),
            cells["image_id"],
            _read_disease(place, cells["disease"]),
            _read_draw(place, cells["draw"]),
            tuple(name for each in cells["used"].split(SEPARATOR) if (name := each.strip())),
        )


def _spell_source(cell: str) -> str:
    """Return a source as the originals' manifest spells paths; another name stays as it is."""
    try:
        return spell_path(cell) if cell else ""
    except DataError:
        return cell


def _read_disease(place: str, cell: str) -> int:
    if cell and cell.lower() not in TRUTH:
        raise DataError(
            Sentence(f"{place}: disease {{}} is unknown, write 1 or 0", repr(cell), "'…'")
        )
    return int(TRUTH[cell.lower()]) if cell else UNKNOWN


def _read_draw(place: str, cell: str) -> int | None:
    if cell and not (cell.isascii() and cell.isdigit() and len(cell) <= MOST_DIGITS):
        sentence = f"{place}: draw {{}} is no number from 0 on, of {MOST_DIGITS} digits at most"
        raise DataError(Sentence(sentence, repr(cell), "'…'"))
    return int(cell) if cell else None
