"""Privatize by Gaussian blur (paper §2.2 and §3: kernels 3, 9, 15 and 21).

Departure: the paper states the kernel sizes alone. Here sigma is OpenCV's choice (a fixed table of
weights for kernels up to 9, sigma = 0.3 * ((k - 1) / 2 - 1) + 0.8 beyond), and borders are
reflected, OpenCV's default.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from replication.errors import SettingsError
from replication.records import EyeDataset, Generator, PrivatizedSet, round_to_bytes


def privatize_by_blur(
    queries: EyeDataset,
    *,
    gallery: EyeDataset,
    generator: Generator | None,
    seed: int,
    draws: int,
    method: str,
    kernel_px: int,
    sigma_px: float = 0.0,
    border: int = cv2.BORDER_DEFAULT,
) -> Iterator[PrivatizedSet]:
    """Yield the one blurred set, draw 0.

    Args:
        queries, gallery, generator, seed, draws: of the common shape (`methods.Method`).
        method: its name in the registry.
        kernel_px, sigma_px, border: as for `blur_images`.
    """
    images = blur_images(queries.images, kernel_px, sigma_px, border)
    yield PrivatizedSet(method, 0, images, None)


def blur_images(
    images: np.ndarray, kernel_px: int, sigma_px: float = 0.0, border: int = cv2.BORDER_DEFAULT
) -> np.ndarray:
    """Blur each image by a Gaussian kernel and round it to 8 bits.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        kernel_px: side of the square kernel, odd.
        sigma_px: of the Gaussian; 0 is OpenCV's choice.
        border: what lies beyond an image, one of OpenCV's types.

    Returns:
        (N, H, W, C) float32 in [-1, 1].

    Raises:
        SettingsError: when the kernel is even or below 1.
    """
    if kernel_px < 1 or kernel_px % 2 == 0:
        raise SettingsError(f"blur kernel: expected an odd number from 1, got {kernel_px}")
    blurred = np.empty_like(images)
    for row, image in enumerate(images):
        smooth = cv2.GaussianBlur(image, (kernel_px, kernel_px), sigma_px, borderType=border)
        blurred[row] = smooth.reshape(image.shape)
    return round_to_bytes(blurred)
