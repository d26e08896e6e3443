"""List the DICOM files of a folder as a manifest: path, patient and side, the label left to fill in.

Of a header, the patient's id and the side are read beside what describes the pixels, and nothing
else: no name, no date. Images of other kinds in the folder are refused, as a manifest of one kind
alone would leave them out without a word.
"""

from pathlib import Path
from typing import BinaryIO

import pandas as pd

from replication.data.dicom_file import describe_frame, is_dicom, read_elements
from replication.data.image_file import SUFFIXES
from replication.data.manifest import FIELDS
from replication.data.pixels import describe_unreadable
from replication.data.warsaw import walk_files
from replication.errors import DataError, Sentence
from replication.store.files import TEMPORARY
from replication.store.tables import STARTS, write_table

MANIFEST = "manifest.csv"
DIRECTORY = "DICOMDIR"  # PS3.10, 8.6: the index of a medium, which has no image
SIDES = {"L": "left", "R": "right"}


def write_manifest(folder: Path) -> tuple[Path, pd.DataFrame]:
    """Write `manifest.csv` into a folder of DICOM files, and return its path and its rows.

    Its column glaucoma is blank, and so are a patient and a side that a header doesn't have.

    Raises:
        DataError: when there is no DICOM file, one can't be used, images of other kinds lie
            beside them, or a manifest is there; nothing is written.
    """
    target = folder / MANIFEST
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder, give the one with the DICOM files")
    if target.exists():
        raise DataError(f"{target}: is there already; rename it, and it is written anew")
    rows, problems, others = _read_rows(folder)
    if others:
        sentence = f"{{}} beside {len(rows)} DICOM files: take images of other kinds out"
        count = f"{len(others)} images of other kinds"
        raise DataError(Sentence(sentence, repr(others[0]), count))
    if not rows:
        raise DataError(f"{folder}: no DICOM file in it, give the folder with them")
    if any(problems):
        raise DataError(describe_unreadable([row[0] for row in rows], problems))
    table = pd.DataFrame(rows, columns=list(FIELDS)).sort_values("path", ignore_index=True)
    temporary = target.with_name(target.name + TEMPORARY)
    write_table(table, temporary)
    temporary.replace(target)
    return target, table


def _read_rows(folder: Path) -> tuple[list[tuple[str, ...]], list[str], list[str]]:
    """Return the rows of the DICOM files, what is wrong with each, and images of other kinds."""
    rows, problems, others = [], [], []
    for file in walk_files(folder):
        path = file.relative_to(folder).as_posix()
        with file.open("rb") as stream:
            if is_dicom(stream.read(256)) and file.name != DIRECTORY:
                patient, side, problem = _read_facts(stream)
                # Of such a start a table would make another path.
                path = f"./{path}" if path.startswith(STARTS) else path
                rows.append((path, patient, side, ""))
                problems.append(problem)
            elif file.suffix.lower() in SUFFIXES:
                others.append(path)
    return rows, problems, others


def _read_facts(stream: BinaryIO) -> tuple[str, str, str]:
    """Return patient, side and what is wrong, each empty where there is none."""
    try:
        dataset = read_elements(stream)
        describe_frame(dataset)
        patient = str(dataset.get("PatientID") or "").strip()
        side = dataset.get("ImageLaterality") or dataset.get("Laterality")
    except DataError as error:
        return "", "", str(error)
    return patient, SIDES.get(side, ""), ""
