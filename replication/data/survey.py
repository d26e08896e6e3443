"""What a reader found in a data set: the manifest's table and every remark about it.

Both readers (`replication.data.warsaw`, `replication.data.manifest`) end here, so that the checks
common to them are written once, and `data doctor` prints every remark where a run stops at the
first error.
"""

import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from multiprocessing.pool import ThreadPool
from os.path import isfile, islink  # unlike those of Path, never raise
from pathlib import Path
from typing import ClassVar, NamedTuple

import pandas as pd

from replication.config import PreprocessSettings
from replication.data.image_file import ImageHeader, find_white, read_header
from replication.data.iris_by_hand import Circle
from replication.data.patient_ids import group_ids, spell_ids
from replication.data.pixels import (
    Pixels,
    are_too_many,
    describe_unreadable,
    group_equal,
    read_pixels,
)
from replication.errors import DataError, Sentence
from replication.store.words import OF_PAPER, Words
from validation.expectations.suites import LEAST_SPAN_GRAY

COLUMNS = ("image_id", "path", "patient_id", "eye", "glaucoma", "sha256")
COPIES = "copies_left_out"  # column of a table that copies were left out of: their paths
LIST_MARK = "|"
EYES = ("left", "right")
NO_SIDE = "neither"  # the eye of an image that has no side

PAPER_STEPS = PreprocessSettings()

_LOG = logging.getLogger(__name__)


class Finding(StrEnum):
    """What kind of fault a remark is about: what is missing or wrong stops a run, odd doesn't."""

    MISSING = "missing"
    WRONG = "wrong"
    ODD = "odd"


class Choice(StrEnum):
    """What a user may state about a data set, by the option that states it."""

    IDS_ARE_DISTINCT = "--ids-are-distinct"
    DROP_DUPLICATES = "--drop-duplicates"


@dataclass(frozen=True)
class Remark(Sentence):
    """A sentence about a data set; with the choice `unless`, what is wrong is odd only."""

    kind: Finding = field(kw_only=True)
    unless: Choice | None = None
    named_by: ClassVar[str] = "data doctor"


class ImageRow(NamedTuple):
    """One image before its file is opened; `glaucoma` is None where no label is known."""

    path: str
    patient_id: str
    eye: str
    glaucoma: bool | None
    iris: Circle | None = None  # where it was given by hand


class FileFacts(NamedTuple):
    """What one pass over a file finds; None where it can't be opened or is no image."""

    sha256: str | None
    header: ImageHeader | None
    empty: bool = False

    @property
    def size_px(self) -> tuple[int, int] | None:
        """Width and height of its pixels, turned as the header says."""
        return self.header and self.header.size_px


@dataclass(frozen=True)
class Survey:
    """A data set as found, usable or not.

    Args:
        root: folder that the paths are relative to.
        table: the manifest, one row per image, sorted by image_id: image_id and path (POSIX, relative
            to the root), patient_id, eye (left or right, or NO_SIDE), glaucoma (nullable boolean), sha256 (hex); where irises
            are given by hand, the fields of `Circle` (px, missing in the other rows).
        sizes_px: (width, height) of each row's image, None where its header can't be read.
        problems: why each row's image can't be read, empty where it can or wasn't decoded.
        remarks: everything missing, wrong or odd.
        counts: figures of what was left out or stands beside the images, by what they count.
        words: what is said of it calls the disease and an image so.
    """

    root: Path
    table: pd.DataFrame
    sizes_px: tuple[tuple[int, int] | None, ...]
    problems: tuple[str, ...]
    remarks: tuple[Remark, ...]
    counts: tuple[tuple[str, object], ...] = ()
    words: Words = OF_PAPER

    def list_remarks(self, *kinds: Finding) -> tuple[Remark, ...]:
        """Return the remarks of some kinds, one kind after the other."""
        return tuple(remark for kind in kinds for remark in self.remarks if remark.kind is kind)

    @property
    def errors(self) -> tuple[Remark, ...]:
        """The remarks that stop a run."""
        return self.list_remarks(Finding.MISSING, Finding.WRONG)

    @property
    def readable(self) -> pd.DataFrame:
        """The rows of the images that can be read, whose labels are all known."""
        kept = [not problem for problem in self.problems]
        return self.table[kept].reset_index(drop=True).astype({"glaucoma": bool})

    def require_usable(self) -> pd.DataFrame:
        """Return the table with its glaucoma column as plain bool, and log what was counted.

        Raises:
            DataError: with the first error, naming no file or patient.
        """
        for error in self.errors:
            raise DataError(error)
        for what, figure in self.counts:
            _LOG.info("%s: %s", what, figure)
        return self.table.astype({"glaucoma": bool})


