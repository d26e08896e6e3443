"""Attackers that learn patients from privatized images, and then name the patient of others.

The paper's identity network has seen originals alone, so a method that merely looks unlike an
original defeats it (paper §2.3). Who can privatize images of known patients can learn from the
result: "parrot" recognition (Newton, Sweeney and Malin, IEEE TKDE 17, 2005; McPherson, Shokri and
Shmatikov, "Defeating image obfuscation with deep learning", 2016). Ours: three attackers by
scikit-learn; a fourth, the evaluator CNN, is in `attacker_networks`.
"""

import warnings

import numpy as np
from skimage.transform import downscale_local_mean
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from replication.errors import DataError

SHRINK = 2  # ours: of 64 x 64 pixels, 1,024 numbers are left, as in the crop


def fit_attackers(images: np.ndarray, identity: np.ndarray) -> dict[str, Pipeline]:
    """Have every attacker learn from privatized images of known patients.

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
            f"attack: {len(identity)} training images of {patients} patients; telling patients "
            "apart takes two of them and a second image of one: add images"
        )
    attackers = {
        "lda_image": _build_attacker(shrink_images, _build_lda()),
        "lda_crop": _build_attacker(crop_images, _build_lda()),
        "nearest": _build_attacker(flatten_images, KNeighborsClassifier(1)),
    }
    with warnings.catch_warnings():
        # A patient's only image adds no covariance; scikit-learn says so for each such patient.
        warnings.filterwarnings("ignore", "Only one sample available", UserWarning)
        return {name: attacker.fit(images, identity) for name, attacker in attackers.items()}


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


def _build_lda() -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def _build_attacker(features, classifier) -> Pipeline:
    return make_pipeline(FunctionTransformer(features), classifier)
