"""Read a user's own manifest: a CSV `path,patient_id,eye,glaucoma` beside the images.

It may have the columns `centre_x,centre_y,radius` too: the iris, by hand, or what else images are
centred on. `disease` stands for `glaucoma` as well; without mirroring, `eye` may be missing.

Paths are relative to the manifest's folder and can't lead out of it, so that a manifest from
elsewhere reads nothing but what lies beside it. Links that lie there are followed, as in Warsaw's
layout: who put them there, as DVC and git-annex do, owns the disk.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import isfinite
from os.path import isfile  # unlike Path.is_file, never raises
from pathlib import Path, PurePosixPath, PureWindowsPath
from sys import intern
from typing import NamedTuple
from unicodedata import normalize

from replication.config import PreprocessSettings
from replication.data.iris_by_hand import Circle
from replication.data.survey import (
    EYES,
    NO_SIDE,
    PAPER_STEPS,
    Choice,
    Finding,
    ImageRow,
    Remark,
    Survey,
    name_absent,
    name_some,
    remark_on,
    survey_images,
)
from replication.errors import DataError
from replication.store.words import DISEASE, GLAUCOMA

FIELDS = ("path", "patient_id", "eye", "glaucoma")
DISEASE_IS = {DISEASE: GLAUCOMA}  # another name of a column
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
UTF16 = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = (";", ",", "\t")


class Fault(NamedTuple):
    """Why a row can't be used; faults of one kind become one remark.

    The sentence has `{}` for `cell`, which comes from the user's data and may name a patient.
    """

    kind: str
    sentence: str
    cell: str = ""


def survey_manifest(
    file: Path,
    *,
    choices: Collection[Choice] = (),
    steps: PreprocessSettings = PAPER_STEPS,
    decode: bool = True,
) -> Survey:
    """Look at all of a manifest; what is missing, wrong or odd becomes a remark.

    Args:
        file: a CSV with a header row and the columns `FIELDS` in any order, and those of
            `Circle`, if given, all blank or none in a row; further ones are ignored. eye is left
            or right, glaucoma one of `TRUTH`, in any case.
        choices, steps, decode: those of `replication.data.survey.survey_images`.
    """
    if not isfile(file):
        sentence = f"{file}: no such file, give a CSV of {','.join(FIELDS)}"
        return survey_images(file.parent, [], remarks=[Remark(sentence, kind=Finding.MISSING)])
    try:
        numbered = read_rows(file, delimiter=",")
        _, header = next(numbered, (0, []))
        header = [name.lower() for name in header]
        fault = find_header_fault(header, steps)
        if fault is None:
            header = [DISEASE_IS.get(name, name) for name in header]
            rows, counted, remarks = parse_rows(file, header, numbered, steps)
            if counted:
                counts = [("rows", counted)]
                return survey_images(
                    file.parent,
                    rows,
                    remarks=remarks,
                    counts=counts,
                    choices=choices,
                    steps=steps,
                    decode=decode,
                )
            fault = "no rows under the header, add one row per image"
    except (OSError, csv.Error) as error:
        fault = f"can't be read ({error}), save it again as CSV"
    return survey_images(file.parent, [], remarks=[Remark(f"{file}: {fault}", kind=Finding.WRONG)])


def read_label(file: Path) -> str:
    """Return what a manifest calls its label, `GLAUCOMA` or `DISEASE`.

    Raises:
        OSError, csv.Error: as `read_rows`.
    """
    _, header = next(read_rows(file, delimiter=","), (0, []))
    return DISEASE if DISEASE in map(str.lower, header) else GLAUCOMA


def read_rows(file: Path, *, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV of unknown origin that are not blank, each with its last line.

    UTF-16 with a byte order mark, UTF-8 with or without; what is neither is read as Latin-1, whose letters
    outside ASCII don't matter to any word that is looked for. Cells are stripped.

    Raises:
        OSError: when the file can't be read.
        csv.Error: when its quoting can't be understood.
    """
    data = file.read_bytes()
    try:
        text = data.decode("utf-16" if data.startswith(UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells


def name_delimiter(header: Sequence[str], *, expected: str) -> str | None:
    """Return the delimiter that a header seems to use, if it was read as one cell, or None."""
    if len(header) != 1:
        return None
    return next((mark for mark in DELIMITERS if mark != expected and mark in header[0]), None)


def find_header_fault(header: Sequence[str], steps: PreprocessSettings) -> str | None:
    """Return what is wrong with the header row, its names in small letters, or None."""
    names = [DISEASE_IS.get(name, name) for name in header]
    needed = tuple(name for name in FIELDS if name != "eye" or steps.mirroring)
    needed += Circle._fields if steps.centring == "manifest" else ()
    absent = [name for name in needed if name not in names]
    mark = name_delimiter(header, expected=",")
    if mark is not None:
        return f"expected cells separated by ',', this file has {mark!r}: save it again with ','"
    if absent:
        without = "; without sides, give --no-mirroring" if absent == ["eye"] else ""
        return (
            f"expected the columns {','.join(needed)}, {name_some(absent)} not found: add them"
            f"{without}"
        )
    twice = [name for name in (*FIELDS, *Circle._fields) if names.count(name) > 1]
    if twice == ["glaucoma"] and set(DISEASE_IS) & set(header):
        return "the columns 'glaucoma' and 'disease' are one, keep one"
    return f"the column {name_some(twice)} comes twice, keep one" if twice else None


def parse_rows(
    file: Path,
    names: Sequence[str],
    numbered: Iterable[tuple[int, list[str]]],
    steps: PreprocessSettings,
) -> tuple[list[ImageRow], int, list[Remark]]:
    """Return the rows that can be used, of how many, and a remark per kind of fault in the others.

    Args:
        file: the CSV, whose folder the paths are relative to.
        names, numbered: of the columns, and the rows under them with their lines.
        steps: of the preprocessing: what a row has to give.
    """
    counted = 0
    rows: dict[str, ImageRow] = {}
    faults: dict[str, list[tuple[int, Fault]]] = {}
    for line, cells in numbered:
        counted += 1
        if any(cells[len(names) :]):
            parsed = Fault("cells", f"{len(cells)} cells under {len(names)} columns, correct it")
        else:
            parsed = parse_row(file.parent, dict(zip(names, cells, strict=False)), steps)
        if isinstance(parsed, ImageRow) and parsed.path in rows:
            parsed = Fault("duplicate", "{} comes twice, keep one row per image", parsed.path)
        if isinstance(parsed, Fault):
            faults.setdefault(parsed.kind, []).append((line, parsed))
        else:
            rows[parsed.path] = parsed
    remarks = [_remark_on_faults(file, found) for found in faults.values()]
    return list(rows.values()), counted, remarks + _doubt_labels(rows.values())


def parse_row(root: Path, cells: dict[str, str], steps: PreprocessSettings) -> ImageRow | Fault:
    """Return one row of the manifest, or why it can't be used; a short row lacks some cells."""
    given = {} if steps.mirroring else {"eye": NO_SIDE}
    given |= {name: cell for name, cell in cells.items() if cell}
    absent = [name for name in FIELDS if name not in given]
    if absent:
        return Fault("blank", f"{name_some(absent)} is blank, fill it in")
    eye, glaucoma = intern(given["eye"].lower()), cells["glaucoma"].lower()
    if eye not in (EYES if steps.mirroring else (*EYES, NO_SIDE)):
        return Fault("eye", f"eye {{}} is unknown, write {' or '.join(EYES)}", cells["eye"])
    if glaucoma not in TRUTH:
        return Fault("glaucoma", "glaucoma {} is unknown, write true or false", cells["glaucoma"])
    try:
        path = spell_path(cells["path"])
    except DataError as error:
        return Fault("path", f"{{}} {error}", cells["path"])
    path = find_form(root, path)
    if not isfile(root / path):
        return Fault("missing", f"{{}} {name_absent(root / path)} or remove the row", path)
    iris = None if steps.centring == "none" else parse_circle(cells)
    if iris is None and steps.centring == "manifest":
        iris = Fault("no circle", f"no {', '.join(Circle._fields)} to be centred on, fill them in")
    if isinstance(iris, Fault):
        return iris
    return ImageRow(path, cells["patient_id"], eye, TRUTH[glaucoma], iris)


def parse_circle(cells: dict[str, str]) -> Circle | Fault | None:
    """Return the iris that a row gives by hand, or why it can't be used; None of blank cells."""
    given = {name: cells.get(name, "") for name in Circle._fields}
    if not any(given.values()):
        return None
    if absent := [name for name, cell in given.items() if not cell]:
        words = ", ".join(given)
        return Fault("part of an iris", f"{name_some(absent)} is blank, fill in {words} or none")
    numbers = {}
    for name, cell in given.items():
        try:
            numbers[name] = float(cell)
        except ValueError:
            numbers[name] = float("nan")
        if not isfinite(numbers[name]):
            return Fault("no number", f"{name} {{}} is no number, write px as 312.5", cell)
    circle = Circle(**numbers)
    if circle.radius <= 0:
        return Fault("radius", "radius {} is not above 0, write px as 120", given["radius"])
    return circle


def spell_path(path: str) -> str:
    """Return a path, relative to the manifest's folder, in its plain POSIX form.

    Backslashes are read as slashes, as a manifest may come from Windows.

    Raises:
        DataError: when the path is absolute or goes up; it doesn't name the path.
    """
    plain = PurePosixPath(path.replace("\\", "/"))
    if plain.is_absolute() or PureWindowsPath(path).drive or ".." in plain.parts:
        raise DataError("leads out, write paths relative to the manifest's folder")
    return plain.as_posix()


def find_form(root: Path, path: str) -> str:
    """Return a path in the form that a file in a folder has; as it is where there is none.

    A file from another system may have its name's letters in parts, or whole.
    """
    forms = (path, *(normalize(form, path) for form in ("NFC", "NFD")))
    return next((form for form in forms if isfile(root / form)), path)


def _remark_on_faults(file: Path, faults: Sequence[tuple[int, Fault]]) -> Remark:
    """Return a remark on faults of one kind, which describes the first and counts the others."""
    (line, fault), more = faults[0], len(faults) - 1
    kind = Finding.MISSING if fault.kind == "missing" else Finding.WRONG
    sentence = f"{file} line {line}: {fault.sentence}" + (
        f" ({more} more such rows)" if more else ""
    )
    return Remark(sentence, repr(fault.cell) if fault.cell else "", "'…'", kind=kind)


def _doubt_labels(rows: Iterable[ImageRow]) -> list[Remark]:
    """Name the eyes whose images differ in glaucoma, which is one label per eye elsewhere."""
    labels: dict[tuple[str, str], set[bool | None]] = {}
    for row in rows:
        if row.eye == NO_SIDE:  # a label of its own image
            continue
        labels.setdefault((row.patient_id, row.eye), set()).add(row.glaucoma)
    mixed = [
        f"{patient} {eye}" for (patient, eye), found in sorted(labels.items()) if len(found) > 1
    ]
    return remark_on(Finding.ODD, "{}: images with and without glaucoma", mixed, what="eyes")
