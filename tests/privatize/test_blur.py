"""Blur against a slow convolution with the Gaussian's definition."""

import cv2
import numpy as np
import pytest
from fake_eyes import random_queries

from replication.errors import SettingsError
from replication.privatize.blur import blur_images
from replication.privatize.methods import METHODS


def gaussian_weights(kernel_px: int, sigma: float = 0.0) -> np.ndarray:
    """Return OpenCV's weights without a sigma: a fixed table up to 9, the formula beyond."""
    tables = {3: [64, 128, 64], 9: [4, 13, 30, 51, 60, 51, 30, 13, 4]}
    if not sigma and kernel_px in tables:
        return np.array(tables[kernel_px]) / 256
    sigma = sigma or 0.3 * ((kernel_px - 1) / 2 - 1) + 0.8
    steps = np.arange(kernel_px) - kernel_px // 2
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    return weights / weights.sum()


def blur_slowly(
    image: np.ndarray, kernel_px: int, sigma: float, mode: str = "reflect"
) -> np.ndarray:
    reach, weights = kernel_px // 2, gaussian_weights(kernel_px, sigma)
    padded = np.pad(image.astype(float), ((reach, reach), (reach, reach), (0, 0)), mode=mode)
    height, width, _ = image.shape
    blurred = np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            window = padded[y : y + kernel_px, x : x + kernel_px]
            blurred[y, x] = np.einsum("i,j,ijc->c", weights, weights, window)
    return blurred


@pytest.mark.parametrize("sigma", [0.0, 1.5])
@pytest.mark.parametrize("kernel_px", [3, 9, 15, 21])
def test_blur_is_the_definition_within_half_a_gray_level(kernel_px, sigma):
    images = np.tile(random_queries().images, (1, 3, 3, 1))[:2]
    blurred = blur_images(images, kernel_px, sigma)
    slow = np.stack([blur_slowly(image, kernel_px, sigma) for image in images])
    assert np.abs(blurred - slow).max() <= 0.501 / 127.5


def test_another_border_is_the_definition_too():
    image = random_queries().images[:1]
    blurred = blur_images(image, 3, border=cv2.BORDER_REPLICATE)
    slow = blur_slowly(image[0], 3, 0.0, "edge")
    assert np.abs(blurred[0] - slow).max() <= 0.501 / 127.5


def test_kernel_1_changes_nothing():
    images = random_queries().images
    np.testing.assert_array_equal(blur_images(images, 1), images)


def test_one_channel_stays_one_channel():
    images = random_queries().images[..., :1]
    assert blur_images(images, 3).shape == images.shape


@pytest.mark.parametrize("kernel_px", [0, 2, 8, -3])
def test_even_or_empty_kernels_are_refused(kernel_px):
    with pytest.raises(SettingsError, match=f"odd number from 1, got {kernel_px}"):
        blur_images(random_queries().images, kernel_px)


def test_the_registry_binds_the_kernel():
    queries = random_queries()
    given = {"gallery": queries, "generator": None, "seed": 0, "draws": 10}
    (only,) = METHODS["blur-9"].privatize(queries, **given)
    np.testing.assert_array_equal(only.images, blur_images(queries.images, 9))
