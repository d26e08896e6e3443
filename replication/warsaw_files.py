"""List the files of a folder in the layout of Warsaw-BioBase-Disease-Iris v2.1.

`images-NIR` and `images-visible` hold one folder per eye: the zero-padded patient number, then
left or right. Files of the IrisGuard AD100 have IG in their name. Everything is sorted, names are
compared without regard to case, and hidden files (other systems leave them) are passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
