"""Similarity, peak ratio, sharpness, Fréchet distance: definitions slowly, properties, bad input."""

from itertools import product

import cv2
import numpy as np
import pytest
from scipy.linalg import sqrtm
from slow_ssim import slow_similarity

from replication.attack.image_quality import (
    HIGHEST_PEAK_RATIO_DB,
    FrechetRatio,
    RealEyes,
    frechet_distance,
    measure_peak_ratio,
    measure_sharpness,
    measure_similarity,
    sum_features,
)
from replication.attack.patient_privacy import Embeddings
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


PATIENTS, ONES = 6, np.ones((1, 6))
ORIGIN = np.array([0.5, -1, 2, 0])


def draw_features(count=60, *, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 4)) @ rng.normal(size=(4, 4)) + shift
    return features, rng.integers(0, PATIENTS, count)


def summed(features, identity):
    return sum_features(features, identity, identities=PATIENTS, origin=ORIGIN)


def slow_distance(first, second):
    one, other = (np.cov(features.T) for features in (first, second))
    apart = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    return apart + np.trace(one + other - 2 * sqrtm(one @ other).real)


def test_distance_and_ratio_are_their_definition_under_any_weights():
    sets = [draw_features(seed=seed, shift=seed) for seed in range(3)]
    weights = np.random.default_rng(5).integers(0, 4, (8, PATIENTS)).astype(float)
    sums = [summed(*one) for one in sets]
    found = frechet_distance(sums[0].weigh(weights), sums[2].weigh(weights))
    ratios = FrechetRatio((sums[0],), *sums[1:]).weigh(weights)
    for row, drawn in enumerate(weights):  # from any origin
        private, original, training = (np.repeat(f, drawn[i].astype(int), axis=0) for f, i in sets)
        distance = slow_distance(private, training)
        assert found[row] == pytest.approx(distance, rel=1e-6)
        assert ratios[row] == pytest.approx(distance / slow_distance(original, training), rel=1e-6)


def test_identical_sets_of_features_and_too_small_ones():
    same, other = summed(*draw_features()), summed(*draw_features(seed=1))
    assert frechet_distance(same.weigh(ONES), same.weigh(ONES)) == pytest.approx(0, abs=1e-6)
    assert FrechetRatio((same,), same, other).weigh(ONES) == 1
    assert np.isnan(FrechetRatio((same,), same, same).weigh(np.zeros((1, PATIENTS)))).all()
    one = summed(np.ones((1, 4)), np.array([0]))
    assert np.isnan(frechet_distance(one.weigh(ONES), same.weigh(ONES))).all()
    features, identity = draw_features(2)
    two = frechet_distance(summed(features, identity).weigh(ONES), same.weigh(ONES))
    assert two == pytest.approx(slow_distance(features, draw_features()[0]), rel=1e-6)


def test_a_feature_that_never_changes_is_no_harm():
    first, second = (draw_features(seed=seed) for seed in (0, 1))
    for features, _ in (first, second):
        features[:, 2] = 7
    found = frechet_distance(summed(*first).weigh(ONES), summed(*second).weigh(ONES))
    kept = [features[:, [0, 1, 3]] for features, _ in (first, second)]
    assert found == pytest.approx(slow_distance(*kept), rel=1e-6)


def draw_eyes(identity, *, seed) -> tuple[EyeDataset, Embeddings]:
    images = draw_images(len(identity), seed=seed)
    features = draw_features(len(identity), seed=seed, shift=seed)[0]
    ids = np.array([f"{seed}-{row}" for row in range(len(identity))])
    eyes = EyeDataset(images, np.array(identity), np.array(identity) < 2, ids)
    return eyes, Embeddings(*[features] * 4)


def test_the_table_has_the_means_and_the_ratios_to_the_real_eyes_of_the_same_patients():
    tested = np.array([4, 1, 1, 4, 2, 2, 2, 1])
    test, embedded = draw_eyes(tested, seed=1)
    train, train_embedded = draw_eyes(np.arange(24) % PATIENTS, seed=2)
    sets, by_network = [PrivatizedSet("original", 0, test.images, None)], [embedded]
    for draw in range(2):
        blurred = [cv2.GaussianBlur(image, (3, 3), 0) for image in test.images]
        blurred = np.array(blurred, np.float32) * np.float32(1 - 0.2 * draw)
        sets.append(PrivatizedSet("blur-3", draw, blurred, None))
        features = draw_features(len(tested), seed=5 + draw)[0]
        by_network.append(Embeddings(*[features] * 4))
    table, eyes = Table2(tested), RealEyes(test, embedded, train, train_embedded)
    eyes.add_measures(table, sets[:1], by_network[:1])
    eyes.add_measures(table, sets[1:], by_network[1:])
    found = {
        cell: entry.statistic.weigh(np.ones((1, 3))).item() for cell, entry in table.entries.items()
    }
    assert found["original", "sharpness"] == pytest.approx(1)
    assert found["original", "frechet"] == pytest.approx(1)
    assert found["original", "ssim"] == pytest.approx(1)
    drawn = [one.images for one in sets[1:]]
    real = measure_sharpness(test.images).mean()
    sharp = np.mean([measure_sharpness(images) for images in drawn]) / real
    assert found["blur-3", "sharpness"] == pytest.approx(sharp)
    assert sharp < 0.5
    for name, measure in (("ssim", measure_similarity), ("psnr", measure_peak_ratio)):
        by_hand = np.mean([measure(images, test.images) for images in drawn])
        assert found["blur-3", name] == pytest.approx(by_hand)
    known = train_embedded.embedding[np.isin(train.identity, tested)]
    own = [slow_distance(one.embedding, known) for one in by_network]
    assert found["blur-3", "frechet"] == pytest.approx(np.mean(own[1:]) / own[0], rel=1e-6)


@pytest.mark.parametrize(
    ("features", "identity", "message"),
    [
        (np.ones((2, 3)), [0, 1], r"\(N, D\) and \(D,\)"),
        (np.full((2, 4), np.inf), [0, 1], "finite"),
        (np.ones((2, 4)), [0], "classes from 0 to 5"),
        (np.ones((2, 4)), [0, 6], "classes from 0 to 5"),
    ],
)
def test_features_that_do_not_fit_are_an_error(features, identity, message):
    with pytest.raises(DataError, match=message):
        summed(features, np.array(identity))
