"""How much a privatized image looks like its original, and how sharp it is.

None of the three tells whether the pathology can still be seen; each is one value per image.

- Structural similarity: SSIM (Wang et al., IEEE Trans. Image Processing 13, 2004) by scikit-image.
- Peak signal-to-noise ratio by scikit-image.
- Sharpness: the mean squared gradient (Krotkov, Int. J. Computer Vision 1, 1988), to be divided by
  the originals' mean. The other common choice, the variance of the Laplacian, looks at the finest
  pattern alone, and faint noise or a faint checkerboard raises it far above the originals'.

All are of the grey image, the mean of the channels.
"""

from __future__ import annotations

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from replication.errors import DataError
from replication.pixels import HALF_RANGE, to_grey
from replication.records import check_images

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
    return to_grey(images).astype(np.float64)
