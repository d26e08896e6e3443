"""Statistics of preprocessed eyes without a training: spectrum, identity per band, blur, skin.

Ours, but for their parts. Images are (N, S, S) uint8; frequencies are in cycles per image. Before a
spectrum is taken an image loses its mean and is faded out to its border by a Hann window, since an
eye doesn't go on at the other side.
"""

from itertools import pairwise

import cv2
import numpy as np

from replication.attack.discriminants import ShrunkDiscriminants
from replication.config import SplitSettings
from replication.preprocess.split import split_dataset

BANDS = (0.5, 2, 4, 8, 12, 16, 24, 33)  # edges, in cycles per image
SLOPE_RANGE = (2, 30)
SHARES = ((8, 16), (16, 33))
KERNELS = (3, 9, 15, 21)  # paper §3
SPLITS = 3


def measure_slope(images: np.ndarray) -> float:
    """Return the slope of the mean power spectrum, both logarithmic, from 2 to 30 cycles."""
    power, ring = _measure_power(images), np.round(_frequency(images.shape[1]))
    cycles = np.arange(SLOPE_RANGE[0], SLOPE_RANGE[1] + 1)
    rings = [power[ring == n].mean() for n in cycles]
    return float(np.polyfit(np.log(cycles), np.log(rings), 1)[0])


def share_energy(images: np.ndarray, low: float, high: float) -> float:
    """Return the share of the energy from `low` to below `high`, of all from half a cycle."""
    power, frequency = _measure_power(images), _frequency(images.shape[1])
    inside = (frequency >= low) & (frequency < high)
    return float(power[inside].sum() / power[frequency >= BANDS[0]].sum())


def correlate_bands(images: np.ndarray, eyes: np.ndarray) -> list[float]:
    """Return the intraclass correlation by eye of every band of `BANDS`.

    ICC(1) (Shrout and Fleiss, Psychological Bulletin 86, 1979) for groups of unequal size, the mean
    squares summed over the band's pixels.

    Args:
        images: (N, S, S) uint8.
        eyes: (N,) which eye each shows.
    """
    spectra, frequency = np.fft.fft2(_fade(images)), _frequency(images.shape[1])
    found = []
    for low, high in pairwise(BANDS):
        band = np.fft.ifft2(spectra * ((frequency >= low) & (frequency < high))).real
        found.append(_correlate_within(band.reshape(len(band), -1), eyes))
    return found


def measure_kept_gradients(images: np.ndarray) -> list[float]:
    """Return the mean squared gradient after blur with each of `KERNELS`, over that before."""
    before = _square_gradients(images.astype(np.float32))
    blurred = [[cv2.GaussianBlur(i, (k, k), 0) for i in images] for k in KERNELS]
    return [_square_gradients(np.array(b, np.float32)) / before for b in blurred]


def hide_iris(images: np.ndarray, radius_share: tuple[float, float]) -> np.ndarray:
    """Return images whose iris, an ellipse in the middle, is gray 0.

    Args:
        images: (N, S, S) uint8, of frames that were resized to a square.
        radius_share: the iris's radius over the frame's width and its height.
    """
    return np.where(measure_rho(images.shape[1], radius_share) <= 1, 0, images)


def crop_middle(images: np.ndarray) -> np.ndarray:
    """Return the middle half of rows and columns."""
    side = images.shape[1]
    return images[:, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4]


def measure_rho(size_px: int, radius_share: tuple[float, float]) -> np.ndarray:
    """Return (S, S) distances from the middle in iris radii.

    The radius is a share of the frame's width and of its height, since resizing changes its aspect.
    """
    place = (np.arange(size_px) + 0.5) / size_px - 0.5
    return np.hypot(place[None] / radius_share[0], place[:, None] / radius_share[1])


def name_by_discriminants(images: np.ndarray, patient: np.ndarray) -> float:
    """Return the accuracy of linear discriminants that name the patients of test images.

    They learn the training images of a split as the paper has it, by image: the mean of three.

    Args:
        images: (N, S, S) uint8.
        patient: (N,) of each.
    """
    numbers = np.array([f"{row:09d}" for row in range(len(images))])
    person = np.unique(patient, return_inverse=True)[1]
    values = images.reshape(len(images), -1).astype(float)
    values = values[:, np.ptp(values, axis=0) > 0]
    named = []
    for seed in range(SPLITS):
        splits = split_dataset(numbers, person, SplitSettings(seed=seed))
        learned = ShrunkDiscriminants().fit(values[splits.train], person[splits.train])
        named.append((learned.predict(values[splits.test]) == person[splits.test]).mean())
    return float(np.mean(named))


def shrink(images: np.ndarray) -> np.ndarray:
    """Return images at half their size, means of 2 x 2 pixels."""
    half = images.shape[1] // 2
    return images.reshape(len(images), half, 2, half, 2).mean(axis=(2, 4))


def _frequency(size_px: int) -> np.ndarray:
    axis = np.fft.fftfreq(size_px, 1 / size_px)
    return np.hypot(axis[None], axis[:, None])


def _fade(images: np.ndarray) -> np.ndarray:
    centred = images - images.mean(axis=(1, 2), keepdims=True)
    window = np.hanning(images.shape[1])
    return centred * np.outer(window, window)


def _measure_power(images: np.ndarray) -> np.ndarray:
    return (np.abs(np.fft.fft2(_fade(images))) ** 2).mean(axis=0)


def _square_gradients(images: np.ndarray) -> float:
    across = images[:, 1:-1, 2:] - images[:, 1:-1, :-2]
    down = images[:, 2:, 1:-1] - images[:, :-2, 1:-1]
    return float((across**2 + down**2).mean())


def _correlate_within(values: np.ndarray, groups: np.ndarray) -> float:
    """Return ICC(1) of (N, D) values by group, the mean squares summed over D."""
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    means = np.zeros((len(counts), values.shape[1]))
    np.add.at(means, group, values)
    means /= counts[:, None]
    total, number = len(values), len(counts)
    within = ((values - means[group]) ** 2).sum() / (total - number)
    spread = (means - values.mean(axis=0)) ** 2
    between = (counts[:, None] * spread).sum() / (number - 1)
    size = (total - (counts**2).sum() / total) / (number - 1)
    return float((between - within) / (between + (size - 1) * within))
