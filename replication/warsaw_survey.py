"""Look at all of a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1.

The layout was seen in public code that reads it, not in the distribution, so that the reader is
tolerant of spelling and tells what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from replication.survey import ImageRow, Named, Remarks, Survey, name_some, say_of, survey_images
from replication.warsaw_annotations import Annotations, read_annotations
from replication.warsaw_files import (
    IMAGE_SUFFIXES,
    NIR_FOLDER,
    VISIBLE_FOLDER,
    EyeFolder,
    SortedFiles,
    find_folders,
    is_ad100_image,
    list_entries,
    list_eye_folders,
    sort_files,
    walk_files,
)


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
