"""Privacy of the replaced: what privatized images show of those whose images or likeness went in.

The paper counts how often its identity network names one of them (§2.3). That network never learned
whom a method used; `read_used` does, by ridge regression from releases of the training images, whose
used patients an attacker who owns the method knows. Chance is what is known without an image: whom
the method used how often, given the label. K-Same's releases are means of gallery images, so
whoever has the gallery solves for the weights (`solve_used`). `near_copies` measures how near images
are to those that went in. Used identities are (N, P) bool here: of `mark_used`, for N images and P
patients that the network can name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.stats import rankdata

from replication.attack.near_copies import (
    CopyLimits,
    chance_of_nearest_used,
    find_near_copies,
    find_nearest_used,
    measure_distances,
)
from replication.attack.patient_privacy import Embeddings, list_counts
from replication.attack.recognisers import flatten_images
from replication.attack.releases import Releases, check_classes
from replication.attack.ridge import RidgePath
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.records import EyeDataset, PrivatizedSet

RIDGE = "ridge"
RANK_TOLERANCE = 1e-9  # ours: images that others of the gallery make up to this are left out


@dataclass(frozen=True)
class UsedRead:
    """One reader of the replaced: learned from so many draws, of one strength.

    Args:
        learned: draws of each training image.
        validation: mean area under the curve of used against unused on validation releases.
        scores: (R, P) of the test releases; higher for patients more likely used.
    """

    learned: int
    validation: float
    scores: np.ndarray


@dataclass(frozen=True)
class Gallery:
    """The originals that a method took from, as an attacker who has them sees them."""

    originals: Releases  # G images, each released as it is
    patients: int  # P, the number of classes of identity

    def solve(self, releases: Releases) -> np.ndarray:
        """Return (R, G) weights of the gallery's images that make up releases, by least squares."""
        across, triangle, order = self._factors
        solved = solve_triangular(triangle, across.T @ _to_columns(releases))
        weights = np.zeros((len(releases), len(self.originals)))
        weights[:, order] = solved.T
        return weights

    @cached_property
    def _factors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Orthogonal columns, a triangle, and which independent images of the gallery these are."""
        across, triangle, order = qr(_to_columns(self.originals), mode="economic", pivoting=True)
        sizes = np.abs(np.diag(triangle))
        rank = int((sizes > RANK_TOLERANCE * sizes.max()).sum())
        return across[:, :rank], triangle[:rank, :rank], order[:rank]


def _to_columns(releases: Releases) -> np.ndarray:
    """Return (H * W, R) gray pixels, one image in each column."""
    return flatten_images(releases).T.astype(np.float64)


def read_used(learned: Releases, validation: Releases, test: Releases) -> list[UsedRead]:
    """Learn whom a method used, and read it in test releases; the best reader first.

    Ridge regression from gray pixels at half size to the 0/1 vector of used patients, its strength
    chosen on one validation release of each image, from as many draws as `list_counts` has.

    Args:
        learned, validation, test: releases of one method, with `used`.
    """
    found = []
    for count in list_counts(learned.draws):
        predict, area = learn_used(learned.first(count), validation)
        found.append(UsedRead(count, area, predict(test.shrunk)))
    return sorted(found, key=lambda one: -one.validation)


def learn_used(
    learned: Releases, validation: Releases
) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """Learn whom a method used: (R, D) of `Releases.shrunk` to (R, P) scores, and their validation.

    Args:
        learned, validation: as for `read_used`.
    """
    chosen = validation.first(1)
    path = RidgePath(learned.shrunk, learned.used.astype(np.float32))
    return path.choose(
        chosen.shrunk,
        lambda scores: float(np.nanmean(rank_used(scores, chosen.used, chosen.identity))),
    )


def guess_used(learned: Releases, label: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return (N, P) how often each patient was used in training images of the same label.

    That is what is known without an image: the chance that a reader has to beat.

    Args:
        learned: releases of the training images, with `used`.
        label: (R,) bool, of each of their sources.
        asked: (N,) bool, of the images asked about.
    """
    of_label = [
        learned.used[rows if rows.any() else ~rows].mean(axis=0) for rows in (~label, label)
    ]
    return np.array(of_label)[asked.astype(np.intp)]


