"""What an attacker holds: releases, privatized images whose sources are known, and scores pooled over them.

Draws are free to whoever owns a generator, and an image, or a patient, may be released more than
once. So attackers learn from one draw and from several, and read one release of an image, several,
and every image of a patient. Ours; the scores of single releases are added, as those of independent
observations are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from skimage.transform import downscale_local_mean

from replication.errors import DataError
from replication.records import (
    HALF_RANGE,
    NOBODY,
    EyeDataset,
    PrivatizedSet,
    mark_classes,
    to_bytes,
    to_unit_range,
)

SHRINK = 2  # ours: of 64 x 64 pixels, 1,024 numbers are left, as in the crop
SIDE_PX = 64  # ours: larger images are averaged down to this for all but the lowest bits


@dataclass(frozen=True)
class Releases:
    """R privatized images; row i of every array is the same one.

    Raises:
        DataError: when an array has another shape or type, or there are no images.
    """

    levels: np.ndarray  # (R, H, W, C) uint8
    identity: np.ndarray  # (R,) class of the patient whose image was privatized, from 0
    source: np.ndarray  # (R,) number of the image that was privatized, from 0
    draw: np.ndarray  # (R,) which release of its source, from 0 and without gaps
    # (R, P) bool, whose images or likeness went in; None where nobody else's did or it isn't known.
    used: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.levels.ndim != 4 or self.levels.dtype != np.uint8 or not self.levels.size:
            raise DataError(
                f"releases: expected (R, H, W, C) uint8, got {self.levels.shape} {self.levels.dtype}"
            )
        for name in ("identity", "source", "draw"):
            column = getattr(self, name)
            if column.shape != (len(self),) or column.dtype.kind not in "iu":
                raise DataError(
                    f"{name} of releases: expected ({len(self)},) integers, "
                    f"got {column.shape} {column.dtype}"
                )
        if self.used is not None and (self.used.ndim != 2 or len(self.used) != len(self)):
            raise DataError(f"used of releases: expected ({len(self)}, P), got {self.used.shape}")

    def __len__(self) -> int:
        return len(self.levels)

    @classmethod
    def of_sets(cls, sets: Iterable[PrivatizedSet], sources: EyeDataset, patients: int) -> Self:
        """Return the draws of a method over the images of a data set.

        Args:
            sets: draws, N images each.
            sources: the N originals.
            patients: P, the number of classes of identity.
        """
        parts = [
            (to_bytes(s.images), None if s.used_identities is None else s.used_identities)
            for s in sets
        ]
        count, draws = len(sources), len(parts)
        used = None
        if parts[0][1] is not None:
            used = np.concatenate([mark_used(own, patients) for _, own in parts])
        return cls(
            np.concatenate([levels for levels, _ in parts]),
            np.tile(sources.identity.astype(np.intp), draws),
            np.tile(np.arange(count), draws),
            np.repeat(np.arange(draws), count),
            used,
        )

    @property
    def draws(self) -> int:
        """The largest number of releases that a source has."""
        return int(self.draw.max()) + 1

    @property
    def images(self) -> np.ndarray:
        """(R, H, W, C) float32 in [-1, 1]."""
        return to_unit_range(self.levels)

    @cached_property
    def gray(self) -> np.ndarray:
        """(R, H, W) float32 in [-1, 1], the mean of the channels."""
        total = np.zeros(self.levels.shape[:-1], np.uint16)
        for channel in np.moveaxis(self.levels, -1, 0):  # NumPy's sum takes five times as long
            total += channel
        gray = total.astype(np.float32)
        gray /= np.float32(HALF_RANGE * self.levels.shape[-1])
        gray -= np.float32(1)
        return gray

    @cached_property
    def shrunk(self) -> np.ndarray:
        """(R, S/2 * S/2) means of 2 x 2 gray pixels."""
        gray = fit_side(self.gray)
        # To even sides, as `downscale_local_mean` does, which takes five times as long.
        gray = np.pad(gray, [(0, 0), *((0, side % SHRINK) for side in gray.shape[1:])])
        pairs = gray[:, :, ::SHRINK] + gray[:, :, 1::SHRINK]
        sums = pairs[:, ::SHRINK] + pairs[:, 1::SHRINK]
        return (sums / np.float32(SHRINK**2)).reshape(len(self), -1)

    @cached_property
    def _firsts(self) -> dict[int, Self]:
        """What `first` has returned, by draws."""
        return {}

    def take(self, rows: np.ndarray) -> Self:
        """Return the rows (indices or a mask) as releases of their own."""
        columns = {name: getattr(self, name)[rows] for name in ("levels", "identity", "source")}
        used = None if self.used is None else self.used[rows]
        return replace(self, **columns, draw=self.draw[rows], used=used)

    def first(self, draws: int) -> Self:
        """Return the first so many releases of every source, one object for all who ask."""
        if draws >= self.draws:
            return self
        if draws not in self._firsts:
            self._firsts[draws] = self.take(self.draw < draws)
        return self._firsts[draws]


class Pooled(NamedTuple):
    """Scores added over the releases of G groups."""

    scores: np.ndarray  # (G, P)
    identity: np.ndarray  # (G,) of whom the releases of a group are
    source: np.ndarray  # (G,) of which image they are; -1 where of several
    number: np.ndarray  # (G,) which group of its source, from 0


def pool_by_source(scores: np.ndarray, releases: Releases, read: int) -> Pooled:
    """Add the scores of each `read` releases of a source.

    Args:
        scores: (R, P) of the releases.
        releases: R of them.
        read: how many make a group; what is left of a source beyond whole groups is not read.
    """
    number = releases.draw // read
    keys = np.column_stack([releases.source, number])
    pooled, first, whole = _add_groups(scores, keys, read)
    rows = first[whole]
    return Pooled(pooled[whole], releases.identity[rows], releases.source[rows], number[rows])


def pool_by_patient(scores: np.ndarray, releases: Releases, read: int) -> Pooled:
    """Add the scores of the first `read` releases of every image of a patient.

    Args:
        scores: (R, P) of the releases.
        releases: R of them.
        read: how many of each image.
    """
    kept = releases.draw < read
    keys = releases.identity[kept, None]
    pooled, first, _ = _add_groups(scores[kept], keys, 1)
    identity = releases.identity[kept][first]
    return Pooled(pooled, identity, np.full(len(pooled), -1), np.zeros(len(pooled), np.intp))


def mark_used(used: np.ndarray, identities: int) -> np.ndarray:
    """Return (N, P) bool, whose images or likeness went into each image.

    Args:
        used: (N, K) identity classes, or NOBODY; one named twice counts once, and K may be 0.
        identities: P, the number of classes.

    Raises:
        DataError: when `used` has another shape or holds what isn't a class.
    """
    if used.ndim != 2 or used.dtype.kind not in "iu":
        raise DataError(f"used identities: expected (N, K) integers, got {used.shape} {used.dtype}")
    check_classes("used identities", used[used != NOBODY], identities)
    return mark_classes(used, identities)


def check_classes(name: str, classes: np.ndarray, identities: int) -> None:
    """Raise DataError unless all classes are among 0 .. identities - 1."""
    if classes.size and not (classes.min() >= 0 and classes.max() < identities):
        raise DataError(
            f"{name}: expected classes from 0 to {identities - 1}, "
            f"got {classes.min()}..{classes.max()}"
        )


def _add_groups(
    scores: np.ndarray, keys: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sums by (R, K) keys in ascending order, each group's first row, which have the size."""
    _, first, rows, counts = np.unique(
        keys, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.add.reduceat(scores[order], starts, axis=0), first, counts >= size


def fit_side(gray: np.ndarray) -> np.ndarray:
    """Return (R, H, W) gray images averaged down until no side is above SIDE_PX by half."""
    factors = tuple(max(1, round(side / SIDE_PX)) for side in gray.shape[1:])
    return gray if factors == (1, 1) else downscale_local_mean(gray, (1, *factors))
