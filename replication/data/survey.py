"""What a reader found in a data set: the manifest's table and every remark about it.

Both readers (`replication.data.warsaw`, `replication.data.manifest`) end here, so that the checks common
to them are written once, and so that `data doctor` sees all remarks where a run stops at the
first error.

Tell a file's content hash and image size in one pass, without decoding the image.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from os.path import isfile  # unlike Path.is_file, never raises
from pathlib import Path
from typing import NamedTuple, Self

import pandas as pd

from replication.data.image_file import open_image
from replication.errors import DataError


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


COLUMNS = ("image_id", "path", "patient_id", "eye", "glaucoma", "sha256")
EYES = ("left", "right")
HINT = " (`data doctor` names it)"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remarks:
    """Sentences about a data set; what is missing or wrong stops a run, what is odd doesn't."""

    missing: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()

    def __add__(self, other: Self) -> Self:
        """Return these remarks followed by the other ones."""
        return Remarks(self.missing + other.missing, self.wrong + other.wrong, self.odd + other.odd)

    @property
    def errors(self) -> tuple[str, ...]:
        """The sentences that stop a run."""
        return self.missing + self.wrong


class Named(str):
    """A sentence with names of files or patients in it, and the same sentence without them.

    Names of files and folders begin with patients' numbers: `data doctor` shows them, errors and
    logs don't.
    """

    anonymous: str

    def __new__(cls, sentence: str, anonymous: str) -> Self:
        """Make both sentences one."""
        named = super().__new__(cls, sentence)
        named.anonymous = anonymous + HINT
        return named


class ImageRow(NamedTuple):
    """One image before its file is opened; `glaucoma` is None where no label is known."""

    path: str
    patient_id: str
    eye: str
    glaucoma: bool | None


@dataclass(frozen=True)
class Survey:
    """A data set as found, usable or not.

    Args:
        root: folder that the paths are relative to.
        table: the manifest, sorted by image_id; glaucoma is a nullable boolean.
        sizes_px: (width, height) of each row's image, None where its header can't be read.
        remarks: everything missing, wrong or odd.
        counts: figures of what was left out or stands beside the images.
    """

    root: Path
    table: pd.DataFrame
    sizes_px: tuple[tuple[int, int] | None, ...]
    remarks: Remarks
    counts: tuple[tuple[str, int], ...] = ()

    def require_usable(self) -> pd.DataFrame:
        """Return the table with its glaucoma column as plain bool.

        Raises:
            DataError: with the first sentence about what is missing or wrong, naming no file or
                patient.
        """
        if self.remarks.errors:
            first = self.remarks.errors[0]
            _LOG.debug("%s", first)
            raise DataError(getattr(first, "anonymous", first))
        return self.table.astype({"glaucoma": bool})


def survey_images(
    root: Path,
    rows: Sequence[ImageRow],
    *,
    remarks: Remarks,
    counts: Sequence[tuple[str, int]] = (),
) -> Survey:
    """Open every file once, and check what is common to all data sets.

    Args:
        root: folder that the rows' paths are relative to.
        rows: the images, in any order, no path twice.
        remarks: what the reader has said so far.
        counts: figures of what the reader left out.
    """
    unwritable = sorted(row.path for row in rows if not _is_unicode(row.path))
    remarks += Remarks(wrong=tuple(_say("{}: the name is no UTF-8, rename it", unwritable)))
    ordered = sorted(row for row in rows if row.path not in unwritable)
    facts = inspect_files(root, [row.path for row in ordered])
    # Column by column: a table made of rows would keep all of them while one is in use.
    columns = {name: [getattr(row, name) for row in ordered] for name in ImageRow._fields}
    columns |= {"image_id": columns["path"], "sha256": [fact.sha256 for fact in facts]}
    kinds = {name: "boolean" if name == "glaucoma" else "str" for name in COLUMNS}
    table = pd.DataFrame(columns, columns=list(COLUMNS)).astype(kinds)
    if ordered:
        remarks += check_files(table["path"].tolist(), facts)
        remarks += check_labels(root, table)
    sizes = tuple(fact.size_px for fact in facts)
    return Survey(root, table, sizes, remarks, tuple(counts))


