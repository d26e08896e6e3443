"""AUC and equal error rate of pairs, against scikit-learn on every single distance."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score, roc_curve

from replication.attack.verification import Area, EqualErrorRate, count_pairs

PATIENTS = 8


def plant(each, *, spread, seed):
    """Embeddings around one place per patient."""
    places = np.random.default_rng(3).normal(size=(PATIENTS, 4))
    identity = np.repeat(np.arange(PATIENTS), each)
    noise = np.random.default_rng(seed).normal(size=(len(identity), 4))
    return places[identity] + spread * noise, identity


def plant_pairs(spread):
    return *plant(9, spread=spread, seed=0), *plant(11, spread=spread, seed=1)


@pytest.fixture(params=[0.1, 1.0, 20.0])
def pairs(request):
    return plant_pairs(request.param)


def compare_all(first, own, second, other):
    """Nearness and truth of every pair."""
    return -cdist(first, second).ravel(), (own[:, None] == other).ravel()


def count(first, own, second, other):
    return count_pairs(first, second, identity=own, original_identity=other)


EVERYONE = np.ones((1, PATIENTS))


def test_the_area_is_that_of_the_single_distances(pairs):
    near, same = compare_all(*pairs)
    assert Area(count(*pairs)).weigh(EVERYONE) == pytest.approx(roc_auc_score(same, near), abs=2e-3)


def test_the_equal_error_rate_is_where_both_errors_meet_on_the_roc_curve(pairs):
    near, same = compare_all(*pairs)
    false, found, _ = roc_curve(same, near, drop_intermediate=False)
    closest = np.argmin(np.abs(1 - found - false))
    by_hand = (1 - found[closest] + false[closest]) / 2
    # One pair of a patient more or less moves the curve by a step.
    step = 1 / same.sum()
    assert EqualErrorRate(count(*pairs)).weigh(EVERYONE) == pytest.approx(by_hand, abs=step + 2e-3)


def test_noise_and_equal_images_are_at_chance_and_planted_patients_are_not():
    near, far = (count(*plant_pairs(spread)) for spread in (0.01, 1e6))
    for statistic in (Area, EqualErrorRate):
        assert statistic(far).weigh(EVERYONE) == pytest.approx(0.5, abs=0.06)
    assert Area(near).weigh(EVERYONE) > 0.99
    assert EqualErrorRate(near).weigh(EVERYONE) < 0.01
    _, own = plant(3, spread=1, seed=0)
    alike = count(np.ones((len(own), 4)), own, np.ones((len(own), 4)), own)
    for statistic in (Area, EqualErrorRate):
        assert statistic(alike).weigh(EVERYONE) == pytest.approx(0.5)


def test_weights_are_patients_counted_again(pairs):
    first, own, second, other = pairs
    weights = np.array([[2, 0, 1, 1, 3, 0, 1, 1]])
    rows = np.repeat(np.arange(len(own)), weights[0][own])
    near, same = compare_all(first[rows], own[rows], second, other)
    found = Area(count(*pairs)).weigh(weights)
    assert found == pytest.approx(roc_auc_score(same, near), abs=2e-3)


def test_counts_hold_every_pair_once_and_add(pairs):
    counted = count(*pairs)
    assert counted.same.sum(axis=1).tolist() == [9 * 11] * PATIENTS
    assert counted.different.sum(axis=1).tolist() == [9 * 11 * (PATIENTS - 1)] * PATIENTS
    twice = counted + counted
    np.testing.assert_array_equal(twice.same, 2 * counted.same)
    np.testing.assert_array_equal(twice.different, 2 * counted.different)
    assert Area(twice).weigh(EVERYONE) == pytest.approx(Area(counted).weigh(EVERYONE))
