"""Image quality, the paper's "intelligibility": how one method's images look beside originals.

Beside each original: structural similarity (SSIM: Wang et al., IEEE Trans. Image Processing 13,
2004) and the peak signal-to-noise ratio, both by scikit-image. Beside all originals, as ratios:

- Sharpness, the mean squared gradient (Krotkov, Int. J. Computer Vision 1, 1988). The other common
  choice, the variance of the Laplacian, depends on the finest pattern alone: faint noise or a faint
  checkerboard raises it far above the originals'.
- The Fréchet distance (Heusel et al., NeurIPS 2017): two sets of features, each taken for a
  Gaussian, are |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)) apart. Departure: theirs are features
  of Inception, trained on photographs. Ours are the 32 numbers of the identity network before its
  softmax, at length one: trained on these eyes, and few enough for a covariance from some hundred
  images, where Inception has 2048.

The Fréchet distance is biased: sets of real eyes are apart for being small, and more so in a
bootstrap, which draws some patients twice and others not at all. So

- the table has a ratio, the distance of a method's images to the training originals over that of
  the test originals to the same: real eyes have 1.0. It is higher with more images, and can't be
  compared between data sets;
- weights over patients go to the training originals too, for otherwise a replicate is far from the
  reference for the patients that it lacks;
- quantiles of replicates mostly lie too near to 1 all the same, and needn't contain the measured
  ratio: the interval is that of the ratio's logarithm, by jackknife (`Measure.log`).

None of these shows whether the pathology can still be seen. All images are taken in gray, the mean
of the channels.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from replication.attack.patient_privacy import Embeddings
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.records import HALF_RANGE, EyeDataset, PrivatizedSet, check_images, to_gray
from validation.statistics.patient_sums import Combined, average_images

DATA_RANGE = 2.0  # of images in [-1, 1]
WINDOW_PX = 7  # scikit-image's default: even windows, as for the relevance maps
# Identical images have no noise, and the mean with an infinite ratio would be infinite. No image
# here is known better than to half a gray level, so no error counts as smaller than rounding's.
ROUNDING_ERROR = (1 / float(HALF_RANGE)) ** 2 / 12
HIGHEST_PEAK_RATIO_DB = float(10 * np.log10(DATA_RANGE**2 / ROUNDING_ERROR))  # 58.9


@dataclass(frozen=True)
class FeatureSums:
    """Sums of (N, D) features x, by patient or by replicate, whatever the rows R are."""

    count: np.ndarray  # (R,) images, or their weights
    total: np.ndarray  # (R, D) sum of x
    product: np.ndarray  # (R, D, D) sum of x x^T

    def weigh(self, weights: np.ndarray) -> Self:
        """Return the sums under each of (W, R) weightings of the rows."""
        flat = self.product.reshape(len(self.product), -1)
        return FeatureSums(
            weights @ self.count,
            weights @ self.total,
            (weights @ flat).reshape(-1, *self.product.shape[1:]),
        )


@dataclass(frozen=True)
class FrechetRatio:
    """The mean over draws of the distance to real eyes, real eyes having 1; sums by test patient."""

    privatized: tuple[FeatureSums, ...]  # of each draw
    originals: FeatureSums  # of the original test images
    training: FeatureSums  # of the same patients' original training images

    def weigh(self, weights: np.ndarray) -> np.ndarray:
        """Return (R,) ratios of (R, patients) weights, NaN where real eyes have no distance."""
        training = self.training.weigh(weights)
        real = frechet_distance(self.originals.weigh(weights), training)
        drawn = [frechet_distance(sums.weigh(weights), training) for sums in self.privatized]
        none = np.full_like(real, np.nan)
        return np.mean([np.divide(d, real, out=none.copy(), where=real > 0) for d in drawn], axis=0)


class RealEyes:
    """What privatized images are compared with: the original test and training images.

    Args:
        test, train: the images.
        embedded, train_embedded: each, by the run's identity network.
    """

    def __init__(
        self,
        test: EyeDataset,
        embedded: Embeddings,
        train: EyeDataset,
        train_embedded: Embeddings,
    ) -> None:
        self.test = test
        self._sharpness = average_images(measure_sharpness(test.images), test.identity)
        self._patients = np.unique(test.identity)
        self._origin = train_embedded.embedding.mean(axis=0)
        tested = np.isin(train.identity, self._patients)
        self._training = self._sum(train_embedded.embedding[tested], train.identity[tested])
        self._originals = self._sum(embedded.embedding, test.identity)

    def add_measures(
        self, table: Table2, sets: list[PrivatizedSet], embedded: list[Embeddings]
    ) -> None:
        """Add the image quality of one method's draws, and each by the identity network."""
        method, originals = sets[0].method, self.test.images
        for name, measure in (("ssim", measure_similarity), ("psnr", measure_peak_ratio)):
            values = [measure(drawn.images, originals) for drawn in sets]
            table.add_mean(method, name, np.column_stack(values))
        sharp = np.column_stack([measure_sharpness(drawn.images) for drawn in sets])
        own = average_images(sharp, self.test.identity)
        table.add(method, "sharpness", Combined((own, self._sharpness), np.divide))
        sums = tuple(self._sum(drawn.embedding, self.test.identity) for drawn in embedded)
        table.add(method, "frechet", FrechetRatio(sums, self._originals, self._training))

    def _sum(self, features: np.ndarray, identity: np.ndarray) -> FeatureSums:
        return sum_features(
            features,
            np.searchsorted(self._patients, identity),
            identities=len(self._patients),
            origin=self._origin,
        )


