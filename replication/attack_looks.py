"""Intelligibility: how one method's images look beside originals (Table 2).

The features of the Fréchet distance are the identity network's 32 before the softmax, at length one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replication.attack_patients import Seen
from replication.frechet import FeatureSums, frechet_ratio, sum_features
from replication.intelligibility import (
    measure_peak_ratio,
    measure_sharpness,
    measure_similarity,
)
from replication.records import EyeDataset, PrivatizedSet
from replication.table2 import Table2
from validation.patient_figures import Combined, average_images


@dataclass(frozen=True)
class FrechetRatio:
    """The mean over draws of the distance to real eyes, real eyes having 1.

    Args:
        privatized: sums of each draw's features, by test patient.
        originals: sums of the original test images' features.
        training: sums of the same patients' original training images' features.
    """

    privatized: tuple[FeatureSums, ...]
    originals: FeatureSums
    training: FeatureSums

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) ratios of (R, patients) weights."""
        ratios = [
            frechet_ratio(drawn, self.originals, self.training, weights)
            for drawn in self.privatized
        ]
        return np.mean(ratios, axis=0)


class RealEyes:
    """What privatized images are held against: the original test and training images.

    Args:
        test: the N original test images.
        seen: what the run's identity network makes of them.
        train: original training images.
        train_seen: what it makes of these.
    """

    def __init__(self, test: EyeDataset, seen: Seen, train: EyeDataset, train_seen: Seen) -> None:
        self.test = test
        self._sharpness = average_images(measure_sharpness(test.images), test.identity)
        self._patients = np.unique(test.identity)
        self._origin = train_seen.embedding.mean(axis=0)
        of_tested = np.isin(train.identity, self._patients)
        self._training = self._sum(train_seen.embedding[of_tested], train.identity[of_tested])
        self._originals = self._sum(seen.embedding, test.identity)

    def add_figures(self, table: Table2, sets: list[PrivatizedSet], seen: list[Seen]) -> None:
        """Add how the draws of one method look to Table 2.

        Args:
            table: to add to.
            sets: draws of one method, N images each.
            seen: what the run's identity network makes of each.
        """
        method, originals = sets[0].method, self.test.images
        for name, measure in (("ssim", measure_similarity), ("psnr", measure_peak_ratio)):
            values = [measure(drawn.images, originals) for drawn in sets]
            table.add_mean(method, name, np.column_stack(values))
        sharp = np.column_stack([measure_sharpness(drawn.images) for drawn in sets])
        own = average_images(sharp, self.test.identity)
        table.add(method, "sharpness", Combined((own, self._sharpness), np.divide))
        sums = tuple(self._sum(looked.embedding, self.test.identity) for looked in seen)
        table.add(method, "frechet", FrechetRatio(sums, self._originals, self._training))

    def _sum(self, features: np.ndarray, identity: np.ndarray) -> FeatureSums:
        return sum_features(
            features,
            np.searchsorted(self._patients, identity),
            identities=len(self._patients),
            origin=self._origin,
        )
