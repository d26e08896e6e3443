"""What a reader found in a data set: the manifest's table and every remark about it.

Both readers (`replication.data.warsaw`, `replication.data.manifest`) end here, so that the checks
common to them are written once, and `data doctor` prints every remark where a run stops at the
first error.
"""

import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from multiprocessing.pool import ThreadPool
from os.path import isfile  # unlike Path.is_file, never raises
from pathlib import Path
from typing import NamedTuple, Self

import pandas as pd

from replication.data.image_file import open_image
from replication.data.patient_ids import group_ids, spell_ids
from replication.errors import DataError

COLUMNS = ("image_id", "path", "patient_id", "eye", "glaucoma", "sha256")
EYES = ("left", "right")
HINT = " (`data doctor` names it)"

_LOG = logging.getLogger(__name__)


class Finding(StrEnum):
    """What kind of fault a remark is about: what is missing or wrong stops a run, odd doesn't."""

    MISSING = "missing"
    WRONG = "wrong"
    ODD = "odd"


class Choice(StrEnum):
    """What a user may state about a data set, by the option that states it."""

    IDS_ARE_DISTINCT = "--ids-are-distinct"


class Remark(NamedTuple):
    """A sentence about a data set, with names of files or patients or without them.

    Names of files and folders begin with patients' numbers: `data doctor` prints them, errors and
    logs don't. The sentence has one `{}` for the names, if there are any, or what stands `instead`.
    With the choice `unless`, what is wrong is odd only.
    """

    kind: Finding
    sentence: str
    names: str = ""
    instead: str = ""
    unless: Choice | None = None

    def __str__(self) -> str:
        """Return the sentence with the names."""
        return self.sentence.replace("{}", self.names, 1) if self.names else self.sentence

    @property
    def anonymous(self) -> str:
        """The sentence without the names."""
        if not self.names:
            return self.sentence
        return self.sentence.replace("{}", self.instead, 1) + HINT


class ImageRow(NamedTuple):
    """One image before its file is opened; `glaucoma` is None where no label is known."""

    path: str
    patient_id: str
    eye: str
    glaucoma: bool | None


class FileFacts(NamedTuple):
    """What one pass over a file finds; None where it can't be opened or is no image."""

    sha256: str | None
    size_px: tuple[int, int] | None
    empty: bool = False


@dataclass(frozen=True)
class Survey:
    """A data set as found, usable or not.

    Args:
        root: folder that the paths are relative to.
        table: the manifest, sorted by image_id; glaucoma is a nullable boolean.
        sizes_px: (width, height) of each row's image, None where its header can't be read.
        remarks: everything missing, wrong or odd.
        counts: figures of what was left out or stands beside the images, by what they count.
    """

    root: Path
    table: pd.DataFrame
    sizes_px: tuple[tuple[int, int] | None, ...]
    remarks: tuple[Remark, ...]
    counts: tuple[tuple[str, object], ...] = ()

    def list_remarks(self, *kinds: Finding) -> tuple[Remark, ...]:
        """Return the remarks of some kinds, one kind after the other."""
        return tuple(remark for kind in kinds for remark in self.remarks if remark.kind is kind)

    @property
    def errors(self) -> tuple[Remark, ...]:
        """The remarks that stop a run."""
        return self.list_remarks(Finding.MISSING, Finding.WRONG)

    def choose(self, choices: Collection[Choice]) -> Self:
        """Return the survey as it is by a user's choices."""
        remarks = tuple(
            remark._replace(kind=Finding.ODD) if remark.unless in choices else remark
            for remark in self.remarks
        )
        return replace(self, remarks=remarks)

    def require_usable(self) -> pd.DataFrame:
        """Return the table with its glaucoma column as plain bool, and log what was counted.

        Raises:
            DataError: with the first error, naming no file or patient.
        """
        for error in self.errors:
            _LOG.debug("%s", error)
            raise DataError(error.anonymous)
        for what, figure in self.counts:
            _LOG.info("%s: %s", what, figure)
        return self.table.astype({"glaucoma": bool})


