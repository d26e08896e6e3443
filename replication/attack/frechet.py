"""The Fréchet distance between privatized and real eyes, from sums that any weights can be put to.

After Heusel et al. (NeurIPS 2017): two sets of features, each taken for a Gaussian, are
|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)) apart. Departure: theirs are features of Inception,
trained on photographs. Ours are the 32 numbers of the identity evaluator's last hidden layer
(`dense1`), which was trained on these eyes and so looks at what tells them apart; the functions take
any features. 32 are few enough for a covariance from some hundred images, Inception's 2048 aren't.

The table shows a ratio: the distance of a method's images to the training originals over that of
the test originals to the same. Real eyes have 1.0.

The distance is biased: sets of real eyes are apart for being small, and more so in a bootstrap,
which draws some patients twice and others not at all. So

- the ratio says how many times the distance of that many real images it is; it is higher with more
  images, and can't be compared between data sets;
- weights over patients go to the training originals too (`frechet_ratio` does), for otherwise a
  replicate is far from the reference for the patients that it lacks;
- quantiles of replicates mostly lie too near to 1 all the same, and needn't hold the measured
  ratio: take from them the spread of the ratio's logarithm alone.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from replication.errors import DataError


@dataclass(frozen=True)
class FeatureSums:
    """Sums of (N, D) features x, by patient or by replicate, whatever the rows R are.

    Args:
        count: (R,) images, or their weights.
        total: (R, D) sum of x.
        product: (R, D, D) sum of x x^T.
    """

    count: np.ndarray
    total: np.ndarray
    product: np.ndarray

    def weigh(self, weights: np.ndarray) -> Self:
        """Return the sums under each of (W, R) weightings of the rows."""
        flat = self.product.reshape(len(self.product), -1)
        return FeatureSums(
            weights @ self.count,
            weights @ self.total,
            (weights @ flat).reshape(-1, *self.product.shape[1:]),
        )


def sum_features(
    features: np.ndarray, identity: np.ndarray, *, identities: int, origin: np.ndarray
) -> FeatureSums:
    """Sum features by patient.

    Args:
        features: (N, D) finite numbers.
        identity: (N,) classes of the patients.
        identities: P, the number of classes; the sums have a row for each.
        origin: (D,) taken off first, the same for all sets that are compared, such as the mean of
            the training originals: no distance changes, and no digits are lost in squares.

    Raises:
        DataError: when the arrays don't fit or hold what isn't a finite number.
    """
    if features.ndim != 2 or origin.shape != features.shape[1:]:
        raise DataError(f"features: expected (N, D) and (D,), got {features.shape}, {origin.shape}")
    if not (np.isfinite(features).all() and np.isfinite(origin).all()):
        raise DataError("features: expected finite numbers")
    if identity.shape != (len(features),) or not np.isin(identity, np.arange(identities)).all():
        raise DataError(f"features: expected ({len(features)},) classes from 0 to {identities - 1}")
    centred = features.astype(np.float64) - origin
    member = (np.arange(identities)[:, None] == identity).astype(np.float64)
    products = np.einsum("nd,ne->nde", centred, centred)
    each = FeatureSums(np.ones(len(features)), centred, products)
    return each.weigh(member)


def frechet_ratio(
    privatized: FeatureSums, originals: FeatureSums, training: FeatureSums, weights: np.ndarray
) -> np.ndarray:
    """Return (R,) ratios of the distances to the training originals under (R, P) weightings.

    Args:
        privatized: sums of the P patients' privatized test images.
        originals: of their original test images.
        training: of their original training images.
        weights: how often each patient counts; `np.ones((1, P))` for the measured ratio.
    """
    drawn = training.weigh(weights)
    top, bottom = (frechet_distance(one.weigh(weights), drawn) for one in (privatized, originals))
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def frechet_distance(first: FeatureSums, second: FeatureSums) -> np.ndarray:
    """Return the (R,) squared Fréchet distances between R pairs of sets.

    The trace of (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C2^(1/2) C1 C2^(1/2),
    which is symmetric, so it also holds where a feature never changes.

    Returns:
        Distances from 0; NaN where a set has fewer than two images.
    """
    enough = (first.count >= 2) & (second.count >= 2)
    distances = np.full(len(enough), np.nan)
    (mean1, spread1), (mean2, spread2) = (_fit_gaussians(sums, enough) for sums in (first, second))
    values, vectors = np.linalg.eigh(spread2)
    root = (vectors * np.sqrt(values.clip(0))[:, None]) @ vectors.transpose(0, 2, 1)
    shared = np.sqrt(np.linalg.eigvalsh(root @ spread1 @ root).clip(0)).sum(axis=1)
    traces = np.trace(spread1 + spread2, axis1=1, axis2=2)
    apart = ((mean1 - mean2) ** 2).sum(axis=1) + traces - 2 * shared
    distances[enough] = apart.clip(0)
    return distances


def _fit_gaussians(sums: FeatureSums, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the means (R, D) and covariances (R, D, D), by n - 1, of some rows of sums."""
    count = sums.count[rows, None]
    mean = sums.total[rows] / count
    outer = mean[:, :, None] * mean[:, None, :]
    return mean, (sums.product[rows] - count[..., None] * outer) / (count[..., None] - 1)
