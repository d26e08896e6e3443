"""The code of the disease: which kind of sign, as at least k training patients share it.

Ours; the privatizer that releases nothing else of an image is `replication.privatize.evidence_code`.
Each training patient with glaucoma has a profile, the mean of what speaks for it in the images that
show it (`replication.train.contributions`), and patients of like profiles have one code. Code 0 stands
for nothing to show. A level is such a division for one k; its codes are numbered on after those of the
levels before, so that one generator can serve all.

How patients are divided: k-means with a least size for each cluster (Bradley, Bennett and Demiriz,
"Constrained k-means clustering", MSR-TR-2000-65), the best of several starts. As many clusters are
made as leave one patient to spare in each, or kinds would be cut where k says so, not where they end.

A patient's code is fixed by the training images, whatever image of theirs is released later: several
of them have one code as long as the verdict on them is the same. Of others each image is read by
itself.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import PCA

from replication.errors import MethodRefused
from replication.records import EyeDataset
from replication.train.contributions import Detection, SignReaders

AXES = 12  # principal axes of profiles that count
STARTS = 20
ROUNDS = 50
LARGEST_P = 0.05  # above it the readers may know nothing of patients unmet
FILE = "code.npz"


@dataclass(frozen=True)
class DiseaseCode:
    """Codes of patients, and how those of others are found; M codes beside 0 on all levels."""

    readers: SignReaders
    mean: np.ndarray  # (F,) of the training profiles
    axes: np.ndarray  # (A, F) principal axes
    centres: np.ndarray  # (M, A) of the codes from 1 on
    level: np.ndarray  # (M,) k of each code
    levels: np.ndarray  # (L,) k of each level
    of_patient: np.ndarray  # (L, P) code of each patient, 0 where none is ill in training

    @classmethod
    def learn(
        cls, train: EyeDataset, axes: tuple[float, float], levels: tuple[int, ...]
    ) -> tuple[Self, Detection]:
        """Learn the codes from training images, and report how much they can hold.

        Args:
            train: N images with their labels.
            axes: half-width and half-height of the iris, px.
            levels: k of each, the fewest patients who share a code; one with fewer patients ill in
                training has no codes.

        Raises:
            MethodRefused: when there are too few patients, or the readers know nothing of those unmet.
        """
        readers = SignReaders.learn(train, axes)
        found = readers.detect(train)
        if found.p_value > LARGEST_P:
            raise MethodRefused(
                f"evidence code: of {found.ill} patients with glaucoma and {found.healthy} without, "
                f"whom its readers had not met, an AUC of {found.auc:.2f} is no more than chance; a "
                "code would say nothing, and nothing is released"
            )
        ill = train.take(train.glaucoma)
        profiles = _describe(readers, ill.images, ill.identity)
        patients = np.unique(ill.identity)
        profiles = np.array([profiles[ill.identity == each].mean(axis=0) for each in patients])
        fitted = PCA(min(AXES, len(patients) - 1), svd_solver="full").fit(profiles)
        places = fitted.transform(profiles)
        of_patient = np.zeros((len(levels), train.identity.max() + 1), np.int64)
        centres, level = [], []
        for row, k in enumerate(levels):
            if len(patients) < k:
                continue
            groups = group_patients(places, k=k)
            of_patient[row, patients] = 1 + len(level) + groups
            count = groups.max() + 1
            centres += [places[groups == group].mean(axis=0) for group in range(count)]
            level += [k] * count
        places = np.reshape(centres, (-1, places.shape[1]))
        parts = (places, np.array(level, int), np.array(levels), of_patient)
        return cls(readers, fitted.mean_, fitted.components_, *parts), found

    @property
    def codes(self) -> int:
        """Number of codes on all levels, 0 among them."""
        return 1 + len(self.level)

    def list_behind(self, code: int) -> np.ndarray:
        """Return the training patients who share a code, ascending; nobody shares 0."""
        return np.flatnonzero((self.of_patient == code).any(axis=0)) if code else np.array([], int)

    def read(
        self, images: np.ndarray, identity: np.ndarray, ill: np.ndarray, *, k: int
    ) -> np.ndarray:
        """Return the (N,) codes of images on the level of k.

        Args:
            images: (N, H, W, C) float32 in [-1, 1].
            identity: (N,) of their patients; others than training patients are known by nothing.
            ill: (N,) bool, the verdict on each image; no label is needed.
            k: of the level.

        Raises:
            MethodRefused: when fewer than k training patients have glaucoma, so that no code is shared
                by as many.
        """
        check_shared(int((self.of_patient > 0).any(axis=0).sum()), k=k)
        level = 1 + np.flatnonzero(self.level == k)
        known = (identity >= 0) & (identity < self.of_patient.shape[1])
        own = self.of_patient[list(self.levels).index(k), np.where(known, identity, 0)]
        codes = np.where(ill & known, own, 0)
        strange = np.flatnonzero(ill & (codes == 0))
        if len(strange):
            profiles = _describe(self.readers, images[strange], identity[strange])
            places = (profiles - self.mean) @ self.axes.T
            apart = ((places[:, None] - self.centres[level - 1]) ** 2).sum(axis=2)
            codes[strange] = level[apart.argmin(axis=1)]
        return codes

    def save(self, folder: Path) -> None:
        """Write all of it into a folder, without pickle."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "readers"}
        read = {f"readers_{f.name}": getattr(self.readers, f.name) for f in fields(SignReaders)}
        np.savez(folder / FILE, **own, **read)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read back what `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as kept:
            readers = SignReaders(*(kept[f"readers_{field.name}"] for field in fields(SignReaders)))
            return cls(readers, *(kept[field.name] for field in fields(cls)[1:]))


def check_shared(patients: int, *, k: int) -> None:
    """Raise MethodRefused where fewer than k patients with glaucoma have training images."""
    if patients < k:
        raise MethodRefused(
            f"evidence code: {patients} patients with glaucoma have training images, so no code is "
            f"shared by {k}, and nothing is released; use a smaller k or more patients"
        )


def group_patients(places: np.ndarray, *, k: int) -> np.ndarray:
    """Divide patients into clusters of at least k.

    Args:
        places: (N, A) of their profiles, N at least k.
        k: the fewest in a cluster.

    Returns:
        (N,) cluster of each, from 0, those of the first patients first.
    """
    count = max(1, len(places) // (k + 1))
    starts = (_divide(places, count, k=k, seed=seed) for seed in range(STARTS))
    _, groups = min(starts, key=lambda found: found[0])
    _, first, groups = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[groups]


def _divide(places: np.ndarray, count: int, *, k: int, seed: int) -> tuple[float, np.ndarray]:
    """Return the sum of squared distances and the (N,) clusters that one start leads to."""
    rng = np.random.default_rng(seed)
    centres = places[rng.choice(len(places), count, replace=False)]
    groups = np.full(len(places), -1)
    for _ in range(ROUNDS):
        apart = ((places[:, None] - centres) ** 2).sum(axis=2)
        # k seats in each cluster have to be taken; on the others one sits in the nearest.
        free = np.repeat(apart.min(axis=1, keepdims=True), len(places) - count * k, axis=1)
        _, seats = linear_sum_assignment(np.hstack([np.repeat(apart, k, axis=1), free]))
        before, groups = groups, np.where(seats < count * k, seats // k, apart.argmin(axis=1))
        if (groups == before).all():
            break
        centres = np.array([places[groups == group].mean(axis=0) for group in range(count)])
    return float(((places - centres[groups]) ** 2).sum()), groups


def _describe(readers: SignReaders, images: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """Return (N, F) profiles of images: roots of contributions, so that no place outweighs all."""
    return np.sqrt(readers.find_contributions(images, identity))
