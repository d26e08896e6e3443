"""Read the annotations of Warsaw-BioBase-Disease-Iris: each eye's diseases.

The layout was seen in public code that reads it, not in the distribution: semicolons, one header
row, the patient's number without padding, the left eye's diseases, the right eye's diseases;
diseases are comma-separated with stray spaces.
"""

import csv
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from replication.data.manifest import name_delimiter, read_rows
from replication.data.survey import EYES, Remarks, name_some

PATTERN = "medical-description*.csv"
GLAUCOMA = frozenset({"glaucoma", "secondary glaucoma"})
MOST_DIGITS = 9  # ours: of a patient's number
LAYOUT = "expected 'patient;left eye;right eye' separated by ';'"


@dataclass(frozen=True)
class Annotations:
    """The diseases of every annotated eye.

    Args:
        file: the annotations file, None where there is none to read.
        diseases: (patient number, eye) -> names of the eye's diseases, lower case.
        remarks: what is missing, wrong or odd about the file; when something is wrong, the
            diseases are those that could be read.
    """

    file: Path | None
    diseases: dict[tuple[int, str], frozenset[str]] = field(default_factory=dict)
    remarks: Remarks = field(default_factory=Remarks)

    def patients(self) -> set[int]:
        """Return the numbers of all annotated patients."""
        return {patient for patient, _ in self.diseases}

    def has_glaucoma(self, patient: int, eye: str) -> bool | None:
        """Tell whether an eye has glaucoma, None where the patient is not annotated."""
        names = self.diseases.get((patient, eye))
        return None if names is None else bool(names & GLAUCOMA)


def read_annotations(root: Path) -> Annotations:
    """Find and read the annotations file of a data folder; never raises for its content.

    Args:
        root: the data folder, which exists.
    """
    files = sorted(
        entry
        for entry in root.iterdir()
        if entry.is_file() and fnmatchcase(entry.name.lower(), PATTERN)
    )
    if not files:
        sentence = f"{root}: no annotations file {PATTERN}, put the database's own there"
        return Annotations(None, remarks=Remarks(missing=(sentence,)))
    if len(files) > 1:
        names = name_some([file.name for file in files])
        sentence = f"{root}: more than one annotations file, {names}: keep the one that applies"
        return Annotations(None, remarks=Remarks(wrong=(sentence,)))
    return parse_annotations(files[0])


def parse_annotations(file: Path) -> Annotations:
    """Read one annotations file; what can't be understood becomes a remark."""
    try:
        rows = list(read_rows(file, delimiter=";"))
    except (OSError, csv.Error) as error:
        sentence = f"{file}: can't be read ({error}), restore it from the database"
        return Annotations(file, remarks=Remarks(wrong=(sentence,)))
    header = rows[0][1] if rows else []
    fault = find_header_fault(header)
    if fault:
        return Annotations(file, remarks=Remarks(wrong=(f"{file}: {fault}",)))
    diseases, faults = _read_eyes(rows[1:])
    if not diseases and not faults:
        faults = ["no patients, restore it from the database"]
    wrong = tuple(f"{file}: {sentence}" for sentence in faults)
    odd = (*_doubt_header(file, header), *_doubt_diseases(file, diseases))
    return Annotations(file, diseases, Remarks(wrong=wrong, odd=odd))


def find_header_fault(header: list[str]) -> str | None:
    """Return what is wrong with the header row, or None.

    The true headings were not seen, so that only those are refused that say something else: too
    few columns, no header at all, or left and right named and not where they are read.
    """
    mark = name_delimiter(header, expected=";")
    if mark is not None:
        return f"{LAYOUT}, this file is separated by {mark!r}: save it again with ';'"
    if len(header) < 3:
        return f"{LAYOUT}, the header has {name_some(header) or 'nothing'}: restore the file"
    if header[0].isdigit():
        return f"{LAYOUT}, the first row is no header: add one"
    for column, eye in enumerate(EYES, start=1):
        if _names_eyes(header) and eye not in header[column].lower():
            return f"{LAYOUT}, column {column + 1} is {header[column]!r}: put the {eye} eye there"
    return None


def _names_eyes(header: list[str]) -> bool:
    return any(eye in heading.lower() for eye in EYES for heading in header)


def _read_eyes(
    rows: list[tuple[int, list[str]]],
) -> tuple[dict[tuple[int, str], frozenset[str]], list[str]]:
    """Return the diseases of each eye, and a sentence per row that can't be understood."""
    diseases: dict[tuple[int, str], frozenset[str]] = {}
    faults = []
    for line, cells in rows:
        number = cells[0].isascii() and cells[0].isdigit() and len(cells[0]) <= MOST_DIGITS
        if len(cells) < 3 or not number:
            faults.append(f"line {line}: {LAYOUT} with a patient's number first, correct the line")
            continue
        if any(cell.isdigit() for cell in cells[1:3]):
            faults.append(f"line {line}: {LAYOUT}, a number stands for diseases, correct the line")
            continue
        for eye, cell in zip(EYES, cells[1:3], strict=True):
            names = split_diseases(cell)
            if diseases.setdefault((int(cells[0]), eye), names) != names:
                faults.append(f"line {line}: the patient's {eye} eye is annotated twice, keep one")
    return diseases, faults


def split_diseases(cell: str) -> frozenset[str]:
    """Return the diseases of one cell: lower case, single spaces, no blanks."""
    names = (" ".join(name.lower().split()) for name in cell.split(","))
    return frozenset(name for name in names if name)


def _doubt_header(file: Path, header: list[str]) -> list[str]:
    if _names_eyes(header):
        return []
    return [f"{file.name}: columns {header[1]!r} and {header[2]!r} are read as left and right eye"]


def _doubt_diseases(file: Path, diseases: dict[tuple[int, str], frozenset[str]]) -> list[str]:
    """Name the entries that speak of glaucoma and are not counted as it."""
    entries = frozenset().union(*diseases.values())
    near = sorted(name for name in entries - GLAUCOMA if "glaucoma" in name)
    return [f"{file.name}: {name_some(near)} is not counted as glaucoma"] if near else []
