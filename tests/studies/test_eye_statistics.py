"""Statistics of eyes, each on images whose right value is known."""

import cv2
import numpy as np
import pytest

from replication.studies.eye_statistics import (
    BANDS,
    KERNELS,
    correlate_bands,
    crop_middle,
    hide_iris,
    measure_kept_gradients,
    measure_rho,
    measure_slope,
    name_by_discriminants,
    share_energy,
    shrink,
)

SIZE = 64


def draw_power_law(slope: float, count: int) -> np.ndarray:
    """Draw noise whose power falls with the frequency to the power of `slope`."""
    rng = np.random.default_rng(0)
    axis = np.fft.fftfreq(4 * SIZE, 1 / SIZE)  # four times as wide: it doesn't come round again
    frequency = np.maximum(np.hypot(axis[None], axis[:, None]), 0.25)
    spectra = np.fft.fft2(rng.standard_normal((count, 4 * SIZE, 4 * SIZE)))
    return np.fft.ifft2(spectra * frequency ** (slope / 2)).real[:, :SIZE, :SIZE]


@pytest.mark.parametrize("slope", [-2.0, -3.0])
def test_the_slope_of_a_power_law_is_its_power(slope: float) -> None:
    assert measure_slope(draw_power_law(slope, 40)) == pytest.approx(slope, abs=0.1)


def test_a_wave_has_its_energy_where_its_frequency_is() -> None:
    across = np.arange(SIZE)
    wave = np.broadcast_to(np.cos(2 * np.pi * 12 * across / SIZE), (1, SIZE, SIZE))
    assert share_energy(wave, 8, 16) > 0.99
    assert share_energy(wave, 16, 33) < 0.01
    both = wave + np.swapaxes(np.cos(2 * np.pi * 20 * across / SIZE) * np.ones_like(wave), 1, 2)
    assert share_energy(both, 8, 16) == pytest.approx(0.5, abs=0.01)


def test_correlation_by_eye_is_the_share_of_the_variance_between_eyes() -> None:
    rng = np.random.default_rng(1)
    eyes = np.repeat(np.arange(30), rng.integers(3, 9, 30))
    lasting, own = (
        rng.standard_normal((30, SIZE, SIZE)),
        rng.standard_normal((len(eyes), SIZE, SIZE)),
    )
    found = correlate_bands(np.sqrt(3) * lasting[eyes] + own, eyes)
    assert len(found) == len(BANDS) - 1
    assert found[2:] == pytest.approx([0.75] * (len(BANDS) - 3), abs=0.025)
    assert correlate_bands(own, eyes) == pytest.approx([0] * len(found), abs=0.1)
    assert correlate_bands(lasting[eyes], eyes) == pytest.approx([1] * len(found))


def test_blur_keeps_of_a_wave_what_its_kernel_lets_through() -> None:
    turn = np.pi * 6 / (SIZE - 1)  # per pixel; goes on in the mirror at both borders
    wave = np.round(127.5 + 100 * np.cos(turn * np.arange(SIZE)))
    images = np.broadcast_to(wave, (1, SIZE, SIZE)).astype(np.uint8)
    for kernel, kept in zip(KERNELS, measure_kept_gradients(images), strict=True):
        weights = cv2.getGaussianKernel(kernel, 0)[:, 0]
        through = (weights * np.cos(turn * (np.arange(kernel) - kernel // 2))).sum()
        assert kept == pytest.approx(through**2, rel=0.02)


def test_a_radius_is_a_share_of_width_and_height() -> None:
    rho = measure_rho(SIZE, (0.25, 0.5))
    assert rho[31, 31] < 0.1
    assert rho[32, 48] == pytest.approx(1, abs=0.04)  # a quarter of the width from the middle
    assert rho[63, 32] == pytest.approx(1, abs=0.04)  # half of the height
    hidden = hide_iris(np.full((1, SIZE, SIZE), 9, np.uint8), (0.25, 0.5))
    assert (hidden[0] == np.where(rho <= 1, 0, 9)).all()


def test_the_middle_and_the_half_of_an_image() -> None:
    image = np.arange(16.0).reshape(1, 4, 4)
    assert crop_middle(image).tolist() == [[[5, 6], [9, 10]]]
    assert shrink(image).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]


def test_discriminants_name_who_is_recognisable_and_nobody_else() -> None:
    rng = np.random.default_rng(2)
    patient = np.repeat(np.arange(20), 10)
    faces, noise = rng.normal(0, 30, (20, 16, 16)), rng.normal(0, 10, (200, 16, 16))
    assert name_by_discriminants(faces[patient] + noise, patient) == 1
    assert name_by_discriminants(noise, patient) < 0.2
