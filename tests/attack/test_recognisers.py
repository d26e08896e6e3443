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
    shrink_images,
)
from replication.errors import DataError

NAMES = ("lda_image", "lda_crop", "nearest")
PATIENTS = 12


def rate_named(attackers, name, images, identity):
    return np.mean(attackers[name].predict(images) == identity)


@pytest.fixture(scope="module")
def shown():
    train = plant_eyes(PATIENTS, 6)
    return fit_recognisers(train.images, train.identity)


@pytest.fixture(scope="module")
def hidden():
    train = plant_eyes(PATIENTS, 6)
    return fit_recognisers(draw_noise(train.images, seed=1), train.identity)


@pytest.mark.parametrize("name", NAMES)
def test_patients_who_are_there_are_named(shown, name):
    test = plant_eyes(PATIENTS, 10, seed=1)
    assert rate_named(shown, name, test.images, test.identity) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_patients_in_noise_are_named_by_chance_alone(hidden, name):
    identity = np.repeat(np.arange(PATIENTS), 25)
    images = draw_noise(np.empty((len(identity), 16, 16, 3)), seed=2)
    hits = rate_named(hidden, name, images, identity) * len(identity)
    low, high = binom.ppf([0.001, 0.999], len(identity), 1 / PATIENTS)
    assert low <= hits <= high


def test_a_patient_with_a_single_image_is_learned_without_a_warning():
    train = plant_eyes(5, 4)
    rows = np.flatnonzero((train.identity > 0) | (np.arange(len(train)) == 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attackers = fit_recognisers(train.images[rows], train.identity[rows])
    test = plant_eyes(5, 4, seed=1)
    for name in NAMES:
        assert rate_named(attackers, name, test.images[:4], test.identity[:4]) == 1


@pytest.mark.parametrize(("patients", "each"), [(1, 4), (4, 1)])
def test_too_few_patients_or_images_are_an_error(patients, each):
    train = plant_eyes(patients, each)
    words = f"4 training images of {patients} patients; recognising patients takes two"
    with pytest.raises(DataError, match=words):
        fit_recognisers(train.images, train.identity)


def test_features_by_loops():
    images = draw_noise(np.empty((2, 8, 8, 3)), seed=0)
    for image, flat, small, crop in zip(
        images, flatten_images(images), shrink_images(images), crop_images(images), strict=True
    ):
        gray = [[sum(image[y, x]) / 3 for x in range(8)] for y in range(8)]
        assert flat == pytest.approx([gray[y][x] for y in range(8) for x in range(8)], abs=1e-6)
        means = [
            sum(gray[y + dy][x + dx] for dy in (0, 1) for dx in (0, 1)) / 4
            for y in range(0, 8, 2)
            for x in range(0, 8, 2)
        ]
        assert small == pytest.approx(means, abs=1e-6)
        middle = [gray[y][x] for y in range(2, 6) for x in range(2, 6)]
        assert crop == pytest.approx(middle, abs=1e-6)
