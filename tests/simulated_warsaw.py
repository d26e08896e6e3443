"""Replications of the paper on simulated Warsaw data: predictions, image by image.

Faithful ones expect the paper's numbers. 115 patients, the same in both test sets; 340 test images,
others in each. A patient and an image are easy or hard for all methods alike, trainings move whole
columns by the errors that were measured over seeds, and single predictions are chance. From a row's
accuracy and F1 follow its true and its false positives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtr, ndtri

from validation.paper.numbers import PATIENTS, TEST_IMAGES, count_draws, read_paper_percent
from validation.statistics.intervals import F1, Cell
from validation.statistics.trainings import Trainings, find_quantile, simulate_trainings, to_logits

IMAGES, WITH_GLAUCOMA = 1795, 29  # paper §2.1; 29 of 115 patients have 425 of the images, all alike
SHARED = 0.4  # ours: of the variance of an image's score, what all methods share
METRICS = ("identity_accuracy", "replacement_accuracy")
PAPER = {cell: float(text) / 100 for cell, text in read_paper_percent().items()}
CELLS: tuple[Cell, ...] = tuple(PAPER)


@dataclass(frozen=True)
class Predictions:
    """Of S replications; counts of draws in which a prediction is right, per image.

    Args:
        glaucoma: (S, N) bool, of each test image.
        right: (S, N) by (method, metric); glaucoma's under "glaucoma_accuracy".
    """

    patients: np.ndarray  # (S, N)
    glaucoma: np.ndarray
    right: Mapping[Cell, np.ndarray]

    def numbers(self, cells: Sequence[Cell] = CELLS) -> np.ndarray:
        """Return (S, C), Table 1 of each replication."""
        return np.stack([self._measure(*cell) for cell in cells], axis=1)

    def _measure(self, method: str, metric: str) -> np.ndarray:
        draws = count_draws(method)
        if metric != F1:
            return self.right[method, metric].mean(axis=1) / draws
        right = self.right[method, "glaucoma_accuracy"]
        hits = (right * self.glaucoma).sum(axis=1)
        wrong = (draws - right).sum(axis=1)
        return 2 * hits / np.maximum(2 * hits + wrong, 1)


def find_rates(accuracy: np.ndarray, f1: np.ndarray, positives: float) -> tuple:
    """Return the true and false positive rates of an accuracy and an F1.

    Where no rates have both, F1 is kept, and accuracy is as near as it can be.

    Args:
        accuracy, f1: fractions.
        positives: share of the test images with glaucoma.
    """
    f1 = np.clip(f1, 1e-6, 1 - 1e-6)
    hits = f1 * (1 - accuracy) / (2 * (1 - f1))
    hits = np.clip(hits, positives * f1 / (2 - f1), positives)
    alarms = 2 * hits * (1 - f1) / f1 - (positives - hits)
    return hits / positives, np.clip(alarms / (1 - positives), 0, 1)


class Warsaw:
    """A data set of fixed patients, and replications on it.

    Args:
        rng: draws everything.
        shared: of the variance of an image's score, what all methods share, half of it the patient's.
    """

    def __init__(self, rng: np.random.Generator, *, shared: float = SHARED) -> None:
        self.rng, self.shared = rng, shared
        self.sick = np.arange(PATIENTS) < WITH_GLAUCOMA
        effects = rng.standard_normal(PATIENTS)
        for kind in (self.sick, ~self.sick):
            effects[kind] = (effects[kind] - effects[kind].mean()) / effects[kind].std()
        self.effects = effects

    def replicate(
        self,
        expected: Mapping[Cell, float],
        *,
        errors: np.ndarray | None,
        count: int,
        images: int = TEST_IMAGES,
    ) -> Predictions:
        """Predict test images in so many replications.

        Args:
            expected: fractions by (method, metric), of all cells.
            errors: (count, C) of training, logits; None for none.
        """
        moved = np.tile(np.clip([expected[cell] for cell in CELLS], 1e-4, 1 - 1e-4), (count, 1))
        if errors is not None:
            moved = expit(logit(moved) + errors)
        column = {cell: moved[:, number] for number, cell in enumerate(CELLS)}
        patients = self.rng.integers(PATIENTS, size=(count, images))
        glaucoma = self.sick[patients]
        easy = self.effects[patients] + self.rng.standard_normal(patients.shape)
        easy *= np.sqrt(self.shared / 2)
        right = {}
        for method in dict.fromkeys(method for method, _ in CELLS):
            for metric in METRICS:
                if (method, metric) in column:
                    shares = column[method, metric][:, None]
                    right[method, metric] = self._decide(shares, easy, count_draws(method))
            sensitivity, alarms = find_rates(
                column[method, "glaucoma_accuracy"], column[method, F1], self.sick.mean()
            )
            shares = np.where(glaucoma, sensitivity[:, None], 1 - alarms[:, None])
            right[method, "glaucoma_accuracy"] = self._decide(shares, easy, count_draws(method))
        return Predictions(patients, glaucoma, right)

    def _decide(self, shares: np.ndarray, easy: np.ndarray, draws: int) -> np.ndarray:
        """Return in how many draws each image is right, if so many images are on average."""
        chance = ndtr((ndtri(np.clip(shares, 1e-6, 1 - 1e-6)) + easy) / np.sqrt(1 - self.shared))
        if draws > 1:
            return self.rng.binomial(draws, chance)
        return self.rng.random(chance.shape) < chance


def find_all_limits(
    theirs: np.ndarray, *, confidence: float, stds: np.ndarray, freedom: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of all bands of S simulated papers at once, as `bands.find_limits` does one.

    Args:
        theirs: (S, C) numbers in the order of `CELLS`.
        confidence: of each band.
        stds: (S, C) of the training, logits; freedom: (C,) of these.
    """
    wrong = TEST_IMAGES * (1 - theirs[:, [CELLS.index((m, "glaucoma_accuracy")) for m, _ in CELLS]])
    is_f1 = np.array([metric == F1 for _, metric in CELLS])
    true_positive = theirs * wrong / (2 * np.maximum(1 - theirs, 1e-12))
    hits = np.where(is_f1, true_positive, theirs * TEST_IMAGES)
    misses = np.where(is_f1, wrong, (1 - theirs) * TEST_IMAGES)
    tail, few = (1 - confidence) / 2, 1e-9
    low = betaincinv(np.maximum(hits, few), misses + 1, tail) * (hits > few)
    high = np.where(misses > few, betaincinv(hits + 1, np.maximum(misses, few), 1 - tail), 1.0)
    low, high = (np.where(is_f1, 2 * end / (1 + end), end) for end in (low, high))
    half = find_quantile(confidence, freedom) * np.sqrt(2) * stds
    middle = to_logits(theirs, TEST_IMAGES)
    below = np.sqrt(2 * (theirs - low) ** 2 + (theirs - expit(middle - half)) ** 2)
    above = np.sqrt(2 * (high - theirs) ** 2 + (expit(middle + half) - theirs) ** 2)
    return np.maximum(theirs - below, 0), np.minimum(theirs + above, 1)