def survey_images(
    root: Path,
    rows: Sequence[ImageRow],
    *,
    remarks: Sequence[Remark],
    counts: Sequence[tuple[str, int]] = (),
    choices: Collection[Choice] = (),
    steps: PreprocessSettings = PAPER_STEPS,
    decode: bool = True,
) -> Survey:
    """Read every file, and check what is common to all data sets.

    Args:
        root: folder that the rows' paths are relative to.
        rows: the images, in any order, no path twice.
        remarks, counts: of the reader, about what it found and left out.
        choices: what the user states.
        steps: of the preprocessing: what it cuts off and mirrors.
        decode: whether images are decoded, to find what can't be read and what comes twice.
    """
    # Of another name than text no table can be written.
    unwritable = sorted(p for p, *_ in rows if p.encode(errors="ignore").decode() != p)
    found = remark_on(Finding.WRONG, "{}: the name is no UTF-8, rename it", unwritable)
    ordered = sorted(row for row in rows if row.path not in unwritable)
    paths = [row.path for row in ordered]
    facts = inspect_files(root, paths)
    pixels = _decode(root, paths, facts, steps) if decode else [Pixels(None)] * len(paths)
    copies, doubts = find_copies(ordered, facts, pixels, mirrored=steps.mirroring)
    found += doubts
    left_out: dict[str, list[str]] = {}
    if copies and Choice.DROP_DUPLICATES in choices:
        for copy, first in copies.items():
            left_out.setdefault(paths[first], []).append(paths[copy])
        kept = [place for place in range(len(ordered)) if place not in copies]
        ordered, facts, pixels = ([each[i] for i in kept] for each in (ordered, facts, pixels))
        counts = [*counts, ("copies of images, left out", len(copies))]
    # Column by column: a table made of rows would keep all of them while one is in use.
    columns = {name: [getattr(row, name) for row in ordered] for name in ImageRow._fields}
    columns |= {"image_id": columns["path"], "sha256": [fact.sha256 for fact in facts]}
    kinds = {name: "boolean" if name == "glaucoma" else "str" for name in COLUMNS}
    table = pd.DataFrame(columns, columns=list(COLUMNS)).astype(kinds)
    if given := [row.iris for row in ordered if row.iris]:
        for name in Circle._fields:
            table[name] = [getattr(iris, name, float("nan")) for iris in columns["iris"]]
        what = "irises given by hand" if steps.on_irises else "circles to be centred on"
        counts = [*counts, (what, len(given))]
    elif steps.centring == "manifest" and ordered:
        sentence = (
            f"{root}: no image has a circle to be centred on; give {','.join(Circle._fields)}"
        )
        found.append(Remark(f"{sentence} in a manifest", kind=Finding.WRONG))
    if left_out:
        table[COPIES] = [LIST_MARK.join(left_out.get(path, ())) for path in columns["path"]]
    if ordered:
        found += check_files(root, columns["path"], facts, strip_rows=steps.strip_rows)
        found += check_labels(root, table)
        found += check_ids(root, columns["patient_id"])
        found += check_pixels(root, ordered, pixels)
        found += check_contrast(columns["path"], facts, pixels)
        found += check_circles(ordered, facts, steps)
    sizes = tuple(fact.size_px for fact in facts)
    stated = (replace(r, kind=Finding.ODD) if r.unless in choices else r for r in found)
    problems = tuple(each.problem for each in pixels)
    return Survey(root, table, sizes, problems, (*remarks, *stated), tuple(counts))


def find_copies(
    rows: Sequence[ImageRow],
    facts: Sequence[FileFacts],
    pixels: Sequence[Pixels],
    *,
    mirrored: bool = True,
) -> tuple[dict[int, int], list[Remark]]:
    """Find the images that come again, by their pixels, or by their bytes where they can't be read.

    Returns:
        Place of each that may be left out, being of the same eye and label as the first, to the
        place of the first; and remarks on these and on copies that contradict each other. Empty
        files are no copies.
    """
    keys = [
        (pixel.digest or fact.sha256) if fact.sha256 and not fact.empty else None
        for fact, pixel in zip(facts, pixels, strict=True)
    ]
    same: list[tuple[int, int]] = []
    differing: list[tuple[int, int]] = []
    for first, *others in group_equal(keys):
        agree = all(rows[first][1:] == rows[other][1:] for other in others)
        (same if agree else differing).extend((first, other) for other in others)
    either = f"remove all but one, or give {Choice.DROP_DUPLICATES} to keep the first of each"
    contradict = (
        "and differ in patient, eye or glaucoma, or in the iris by hand; correct the table or "
        "remove them"
    )
    kind = "pixels, mirrored or not" if mirrored else "pixels"
    return {copy: first for first, copy in same}, [
        *_remark_on_pairs(rows, facts, same, kind, either, Choice.DROP_DUPLICATES),
        *_remark_on_pairs(rows, facts, differing, kind, contradict, None),
    ]


