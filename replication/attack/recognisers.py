"""Recognisers without a network: they learn patients from privatized images, and name them in others.

The paper's identity network has seen originals alone, so a method whose images merely differ from an
original defeats it (paper §2.3). Who can privatize images of known patients can learn from the
result: "parrot" recognition (Newton, Sweeney and Malin, IEEE TKDE 17, 2005; McPherson, Shokri and
Shmatikov, "Defeating image obfuscation with deep learning", 2016). Ours: three recognisers; a
fourth, the evaluator CNN, is in `networks`.
"""

import numpy as np
from skimage.transform import downscale_local_mean
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from replication.attack.discriminants import ShrunkDiscriminants
from replication.errors import DataError

SHRINK = 2  # ours: of 64 x 64 pixels, 1,024 numbers are left, as in the crop


def fit_recognisers(images: np.ndarray, identity: np.ndarray) -> dict[str, Pipeline]:
    """Train every recogniser on privatized images of known patients.

    - lda_image: linear discriminants with shrunk covariance (Ledoit and Wolf) on the gray image
      at half its size;
    - lda_crop: the same on the central half of rows and columns, iris and pupil, at full size;
    - nearest: the patient of the nearest of these images, gray pixel by gray pixel.

    Args:
        images: (N, S, S, C) float32 in [-1, 1].
        identity: (N,) patient of each.

    Returns:
        By name; `predict` takes images and returns their patients.

    Raises:
        DataError: when there are fewer than two patients, or none with a second image.
    """
    patients = len(np.unique(identity))
    if patients < 2 or len(identity) == patients:
        raise DataError(
            f"attack: {len(identity)} training images of {patients} patients; recognising patients "
            "takes two of them and a second image of one: add images"
        )
    parts = {
        "lda_image": (shrink_images, ShrunkDiscriminants()),
        "lda_crop": (crop_images, ShrunkDiscriminants()),
        "nearest": (flatten_images, KNeighborsClassifier(1)),
    }
    return {
        name: make_pipeline(FunctionTransformer(features), classifier).fit(images, identity)
        for name, (features, classifier) in parts.items()
    }


def shrink_images(images: np.ndarray) -> np.ndarray:
    """Return (N, S/2 * S/2) means of 2 x 2 gray pixels of (N, S, S, C) images."""
    return flatten_images(downscale_local_mean(images, (1, SHRINK, SHRINK, 1)))


def crop_images(images: np.ndarray) -> np.ndarray:
    """Return the (N, S/2 * S/2) gray pixels of the central half of (N, S, S, C) images."""
    side = images.shape[1]
    middle = slice(side // 4, side // 4 + side // 2)
    return flatten_images(images[:, middle, middle])


def flatten_images(images: np.ndarray) -> np.ndarray:
    """Return the (N, S * S) gray pixels, the mean over channels, of (N, S, S, C) images."""
    return images.mean(axis=-1).reshape(len(images), -1)
