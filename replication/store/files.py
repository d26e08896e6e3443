"""Files and folders that are written whole or not at all, and disk faults in one sentence.

Libraries report a full disk each in their own way, NumPy without any error number; so the disk
itself is looked at too.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replication.errors import SettingsError

TEMPORARY, PARTIAL = ".tmp", ".partial"
MOST_JSON_BYTES = 2**28  # ours: the largest known has 60 kB

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
LEAST_FREE_BYTES = 2**20  # ours: no file of a stage is written into less
RESUME = "then run the same command again: it resumes from what is complete"


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file's content, hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(file: Path, content: dict) -> None:
    """Write JSON atomically."""
    write_text(file, json.dumps(content, indent=1, sort_keys=True) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text atomically."""
    write_bytes(file, text.encode("utf-8"))


def write_bytes(file: Path, content: bytes) -> None:
    """Write bytes atomically: under a temporary name, then renamed."""
    temporary = file.with_name(file.name + TEMPORARY)
    temporary.write_bytes(content)
    temporary.replace(file)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to write into, which is renamed to the target when the block ends.

    Where the block raises, what was written is removed. Nothing is written over: a target that
    holds files is an OSError.
    """
    partial = target.with_name(f".{target.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_json(file: Path) -> dict:
    """Read a JSON file of the run folder.

    Raises:
        SettingsError: when the file is not the JSON it should be.
    """
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"more than {MOST_JSON_BYTES} bytes")
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError("expected an object")
    except (ValueError, TypeError, RecursionError) as error:
        raise SettingsError(f"{file}: not readable as JSON ({error}); use --fresh") from error
    return content


def describe_disk_fault(error: BaseException, folder: Path) -> str | None:
    """Return one sentence where an error while a folder was written is the disk's, else None."""
    found = next((e for e in _chain(error) if isinstance(e, OSError)), None)
    if found is not None and found.errno in FULL or _is_full(folder):
        return f"{folder}: no space is left on the disk; make room, {RESUME}"
    if not folder.exists():
        return f"{folder}: was removed while the run worked in it; put it back, or {RESUME[5:]}"
    # An error that was made of the system's is more precise than the system's.
    return describe_os_error(error) if isinstance(error, OSError) and error.errno else None


def describe_os_error(error: OSError) -> str:
    """Return one sentence about a file that the system refused to open, read or write."""
    place = error.filename if error.filename is not None else "a file"
    if error.errno in FULL:
        return f"{place}: no space is left on the disk; make room, {RESUME}"
    if error.errno in CLOSED:
        return f"{place}: may not be written or read ({error.strerror}); allow it, {RESUME}"
    if error.errno == errno.ENOENT:
        return f"{place}: is not there, or was removed; put it back, {RESUME}"
    return f"{place}: {error.strerror or error}; mend this, {RESUME}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _is_full(folder: Path) -> bool:
    there = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return there is not None and shutil.disk_usage(there).free < LEAST_FREE_BYTES
