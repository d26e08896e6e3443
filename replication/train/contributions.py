"""What in an eye speaks for glaucoma, and where: contributions to a linear reader's verdict.

Ours. The readers learn from labels alone, not from where a sign is:

1. The iris is unwrapped about its centre, angles by radii, along one ellipse for all images (the
   median iris, squeezed as the frames are).
2. What healthy training eyes have in common is taken away: their principal components, fitted and
   projected robustly, so that a sign changes little of what is taken away (weights of Cauchy's
   distribution: Holland and Welsch, Communications in Statistics A6, 1977). What is left counts in
   deviations of healthy eyes, and what is above and what is below are pooled over cells.
3. Logistic regression leads from these cells to the label.
4. A cell's contribution is its coefficient times its distance from the healthy mean, where that is
   positive. Whichever reader it comes from, it is of the same place on the iris.

Steps 2 to 4 are made in three folds of patients: each patient is read by the one reader that has never
met them, anybody else by all three. Components fitted to all healthy eyes would do as a detector of
who was in the fit: on eyes without any sign they part ill from healthy patients by an AUC of 1.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from scipy.stats import mannwhitneyu
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from replication.errors import MethodRefused
from replication.records import EyeDataset, to_gray

ANGLES, RADII = 48, 24
CELL = (4, 3)  # angles and radii that a cell pools
COMPONENTS = 16
ROUNDS = 4  # of robust fitting
CAUCHY = 2.385  # 95% as precise as least squares where nothing is odd
MOST_DEVIATIONS = 6.0
REGULARISATION = 0.02  # scikit-learn's C
FOLDS = 3
LEAST_DEVIATION = 1e-3  # of a range of 2


@dataclass(frozen=True)
class Detection:
    """How well patients whom no reader has met are separated, ill from healthy ones."""

    auc: float  # chance is 0.5
    p_value: float  # of a ranking by chance (Mann and Whitney, one-sided)
    ill: int  # patients
    healthy: int


@dataclass(frozen=True)
class SignReaders:
    """The R readers of one training set; F cells, K components of D points.

    All are arrays, so that they can be stored without pickle.
    """

    axes: np.ndarray  # (2,) half-width and half-height of the iris, px
    mean: np.ndarray  # (R, D)
    components: np.ndarray  # (R, K, D)
    deviation: np.ndarray  # (R, D)
    coefficients: np.ndarray  # (R, F)
    healthy: np.ndarray  # (R, F) mean over the healthy images that each reader learned from
    fold: np.ndarray  # (P,) which reader hasn't met each patient; -1 where none has

    @classmethod
    def learn(cls, train: EyeDataset, axes: tuple[float, float]) -> Self:
        """Learn from the training images.

        Args:
            train: N images with their labels.
            axes: half-width and half-height of the iris, px.

        Raises:
            MethodRefused: when there are too few patients, healthy or ill.
        """
        ill, identity = train.glaucoma, train.identity
        counts = [len(np.unique(identity[ill == label])) for label in (False, True)]
        fold = np.full(identity.max() + 1, -1)
        points, readers = _unwrap(train.images, axes), []
        if min(counts) >= FOLDS:
            folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
            for number, (seen, unseen) in enumerate(folds.split(points, ill, identity)):
                if (~ill[seen]).sum() > COMPONENTS and ill[seen].any():
                    readers.append(_learn_one(points[seen], ill[seen]))
                fold[identity[unseen]] = number
        if len(readers) < FOLDS:
            raise MethodRefused(
                f"evidence code: {counts[1]} patients with glaucoma and {counts[0]} without have "
                f"{ill.sum()} and {(~ill).sum()} training images, too few to learn a code from"
            )
        return cls(np.array(axes), *map(np.array, zip(*readers, strict=True)), fold)

    def find_contributions(self, images: np.ndarray, identity: np.ndarray) -> np.ndarray:
        """Return (N, F) contributions, not negative.

        Args:
            images: (N, H, W, C) float32 in [-1, 1].
            identity: (N,) of their patients; anything else than a training patient's is nobody's.
        """
        known = (identity >= 0) & (identity < len(self.fold))
        fold = np.where(known, self.fold[np.where(known, identity, 0)], -1)
        points = _unwrap(images, tuple(self.axes))
        total = np.zeros((len(points), self.coefficients.shape[1]))
        for number in range(len(self.mean)):
            rows = np.flatnonzero((fold == number) | (fold < 0))
            if not len(rows):
                continue
            left = _take_away(points[rows], self.mean[number], self.components[number])
            above = _pool(left / self.deviation[number]) - self.healthy[number]
            total[rows] += np.maximum(self.coefficients[number] * above, 0)
        return np.where((fold < 0)[:, None], total / len(self.mean), total)

    def detect(self, train: EyeDataset) -> Detection:
        """Return how well the training patients are separated, ill from healthy, each unmet by its reader."""
        total = self.find_contributions(train.images, train.identity).sum(axis=1)
        means = [
            [
                total[(train.identity == patient) & (train.glaucoma == label)].mean()
                for patient in np.unique(train.identity[train.glaucoma == label])
            ]
            for label in (False, True)
        ]
        rank = mannwhitneyu(means[1], means[0], alternative="greater")
        healthy, ill = map(len, means)
        return Detection(float(rank.statistic) / (ill * healthy), float(rank.pvalue), ill, healthy)


def _learn_one(points: np.ndarray, ill: np.ndarray) -> tuple[np.ndarray, ...]:
    """Learn one reader from (N, D) points and (N,) labels; see `SignReaders` for what is returned."""
    fitted = _fit_robustly(points[~ill])
    left = _take_away(points, fitted.mean_, fitted.components_)
    deviation = left[~ill].std(axis=0) + LEAST_DEVIATION
    cells = _pool(left / deviation)
    scaled = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=2000),
    ).fit(cells, ill)
    coefficients = scaled[1].coef_[0] / scaled[0].scale_
    return fitted.mean_, fitted.components_, deviation, coefficients, cells[~ill].mean(axis=0)


def _unwrap(images: np.ndarray, axes: tuple[float, float]) -> np.ndarray:
    """Return (N, ANGLES x RADII) gray levels along the iris, the mean of each image taken away."""
    gray = to_gray(images)
    angle = 2 * np.pi * np.arange(ANGLES)[:, None] / ANGLES
    radius = (np.arange(RADII) + 0.5) / RADII
    x = (gray.shape[2] - 1) / 2 + axes[0] * radius * np.cos(angle)
    y = (gray.shape[1] - 1) / 2 + axes[1] * radius * np.sin(angle)
    where = x.astype(np.float32), y.astype(np.float32)
    taken = [
        cv2.remap(one, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for one in gray
    ]
    points = np.reshape(taken, (len(gray), ANGLES * RADII)).astype(np.float64)
    return points - points.mean(axis=1, keepdims=True)


def _fit_robustly(points: np.ndarray) -> PCA:
    """Fit principal components to (N, D) points, odd ones replaced by what the others make of them."""
    filled = points
    for _ in range(ROUNDS):
        fitted = PCA(COMPONENTS, svd_solver="full").fit(filled)
        expected = fitted.inverse_transform(fitted.transform(filled))
        filled = _replace_odd(points, expected, np.median(np.abs(points - expected)))
    return fitted


def _take_away(points: np.ndarray, mean: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Return (N, D) what is left of points without the components, odd ones having little say."""
    filled = points
    for _ in range(ROUNDS):
        expected = (filled - mean) @ components.T @ components + mean
        middle = np.median(np.abs(points - expected), axis=1, keepdims=True)
        filled = _replace_odd(points, expected, middle)
    return points - expected


def _replace_odd(points: np.ndarray, expected: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Return points, the odder ones nearer to what is expected; middle is the median deviation."""
    deviation = 1.4826 * middle + np.finfo(float).tiny
    weight = 1 / (1 + ((points - expected) / (CAUCHY * deviation)) ** 2)
    return weight * points + (1 - weight) * expected


def _pool(deviations: np.ndarray) -> np.ndarray:
    """Return (N, F) means over cells of what is above and what is below, clipped."""
    clipped = np.clip(deviations, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    grid = clipped.reshape(len(clipped), ANGLES // CELL[0], CELL[0], RADII // CELL[1], CELL[1])
    parts = (np.maximum(sign * grid, 0).mean(axis=(2, 4)) for sign in (1, -1))
    return np.concatenate([part.reshape(len(clipped), -1) for part in parts], axis=1)
