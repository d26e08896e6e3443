"""Which releases attackers learn from, on which they are chosen, and which they read.

No original is the source of releases of two parts: an attacker who has seen a release of an image
would recognise the image, not the patient. Where there is no manifest to learn from, the sources of
each patient are divided: half to learn from, a quarter each to choose on and to read, drawn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from replication.attack.anybody.collection import Collection
from replication.attack.anybody.pictures import reduce_pictures, resize_pictures
from replication.attack.releases import Releases
from replication.errors import DataError, Sentence

MOST_PATIENTS = 1000  # ours: of more, so many are drawn, for a crowd of 1,000 hides nobody better
MOST_LEARNED = 4000  # ours: releases that attackers learn from
MOST_VALIDATED = 2000  # ours: releases on which they are chosen
BLOCK_IMAGES = 512  # ours: read at once; of a patient with more, all of them
LEARN, VALIDATE, READ = range(3)


@dataclass(frozen=True)
class Look:
    """What attackers see of R releases: averaged down, and their exact values (`pictures`)."""

    small: Releases
    exact: Releases

    def take(self, rows: np.ndarray) -> Self:
        """Return the rows (indices or a mask) as a look of their own."""
        small = self.small.take(rows)
        return Look(small, small if self.exact is self.small else self.exact.take(rows))


@dataclass(frozen=True)
class Part:
    """R images of one collection, and what is known of each."""

    images: Collection
    rows: np.ndarray  # (R,) of the collection
    identity: np.ndarray  # (R,) class of the patient, from 0
    source: np.ndarray  # (R,) number of the original
    draw: np.ndarray  # (R,) which release of its source, from 0 and without gaps

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: np.ndarray) -> Self:
        """Return the rows (indices or a mask) as a part of their own."""
        columns = {name: getattr(self, name)[rows] for name in ("rows", "identity", "source")}
        return replace(self, **columns, draw=self.draw[rows])

    @property
    def draws(self) -> int:
        """The largest number of releases that a source has; 0 of nothing."""
        return int(self.draw.max(initial=-1)) + 1

    def load(self, *, channels: int, classes: Sequence[str] = ()) -> Look:
        """Read the images.

        Args:
            channels: of the releases, 1 or 3.
            classes: the patients, by class, for whom is marked who was used; without any nobody is.
        """
        pairs = []
        for start in range(0, len(self), BLOCK_IMAGES):
            levels = self.images.load(self.rows[start : start + BLOCK_IMAGES])
            if channels > levels.shape[-1]:
                levels = np.repeat(levels, channels, axis=-1)
            pairs.append(reduce_pictures(levels, self.images.white))
        used = self.mark_used(classes) if classes and self.images.used is not None else None
        alike = pairs[0][0] is pairs[0][1]
        small, *exact = (
            Releases(np.concatenate(levels), self.identity, self.source, self.draw, used)
            for levels in list(zip(*pairs, strict=True))[: 1 if alike else 2]
        )
        return Look(small, exact[0] if exact else small)

    def split_by_patient(self) -> Iterator[Self]:
        """Yield parts of whole patients, of about BLOCK_IMAGES each."""
        ordered = self.take(np.lexsort((self.draw, self.source, self.identity)))
        ends = np.flatnonzero(np.diff(ordered.identity, append=-1)) + 1
        start = 0
        for end in ends:
            if end - start >= BLOCK_IMAGES or end == len(self):
                yield ordered.take(np.arange(start, end))
                start = end

    def mark_used(self, classes: Sequence[str]) -> np.ndarray:
        """Return (R, P) bool, whose images went in, by class; others are not marked."""
        numbers = {name: number for number, name in enumerate(classes)}
        marks = np.zeros((len(self), len(classes)), dtype=bool)
        for number, row in enumerate(self.rows):
            found = [numbers[name] for name in self.images.used[row] if name in numbers]
            marks[number, found] = True
        return marks


@dataclass(frozen=True)
class Parts:
    """What an attack is made of.

    Args:
        learned, validation, read: releases of the method.
        originals: all of them; an original's source is itself.
        classes: (P,) names of the patients, by class.
        drawn_from: how many patients there were before so many were drawn.
        given: whether what is learned from was given in a manifest of its own.
    """

    learned: Part
    validation: Part
    read: Part
    originals: Part
    classes: tuple[str, ...]
    drawn_from: int
    given: bool

    @property
    def unread(self) -> Part:
        """The originals that are no source of what attackers are chosen on or read."""
        sources = np.concatenate([self.validation.source, self.read.source])
        return self.originals.take(~np.isin(self.originals.source, sources))

    def take_originals(self, part: Part) -> Part:
        """Return the originals that a part's releases are made of."""
        return self.originals.take(np.isin(self.originals.source, part.source))


