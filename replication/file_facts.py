"""Tell a file's content hash and image size in one pass, without decoding the image."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from multiprocessing.pool import ThreadPool
from os.path import isfile  # unlike Path.is_file, never raises
from pathlib import Path
from typing import NamedTuple

from replication.image_file import open_image


class FileFacts(NamedTuple):
    """What one pass over a file tells; None where it can't be opened or is no image."""

    sha256: str | None
    size_px: tuple[int, int] | None
    empty: bool = False


def inspect_files(root: Path, paths: Sequence[str]) -> list[FileFacts]:
    """Hash every file and read its image header; hashing leaves the interpreter's lock free.

    Args:
        root: folder that the paths are relative to.
        paths: of the files, in the order of what is returned.
    """
    with ThreadPool(os.cpu_count()) as pool:
        return pool.map(lambda path: inspect_file(root / path), paths)


def inspect_file(file: Path) -> FileFacts:
    """Return a file's sha256 and its image size without decoding the image."""
    if not isfile(file):  # to open a pipe is to wait for whoever writes into it
        return FileFacts(None, None)
    try:
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            empty = stream.tell() == 0
            image = open_image(stream)
            return FileFacts(sha256, image.size if image else None, empty)
    except OSError:
        return FileFacts(None, None)
