"""Decode every image once before any work: which files can't be read, and which show the same.

A run and `data doctor` have the same limits by it. Public data sets hold an image twice, saved
again under another name, so that pixels are compared, not files alone.
"""

import hashlib
import os
from collections.abc import Hashable, Sequence
from math import ceil
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import NamedTuple

from replication.config import PreprocessSettings
from replication.data.image_file import read_levels
from replication.errors import DataError, Sentence

MOST_UNREADABLE = 0.01  # ours: fraction of the files that may be left out
NAMED_FILES = 3
BLOCK_ROWS = 8  # of JPEG


class Pixels(NamedTuple):
    """What decoding a file finds: the hash of its pixels and their levels, or why it can't be read.

    Args:
        digest: None where the file can't be read, as below.
        problem: why; empty where it can.
        highest: level of the whole frame.
        span: lowest and highest level above the label strip.
    """

    digest: str | None
    problem: str = ""
    highest: int | None = None
    span: tuple[int, int] | None = None


def read_pixels(root: Path, paths: Sequence[str], steps: PreprocessSettings) -> list[Pixels]:
    """Decode every file below the root, many at once, in their order."""
    with ThreadPool(os.cpu_count()) as pool:
        return pool.map(lambda path: hash_pixels(root / path, steps), paths)


def hash_pixels(file: Path, steps: PreprocessSettings) -> Pixels:
    """Decode one file; equal pixels above the label strip have equal hashes, in any kind of file.

    The label differs where a camera, or who prepared the data, numbers the shots. What is mirrored
    is equal where right eyes are mirrored later.
    """
    try:
        gray = read_levels(file)[0]
    except DataError as error:
        return Pixels(None, str(error))
    label_rows = BLOCK_ROWS * ceil(steps.strip_rows / BLOCK_ROWS)  # ours: in whole blocks
    shown = gray[: len(gray) - label_rows] if len(gray) > 2 * label_rows else gray
    size = f"{gray.shape}".encode()
    sides = (shown, shown[:, ::-1]) if steps.mirroring else (shown,)
    digest = min(hashlib.sha256(size + side.tobytes()).hexdigest() for side in sides)
    cut = gray[: max(0, len(gray) - steps.strip_rows)]
    span = (int(cut.min()), int(cut.max())) if len(cut) else None
    return Pixels(digest, highest=int(gray.max()), span=span)


def group_equal(keys: Sequence[Hashable | None]) -> list[list[int]]:
    """Return the places of each key that comes more than once, by their first; None is no key."""
    places: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            places.setdefault(key, []).append(place)
    return [each for each in places.values() if len(each) > 1]


def are_too_many(unreadable: int, files: int) -> bool:
    """Return whether so many unreadable files of so many stop a run."""
    return unreadable > MOST_UNREADABLE * files


def describe_unreadable(paths: Sequence[str], problems: Sequence[str]) -> Sentence:
    """Return how many images can't be read, what is wrong with the first, and what becomes of them.

    The problem of an image that can be read is empty.
    """
    bad = [place for place, problem in enumerate(problems) if problem]
    first = bad[:NAMED_FILES]
    more = f" and {len(bad) - NAMED_FILES} more" if len(bad) > NAMED_FILES else ""
    many = are_too_many(len(bad), len(problems))
    advice = "restore them or take them out" if many else "they are left out"
    return Sentence(
        f"{len(bad)} of {len(problems)} images can't be read: {{}}{more}; {advice}",
        "; ".join(f"{paths[place]!r} {problems[place]}" for place in first),
        "; ".join(f"number {place + 1} {problems[place]}" for place in first),
    )