def solve_used(test: Releases, gallery: Gallery) -> np.ndarray:
    """Return (R,) bool, whether least squares over the gallery gives exactly the patients used.

    Each release is written as a weighted sum of gallery images; the patients with the largest
    weights, as many as were used, are named; where nobody was used, nothing is solved. Exact for methods linear in the gallery, as K-Same is,
    where the gallery has no more images than pixels.

    Args:
        test: releases with `used`.
        gallery: the originals that went in.
    """
    of_patient = np.zeros((gallery.patients, len(test)))
    np.add.at(of_patient, gallery.originals.identity, gallery.solve(test).T)
    of_patient = of_patient.T
    ranks = rankdata(-of_patient, axis=1, method="ordinal")
    solved = ((ranks <= test.used.sum(axis=1, keepdims=True)) == test.used).all(axis=1)
    return solved & test.used.any(axis=1)


def add_replaced_measures(
    table: Table2,
    sets: list[PrivatizedSet],
    embedded: list[Embeddings],
    releases: tuple[Releases, Releases, Releases],
    *,
    test: EyeDataset,
    train: EyeDataset,
    gallery: Gallery,
    limits: CopyLimits,
) -> tuple[list[dict], np.ndarray | None]:
    """Add what one method's sets show of those who replaced a patient to Table 2.

    Args:
        table: to add to.
        sets: draws of one method, N images each.
        embedded: each by the run's identity network.
        releases: of training, validation and test images, from which readers learn, by which they
            are chosen, and which they read.
        test: the N original test images.
        train: the images that the method took from.
        gallery: the same.
        limits: below which an image is a near copy.

    Returns:
        The readers as rows: attacker, learned, validation and test areas under the curve; and (R,)
        bool, whether the best one names a patient used in each test release. None, where nobody is.
    """
    method, own = sets[0].method, test.identity
    learned, validation, read = releases
    rows = [read.draw == draw for draw in range(read.draws)]
    used = [None if read.used is None else read.used[row] for row in rows[: len(sets)]]
    distances = [
        measure_distances(s.images, train, used=marks) for s, marks in zip(sets, used, strict=True)
    ]

    def add(measure: str, values, *, chance: float | None = None) -> None:
        table.add_mean(method, measure, np.column_stack(list(values)), chance=chance)

    add("nearest_training", (found.nearest for found in distances))
    add("near_copies", (find_near_copies(found, limits, identity=own) for found in distances))
    if learned.used is None:
        return [], None
    rank = partial(rank_used, identity=own, candidates=find_candidates(used, test, train))
    guesses = guess_used(learned, train.glaucoma[learned.source], test.glaucoma)
    hit = float(np.mean([find_hits(guesses, marks) for marks in used]))
    area = float(np.nanmean([rank(guesses, marks) for marks in used]))
    pairs = [(one.probabilities, marks) for one, marks in zip(embedded, used, strict=True)]
    add("used_shown", (find_hits(*pair) for pair in pairs), chance=hit)
    add("used_auc", (rank(*pair) for pair in pairs), chance=area)
    readers = read_used(learned, validation, read)
    scores = readers[0].scores
    add("used_learned_top1", (find_hits(scores[r], read.used[r]) for r in rows), chance=hit)
    add("used_learned_auc", (rank(scores[r], read.used[r]) for r in rows), chance=area)
    add("used_solved", [solve_used(read.first(1), gallery)], chance=0.0)
    add("nearest_used", (found.nearest_used for found in distances))
    pairs = list(zip(distances, used, strict=True))
    chances = [chance_of_nearest_used(*pair, identity=own) for pair in pairs]
    nearest = (find_nearest_used(*pair) for pair in pairs)
    add("nearest_is_used", nearest, chance=float(np.nanmean(chances)))
    grid = [
        {
            "attacker": RIDGE,
            "learned": one.learned,
            "validation": one.validation,
            "test": float(np.nanmean(rank_used(one.scores, read.used, read.identity))),
        }
        for one in sorted(readers, key=lambda one: one.learned)
    ]
    return grid, find_hits(scores, read.used)


