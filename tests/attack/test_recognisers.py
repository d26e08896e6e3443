"""Attackers find who is there and nobody where nobody is."""

import warnings

import numpy as np
import pytest
from fake_eyes import draw_noise, plant_eyes
from scipy.stats import binom

from replication.attack.recognisers import (
    crop_images,
    fit_recognisers,
    flatten_images,
    take_lowest_bits,
)
from replication.attack.releases import Releases
from replication.errors import DataError
from replication.records import to_bytes, to_unit_range

NAMES = ("lda_image", "lda_crop", "nearest", "lowest_bit")
OF_PIXELS = NAMES[:3]
PATIENTS = 12


def release(images, identity):
    """One release of each image."""
    rows = np.arange(len(images))
    return Releases(to_bytes(images), np.asarray(identity), rows, np.zeros_like(rows))


def learn(images, identity, patients=PATIENTS):
    return fit_recognisers(release(images, identity), patients)


def rate_named(recognisers, name, images, identity):
    one, asked = recognisers[name], release(images, identity)
    return np.mean((one.score(asked) + one.log_priors).argmax(axis=1) == identity)


def test_patients_who_are_there_are_named():
    train, test = plant_eyes(PATIENTS, 6), plant_eyes(PATIENTS, 10, seed=1)
    recognisers = learn(train.images, train.identity)
    assert tuple(recognisers) == NAMES
    for name in OF_PIXELS:
        assert rate_named(recognisers, name, test.images, test.identity) > 0.9, name


def test_patients_in_noise_are_named_by_chance_alone():
    train = plant_eyes(PATIENTS, 6)
    recognisers = learn(draw_noise(train.images, seed=1), train.identity)
    identity = np.repeat(np.arange(PATIENTS), 25)
    images = draw_noise(np.empty((len(identity), 16, 16, 3)), seed=2)
    low, high = binom.ppf([0.001, 0.999], len(identity), 1 / PATIENTS)
    for name in NAMES:
        hits = rate_named(recognisers, name, images, identity) * len(identity)
        assert low <= hits <= high, name


def test_a_patient_with_a_single_image_is_learned_without_a_warning():
    train = plant_eyes(5, 4)
    rows = np.flatnonzero((train.identity > 0) | (np.arange(len(train)) == 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attackers = learn(train.images[rows], train.identity[rows])
    test = plant_eyes(5, 4, seed=1)
    for name in OF_PIXELS:
        assert rate_named(attackers, name, test.images[:4], test.identity[:4]) == 1


@pytest.mark.parametrize(("patients", "each"), [(1, 4), (4, 1)])
def test_too_few_patients_or_images_are_an_error(patients, each):
    train = plant_eyes(patients, each)
    words = f"4 training images of {patients} patients; recognising patients takes two"
    with pytest.raises(DataError, match=words):
        learn(train.images, train.identity)


def test_patients_who_were_not_learned_are_never_named():
    train = plant_eyes(PATIENTS, 6)
    rows = train.identity > 3
    recognisers = learn(train.images[rows], train.identity[rows])
    for one in recognisers.values():
        scores = one.score(release(train.images, train.identity))
        assert scores.shape == (len(train), PATIENTS)
        assert np.isneginf(scores[:, :4]).all() and np.isfinite(scores[:, 4:]).all()


def test_large_images_are_averaged_down():
    train, test = (plant_eyes(PATIENTS, 6, size_px=128, seed=seed) for seed in (0, 1))
    assert flatten_images(release(train.images, train.identity)).shape == (72, 64 * 64)
    recognisers = learn(train.images, train.identity)
    for name in OF_PIXELS:
        assert rate_named(recognisers, name, test.images, test.identity) > 0.9, name


def test_features_by_loops():
    levels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    images = to_unit_range(levels)
    asked = release(images, [0, 1])
    flat, small, crop = flatten_images(asked), asked.shrunk, crop_images(asked)
    bits = take_lowest_bits(asked, np.arange(8 * 8 * 3)).reshape(levels.shape)
    assert all(bits[place] == levels[place] % 2 for place in np.ndindex(levels.shape))
    for row, image in enumerate(images):
        gray = {(y, x): sum(image[y, x]) / 3 for y, x in np.ndindex(8, 8)}
        assert flat[row] == pytest.approx(list(gray.values()), abs=1e-6)
        means = [
            sum(gray[2 * y + dy, 2 * x + dx] for dy, dx in np.ndindex(2, 2)) / 4
            for y, x in np.ndindex(4, 4)
        ]
        assert small[row] == pytest.approx(means, abs=1e-6)
        middle = [gray[y + 2, x + 2] for y, x in np.ndindex(4, 4)]
        assert crop[row] == pytest.approx(middle, abs=1e-6)
