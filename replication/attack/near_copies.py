"""How near privatized images are to the training images, and which are copies of one.

Distances are between gray images, pixel by pixel: the root of the mean square, in gray levels of
255. A mean of several images is nearer to each of them than any two images are to each other, for
it has less contrast and no noise. So a small distance alone is no copy: a copy is near to one
patient's image and not as near to anybody else's.
"""

from dataclasses import dataclass

import numpy as np

from replication.errors import DataError
from replication.records import HALF_RANGE, EyeDataset, check_images, to_gray

BLOCK_IMAGES = 128  # ours: bounds the memory, 128 rows of distances to all training images
ORIGINALS_BELOW = 0.05  # ours: the fraction of originals that are below a limit


@dataclass(frozen=True)
class TrainingDistances:
    """The nearest training images of N images; (N,) each, distances in gray levels."""

    nearest: np.ndarray  # to the nearest of all
    nearest_identity: np.ndarray  # whose image that is
    second: np.ndarray  # to the nearest of anybody else; inf where there is nobody else
    nearest_used: np.ndarray  # of an identity used; NaN where none of these has a training image

    @property
    def ratio(self) -> np.ndarray:
        """(N,) nearest over second, in [0, 1]; 0 for an exact copy."""
        none = np.zeros_like(self.nearest)
        return np.divide(self.nearest, self.second, out=none, where=self.second > 0)


@dataclass(frozen=True)
class CopyLimits:
    """Below which an image is nearer to a training image than originals are."""

    distance: float  # TrainingDistances.nearest
    ratio: float  # TrainingDistances.ratio


def measure_distances(
    images: np.ndarray, training: EyeDataset, *, used: np.ndarray | None = None
) -> TrainingDistances:
    """Measure how far images are from the training images.

    Per block of images: squared distances to all training images but for the image's own square,
    which ranks alike, by one matrix product; their minima; and the distances to these anew, from
    the difference of the pixels, so that a copy's is 0.

    Args:
        images: (N, S, S, C) float32 in [-1, 1].
        training: at least one image of the same size.
        used: (N, P) bool, whose images or likeness went into each image (`mark_used`); P is above
            all identities. None: nobody's.

    Raises:
        DataError: when there are no images of either, or shapes don't fit.
    """
    if used is None:
        used = np.zeros((len(images), training.identity.max(initial=0) + 1), dtype=bool)
    _check_sizes(images, training, used)
    gallery = _to_gray_levels(training.images)
    measured = [
        _measure_block(_to_gray_levels(images[rows]), gallery, training.identity, used[rows])
        for rows in (slice(at, at + BLOCK_IMAGES) for at in range(0, len(images), BLOCK_IMAGES))
    ]
    return TrainingDistances(*map(np.concatenate, zip(*measured, strict=True)))


def set_limits(originals: TrainingDistances, *, below: float = ORIGINALS_BELOW) -> CopyLimits:
    """Return what a fraction of the original test images is below.

    An original's nearest training image is mostly another shot of the same eye. So an image below
    the limit is nearer to a training image than two shots of one eye nearly always are.

    Raises:
        DataError: without originals.
    """
    if len(originals.nearest) == 0:
        raise DataError("near-copies: no original images to take the limits from")
    return CopyLimits(
        *(float(np.quantile(values, below)) for values in (originals.nearest, originals.ratio))
    )


def find_near_copies(
    distances: TrainingDistances, limits: CopyLimits, *, identity: np.ndarray
) -> np.ndarray:
    """Return (N,) bool, which images are near-copies of another patient's training image.

    Both limits count: by distance alone, means of three images are near-copies of each of them.

    Args:
        distances: of the privatized images.
        limits: of the originals.
        identity: (N,) of the images' own patients, whose images are no other patient's.
    """
    near = (distances.nearest <= limits.distance) & (distances.ratio <= limits.ratio)
    return near & (distances.nearest_identity != identity)


def find_nearest_used(distances: TrainingDistances, used: np.ndarray) -> np.ndarray:
    """Return (N,) bool, whether the nearest training image is of one of the (N, P) used."""
    return used[np.arange(len(used)), distances.nearest_identity]


def chance_of_nearest_used(
    distances: TrainingDistances, used: np.ndarray, *, identity: np.ndarray
) -> np.ndarray:
    """Return (N,) chances that the nearest training image is of an identity used elsewhere.

    A few training images are near to everything, and a method that knows the pathology uses some
    patients often. So the chance is counted, not calculated: of the images of other patients, the
    fraction that used the identity that is nearest here.

    Args:
        distances: of the privatized images.
        used: (N, P) bool, as for `measure_distances`.
        identity: (N,) of the images' own patients; NaN where there is no image of another.
    """
    _, patient = np.unique(identity, return_inverse=True)
    own = np.zeros((patient.max(initial=-1) + 1, used.shape[1]), dtype=np.intp)
    np.add.at(own, patient, used)
    nearest = distances.nearest_identity
    others = len(used) - np.bincount(patient)[patient]
    count = used.sum(axis=0)[nearest] - own[patient, nearest]
    return np.divide(count, others, out=np.full(len(used), np.nan), where=others > 0)


def _check_sizes(images: np.ndarray, training: EyeDataset, used: np.ndarray) -> None:
    check_images("images", images)
    if 0 in (len(images), len(training)) or training.images.shape[1:3] != images.shape[1:3]:
        raise DataError(
            "distances: expected images and training images of one size, "
            f"got {images.shape} and {training.images.shape}"
        )
    if len(used) != len(images) or used.shape[1] <= training.identity.max():
        raise DataError(f"used identities: expected ({len(images)}, P), got {used.shape}")


def _to_gray_levels(images: np.ndarray) -> np.ndarray:
    """Return (N, S * S) float32 from -127.5 to 127.5."""
    return (to_gray(images) * HALF_RANGE).reshape(len(images), -1)


def _measure_block(
    pixels: np.ndarray, gallery: np.ndarray, identity: np.ndarray, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the fields of `TrainingDistances` for (B, S * S) images with their (B, P) used."""
    order = np.einsum("gp,gp->g", gallery, gallery) - 2 * (pixels @ gallery.T)
    nearest_identity = identity[order.argmin(axis=1)]
    masks = (
        np.ones(order.shape, dtype=bool),
        nearest_identity[:, None] != identity,
        used[:, identity],
    )
    nearest, second, of_used = (_to_nearest(pixels, gallery, order, mask) for mask in masks)
    of_used[np.isinf(of_used)] = np.nan
    return nearest, nearest_identity, second, of_used


def _to_nearest(
    pixels: np.ndarray, gallery: np.ndarray, order: np.ndarray, allowed: np.ndarray
) -> np.ndarray:
    """Return (B,) distances to the nearest of the (B, G) allowed, inf where none is."""
    rows = np.where(allowed, order, np.inf).argmin(axis=1)
    difference = (pixels - gallery[rows]).astype(np.float64)
    return np.where(allowed.any(axis=1), np.sqrt(np.mean(difference**2, axis=1)), np.inf)