def divide(
    originals: Collection, privatized: Collection, learn: Collection | None, *, seed: int
) -> Parts:
    """Find out which image is made of which, and divide them.

    Args:
        originals, privatized, learn: as handed in.
        seed: of what is drawn.

    Raises:
        DataError: when privatized images have no source; when a source isn't among the originals, or is another patient's; when releases
            of one image are learned from and read; when a used patient has no original; when sizes
            differ; when patients or images are too few.
    """
    if privatized.source is None:
        raise DataError(f"{privatized.name}: give the source of each image, an original")
    rng = np.random.default_rng(seed)
    names = set(originals.patient) | (set() if learn is None else set(learn.patient))
    kept = _draw_patients(originals.name, names, rng)
    numbers = {name: number for number, name in enumerate(kept)}
    known = set(originals.patient)
    for images in (privatized, learn):
        if images is not None:
            _check_used(images, known)
    sources = np.arange(len(originals))
    whole = _make_part(originals, sources, numbers)
    released = _make_part(privatized, _find_sources(privatized, originals), numbers)
    if learn is None:
        by_part = _divide_sources(released, rng, shares=(LEARN, READ, LEARN, VALIDATE))
        learned, validation, read = (released.take(by_part == part) for part in range(3))
    else:
        if learn.size_px != privatized.size_px:
            raise DataError(
                f"{learn.name}: its images have another size than those of {privatized.name}"
            )
        known = _make_part(learn, _find_sources(learn, originals), numbers)
        _check_apart(known, released)
        by_part = _divide_sources(known, rng, shares=(LEARN, VALIDATE, LEARN))
        learned, validation, read = known.take(by_part == 0), known.take(by_part == 1), released
    _check_counts(learned, validation, read)
    return Parts(
        _keep_some(learned, MOST_LEARNED, rng),
        _keep_some(validation, MOST_VALIDATED, rng),
        read,
        whole,
        kept,
        len(names),
        learn is not None,
    )


def fit_size(look: Look, size_px: tuple[int, int]) -> Releases:
    """Return what is seen of releases, averaged down, in another size, as that of the originals."""
    return replace(look.small, levels=resize_pictures(look.small.levels, size_px))


def _draw_patients(name: str, names: set[str], rng: np.random.Generator) -> tuple[str, ...]:
    ordered = sorted(names)
    if len(ordered) < 2:
        raise DataError(f"{name}: all images are of one patient, add images of others")
    if len(ordered) <= MOST_PATIENTS:
        return tuple(ordered)
    chosen = rng.choice(len(ordered), MOST_PATIENTS, replace=False)
    return tuple(ordered[number] for number in np.sort(chosen))


def _check_used(images: Collection, known: set[str]) -> None:
    for row, used in enumerate(images.used or ()):
        for name in used:
            if name not in known:
                sentence = f"{images.locate(row)}: used patient {{}} has no original, add one"
                raise DataError(Sentence(sentence, repr(name), "'…'"))


