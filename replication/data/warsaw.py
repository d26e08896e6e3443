"""Turn a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1 into a manifest.

Paper §2.1: images of the device IrisGuard AD100 alone, an identity per patient, glaucoma per eye.
The layout is known from public code that reads it, not from the distribution, so that the reader is
tolerant of spelling and reports what it skips:

- `images-NIR` and `images-visible` hold one folder per eye: the zero-padded patient number, then
  left or right. Files of the AD100 have IG in their name. Everything is sorted, names are compared
  without regard to case, and hidden files (other systems make them) are passed over.
- The annotations have semicolons, one header row, the patient's number without padding, the left
  eye's diseases, the right eye's diseases, comma-separated with stray spaces.
"""

import csv
import errno
import fnmatch
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from replication.config import PreprocessSettings
from replication.data.image_file import SUFFIXES
from replication.data.manifest import name_delimiter, read_rows
from replication.data.survey import (
    EYES,
    PAPER_STEPS,
    Choice,
    Finding,
    ImageRow,
    Remark,
    Survey,
    name_some,
    remark_on,
    survey_images,
)

NIR_FOLDER = "images-NIR"
VISIBLE_FOLDER = "images-visible"
TWINS_FOLDER = "twins-NIR"  # ours: the images with glaucoma again without their signs
ANNOTATIONS_PATTERN = "medical-description*.csv"
GLAUCOMA = frozenset({"glaucoma", "secondary glaucoma"})
MOST_DIGITS = 9  # ours: of a patient's number
LAYOUT = "expected 'patient;left eye;right eye' separated by ';'"

_EYE_FOLDER = re.compile(r"\s*([0-9]+)[\s_-]*(left|right)\s*", re.IGNORECASE)
# The token IG between digits, separators or the eye's name: 0001_L_IG_1, 0001LIG1, 0001leftIG1;
# neither SIGN nor the ig of right.
_AD100 = re.compile(
    r"(?:(?<![a-z])|left|right|(?<![a-z])[lr])ig(?:(?![a-z])|left|right|[lr](?![a-z]))",
    re.IGNORECASE,
)
_ANNOTATIONS = re.compile(fnmatch.translate(ANNOTATIONS_PATTERN), re.IGNORECASE)


@dataclass(frozen=True)
class EyeFolder:
    """One folder of images: a patient's left or right eye."""

    path: Path
    patient: int
    eye: str


@dataclass(frozen=True)
class SortedFiles:
    """The files under the eye folders, by what the reader does with them."""

    ad100: tuple[tuple[EyeFolder, Path], ...]
    other_cameras: tuple[Path, ...]
    other_types: tuple[Path, ...]


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
    remarks: tuple[Remark, ...] = ()

    def patients(self) -> set[int]:
        """Return the numbers of all annotated patients."""
        return {patient for patient, _ in self.diseases}

    def has_glaucoma(self, patient: int, eye: str) -> bool | None:
        """Return whether an eye has glaucoma, None where the patient is not annotated."""
        names = self.diseases.get((patient, eye))
        return None if names is None else bool(names & GLAUCOMA)


def survey_warsaw(
    root: Path,
    *,
    choices: Collection[Choice] = (),
    steps: PreprocessSettings = PAPER_STEPS,
    decode: bool = True,
) -> Survey:
    """Look at all of a Warsaw folder; what is missing, wrong or odd becomes a remark.

    A patient needs a folder (near-infrared or visible) and a row in the annotations; one whose
    folders hold only other cameras' images is skipped without an error. Patient ids have four digits.

    Args:
        root: folder that holds `images-NIR` and the annotations file.
        choices, steps, decode: those of `replication.data.survey.survey_images`.
    """
    try:
        absent = find_absent_folder(root)
        if absent is None:
            return _survey_folder(root, choices=choices, steps=steps, decode=decode)
    except OSError as error:
        sentence = f"{root}: {{}} can't be listed ({error.strerror}), correct it"
        absent = Remark(sentence, str(error.filename), "a folder in it", kind=Finding.MISSING)
    return survey_images(root, [], remarks=[absent])


def find_absent_folder(root: Path) -> Remark | None:
    """Return what is missing before any image can be looked for, or None.

    It raises OSError, as all below do, when a folder can't be listed.
    """
    holder = ""
    if not root.is_dir():
        fault = f"no such folder, give the one that holds {NIR_FOLDER}"
    elif not (entries := list_entries(root)):
        fault = "the folder is empty, put the database there"
    elif find_folders(root, NIR_FOLDER):
        return None
    elif root.name.strip().lower() == NIR_FOLDER.lower():
        fault = f"the annotations lie beside {NIR_FOLDER}, give the folder above it"
    else:
        holders = (str(e) for e in entries if e.is_dir() and find_folders(e, NIR_FOLDER))
        holder = next(holders, "")
        fault = f"no folder {NIR_FOLDER} in it, give {'{}' if holder else 'the one with it'}"
    return Remark(f"{root}: {fault}", holder, "the one in it with it", kind=Finding.MISSING)


