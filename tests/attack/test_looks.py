"""Similarity, peak ratio and sharpness: definitions slowly, properties, bad input."""

import numpy as np
import pytest

from replication.attack.looks import (
    HIGHEST_PEAK_RATIO_DB,
    measure_peak_ratio,
    measure_sharpness,
    measure_similarity,
)
from replication.errors import DataError


def draw_images(count=3, side=12, *, seed=0, channels=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.8, 0.8, (count, side, side, channels)).astype(np.float32)


def slow_similarity(first, second):
    """Wang et al., windows of 7 x 7, constants (0.01 L)^2 and (0.03 L)^2 with L = 2."""
    values = []
    for row in range(len(first) - 6):
        for column in range(len(first) - 6):
            x, y = (m[row : row + 7, column : column + 7].ravel() for m in (first, second))
            (var_x, both), (_, var_y) = np.cov(x, y)
            means = (2 * x.mean() * y.mean() + 4e-4) / (x.mean() ** 2 + y.mean() ** 2 + 4e-4)
            values.append(means * (2 * both + 3.6e-3) / (var_x + var_y + 3.6e-3))
    return np.mean(values)


def slow_sharpness(grey):
    inner = range(1, len(grey) - 1)
    return np.mean(
        [
            ((grey[r, c + 1] - grey[r, c - 1]) ** 2 + (grey[r + 1, c] - grey[r - 1, c]) ** 2) / 4
            for r in inner
            for c in inner
        ]
    )


def test_measures_are_their_definitions():
    first, second = draw_images(), draw_images(seed=1)
    grey = [images.astype(np.float64).mean(axis=-1) for images in (first, second)]
    pairs = list(zip(*grey, strict=True))
    similar = [slow_similarity(*pair) for pair in pairs]
    peak = [10 * np.log10(4 / np.mean((a - b) ** 2)) for a, b in pairs]
    np.testing.assert_allclose(measure_similarity(first, second), similar, rtol=1e-4)
    np.testing.assert_allclose(measure_peak_ratio(first, second), peak, rtol=1e-5)
    sharp = [slow_sharpness(a) for a in grey[0]]
    np.testing.assert_allclose(measure_sharpness(first), sharp, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
def test_identical_images(count):
    images = draw_images(count)
    assert measure_similarity(images, images) == pytest.approx(1)
    assert (measure_peak_ratio(images, images) == HIGHEST_PEAK_RATIO_DB).all()


def test_the_highest_peak_ratio_is_that_of_rounding():
    rng = np.random.default_rng(0)
    error = rng.uniform(-0.5, 0.5, 100_000)  # grey levels of 255
    assert 20 * np.log10(255 / error.std()) == pytest.approx(HIGHEST_PEAK_RATIO_DB, abs=0.05)


def test_flat_images_are_similar_and_have_no_sharpness():
    flat = np.full((2, 9, 9, 1), 0.5, dtype=np.float32)
    assert measure_similarity(flat, flat) == pytest.approx(1)
    assert measure_sharpness(flat).tolist() == [0, 0]


def test_sharpness_knows_slopes_and_no_checkerboard():
    slope = np.broadcast_to(np.linspace(-0.8, 0.8, 9)[:, None], (9, 9))[None, ..., None]
    slope = slope.astype(np.float32)
    board = 0.1 * (-1.0) ** np.add.outer(np.arange(9), np.arange(9))[..., None]
    assert measure_sharpness(slope) == pytest.approx(0.2**2, rel=1e-5)
    assert measure_sharpness((slope + board).astype(np.float32)) == pytest.approx(0.04, rel=1e-5)


def test_order_changes_nothing():
    first, second, rows = draw_images(5), draw_images(5, seed=1), np.array([3, 1, 4, 0, 2])
    for measure in (measure_similarity, measure_peak_ratio):
        np.testing.assert_array_equal(
            measure(first[rows], second[rows]), measure(first, second)[rows]
        )


@pytest.mark.parametrize("measure", [measure_similarity, measure_peak_ratio])
def test_what_does_not_fit_is_an_error(measure):
    with pytest.raises(DataError, match="can't be compared"):
        measure(draw_images(2), draw_images(3))
    with pytest.raises(DataError, match="expected values"):
        measure(draw_images(2), draw_images(2) * 2)


def test_too_small_images_are_an_error():
    with pytest.raises(DataError, match="needs 7 px"):
        measure_similarity(draw_images(side=6), draw_images(side=6))
    with pytest.raises(DataError, match="needs 3 px"):
        measure_sharpness(draw_images(side=2))