def _remark_on_pairs(
    rows: Sequence[ImageRow],
    facts: Sequence[FileFacts],
    pairs: Sequence[tuple[int, int]],
    kind: str,
    advice: str,
    unless: Choice | None,
) -> list[Remark]:
    if not pairs:
        return []
    equal = all(facts[one].sha256 == facts[other].sha256 for one, other in pairs)
    same = "content" if equal else kind
    sentence = f"{{}} have the same {same}, {advice}"
    named = join_some([f"{rows[one].path!r} and {rows[other].path!r}" for one, other in pairs])
    count = f"{len(pairs)} pairs of files" if len(pairs) > 1 else "two files"
    return [Remark(sentence, named, count, unless, kind=Finding.WRONG)]


def _decode(
    root: Path, paths: Sequence[str], facts: Sequence[FileFacts], steps: PreprocessSettings
) -> list[Pixels]:
    """Decode the files that can be opened."""
    opened = [path for path, fact in zip(paths, facts, strict=True) if fact.sha256]
    found = dict(zip(opened, read_pixels(root, opened, steps), strict=True))
    return [found.get(path, Pixels(None)) for path in paths]


def check_files(
    root: Path, paths: Sequence[str], facts: Sequence[FileFacts], *, strip_rows: int
) -> list[Remark]:
    """Remark on files that can't be opened, are too low, or differ in size, depth or turn."""
    unopened: dict[str, list[str]] = {}
    for path, fact in zip(paths, facts, strict=True):
        if fact.sha256 is None:
            unopened.setdefault(name_absent(root / path), []).append(path)
    low = [p for p, f in zip(paths, facts, strict=True) if f.size_px and f.size_px[1] <= strip_rows]
    no_higher = f"{{}}: no higher than the label strip of {strip_rows} rows, give whole frames"
    return [
        *(
            remark
            for why, names in unopened.items()
            for remark in remark_on(Finding.MISSING, f"{{}}: {why} or remove it", names)
        ),
        *remark_on(Finding.WRONG, no_higher, low),
        *_find_mixed(paths, [fact.size_px for fact in facts], "size", "{0[0]}x{0[1]}"),
        *_find_mixed(paths, _list_whites(facts), "depth", "white is level {}"),
        *_find_mixed(paths, _list_turns(facts), "EXIF turn", "orientation {}"),
        *_note_turned(paths, _list_turns(facts)),
    ]


def name_absent(file: Path) -> str:
    """Return why a file can't be opened, and what to do."""
    if islink(file) and not isfile(file):
        return "is a link to no file, get the file (as by `dvc pull` or `git annex get`)"
    return "can't be opened, restore it" if isfile(file) else "is no file, restore it"


def check_pixels(root: Path, rows: Sequence[ImageRow], pixels: Sequence[Pixels]) -> list[Remark]:
    """Remark on images that can't be read, which stop a run where they are many or all of someone's.

    Fewer are odd: preprocessing leaves them out.
    """
    problems = [each.problem for each in pixels]
    bad = len(problems) - problems.count("")
    if not bad:
        return []
    many = are_too_many(bad, len(rows))
    found = describe_unreadable([row.path for row in rows], problems)
    left = {row.patient_id for row, problem in zip(rows, problems, strict=True) if not problem}
    lost = sorted({row.patient_id for row in rows} - left)
    no_image = f"{root}: no image of {{}} can be read, restore one or take the patient out"
    return [
        Remark(**vars(found), kind=Finding.WRONG if many else Finding.ODD),
        *remark_on(Finding.WRONG, no_image, [] if many else lost, what="patients"),
    ]


def check_contrast(
    paths: Sequence[str], facts: Sequence[FileFacts], pixels: Sequence[Pixels]
) -> list[Remark]:
    """Remark on images that preprocessing can only make flatter than validation lets pass."""
    levels = [pixel.highest for pixel in pixels if pixel.highest is not None]
    whites = set(_list_whites(facts)) - {None}
    if not levels or len(whites) != 1:
        return []
    white = find_white(*whites, max(levels))
    least = LEAST_SPAN_GRAY / 255 * white
    flat = [
        path
        for path, pixel in zip(paths, pixels, strict=True)
        if pixel.span and pixel.span[1] - pixel.span[0] < least
    ]
    sentence = (
        f"{{}}: spans less than {LEAST_SPAN_GRAY} of 255 gray levels where level {white} is white; "
        "save all images with one range, or take it out"
    )
    return remark_on(Finding.WRONG, sentence, flat)


