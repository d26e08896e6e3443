"""Look at all of a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1.

The layout was seen in public code that reads it, not in the distribution, so that the reader is
tolerant of spelling and tells what it leaves out.

Turn a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1 into a manifest.

Paper §2.1: images of the device IrisGuard AD100 alone, an identity per patient, glaucoma per
eye.

List the files of a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1.

`images-NIR` and `images-visible` hold one folder per eye: the zero-padded patient number, then
left or right. Files of the IrisGuard AD100 have IG in their name. Everything is sorted, names are
compared without regard to case, and hidden files (other systems leave them) are passed over.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication.data.survey import (
    ImageRow,
    Named,
    Remarks,
    Survey,
    name_some,
    say_of,
    survey_images,
)
from replication.data.warsaw_annotations import Annotations, read_annotations

NIR_FOLDER = "images-NIR"
VISIBLE_FOLDER = "images-visible"
IMAGE_SUFFIXES = frozenset({".bmp", ".jpg", ".jpeg", ".png"})

_EYE_FOLDER = re.compile(r"\s*([0-9]+)[\s_-]*(left|right)\s*", re.IGNORECASE)
# The token IG between digits, separators or the eye's name: 0001_L_IG_1, 0001LIG1, 0001leftIG1;
# neither SIGN nor the ig of right.
_AD100 = re.compile(
    r"(?:(?<![a-z])|left|right|(?<![a-z])[lr])ig(?:(?![a-z])|left|right|[lr](?![a-z]))",
    re.IGNORECASE,
)


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


def is_ad100_image(file: Path) -> bool:
    """Tell whether a file is an image whose name carries the AD100's token IG."""
    return file.suffix.lower() in IMAGE_SUFFIXES and _AD100.search(file.stem) is not None


def find_folders(root: Path, name: str) -> list[Path]:
    """Return the folders of that name, in any case; a root without one gives an empty list.

    Raises:
        OSError: when the root can't be listed.
    """
    wanted = name.lower()
    entries = list_entries(root)
    return [e for e in entries if e.name.strip().lower() == wanted and e.is_dir()]


def list_entries(folder: Path) -> list[Path]:
    """Return a folder's files and folders, sorted, hidden ones left out.

    Raises:
        OSError: when the folder can't be listed.
    """
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def list_eye_folders(root: Path, kind: str) -> tuple[list[EyeFolder], list[Path]]:
    """Return the eye folders of one kind of image, and what else lies beside them.

    Args:
        root: the data folder.
        kind: `NIR_FOLDER` or `VISIBLE_FOLDER`.

    Raises:
        OSError: when a folder can't be listed.
    """
    folders, strays = [], []
    for parent in find_folders(root, kind):
        for entry in list_entries(parent):
            match = _EYE_FOLDER.fullmatch(entry.name)
            if match and entry.is_dir():
                folders.append(EyeFolder(entry, int(match[1]), match[2].lower()))
            else:
                strays.append(entry)
    return folders, strays


def sort_files(folders: Iterable[EyeFolder]) -> SortedFiles:
    """Sort the files under the eye folders into AD100 images, other cameras' and other types.

    Raises:
        OSError: when a folder can't be listed.
    """
    ad100, other_cameras, other_types = [], [], []
    for folder in folders:
        for file in walk_files(folder.path):
            if is_ad100_image(file):
                ad100.append((folder, file))
            elif file.suffix.lower() in IMAGE_SUFFIXES:
                other_cameras.append(file)
            else:
                other_types.append(file)
    return SortedFiles(tuple(ad100), tuple(other_cameras), tuple(other_types))


def walk_files(path: Path) -> Iterator[Path]:
    """Yield the file itself, or all files at any depth of the folder, sorted.

    Links to folders are not followed below the given one, as they may lead in a circle.

    Raises:
        OSError: when a folder can't be listed.
    """
    if not path.is_dir():
        yield path
        return
    for folder, inner, names in os.walk(path, onerror=_raise):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            yield Path(folder, name)


def _raise(error: OSError) -> None:
    raise error


def survey_warsaw(root: Path) -> Survey:
    """Look at all of a Warsaw folder; what is missing, wrong or odd becomes a remark."""
    try:
        absent = find_absent_folder(root)
        if absent is None:
            return _survey_folder(root)
    except OSError as error:
        said = f"can't be listed ({error.strerror}), make it readable"
        absent = Named(f"{error.filename}: {said}", f"{root}: a folder in it {said}")
    return survey_images(root, [], remarks=Remarks(missing=(absent,)))


def find_absent_folder(root: Path) -> str | None:
    """Return what is missing before any image can be looked for, or None.

    Raises:
        OSError: when a folder can't be listed.
    """
    if not root.is_dir():
        return f"{root}: no such folder, give the one that holds {NIR_FOLDER}"
    entries = list_entries(root)
    if not entries:
        return f"{root}: the folder is empty, put the database there"
    if find_folders(root, NIR_FOLDER):
        return None
    if root.name.strip().lower() == NIR_FOLDER.lower():
        return f"{root}: the annotations lie beside {NIR_FOLDER}, give the folder above it"
    holders = [entry for entry in entries if entry.is_dir() and find_folders(entry, NIR_FOLDER)]
    advice = f"give {holders[0]}" if holders else "give the folder that holds it"
    return f"{root}: no folder {NIR_FOLDER} in it, {advice}"


