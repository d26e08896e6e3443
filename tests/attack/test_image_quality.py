"""Similarity, peak ratio, sharpness: definitions written out slowly, properties, bad input."""

from itertools import product

import cv2
import numpy as np
import pytest
from slow_ssim import slow_similarity

from replication.attack.image_quality import (
    HIGHEST_PEAK_RATIO_DB,
    ImageQuality,
    measure_peak_ratio,
    measure_sharpness,
    measure_similarity,
)
from replication.attack.realism import RealFeatures
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.records import EyeDataset, PrivatizedSet


def draw_images(count=3, side=12, *, seed=0, channels=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.8, 0.8, (count, side, side, channels)).astype(np.float32)


def slow_sharpness(gray):
    squares = [
        ((gray[r, c + 1] - gray[r, c - 1]) ** 2 + (gray[r + 1, c] - gray[r - 1, c]) ** 2) / 4
        for r, c in product(range(1, len(gray) - 1), repeat=2)
    ]
    return np.mean(squares)


def test_measures_are_their_definitions():
    first, second = draw_images(), draw_images(seed=1)
    gray = [images.astype(np.float64).mean(axis=-1) for images in (first, second)]
    pairs = list(zip(*gray, strict=True))
    similar = [slow_similarity(*pair, data_range=2) for pair in pairs]
    peak = [10 * np.log10(4 / np.mean((a - b) ** 2)) for a, b in pairs]
    np.testing.assert_allclose(measure_similarity(first, second), similar, rtol=1e-4)
    np.testing.assert_allclose(measure_peak_ratio(first, second), peak, rtol=1e-5)
    sharp = [slow_sharpness(a) for a in gray[0]]
    np.testing.assert_allclose(measure_sharpness(first), sharp, rtol=1e-5)


def test_identical_images_have_the_peak_ratio_of_rounding():
    for images in (draw_images(1), draw_images(3)):
        assert measure_similarity(images, images) == pytest.approx(1)
        assert (measure_peak_ratio(images, images) == HIGHEST_PEAK_RATIO_DB).all()
    rng = np.random.default_rng(0)
    error = rng.uniform(-0.5, 0.5, 100_000)  # gray levels of 255
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


def draw_eyes(identity, *, seed) -> EyeDataset:
    ids = np.array([f"{seed}-{row}" for row in range(len(identity))])
    images = draw_images(len(identity), seed=seed)
    return EyeDataset(images, np.array(identity), np.array(identity) < 2, ids)


def test_the_table_has_the_means_and_the_ratios_to_real_eyes():
    tested = np.array([4, 1, 1, 4, 2, 2, 2, 1])
    test, train = draw_eyes(tested, seed=1), draw_eyes(np.arange(24) % 6, seed=2)
    sets = [PrivatizedSet("original", 0, test.images, None)]
    for draw in range(2):
        blurred = [cv2.GaussianBlur(image, (3, 3), 0) for image in test.images]
        blurred = np.array(blurred, np.float32) * np.float32(1 - 0.2 * draw)
        sets.append(PrivatizedSet("blur-3", draw, blurred, None))
    table, eyes = Table2(tested), ImageQuality(test, train)
    eyes.add_measures(table, sets[:1])
    eyes.add_measures(table, sets[1:])
    ones = np.ones((1, 3))
    found = {cell: entry.statistic.weigh(ones).item() for cell, entry in table.entries.items()}
    assert found["original", "sharpness"] == pytest.approx(1)
    assert found["original", "ssim"] == pytest.approx(1)
    drawn = [one.images for one in sets[1:]]
    real = measure_sharpness(test.images).mean()
    sharp = np.mean([measure_sharpness(images) for images in drawn]) / real
    assert found["blur-3", "sharpness"] == pytest.approx(sharp)
    assert sharp < 0.5
    for name, measure in (("ssim", measure_similarity), ("psnr", measure_peak_ratio)):
        by_hand = np.mean([measure(images, test.images) for images in drawn])
        assert found["blur-3", name] == pytest.approx(by_hand)
    distance = RealFeatures(train.images, train.identity, tested).compare(drawn)
    assert found.get(("blur-3", "kid"), np.nan) == pytest.approx(
        distance.weigh(ones).item(), nan_ok=True
    )