def check_circles(
    rows: Sequence[ImageRow], facts: Sequence[FileFacts], steps: PreprocessSettings
) -> list[Remark]:
    """Remark on circles by hand that lie outside of what preprocessing keeps of their images."""
    strip = steps.strip_rows
    outside = [
        row.path
        for row, fact in zip(rows, facts, strict=True)
        if row.iris and fact.size_px
        if not row.iris.lies_in(fact.size_px[0], fact.size_px[1] - strip)
    ]
    sentence = (
        f"{{}}: the {'iris by hand' if steps.on_irises else 'circle'} lies outside the image without "
        f"its bottom {strip} rows, or is larger; give {', '.join(Circle._fields)} in its px, or none of them"
    )
    return remark_on(Finding.WRONG, sentence, outside)


def check_labels(root: Path, table: pd.DataFrame) -> list[Remark]:
    """Remark on a data set that has nothing to distinguish: one patient, or one pathology only."""
    found = []
    if table["patient_id"].nunique() == 1:
        found.append(f"{root}: all images are of one patient, identities need at least two")
    labels = table["glaucoma"]
    if labels.notna().all() and labels.nunique() == 1:
        which = "every image has" if labels.iloc[0] else "no image has"
        found.append(f"{root}: {which} glaucoma, add images of the other kind")
    return [Remark(sentence, kind=Finding.WRONG) for sentence in found]


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
    return [Remark(sentence, named, count, Choice.IDS_ARE_DISTINCT, kind=Finding.WRONG)]


def name_choices(**given: bool) -> tuple[Choice, ...]:
    """Return the choices given as a command's options are, `ids_are_distinct=True`."""
    return tuple(choice for choice in Choice if given[choice[2:].replace("-", "_")])


def remark_on(
    kind: Finding, sentence: str, names: Sequence[object], *, what: str = "files"
) -> list[Remark]:
    """Return a remark with the names in its braces, and without them their number; none of none."""
    counted = f"{len(names)} {what}"
    return [Remark(sentence, name_some(names), counted, kind=kind)] if names else []


def name_some(names: Sequence[object]) -> str:
    """Return the first three names, quoted with line breaks escaped, and how many more there are."""
    return join_some([repr(str(name)) for name in names])


def join_some(names: Sequence[str]) -> str:
    """Return the first three of some words and how many more there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _list_whites(facts: Sequence[FileFacts]) -> list[int | None]:
    return [fact.header and fact.header.white for fact in facts]


def _list_turns(facts: Sequence[FileFacts]) -> list[int | None]:
    return [fact.header and fact.header.turn for fact in facts]


def _find_mixed(
    paths: Sequence[str], values: Sequence[object], what: str, form: str
) -> list[Remark]:
    """Name an image of each value where there is more than one, the commonest first."""
    found: dict[object, list[str]] = {}
    for path, value in zip(paths, values, strict=True):
        if value is not None:
            found.setdefault(value, []).append(path)
    if len(found) < 2:
        return []
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    more = f" and {len(ordered) - 3} more {what}s" if len(ordered) > 3 else ""
    named, counted = (
        ", ".join(f"{form.format(v)} ({shown.format(len(p), p[0])})" for v, p in ordered[:3])
        for shown in ("{}, {!r}", "{}")
    )
    sentence = f"images of mixed {what}s: {{}}{more}, keep the frames of one {what}"
    return [Remark(sentence, named, counted, kind=Finding.WRONG)]


def _note_turned(paths: Sequence[str], turns: Sequence[int | None]) -> list[Remark]:
    """Remark on images that are read turned, as a viewer shows them and other readers don't."""
    turned = [path for path, turn in zip(paths, turns, strict=True) if turn not in (None, 1)]
    return remark_on(Finding.ODD, "{}: turned as EXIF data say, sizes are of the turned", turned)


def inspect_files(root: Path, paths: Sequence[str]) -> list[FileFacts]:
    """Hash every file below the root and read its image header, many at once, in their order."""
    with ThreadPool(os.cpu_count()) as pool:
        return pool.map(lambda path: inspect_file(root / path), paths)


def inspect_file(file: Path) -> FileFacts:
    """Return a file's sha256 and its image's header without decoding the image."""
    if not isfile(file):  # to open a pipe is to wait for whoever writes into it
        return FileFacts(None, None)
    try:
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            empty = stream.tell() == 0
            try:
                return FileFacts(sha256, read_header(stream), empty)
            except DataError:
                return FileFacts(sha256, None, empty)
    except OSError:
        return FileFacts(None, None)
