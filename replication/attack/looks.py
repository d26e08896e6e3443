"""Intelligibility: how one method's images look beside originals (Table 2).

The features of the Fréchet distance are the identity network's 32 before the softmax, at length one.

How much a privatized image looks like its original, and how sharp it is.

None of the three tells whether the pathology can still be seen; each is one value per image.

- Structural similarity: SSIM (Wang et al., IEEE Trans. Image Processing 13, 2004) by scikit-image.
- Peak signal-to-noise ratio by scikit-image.
- Sharpness: the mean squared gradient (Krotkov, Int. J. Computer Vision 1, 1988), to be divided by
  the originals' mean. The other common choice, the variance of the Laplacian, looks at the finest
  pattern alone, and faint noise or a faint checkerboard raises it far above the originals'.

All are of the grey image, the mean of the channels.
"""

from dataclasses import dataclass

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from replication.attack.frechet import FeatureSums, frechet_ratio, sum_features
from replication.attack.patients import Seen
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.records import HALF_RANGE, EyeDataset, PrivatizedSet, check_images, to_gray
from validation.statistics.patient_sums import Combined, average_images

DATA_RANGE = 2.0  # of images in [-1, 1]
WINDOW_PX = 7  # scikit-image's default: even windows, as for the relevance maps
# Identical images have no noise, and the mean with an infinite ratio would be infinite. No image
# here is known better than to half a grey level, so no error counts as smaller than rounding's.
ROUNDING_ERROR = (1 / float(HALF_RANGE)) ** 2 / 12
HIGHEST_PEAK_RATIO_DB = float(10 * np.log10(DATA_RANGE**2 / ROUNDING_ERROR))  # 58.9


def measure_similarity(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Return (N,) structural similarities of images to their originals, in [-1, 1].

    Args:
        images: (N, S, S, C) float32 in [-1, 1], S from 7.
        originals: the same shape; row i is the original of row i.

    Raises:
        DataError: when the two don't fit, or are smaller than a window.
    """
    check_pairs(images, originals)
    if min(images.shape[1:3]) < WINDOW_PX:
        raise DataError(f"structural similarity: needs {WINDOW_PX} px, got {images.shape}")
    return np.array(
        [
            structural_similarity(one, other, data_range=DATA_RANGE, win_size=WINDOW_PX)
            for one, other in zip(_to_fine_grey(images), _to_fine_grey(originals), strict=True)
        ]
    )


def measure_peak_ratio(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Return (N,) peak signal-to-noise ratios of images to their originals, dB.

    Args:
        images: (N, S, S, C) float32 in [-1, 1].
        originals: the same shape; row i is the original of row i.

    Returns:
        At most HIGHEST_PEAK_RATIO_DB, which identical images have.

    Raises:
        DataError: when the two don't fit.
    """
    check_pairs(images, originals)
    pairs = zip(_to_fine_grey(originals), _to_fine_grey(images), strict=True)
    with np.errstate(divide="ignore"):
        ratios = [peak_signal_noise_ratio(*pair, data_range=DATA_RANGE) for pair in pairs]
    return np.minimum(ratios, HIGHEST_PEAK_RATIO_DB)


def measure_sharpness(images: np.ndarray) -> np.ndarray:
    """Return (N,) mean squared gradients, in squared units of [-1, 1] per pixel.

    Central differences over all pixels that have neighbours on every side. The sharpness of a set
    is its mean over the originals' mean: 1 is as sharp as they are. A contrast raised by a tenth
    raises it by a fifth.

    Args:
        images: (N, S, S, C) float32 in [-1, 1], S from 3.

    Raises:
        DataError: when they are no such images.
    """
    check_images("images", images)
    if min(images.shape[1:3]) < 3:
        raise DataError(f"sharpness: needs 3 px, got {images.shape}")
    grey = _to_fine_grey(images)
    across = (grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]) / 2
    down = (grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]) / 2
    return np.mean(across**2 + down**2, axis=(1, 2))


def check_pairs(images: np.ndarray, originals: np.ndarray) -> None:
    """Raise DataError unless both are images of one shape."""
    check_images("images", images)
    check_images("originals", originals)
    if images.shape != originals.shape:
        raise DataError(f"images: {images.shape} can't be compared with {originals.shape}")


def _to_fine_grey(images: np.ndarray) -> np.ndarray:
    return to_gray(images).astype(np.float64)


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