def measure_similarity(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Return (N,) structural similarities of (N, S, S, C) images to their originals, in [-1, 1].

    Raises:
        DataError: when the two don't fit, or are smaller than a window.
    """
    _check_pairs(images, originals)
    if min(images.shape[1:3]) < WINDOW_PX:
        raise DataError(f"structural similarity: needs {WINDOW_PX} px, got {images.shape}")
    return np.array(
        [
            structural_similarity(one, other, data_range=DATA_RANGE, win_size=WINDOW_PX)
            for one, other in zip(_to_fine_gray(images), _to_fine_gray(originals), strict=True)
        ]
    )


def measure_peak_ratio(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Return (N,) peak signal-to-noise ratios of (N, S, S, C) images to their originals, dB.

    At most HIGHEST_PEAK_RATIO_DB, which identical images have.

    Raises:
        DataError: when the two don't fit.
    """
    _check_pairs(images, originals)
    pairs = zip(_to_fine_gray(originals), _to_fine_gray(images), strict=True)
    with np.errstate(divide="ignore"):
        ratios = [peak_signal_noise_ratio(*pair, data_range=DATA_RANGE) for pair in pairs]
    return np.minimum(ratios, HIGHEST_PEAK_RATIO_DB)


def measure_sharpness(images: np.ndarray) -> np.ndarray:
    """Return (N,) mean squared gradients of (N, S, S, C) images, in squared units of [-1, 1] per px.

    Central differences over all pixels that have neighbours on every side. A contrast raised by a
    tenth raises it by a fifth.

    Raises:
        DataError: when they are no such images.
    """
    check_images("images", images)
    if min(images.shape[1:3]) < 3:
        raise DataError(f"sharpness: needs 3 px, got {images.shape}")
    gray = _to_fine_gray(images)
    across = (gray[:, 1:-1, 2:] - gray[:, 1:-1, :-2]) / 2
    down = (gray[:, 2:, 1:-1] - gray[:, :-2, 1:-1]) / 2
    return np.mean(across**2 + down**2, axis=(1, 2))


def _check_pairs(images: np.ndarray, originals: np.ndarray) -> None:
    check_images("images", images)
    check_images("originals", originals)
    if images.shape != originals.shape:
        raise DataError(f"images: {images.shape} can't be compared with {originals.shape}")


def _to_fine_gray(images: np.ndarray) -> np.ndarray:
    return to_gray(images).astype(np.float64)


def sum_features(
    features: np.ndarray, identity: np.ndarray, *, identities: int, origin: np.ndarray
) -> FeatureSums:
    """Sum features by patient.

    Args:
        features: (N, D) finite numbers.
        identity: (N,) classes of the patients.
        identities: P, the number of classes; the sums have a row for each.
        origin: (D,) subtracted first, the same for all sets that are compared: no distance changes,
            and no digits are lost in squares.

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


def frechet_distance(first: FeatureSums, second: FeatureSums) -> np.ndarray:
    """Return the (R,) squared Fréchet distances between R pairs of sets.

    The trace of (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C2^(1/2) C1 C2^(1/2),
    which is symmetric, so it also holds where a feature never changes. NaN where a set has fewer
    than two images.
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
