"""The gate: what a privatized case has to withstand before anybody is shown it.

Ours. The attackers of stage 07 (`replication.attack`) are turned on every picture that might be
shown, and what they can name is refused:

- the run's identity network, which has learned the original itself;
- LDA on the image and on its centre, the nearest neighbour and the lowest bits, which learn from
  privatized images of known patients (`fit_recognisers`). Nobody who attacks a released picture
  has learned from its own original, so each half of every patient's images is attacked by those who
  have learned from the other half. Of a patient with a single image they know nothing.
- where a method uses training patients, ridge regression that has learned whom it used, halves as
  above; whom it names may be used in the picture, whoever's picture it is.
- the nearest training image: no picture is a near copy of anybody's, the patient's own included.

Where a method promises that k patients' pictures are equal, whoever names one guesses among them, and
to refuse the one who is named would make the crowd smaller for the others. There the crowd is
counted, and naming doesn't count.

An attacker learns from a picture that passed that these attackers don't name its patient: of 115
patients one is out.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum

import numpy as np

from replication.attack.near_copies import CopyLimits, find_near_copies, measure_distances
from replication.attack.recognisers import Recogniser, fit_recognisers
from replication.attack.releases import Releases
from replication.attack.replaced_privacy import find_hits, learn_used
from replication.cases.released import ReleasedCases
from replication.evaluate.equal_images import code_pictures
from replication.records import NOBODY, EyeDataset, PrivatizedSet


class Refusal(StrEnum):
    """Why a picture isn't shown; empty where it may be."""

    NONE = ""
    STATIC = "its patient is named by the identity network"
    RECOGNISED = "its patient is named by an attacker who has learned privatized images"
    REPLACED = "somebody whose image or likeness went in is named by an attacker who has learned it"
    NEAR_COPY = "it is nearly a copy of a training image"
    CROWD = "fewer patients than promised share what it shows"


class Gate:
    """The attackers of one method's pictures, trained.

    Args:
        gallery: the N training images whose privatized pictures may be shown.
        learned: these images privatized by other draws, as an attacker may who has the method.
        validation: images of no gallery, and the same of them: by these an attacker chooses. Read
            where the method uses training patients and promises no crowd.
        name_statically: (N, H, W, C) pictures to (N,) identities, by the run's identity network.
        limits: below which a picture is a near copy.
        alike: how many patients at least, by the method's promise, share a picture or its code; 0 for none.

    Raises:
        DataError: when there are too few patients to attack.
    """

    def __init__(
        self,
        gallery: EyeDataset,
        learned: PrivatizedSet,
        *,
        validation: tuple[EyeDataset, PrivatizedSet],
        name_statically: Callable[[np.ndarray], np.ndarray],
        limits: CopyLimits,
        alike: int,
    ) -> None:
        self._gallery, self._limits, self._alike = gallery, limits, alike
        self._name_statically = name_statically
        self._patients = int(gallery.identity.max()) + 1
        self._half = halve_patients(gallery.identity)
        self._attackers: list[dict[str, Recogniser]] = []
        self._readers: list[Callable[[np.ndarray], np.ndarray]] = []
        if alike:
            return
        releases = Releases.of_sets([learned], gallery, self._patients)
        halves = [releases.take(self._half != half) for half in (0, 1)]
        self._attackers = [fit_recognisers(half, self._patients) for half in halves]
        if releases.used is not None:
            eyes, privatized = validation
            chosen = Releases.of_sets([privatized], eyes, self._patients)
            self._readers = [learn_used(half, chosen)[0] for half in halves]

    def find_refusals(
        self, released: PrivatizedSet, without_sign: np.ndarray | None = None
    ) -> np.ndarray:
        """Return (N,) why each picture of a set of the gallery is refused, of `Refusal`.

        Args:
            released: the set.
            without_sign: (N, H, W, C) what is shown beside the pictures, where anything is; it may
                be no copy either.
        """
        found = {}
        if self._alike:
            found[Refusal.CROWD] = (
                count_alike(code_pictures(released), self._gallery.identity) < self._alike
            )
        else:
            named = self._name_statically(released.images)
            found[Refusal.STATIC] = named == self._gallery.identity
            releases = Releases.of_sets([released], self._gallery, self._patients)
            found[Refusal.RECOGNISED] = self._recognise(releases)
            found[Refusal.REPLACED] = self._read_used(releases)
        shown = [each for each in (released.images, without_sign) if each is not None]
        found[Refusal.NEAR_COPY] = np.any([self._find_copies(each) for each in shown], axis=0)
        refusals = np.full(len(self._gallery), Refusal.NONE, dtype=object)
        for refusal, refused in found.items():
            refusals[refused] = refusal
        return refusals

    def _find_copies(self, images: np.ndarray) -> np.ndarray:
        """Return (N,) whether each is a near copy of any training image, the patient's own too."""
        distances = measure_distances(images, self._gallery)
        nobody = np.full(len(images), NOBODY)
        return find_near_copies(distances, self._limits, identity=nobody)

    def _read_used(self, releases: Releases) -> np.ndarray:
        """Return (N,) whether the reader who learned from the other half names somebody used."""
        named = np.zeros(len(releases), dtype=bool)
        for half, read in enumerate(self._readers):
            rows = self._half == half
            named[rows] = find_hits(read(releases.shrunk[rows]), releases.used[rows])
        return named

    def _recognise(self, releases: Releases) -> np.ndarray:
        """Return (N,) whether any attacker who learned from the other half names the patient."""
        recognised = np.zeros(len(releases), dtype=bool)
        for half, attackers in enumerate(self._attackers):
            rows = self._half == half
            read = releases.take(rows)
            for attacker in attackers.values():
                recognised[rows] |= attacker.score(read).argmax(axis=1) == read.identity
        return recognised