def compare_patients(
    annotations: Annotations, folders: Iterable[EyeFolder], visible: Iterable[EyeFolder]
) -> Remarks:
    """Remark on patients with a folder and no annotation, and the other way round.

    Nothing is said where the annotations could not be read whole, as that has its own remark and
    whom they lack is not known.
    """
    if annotations.remarks.errors:
        return Remarks()
    annotated = annotations.patients()
    missing = []
    unknown = [folder.path.name for folder in folders if folder.patient not in annotated]
    if unknown:
        missing.append(
            say_of(
                f"{annotations.file}: no row for the patient of {{}}, "
                "add the row or remove the folder",
                unknown,
                what="folders",
            )
        )
    absent = sorted(annotated - {folder.patient for folder in (*folders, *visible)})
    if absent:
        missing.append(
            say_of(
                f"{annotations.file}: no folder for the patient of row {{}}, "
                "restore the folder or remove the row",
                absent,
                what="of the table",
            )
        )
    return Remarks(missing=tuple(missing))


def _survey_folder(root: Path) -> Survey:
    folders, strays = list_eye_folders(root, NIR_FOLDER)
    visible, _ = list_eye_folders(root, VISIBLE_FOLDER)
    files = sort_files(folders)
    annotations = read_annotations(root)
    remarks = (
        _remark_on_files(root, files)
        + _remark_on_strays(root, strays)
        + annotations.remarks
        + compare_patients(annotations, folders, visible)
        + _remark_on_blanks(annotations, files)
    )
    rows = [_describe(root, folder, file, annotations) for folder, file in files.ad100]
    counts = (
        ("annotated patients", len(annotations.patients())),
        ("eye folders, near-infrared", len(folders)),
        ("eye folders, visible light, left out", len(visible)),
        ("images of other cameras, left out", len(files.other_cameras)),
        ("files of other types, left out", len(files.other_types)),
    )
    return survey_images(root, rows, remarks=remarks, counts=counts)


def _remark_on_files(root: Path, files: SortedFiles) -> Remarks:
    missing, odd = (), ()
    if not files.ad100:
        others = len(files.other_cameras)
        sentence = f"{NIR_FOLDER} holds {others} images of other cameras and none of the AD100"
        missing = (f"{root}: {sentence}, add those with IG in their name",)
    if files.other_types:
        types = ", ".join(sorted(IMAGE_SUFFIXES))
        odd = (f"{_name_paths(root, files.other_types)} left out, only {types} are read",)
    return Remarks(missing=missing, odd=odd)


def _remark_on_strays(root: Path, strays: Sequence[Path]) -> Remarks:
    """Refuse AD100 images outside eye folders, as neither patient nor eye is known."""
    lost = [path for path in strays if any(map(is_ad100_image, walk_files(path)))]
    rest = [path for path in strays if path not in lost]
    missing, odd = (), ()
    if lost:
        paths = [path.relative_to(root).as_posix() for path in lost]
        said = "{}: AD100 images of an unknown eye, name their folder such as 0060left"
        missing = (say_of(said, paths),)
    if rest:
        odd = (f"{_name_paths(root, rest)} left out, no eye folder such as 0060left",)
    return Remarks(missing=missing, odd=odd)


def _remark_on_blanks(annotations: Annotations, files: SortedFiles) -> Remarks:
    eyes = {(folder.patient, folder.eye): folder.path.name for folder, _ in files.ad100}
    blank = [name for eye, name in eyes.items() if annotations.diseases.get(eye) == frozenset()]
    if not blank:
        return Remarks()
    return Remarks(odd=(f"{name_some(blank)}: annotation left blank, read as no glaucoma",))


def _describe(root: Path, folder: EyeFolder, file: Path, annotations: Annotations) -> ImageRow:
    return ImageRow(
        path=file.relative_to(root).as_posix(),
        patient_id=f"{folder.patient:04d}",
        eye=folder.eye,
        glaucoma=annotations.has_glaucoma(folder.patient, folder.eye),
    )


def _name_paths(root: Path, paths: Sequence[Path]) -> str:
    return name_some([path.relative_to(root).as_posix() for path in paths])


_log = logging.getLogger(__name__)


def read_warsaw(root: Path) -> pd.DataFrame:
    """Return the manifest of a Warsaw folder.

    A patient needs a folder (near-infrared or visible) and a row in the annotations; one whose
    folders hold only other cameras' images is left out without an error.

    Args:
        root: folder that holds `images-NIR` and the annotations file.

    Returns:
        One row per AD100 image, sorted by image_id, with the columns
        `replication.data.survey.COLUMNS`: image_id and path (POSIX, relative to the root), patient_id
        (four digits), eye (left or right), glaucoma (bool), sha256 (hex).

    Raises:
        DataError: when anything is missing or wrong; the first such thing is named.
    """
    survey = survey_warsaw(root)
    table = survey.require_usable()
    for what, figure in survey.counts:
        _log.info("%s: %d", what, figure)
    return table