def check_files(paths: Sequence[str], facts: Sequence[FileFacts]) -> Remarks:
    """Remark on files that can't be opened, are no images, are the same or differ in size.

    Files without a readable header are odd only: preprocessing counts them and decides. Empty
    files are among these, and not taken for copies of each other.
    """
    unopened = [path for path, fact in zip(paths, facts, strict=True) if fact.sha256 is None]
    unread = [p for p, fact in zip(paths, facts, strict=True) if fact.sha256 and not fact.size_px]
    return Remarks(
        missing=tuple(_say("{}: can't be opened, restore or remove it", unopened)),
        wrong=(*_name_copies(paths, facts), *_name_other_sizes(paths, facts)),
        odd=tuple(_say("{}: no readable image header", unread)),
    )


def check_labels(root: Path, table: pd.DataFrame) -> Remarks:
    """Remark on a data set that can't be told apart: one patient, or one pathology only."""
    wrong = []
    if table["patient_id"].nunique() == 1:
        wrong.append(f"{root}: all images are of one patient, identities need at least two")
    labels = table["glaucoma"]
    if labels.notna().all() and labels.nunique() == 1:
        share = "every image has" if labels.iloc[0] else "no image has"
        wrong.append(f"{root}: {share} glaucoma, add images of the other kind")
    return Remarks(wrong=tuple(wrong))


def name_some(names: Sequence[object]) -> str:
    """Return the first three names, quoted with line breaks escaped, and how many more there are."""
    shown = ", ".join(repr(str(name)) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _is_unicode(name: str) -> bool:
    """Tell whether a file's name is text; of another name no table can be written."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def say_of(sentence: str, names: Sequence[object], *, what: str = "files") -> Named:
    """Return a sentence with the names in its braces, and without them their number."""
    return Named(sentence.format(name_some(names)), sentence.format(f"{len(names)} {what}"))


def _say(sentence: str, names: Sequence[str]) -> list[str]:
    return [say_of(sentence, names)] if names else []


def _name_copies(paths: Sequence[str], facts: Sequence[FileFacts]) -> list[str]:
    """Name the first pair of files with the same content, and count the further copies."""
    first: dict[str, str] = {}
    pairs = []
    for path, fact in zip(paths, facts, strict=True):
        if fact.sha256 is None or fact.empty:
            continue
        if fact.sha256 in first:
            pairs.append((first[fact.sha256], path))
        first.setdefault(fact.sha256, path)
    if not pairs:
        return []
    more = f" ({len(pairs) - 1} more copies)" if len(pairs) > 1 else ""
    kept, copy = pairs[0]
    said = f"have the same content{more}, remove all but one"
    return [Named(f"{kept!r} and {copy!r} {said}", f"two files {said}")]


def _name_other_sizes(paths: Sequence[str], facts: Sequence[FileFacts]) -> list[str]:
    """Name an image of each size where there is more than one size, the commonest first."""
    found: dict[tuple[int, int], list[str]] = {}
    for path, fact in zip(paths, facts, strict=True):
        if fact.size_px:
            found.setdefault(fact.size_px, []).append(path)
    if len(found) < 2:
        return []
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    more = f" and {len(ordered) - 3} more sizes" if len(ordered) > 3 else ""
    named, counted = (
        ", ".join(form.format(w, h, len(names), names[0]) for (w, h), names in ordered[:3])
        for form in ("{}x{} ({}, {!r})", "{}x{} ({})")
    )
    sentences = [
        f"images of mixed sizes: {sizes}{more}, keep the frames of one size"
        for sizes in (named, counted)
    ]
    return [Named(*sentences)]