def _survey_folder(root: Path, **choice) -> Survey:
    folders, strays = list_eye_folders(root, NIR_FOLDER)
    visible, _ = list_eye_folders(root, VISIBLE_FOLDER)
    files = sort_files(folders)
    annotations = read_annotations(root)
    remarks = [
        *_remark_on_files(root, files, strays),
        *annotations.remarks,
        *compare_patients(annotations, folders, visible),
        *_remark_on_blanks(annotations, files),
    ]
    rows = [
        ImageRow(
            path=file.relative_to(root).as_posix(),
            patient_id=f"{folder.patient:04d}",
            eye=folder.eye,
            glaucoma=annotations.has_glaucoma(folder.patient, folder.eye),
        )
        for folder, file in files.ad100
    ]
    counts = (
        ("annotated patients", len(annotations.patients())),
        ("eye folders, near-infrared", len(folders)),
        ("eye folders, visible light, left out", len(visible)),
        ("images of other cameras, left out", len(files.other_cameras)),
        ("files of other types, left out", len(files.other_types)),
    )
    return survey_images(root, rows, remarks=remarks, counts=counts, **choice)


def _remark_on_files(root: Path, files: SortedFiles, strays: Sequence[Path]) -> list[Remark]:
    """Refuse AD100 images outside eye folders, as neither patient nor eye is known, or none."""
    lost = [path for path in strays if any(map(is_ad100_image, walk_files(path)))]
    rest = [path for path in strays if path not in lost]
    unknown = "{}: AD100 images of an unknown eye, name their folder such as 0060left"
    unread = f"{{}} left out, only {', '.join(sorted(SUFFIXES))} are read"
    stray = "{} left out, no eye folder such as 0060left"
    other = f"{len(files.other_cameras)} images of other cameras and none of the AD100"
    none = f"{root}: {NIR_FOLDER} holds {other}, add those with IG in their name"
    return [
        *([] if files.ad100 else [Remark(none, kind=Finding.MISSING)]),
        *remark_on(Finding.MISSING, unknown, _name_paths(root, lost)),
        *remark_on(Finding.ODD, unread, _name_paths(root, files.other_types)),
        *remark_on(Finding.ODD, stray, _name_paths(root, rest)),
    ]


def compare_patients(
    annotations: Annotations, folders: Iterable[EyeFolder], visible: Iterable[EyeFolder]
) -> list[Remark]:
    """Remark on patients with a folder and no annotation, and the other way round.

    There are no such remarks where the annotations could not be read whole, as that has its own
    and whom they lack is not known.
    """
    if any(remark.kind is not Finding.ODD for remark in annotations.remarks):
        return []
    annotated, file = annotations.patients(), annotations.file
    unknown = [folder.path.name for folder in folders if folder.patient not in annotated]
    absent = sorted(annotated - {folder.patient for folder in (*folders, *visible)})
    no_row = f"{file}: no row for the patient of {{}}, add the row or remove the folder"
    no_folder = f"{file}: no folder for the patient of row {{}}, restore it or remove the row"
    return [
        *remark_on(Finding.MISSING, no_row, unknown, what="folders"),
        *remark_on(Finding.MISSING, no_folder, absent, what="of the table"),
    ]


def _remark_on_blanks(annotations: Annotations, files: SortedFiles) -> list[Remark]:
    eyes = {(folder.patient, folder.eye): folder.path.name for folder, _ in files.ad100}
    blank = [name for eye, name in eyes.items() if annotations.diseases.get(eye) == frozenset()]
    sentence = "{}: annotation left blank, read as no glaucoma"
    return remark_on(Finding.ODD, sentence, blank, what="eyes")


def _name_paths(root: Path, paths: Sequence[Path]) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def list_eye_folders(root: Path, kind: str) -> tuple[list[EyeFolder], list[Path]]:
    """Return the eye folders in `NIR_FOLDER` or `VISIBLE_FOLDER`, and what lies beside them."""
    folders, strays = [], []
    for parent in find_folders(root, kind):
        for entry in list_entries(parent):
            match = _EYE_FOLDER.fullmatch(entry.name)
            if match and entry.is_dir():
                folders.append(EyeFolder(entry, int(match[1]), match[2].lower()))
            else:
                strays.append(entry)
    return folders, strays


def find_folders(root: Path, name: str) -> list[Path]:
    """Return the folders of that name, in any case; a root without one gives an empty list."""
    entries = list_entries(root)
    return [e for e in entries if e.name.strip().lower() == name.lower() and e.is_dir()]


def list_entries(folder: Path) -> list[Path]:
    """Return a folder's files and folders, sorted, without the hidden ones."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def sort_files(folders: Iterable[EyeFolder]) -> SortedFiles:
    """Sort the files under the eye folders into AD100 images, other cameras' and other types."""
    ad100, other_cameras, other_types = [], [], []
    for folder in folders:
        for file in walk_files(folder.path):
            if is_ad100_image(file):
                ad100.append((folder, file))
            elif file.suffix.lower() in SUFFIXES:
                other_cameras.append(file)
            else:
                other_types.append(file)
    return SortedFiles(tuple(ad100), tuple(other_cameras), tuple(other_types))


