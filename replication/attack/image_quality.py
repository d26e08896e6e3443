"""Image quality, the paper's "intelligibility": how one method's images look beside originals.

Beside each original: structural similarity (SSIM: Wang et al., IEEE Trans. Image Processing 13,
2004) and the peak signal-to-noise ratio, both by scikit-image. Beside all originals, as ratios: the
kernel distance (`realism`), and sharpness, the mean squared gradient (Krotkov, Int. J. Computer
Vision 1, 1988). The other common choice, the variance of the Laplacian, depends on the finest
pattern alone: faint noise or a faint checkerboard raises it far above the originals'.

None of these shows whether the pathology can still be seen. All images are taken in gray, the mean
of the channels.
"""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from replication.attack.realism import RealFeatures
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


class ImageQuality:
    """What privatized images are compared with: the original test and training images.

    Args:
        test, train: the images; tested patients needn't be in training.

    Raises:
        DataError: as `RealFeatures`.
    """

    def __init__(self, test: EyeDataset, train: EyeDataset) -> None:
        self.test = test
        self._sharpness = average_images(measure_sharpness(test.images), test.identity)
        self._real = RealFeatures(train.images, train.identity, test.identity)

    def add_measures(self, table: Table2, sets: list[PrivatizedSet]) -> None:
        """Add the image quality of one method's draws; the kernel distance where it is finite."""
        method, originals = sets[0].method, self.test.images
        for name, measure in (("ssim", measure_similarity), ("psnr", measure_peak_ratio)):
            values = [measure(drawn.images, originals) for drawn in sets]
            table.add_mean(method, name, np.column_stack(values))
        sharp = np.column_stack([measure_sharpness(drawn.images) for drawn in sets])
        own = average_images(sharp, self.test.identity)
        table.add(method, "sharpness", Combined((own, self._sharpness), np.divide))
        distance = self._real.compare([drawn.images for drawn in sets])
        if np.isfinite(distance.weigh(np.ones((1, len(distance.tested))))).all():
            table.add(method, "kid", distance)


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