def judge_replications(
    expected: Mapping[Cell, float],
    trainings: Trainings,
    *,
    confidence: float,
    rng: np.random.Generator,
    count: int,
    shared: float = SHARED,
) -> np.ndarray:
    """Simulate the paper, a study over seeds and a replication; return (count, C), what is inside.

    Args:
        expected: of the replication; the paper's is always `PAPER`.
        trainings: whose errors and correlations are the truth, and what the study estimates again.
        confidence: of each band.
    """
    study = simulate_trainings(trainings, others=2, rng=rng, simulations=count)
    order = [trainings.cells.index(cell) for cell in CELLS]
    stds, others = study.stds[:, order], study.others[:, :, order]
    data = Warsaw(rng, shared=shared)
    theirs = data.replicate(PAPER, errors=others[:, 0], count=count).numbers()
    ours = data.replicate(expected, errors=others[:, 1], count=count).numbers()
    low, high = find_all_limits(
        theirs, confidence=confidence, stds=stds, freedom=trainings.freedom[order]
    )
    return (low <= ours) & (ours <= high)


def settle(trainings: Trainings, *, runs: int = 20) -> Trainings:
    """Return the trainings as they are meant to become: twenty, and settled.

    Standard deviations of at most 2 points for the baseline, 5 for blurs, 4 for the others.
    """
    values = np.array([PAPER[cell] for cell in trainings.cells])
    most = [
        0.02 if m == "original" else 0.05 if m.startswith("blur") else 0.04
        for m, _ in trainings.cells
    ]
    return replace(
        trainings,
        runs=runs,
        stds=np.minimum(trainings.stds, most / (values * (1 - values))),
        freedom=trainings.freedom / (trainings.runs - 1) * (runs - 1),
    )
