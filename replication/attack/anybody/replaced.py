"""Attackers on those whose images or likeness went in: what releases show of others than the patient.

Near copies need originals of others alone. Where a manifest has who was used, a ridge reader learns
it and least squares over the gallery solves for it (`replaced_privacy`); chance is what is known
without an image.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from replication.attack.anybody.figures import (
    COPIES,
    LEARNED_AUC,
    LEARNED_TOP1,
    SOLVED,
    Figure,
    Victim,
    describe_reads,
    measure,
)
from replication.attack.anybody.parts import Look, fit_size
from replication.attack.anybody.patients import Tally
from replication.attack.near_copies import (
    CopyLimits,
    find_near_copies,
    measure_distances,
    set_limits,
)
from replication.attack.releases import Releases
from replication.attack.replaced_privacy import (
    RIDGE,
    Gallery,
    find_hits,
    guess_used,
    rank_used,
    read_used,
    solve_used,
)
from replication.records import EyeDataset
from validation.statistics.intervals import CONFIDENCE, proportion_interval

MOST_READ = 4000  # ours: releases that are read for whom was used
MOST_SOLVED = 500  # ours: releases that are solved for
MOST_GALLERY = 2000  # ours: originals that releases are compared with and solved over
FIGURES = 3  # that the verdict looks at beside near copies


class CopyFinder:
    """Counts near copies of other patients' originals, block by block.

    Args:
        originals: the gallery, none of it a source of what is read.
        control: originals that are read, which are no copies.
        patients: P, the number of classes of identity.
    """

    def __init__(self, originals: Look, control: Look, patients: int) -> None:
        self._gallery = _to_dataset(originals.small)
        images = _to_dataset(control.small)
        distances = measure_distances(images.images, self._gallery)
        self._limits: CopyLimits = set_limits(distances)
        self._size_px = images.images.shape[1:3]
        found = find_near_copies(distances, self._limits, identity=images.identity)
        # Of few originals that are read none may be near by luck alone: the upper end counts.
        self.chance = proportion_interval(found.sum(), len(found), confidence=CONFIDENCE)[1]
        self.tally = Tally(patients)

    def add(self, look: Look) -> None:
        """Look at a block of releases."""
        images = _to_dataset(fit_size(look, self._size_px))
        distances = measure_distances(images.images, self._gallery)
        found = find_near_copies(distances, self._limits, identity=images.identity)
        self.tally.add(images.identity, found, 0)

    def describe(self, *, of: int, seed: int) -> Figure | None:
        """Return the figure, one of so many that the verdict looks at."""
        return measure(
            Victim.REPLACED,
            COPIES,
            self.tally.rates(),
            images=int(self.tally.groups.sum()),
            chance=self.chance,
            seed=seed,
            of=of,
            decides=True,
        )


def measure_used(
    learned: Releases,
    validation: Releases,
    read: Releases,
    *,
    labels: np.ndarray,
    gallery: Releases | None,
    of: int,
    seed: int,
) -> Iterator[Figure | None]:
    """Yield the figures that need `used`.

    To name the patient whose image it is, who may be among the used, is no hit: that is what
    attackers on the patient are about. What is solved for is the whole set.

    Args:
        learned, validation, read: releases with `used`, averaged down.
        labels: by number of a source, 0, 1 or -1.
        gallery: originals, of the releases' size; None where these don't fit.
        of: how many figures the verdict looks at.
        seed: of the bootstrap and of the order in which others' used are taken for chance.
    """
    readers = read_used(learned, validation, read)
    own = (labels[learned.source] == 1), (labels[read.source] == 1)
    guesses = guess_used(learned, *own)
    others = mark_others(read)
    asked = others.any(axis=1)
    reads = describe_reads(readers[0].learned, 1)
    for name, rate in ((LEARNED_TOP1, find_hits), (LEARNED_AUC, _rank(read))):
        by_image = [
            np.where(asked, rate(scores, others), np.nan) for scores in (readers[0].scores, guesses)
        ]
        values, blind = (_average(each, read.identity) for each in by_image)
        yield measure(
            Victim.REPLACED,
            name,
            values,
            images=int((~np.isnan(by_image[0])).sum()),
            chance=None,
            seed=seed,
            attacker=RIDGE,
            reads=reads,
            fraction=name != LEARNED_AUC,
            blind=blind,
            of=of,
            decides=True,
        )
    if gallery is None or not asked.any():
        return
    some = read.take(np.flatnonzero(asked)[:MOST_SOLVED])
    pairs = _shuffle_others(some.identity, np.random.default_rng(seed))
    held = Gallery(gallery, some.used.shape[1])
    solved = solve_used(some, held)
    # By chance: whose set is that of an image of another patient?
    other = solve_used(replace(some, used=some.used[pairs]), held)
    yield measure(
        Victim.REPLACED,
        SOLVED,
        _average(solved, some.identity),
        images=len(some),
        chance=None,
        seed=seed,
        attacker="least_squares",
        reads="1 release read",
        blind=_average(other, some.identity),
        of=of,
        decides=True,
    )


def mark_others(releases: Releases) -> np.ndarray:
    """Return (R, P) bool, who was used in releases beside the patient whose images these are."""
    return releases.used & (np.arange(releases.used.shape[1]) != releases.identity[:, None])


def _rank(read: Releases):
    return lambda scores, used: rank_used(scores, used, read.identity)


def _average(values: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """Return (P,) means of (R,) values by patient, NaN values left out."""
    measured = ~np.isnan(values.astype(float))
    size = int(identity.max()) + 1
    sums = np.bincount(identity[measured], values[measured], minlength=size)
    counts = np.bincount(identity[measured], minlength=size)
    return np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0)


def _shuffle_others(identity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (R,) rows of others: a drawn row of another patient for each, itself where none is."""
    rows = np.arange(len(identity))
    others = [np.flatnonzero(identity != own) for own in identity]
    return np.array([rng.choice(o) if len(o) else row for row, o in zip(rows, others, strict=True)])


def _to_dataset(releases: Releases) -> EyeDataset:
    """Return releases as gray images with names of their own."""
    names = np.arange(len(releases)).astype(str)
    return EyeDataset(
        releases.gray[..., None], releases.identity, np.zeros(len(releases), bool), names
    )