def is_ad100_image(file: Path) -> bool:
    """Return whether a file is an image whose name carries the AD100's token IG."""
    return file.suffix.lower() in SUFFIXES and _AD100.search(file.stem) is not None


def walk_files(path: Path, above: Collection[str] = ()) -> Iterator[Path]:
    """Yield the file itself, or all files at any depth of the folder, sorted; links are followed.

    Args:
        path: of a file or folder.
        above: the folders that it lies in, where they really are.

    Raises:
        OSError: when a folder can't be listed, or a link leads to a folder that it lies in.
    """
    if not path.is_dir():
        yield path
        return
    real = os.path.realpath(path)
    if real in above:
        raise OSError(errno.ELOOP, "a link that leads in a circle", str(path))
    for entry in list_entries(path):
        yield from walk_files(entry, (*above, real))


def read_annotations(root: Path) -> Annotations:
    """Find and read the annotations file of a data folder; never raises for its content."""
    named = (entry for entry in root.iterdir() if _ANNOTATIONS.fullmatch(entry.name))
    files = sorted(entry for entry in named if entry.is_file())
    if not files:
        fault = f"no annotations file {ANNOTATIONS_PATTERN}, put the database's own there"
        return Annotations(None, remarks=(Remark(f"{root}: {fault}", kind=Finding.MISSING),))
    if len(files) > 1:
        sentence = f"{root}: more than one annotations file, {{}}: keep the one that applies"
        names, count = name_some([file.name for file in files]), f"{len(files)} of them"
        return Annotations(None, remarks=(Remark(sentence, names, count, kind=Finding.WRONG),))
    return parse_annotations(files[0])


def parse_annotations(file: Path) -> Annotations:
    """Read one annotations file; what can't be understood becomes a remark."""
    diseases, doubts = {}, []
    try:
        rows = list(read_rows(file, delimiter=";"))
        header = rows[0][1] if rows else []
        fault = find_header_fault(header)
        faults = [fault] if fault else []
    except (OSError, csv.Error) as error:
        faults = [f"can't be read ({error}), restore it from the database"]
    if not faults:
        diseases, faults = _read_eyes(rows[1:], columns=len(header))
        doubts = _doubt_words(file, header, diseases)
        if not diseases and not faults:
            faults = ["no patients, restore it from the database"]
    wrong = [Remark(f"{file}: {sentence}", kind=Finding.WRONG) for sentence in faults]
    return Annotations(file, diseases, (*wrong, *doubts))


def find_header_fault(header: Sequence[str]) -> str | None:
    """Return what is wrong with the header row, or None.

    The true headings are not known, so that only those are refused that mean something else: too
    few columns, no header at all, or left and right named and not where they are read.
    """
    mark = name_delimiter(header, expected=";")
    if mark is not None:
        return f"{LAYOUT}, this file is separated by {mark!r}: save it again with ';'"
    if len(header) < 3:
        return f"{LAYOUT}, the header has {len(header)} cells: restore the file"
    if header[0].isdigit():
        return f"{LAYOUT}, the first row is no header: add one"
    for column, eye in enumerate(EYES, start=1):
        if _names_eyes(header) and eye not in header[column].lower():
            return f"{LAYOUT}, column {column + 1} is another's: put the {eye} eye there"
    return None


def _names_eyes(header: Sequence[str]) -> bool:
    return any(eye in heading.lower() for eye in EYES for heading in header)


def _read_eyes(
    rows: Sequence[tuple[int, list[str]]], *, columns: int
) -> tuple[dict[tuple[int, str], frozenset[str]], list[str]]:
    """Return the diseases of each eye, and a sentence per row that can't be understood."""
    diseases: dict[tuple[int, str], frozenset[str]] = {}
    faults = []
    for line, cells in rows:
        number = cells[0].isascii() and cells[0].isdigit() and len(cells[0]) <= MOST_DIGITS
        if len(cells) < 3 or not number:
            faults.append(f"line {line}: {LAYOUT} with a patient's number first, correct the line")
            continue
        if any(cells[columns:]):
            faults.append(f"line {line}: more cells than the header has, correct the line")
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


def _doubt_words(
    file: Path, header: Sequence[str], diseases: dict[tuple[int, str], frozenset[str]]
) -> list[Remark]:
    """Remark on headings without a side, and on entries of glaucoma that are not counted as it."""
    unsided = [] if _names_eyes(header) else header[1:3]
    entries = frozenset().union(*diseases.values()) - GLAUCOMA
    near = sorted(name for name in entries if "glaucoma" in name)
    as_eyes = f"{file.name}: {{}} are read as left and right eye"
    other = f"{file.name}: {{}} not counted as glaucoma"
    return [
        *remark_on(Finding.ODD, as_eyes, unsided, what="columns"),
        *remark_on(Finding.ODD, other, near, what="diseases"),
    ]