def survey_images(
    root: Path,
    rows: Sequence[ImageRow],
    *,
    remarks: Sequence[Remark],
    counts: Sequence[tuple[str, int]] = (),
) -> Survey:
    """Open every file once, and check what is common to all data sets.

    Args:
        root: folder that the rows' paths are relative to.
        rows: the images, in any order, no path twice.
        remarks, counts: of the reader, about what it found and left out.
    """
    # Of another name than text no table can be written.
    unwritable = sorted(p for p, *_ in rows if p.encode(errors="ignore").decode() != p)
    found = remark_on(Finding.WRONG, "{}: the name is no UTF-8, rename it", unwritable)
    ordered = sorted(row for row in rows if row.path not in unwritable)
    facts = inspect_files(root, [row.path for row in ordered])
    # Column by column: a table made of rows would keep all of them while one is in use.
    columns = {name: [getattr(row, name) for row in ordered] for name in ImageRow._fields}
    columns |= {"image_id": columns["path"], "sha256": [fact.sha256 for fact in facts]}
    kinds = {name: "boolean" if name == "glaucoma" else "str" for name in COLUMNS}
    table = pd.DataFrame(columns, columns=list(COLUMNS)).astype(kinds)
    if ordered:
        found += check_files(columns["path"], facts) + check_labels(root, table)
        found += check_ids(root, columns["patient_id"])
    sizes = tuple(fact.size_px for fact in facts)
    return Survey(root, table, sizes, (*remarks, *found), tuple(counts))


def check_files(paths: Sequence[str], facts: Sequence[FileFacts]) -> list[Remark]:
    """Remark on files that can't be opened, are no images, are the same or differ in size.

    Files without a readable header are odd only: preprocessing counts them and decides. Empty
    files are among these, and not taken for copies of each other.
    """
    unopened = [path for path, fact in zip(paths, facts, strict=True) if fact.sha256 is None]
    unread = [p for p, fact in zip(paths, facts, strict=True) if fact.sha256 and not fact.size_px]
    return [
        *remark_on(Finding.MISSING, "{}: can't be opened, restore or remove it", unopened),
        *_find_copies(paths, facts),
        *_find_other_sizes(paths, facts),
        *remark_on(Finding.ODD, "{}: no readable image header", unread),
    ]


def check_labels(root: Path, table: pd.DataFrame) -> list[Remark]:
    """Remark on a data set that has nothing to distinguish: one patient, or one pathology only."""
    found = []
    if table["patient_id"].nunique() == 1:
        found.append(f"{root}: all images are of one patient, identities need at least two")
    labels = table["glaucoma"]
    if labels.notna().all() and labels.nunique() == 1:
        which = "every image has" if labels.iloc[0] else "no image has"
        found.append(f"{root}: {which} glaucoma, add images of the other kind")
    return [Remark(Finding.WRONG, sentence) for sentence in found]


def check_ids(root: Path, patient_ids: Sequence[str]) -> list[Remark]:
    """Remark on ids that may be one person's, written in several ways."""
    groups = group_ids(patient_ids)
    if not groups:
        return []
    sentence = (
        f"{root}: {{}} may be one person under several ids; write one id per person, or give "
        f"{Choice.IDS_ARE_DISTINCT} where they are different people"
    )
    named, count = join_some(list(map(spell_ids, groups))), f"{len(groups)} groups of patient ids"
    unless = Choice.IDS_ARE_DISTINCT
    return [Remark(Finding.WRONG, sentence, named, count, unless)]


def name_choices(**given: bool) -> tuple[Choice, ...]:
    """Return the choices given as a command's options are, `ids_are_distinct=True`."""
    return tuple(choice for choice in Choice if given[choice[2:].replace("-", "_")])


def remark_on(
    kind: Finding, sentence: str, names: Sequence[object], *, what: str = "files"
) -> list[Remark]:
    """Return a remark with the names in its braces, and without them their number; none of none."""
    return [Remark(kind, sentence, name_some(names), f"{len(names)} {what}")] if names else []


def name_some(names: Sequence[object]) -> str:
    """Return the first three names, quoted with line breaks escaped, and how many more there are."""
    return join_some([repr(str(name)) for name in names])


def join_some(names: Sequence[str]) -> str:
    """Return the first three of some words and how many more there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _find_copies(paths: Sequence[str], facts: Sequence[FileFacts]) -> list[Remark]:
    """Name the first pair of files with the same content, and count the further copies."""
    first: dict[str, str] = {}
    pairs = []
    for path, fact in zip(paths, facts, strict=True):
        if fact.sha256 and not fact.empty and first.setdefault(fact.sha256, path) != path:
            pairs.append((first[fact.sha256], path))
    if not pairs:
        return []
    more = f" ({len(pairs) - 1} more copies)" if len(pairs) > 1 else ""
    sentence = f"{{}} have the same content{more}, remove all but one"
    return [Remark(Finding.WRONG, sentence, "{!r} and {!r}".format(*pairs[0]), "two files")]


def _find_other_sizes(paths: Sequence[str], facts: Sequence[FileFacts]) -> list[Remark]:
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
    sentence = f"images of mixed sizes: {{}}{more}, keep the frames of one size"
    return [Remark(Finding.WRONG, sentence, named, counted)]


def inspect_files(root: Path, paths: Sequence[str]) -> list[FileFacts]:
    """Hash every file below the root and read its image header, many at once, in their order."""
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
