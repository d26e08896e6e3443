"""Attackers on the patient, who read any number of releases block by block.

Those of `recognisers` learn from releases; two more, static, from originals alone. What is kept of
the releases read are sums by patient, so memory doesn't grow with their number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from replication.attack.anybody.parts import Look, fit_size
from replication.attack.patient_privacy import list_counts
from replication.attack.recognisers import (
    BitFrequencies,
    Recogniser,
    choose_bits,
    fit_recognisers,
    take_lowest_bits,
)
from replication.attack.releases import Pooled, Releases, pool_by_patient, pool_by_source

STATIC = {"static_lda": "lda_image", "static_nearest": "nearest"}
BITS = "lowest_bit"


class Cell(NamedTuple):
    """One way to read: an attacker, so many draws learned, so many releases read at once."""

    attacker: str
    learned: int
    read: int
    person: bool  # whether every image of a patient is read


@dataclass
class Tally:
    """Sums by patient and label, 0, 1 and not known: groups of releases, and those named right."""

    patients: int
    hits: np.ndarray = field(init=False)
    groups: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.hits, self.groups = np.zeros((2, 3, self.patients))

    def add(self, identity: np.ndarray, hits: np.ndarray, label: np.ndarray | int) -> None:
        """Add (G,) groups: of whom they are, whether these are named, and their labels."""
        places = np.broadcast_to(label, identity.shape), identity
        np.add.at(self.groups, places, 1)
        np.add.at(self.hits, places, hits)

    def rates(self, label: int | None = None) -> np.ndarray:
        """Return (P,) fractions named right, NaN for patients without groups (of a label)."""
        rows = slice(None) if label is None else [label]
        hits, groups = self.hits[rows].sum(axis=0), self.groups[rows].sum(axis=0)
        return np.divide(hits, groups, out=np.full(self.patients, np.nan), where=groups > 0)


@dataclass(frozen=True)
class Attacker:
    """A trained recogniser and how it looks at releases.

    Args:
        name: of it.
        learned: draws of each source.
        recogniser: trained.
        exact: whether it reads exact values.
        size_px: to which images are resized before, as of one trained on originals; None for none.
    """

    name: str
    learned: int
    recogniser: Recogniser
    exact: bool = False
    size_px: tuple[int, int] | None = None

    def score(self, look: Look) -> np.ndarray:
        """Return (R, P) scores of releases."""
        releases = look.exact if self.exact else look.small
        if self.size_px is not None:
            releases = fit_size(look, self.size_px)
        return self.recogniser.score(releases)


def fit_attackers(learned: Look, patients: int) -> Iterator[Attacker]:
    """Train every recogniser on releases, from one draw and from several.

    Args:
        learned: releases of known patients.
        patients: P, the number of classes of identity.

    Raises:
        DataError: as `fit_recognisers`.
    """
    for count in list_counts(learned.small.draws):
        found = fit_recognisers(learned.small.first(count), patients)
        if BITS in found and learned.exact is not learned.small:
            found[BITS] = _fit_bits(learned.exact.first(1), patients)
        for name, recogniser in found.items():
            yield Attacker(name, count, recogniser, exact=name == BITS)


def fit_static(originals: Look, patients: int) -> Iterator[Attacker]:
    """Train recognisers on originals, none of them the source of a release that is read.

    Args:
        originals: of known patients.
        patients: P, the number of classes of identity.

    Raises:
        DataError: as `fit_recognisers`.
    """
    found = fit_recognisers(originals.small, patients)
    size = originals.small.levels.shape[1:3]
    for name, of in STATIC.items():
        yield Attacker(name, 1, found[of], size_px=size)


def read_blocks(
    attackers: list[Attacker],
    blocks: Iterable[Look],
    *,
    patients: int,
    draws: int,
    labels: np.ndarray,
) -> dict[Cell, Tally]:
    """Let every attacker read releases, in every way.

    Args:
        attackers: trained.
        blocks: releases of whole patients.
        patients: P, the number of classes of identity.
        draws: how many releases of an image can be read at once, at most.
        labels: by number of a source, 0, 1 or -1.

    Returns:
        By cell; of an attacker the first cell is the simplest.
    """
    tallies: dict[Cell, Tally] = {}
    for look in blocks:
        for attacker in attackers:
            scores = attacker.score(look)
            for cell, pooled in _pool(attacker, scores, look.small, draws):
                named = pooled.scores + attacker.recogniser.log_priors
                label = 0 if cell.person else labels[pooled.source]
                tally = tallies.setdefault(cell, Tally(patients))
                tally.add(pooled.identity, named.argmax(axis=1) == pooled.identity, label)
    return tallies


def _pool(
    attacker: Attacker, scores: np.ndarray, releases: Releases, draws: int
) -> Iterator[tuple[Cell, Pooled]]:
    for person, pool in ((False, pool_by_source), (True, pool_by_patient)):
        for read in list_counts(draws):
            pooled = pool(scores, releases, read)
            if len(pooled.identity):
                yield Cell(attacker.name, attacker.learned, read, person), pooled


def choose(
    cells: Iterable[Cell],
    validation: dict[Cell, Tally],
    *,
    attacker: str | None = None,
    person: bool = False,
) -> Cell | None:
    """Return the cell that does best on validation releases, of equals the simplest; None of none.

    Args:
        cells: those that read something.
        validation: what each found on validation releases.
        attacker: whose; None for all.
        person: whether every image of a patient is read.
    """
    found = [
        cell
        for cell in cells
        if cell.person == person and attacker in (None, cell.attacker) and cell in validation
    ]
    return max(found, key=lambda cell: float(np.nanmean(validation[cell].rates())), default=None)


def _fit_bits(learned: Releases, patients: int) -> Recogniser:
    places = choose_bits(learned)

    def features(releases: Releases) -> np.ndarray:
        return take_lowest_bits(releases, places)

    fitted = BitFrequencies().fit(features(learned), learned.identity)
    return Recogniser(features, fitted, patients)