def _find_sources(images: Collection, originals: Collection) -> np.ndarray:
    """Return (N,) rows of originals; of images that need none numbers beyond these."""
    found = len(originals) + np.arange(len(images))
    for row, source in enumerate(images.source or ()):
        if not source:
            continue
        if source not in originals.rows:
            sentence = (
                f"{images.locate(row)}: source {{}} is no path or image_id of {originals.name}"
            )
            raise DataError(Sentence(sentence, repr(source), "'…'"))
        found[row] = originals.rows[source]
        if originals.patient[found[row]] != images.patient[row]:
            raise DataError(
                f"{images.locate(row)}: its patient_id is not that of its source, "
                f"{originals.locate(found[row])}"
            )
    return found


def _make_part(images: Collection, source: np.ndarray, numbers: dict[str, int]) -> Part:
    """Return the images of the patients in `numbers`, their releases numbered by source."""
    identity = np.array([numbers.get(name, -1) for name in images.patient])
    draw = np.arange(len(images)) if images.draw is None else images.draw
    order = np.lexsort((np.arange(len(images)), draw, source))
    starts = np.flatnonzero(np.diff(source[order], prepend=-1))
    lengths = np.diff(starts, append=len(order))
    number = np.empty(len(images), np.intp)
    number[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    part = Part(images, np.arange(len(images)), identity, source, number)
    return part.take(identity >= 0)


def _divide_sources(part: Part, rng: np.random.Generator, *, shares: tuple[int, ...]) -> np.ndarray:
    """Return (R,) which part each release is in.

    Each patient's sources are dealt, in a drawn order, to the first of `shares`, then in turn to
    the others, from a drawn one on, and so again and again: a patient with one is learned.
    """
    sources, first, rows = np.unique(part.source, return_index=True, return_inverse=True)
    identity = part.identity[first]
    dealt = np.empty(len(sources), np.intp)
    others = shares[1:]
    for patient in np.unique(identity):
        own = rng.permutation(np.flatnonzero(identity == patient))
        turn = rng.integers(2) if len(shares) == 4 else 0
        round_ = [shares[0], *([others[2], others[1], others[0]] if turn else others)]
        dealt[own] = [round_[at % len(round_)] for at in range(len(own))]
    return dealt[rows]


def _check_apart(learned: Part, read: Part) -> None:
    both = np.flatnonzero(np.isin(learned.source, read.source))
    if len(both):
        place = learned.images.locate(learned.rows[both[0]])
        raise DataError(
            f"{place}: releases of its source are read too, learn from other images of the patient"
        )


def _check_counts(learned: Part, validation: Part, read: Part) -> None:
    name = read.images.name
    if not len(validation) or not len(read):
        given = learned.images is not read.images
        raise DataError(
            f"{learned.images.name}: each patient has one image; attackers "
            + (
                "learn from one and are chosen on another, add images"
                if given
                else "learn from one and read another, add images or a manifest to learn from"
            )
        )
    if not np.isin(read.identity, learned.identity).any():
        raise DataError(f"{name}: attackers learn from no patient of it, these manifests don't fit")
    if len(np.unique(learned.identity)) < 2:
        raise DataError(f"{name}: attackers can learn from one patient alone, add images of others")


def _keep_some(part: Part, most: int, rng: np.random.Generator) -> Part:
    """Return about so many releases: as many sources of each patient as that allows."""
    if len(part) <= most:
        return part
    sources, first = np.unique(part.source, return_index=True)
    identity = part.identity[first]
    shuffled = rng.permutation(len(sources))
    order = shuffled[np.argsort(identity[shuffled], kind="stable")]
    starts = np.flatnonzero(np.diff(identity[order], prepend=-1))
    lengths = np.diff(starts, append=len(order))
    rank = np.empty(len(sources), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    kept = sources[np.argsort(rank, kind="stable")[: max(1, most // part.draws)]]
    return part.take(np.isin(part.source, kept))
