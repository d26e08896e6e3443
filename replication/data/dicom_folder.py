"""List the DICOM files of a folder as a manifest: path, patient and side, the label left to fill in.

Of a header, the patient's id and the side are read beside what describes the pixels, and nothing
else: no name, no date. Images of other kinds in the folder are refused, as a manifest of one kind
alone would leave them out without a word.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from replication.data.dicom_file import describe_frame, is_dicom, read_elements
from replication.data.image_file import SUFFIXES
from replication.data.manifest import FIELDS
from replication.data.pixels import describe_unreadable
from replication.data.survey import name_absent
from replication.data.warsaw import walk_files
from replication.errors import DataError, Sentence
from replication.store.files import TEMPORARY
from replication.store.tables import STARTS, write_table

MANIFEST = "manifest.csv"
DIRECTORY = "DICOMDIR"  # PS3.10, 8.6: the index of a medium, which has no image
SIDES = {"L": "left", "R": "right"}


class _Found(NamedTuple):
    """What lies in a folder: rows of DICOM files, what is wrong with each, and the paths of others."""

    rows: list[tuple[str, ...]]
    problems: list[str]
    images: list[str]
    files: list[str]


def write_manifest(folder: Path) -> tuple[Path, pd.DataFrame, int]:
    """Write `manifest.csv` into a folder of DICOM files.

    Its column glaucoma is blank, and so are a patient and a side that a header doesn't have.

    Returns:
        Its path, its rows, and how many files were passed over.

    Raises:
        DataError: when there is no DICOM file, one can't be used, a file can't be opened, images of
            other kinds lie beside them, or a manifest is there; nothing is written.
    """
    target = folder / MANIFEST
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder, give the one with the DICOM files")
    if target.exists():
        raise DataError(f"{target}: is there already; rename it, and it is written anew")
    rows, problems, images, files = _look_through(folder)
    if images:
        sentence = f"{{}} beside {len(rows)} DICOM files: take images of other kinds out"
        count = f"{len(images)} images of other kinds"
        raise DataError(Sentence(sentence, repr(images[0]), count))
    if not rows:
        raise DataError(f"{folder}: no DICOM file in it, give the folder with them")
    if any(problems):
        raise DataError(describe_unreadable([row[0] for row in rows], problems))
    table = pd.DataFrame(rows, columns=list(FIELDS)).sort_values("path", ignore_index=True)
    temporary = target.with_name(target.name + TEMPORARY)
    write_table(table, temporary)
    temporary.replace(target)
    return target, table, len(files)


def _look_through(folder: Path) -> _Found:
    found = _Found([], [], [], [])
    for file in walk_files(folder):
        path = file.relative_to(folder).as_posix()
        if facts := _read_facts(file):
            patient, side, problem = facts
            # Of such a start a table would make another path.
            path = f"./{path}" if path.startswith(STARTS) else path
            found.rows.append((path, patient, side, ""))
            found.problems.append(problem)
        else:
            is_image = file.suffix.lower() in SUFFIXES
            (found.images if is_image else found.files).append(path)
    return found


def _read_facts(file: Path) -> tuple[str, str, str] | None:
    """Return patient, side and what is wrong, each may be empty; None of what is no DICOM image."""
    try:
        if file.name == DIRECTORY or (file.exists() and not file.is_file()):
            return None  # a pipe would be waited for
        with file.open("rb") as stream:
            if not is_dicom(stream.read(256)):
                return None
            dataset = read_elements(stream)
        describe_frame(dataset)
        patient = str(dataset.get("PatientID") or "").strip()
        side = dataset.get("ImageLaterality") or dataset.get("Laterality")
    except OSError:
        return "", "", name_absent(file)
    except DataError as error:
        return "", "", str(error)
    return patient, SIDES.get(side, ""), ""
