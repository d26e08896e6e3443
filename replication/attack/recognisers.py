"""Recognisers without a network: they learn patients from privatized images, and name them in others.

The paper's identity network has seen originals alone, so a method whose images merely differ from an
original defeats it (paper §2.3). Who can privatize images of known patients can learn from the
result: "parrot" recognition (Newton, Sweeney and Malin, IEEE TKDE 17, 2005; McPherson, Shokri and
Shmatikov, "Defeating image obfuscation with deep learning", 2016). Ours: four recognisers; a
fifth, in `patient_privacy`, learns what the identity network finds.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Self

import numpy as np
from scipy.linalg import norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_selection import f_classif
from sklearn.naive_bayes import BernoulliNB

from replication.attack.discriminants import ShrunkDiscriminants
from replication.attack.releases import Releases, fit_side
from replication.errors import DataError

BLOCK_BITS = 4096  # whose ratios are computed at once
BITS_KEPT = 64  # ours: of the lowest bits of all pixels, those that differ most between patients
SIGNIFICANCE = 0.05  # of all bits together


@dataclass(frozen=True)
class Recogniser:
    """One trained attacker.

    Args:
        features: (R, D) numbers of releases; None where they are computed elsewhere.
        classifier: with `decision_function`, `classes_`, and `log_priors_` where it has learned how
            often each patient comes.
        patients: P, the number of classes of identity.
    """

    features: Callable[[Releases], np.ndarray] | None
    classifier: BaseEstimator
    patients: int

    def score(self, releases: Releases) -> np.ndarray:
        """Return (R, P) log-likelihoods; minus infinity for patients it hasn't learned."""
        return self.score_features(self.features(releases))

    def score_features(self, features: np.ndarray) -> np.ndarray:
        """Return the same for (R, D) features."""
        scores = np.full((len(features), self.patients), -np.inf)
        scores[:, self.classifier.classes_] = self.classifier.decision_function(features)
        return scores

    @property
    def log_priors(self) -> np.ndarray:
        """(P,) what is added once to the scores of all releases of one image."""
        priors = np.zeros(self.patients)
        if hasattr(self.classifier, "log_priors_"):
            priors[self.classifier.classes_] = self.classifier.log_priors_
        return priors


class NearestPatient(ClassifierMixin, BaseEstimator):
    """Scores each class by the nearest of its rows: minus half the squared distance."""

    def fit(self, values: np.ndarray, classes: np.ndarray) -> Self:
        """Learn (N, D) values of (N,) classes."""
        order = np.argsort(classes, kind="stable")
        self.values_ = values[order]
        self.classes_, self.starts_ = np.unique(classes[order], return_index=True)
        self.half_norms_ = norm(self.values_, axis=1) ** 2 / 2
        return self

    def decision_function(self, values: np.ndarray) -> np.ndarray:
        """Return the (N, classes) scores of (N, D) values, but for a term of each row."""
        return np.maximum.reduceat(values @ self.values_.T - self.half_norms_, self.starts_, axis=1)


class BitFrequencies(BernoulliNB):
    """Scores each class by how often each of its bits is 1."""

    def decision_function(self, values: np.ndarray) -> np.ndarray:
        """Return (N, classes) log-likelihoods of (N, B) bits."""
        return self.predict_joint_log_proba(values) - self.class_log_prior_

    @property
    def log_priors_(self) -> np.ndarray:
        """(classes,) log of how often each class was learned."""
        return self.class_log_prior_


def fit_recognisers(learned: Releases, patients: int) -> dict[str, Recogniser]:
    """Train every recogniser on releases of known patients.

    - lda_image: linear discriminants with shrunk covariance (Ledoit and Wolf) on the gray image
      at half its size;
    - lda_crop: the same on the central half of rows and columns, iris and pupil, at full size;
    - nearest: the patient of the nearest of these images, gray pixel by gray pixel, of one draw;
    - lowest_bit: naive Bayes on the lowest bits of the pixels, which no eye sees; of one draw.

    Args:
        learned: what it learns from.
        patients: P, the number of classes of identity.

    Returns:
        By name; those that learn from fewer draws than there are are left out.

    Raises:
        DataError: when there are fewer than two patients, or none with a second image.
    """
    one = learned.first(1)
    found = len(np.unique(one.identity))
    if found < 2 or len(one) == found:
        raise DataError(
            f"attack: {len(one)} training images of {found} patients; recognising patients "
            "takes two of them and a second image of one: add images"
        )
    parts: dict[str, tuple[Callable[[Releases], np.ndarray], BaseEstimator]] = {
        "lda_image": (attrgetter("shrunk"), ShrunkDiscriminants()),
        "lda_crop": (crop_images, ShrunkDiscriminants()),
    }
    if learned.draws == 1:
        parts["nearest"] = flatten_images, NearestPatient()
        bits = partial(take_lowest_bits, places=choose_bits(learned))
        parts["lowest_bit"] = bits, BitFrequencies()
    return {
        name: Recogniser(features, classifier.fit(features(learned), learned.identity), patients)
        for name, (features, classifier) in parts.items()
    }


def crop_images(releases: Releases) -> np.ndarray:
    """Return the (R, H/2 * W/2) gray pixels of the central half of rows and columns."""
    gray = fit_side(releases.gray)
    rows, columns = (slice(side // 4, side // 4 + side // 2) for side in gray.shape[1:])
    return gray[:, rows, columns].reshape(len(gray), -1)


def flatten_images(releases: Releases) -> np.ndarray:
    """Return the (R, H * W) gray pixels, the mean over channels."""
    gray = fit_side(releases.gray)
    return gray.reshape(len(gray), -1)


def choose_bits(learned: Releases) -> np.ndarray:
    """Return the places, among all H * W * C, of the bits that differ most between patients.

    Those whose F ratio of the variance between and within patients is significant beside so many
    bits, BITS_KEPT at most, and the one that differs most where none is.
    """
    size = learned.levels[0].size
    p_values = np.ones(size)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # Some bits never change, and some never within a patient.
        warnings.filterwarnings("ignore", "(?s)Features .* are constant", UserWarning)
        for start in range(0, size, BLOCK_BITS):
            places = np.arange(start, min(start + BLOCK_BITS, size))
            p_values[places] = f_classif(take_lowest_bits(learned, places), learned.identity)[1]
    p_values = np.nan_to_num(p_values, nan=1.0)
    significant = int((p_values < SIGNIFICANCE / size).sum())
    return np.argsort(p_values, kind="stable")[: np.clip(significant, 1, BITS_KEPT)]


def take_lowest_bits(releases: Releases, places: np.ndarray) -> np.ndarray:
    """Return (R, B) lowest bits, 0 or 1, at B places among all H * W * C."""
    levels = releases.levels.reshape(len(releases), -1)[:, places]
    return (levels & 1).astype(np.float32)