def release_cases(
    sets: Iterable[PrivatizedSet],
    gate: Gate,
    gallery: EyeDataset,
    *,
    take_sign_away: Callable[[PrivatizedSet], np.ndarray] | None = None,
) -> ReleasedCases:
    """Return the picture of each case: of the draws the first that passes, else the first.

    Args:
        sets: draws of a method over the gallery, one at least.
        gate: of that method.
        gallery: the training images.
        take_sign_away: a set to what is shown beside its pictures, (N, H, W, C); None for nothing.
    """
    for number, drawn in enumerate(sets):
        beside = take_sign_away(drawn) if take_sign_away else None
        refusals = gate.find_refusals(drawn, beside)
        if number == 0:
            without = beside
            images, kept = drawn.images.copy(), refusals
            draw = np.zeros(len(gallery), np.intp)
            continue
        better = (kept != Refusal.NONE) & (refusals == Refusal.NONE)
        images[better], kept[better], draw[better] = drawn.images[better], Refusal.NONE, drawn.draw
        if beside is not None:
            without[better] = beside[better]
        if (kept == Refusal.NONE).all():
            break
    code = code_pictures(replace(drawn, images=images))
    alike = count_alike(code, gallery.identity)
    return ReleasedCases(images, draw, kept.astype(str), alike, code, without)


def count_alike(code: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """Return (N,) how many patients have pictures of the same code, the patient among them.

    Args:
        code: (N,) of `code_pictures`.
        identity: (N,) of their patients.
    """
    _, rows = np.unique(code, return_inverse=True)
    pairs = np.unique(np.column_stack([rows, identity]), axis=0)
    return np.bincount(pairs[:, 0])[rows]


def halve_patients(identity: np.ndarray) -> np.ndarray:
    """Return (N,) 0 or 1: every patient's images in turn."""
    order = np.argsort(identity, kind="stable")
    starts = np.unique(identity[order], return_index=True)[1]
    counts = np.diff(np.append(starts, len(identity)))
    half = np.empty(len(identity), np.intp)
    half[order] = (np.arange(len(identity)) - np.repeat(starts, counts)) % 2
    return half