def find_candidates(used: list[np.ndarray], test: EyeDataset, train: EyeDataset) -> np.ndarray:
    """Return (N, P) bool, among whom the used are, as far as the pathology shows.

    A method that knows the pathology uses patients who share it ("identities with the same
    pathologies", paper §3), or none of them; whoever knows the method guesses among these.

    Args:
        used: (N, P) of each draw.
        test: the N original test images.
        train: the images that the method took from.
    """
    of_label = np.zeros((2, used[0].shape[1]), dtype=bool)
    of_label[train.glaucoma.astype(np.intp), train.identity] = True
    sharing = of_label[test.glaucoma.astype(np.intp)]
    marks = np.logical_or.reduce(used)
    for candidates in (sharing, ~sharing):
        if not (marks & ~candidates).any():
            return candidates
    return np.ones_like(sharing)


def find_hits(probabilities: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return (N,) bool, whether the most probable identity is one of those used.

    Their mean is Table 1's replacement accuracy, which counts the image's own patient as used
    where a method has drawn it. Of equal (N, P) probabilities the lowest class is named.

    Raises:
        DataError: when the two don't fit.
    """
    _check_shapes(probabilities, used)
    return np.take_along_axis(used, probabilities.argmax(axis=1)[:, None], axis=1)[:, 0]


def rank_used(
    probabilities: np.ndarray,
    used: np.ndarray,
    identity: np.ndarray,
    *,
    candidates: np.ndarray | None = None,
) -> np.ndarray:
    """Return (N,) AUCs of used against unused identities, within each image.

    The image's own patient is in neither group. What an image shows of its own patient is what
    the identity accuracy is about: counted as unused it would hide that others are recognised,
    since a method that fails its own patient puts that one first; counted as used, where it was
    drawn as its own replacement, it would pass for harm to somebody else.

    Args:
        probabilities: (N, P) of the identity network; equal ones count half.
        used: (N, P) bool.
        identity: (N,) classes of the images' own patients.
        candidates: (N, P) bool, among whom; None for all. A method that knows the pathology leaves
            the others unused, and they may rank low for want of the pathology alone.

    Returns:
        AUCs in [0, 1]; NaN where nobody is used, or nobody unused, beside the own patient.

    Raises:
        DataError: when the arrays don't fit or a probability is not a finite number.
    """
    _check_shapes(probabilities, used)
    if not np.isfinite(probabilities).all():
        raise DataError("identity probabilities: expected finite numbers")
    if identity.shape != (len(used),):
        raise DataError(f"identity: expected ({len(used)},), got {identity.shape}")
    check_classes("identity", identity, used.shape[1])
    counted = np.ones_like(used) if candidates is None else candidates.copy()
    np.put_along_axis(counted, identity[:, None], False, axis=1)
    left_out = (~counted).sum(axis=1, keepdims=True)
    # Below all others, those left out take the lowest ranks, and no more than these.
    ranks = rankdata(np.where(counted, probabilities, -np.inf), axis=1) - left_out
    positive = used & counted
    positives = positive.sum(axis=1)
    pairs = positives * (counted.sum(axis=1) - positives)
    wins = np.where(positive, ranks, 0).sum(axis=1) - positives * (positives + 1) / 2
    return np.divide(wins, pairs, out=np.full(len(used), np.nan), where=pairs > 0)


def _check_shapes(by_identity: np.ndarray, used: np.ndarray) -> None:
    if by_identity.shape != used.shape:
        raise DataError(f"expected {used.shape} beside used identities, got {by_identity.shape}")
