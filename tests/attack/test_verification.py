"""AUC, equal error rate and TAR of pairs, against scikit-learn on every single distance."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score, roc_curve

from replication.attack.verification import (
    FALSE_ACCEPTANCES,
    Area,
    EqualErrorRate,
    TrueAcceptance,
    count_scores,
)

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
    return count_scores(-cdist(first, second), identity=own, original_identity=other)


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
    assert TrueAcceptance(near).weigh(EVERYONE) > 0.99
    assert TrueAcceptance(far).weigh(EVERYONE) < 0.02
    _, own = plant(3, spread=1, seed=0)
    alike = count(np.ones((len(own), 4)), own, np.ones((len(own), 4)), own)
    for statistic in (Area, EqualErrorRate):
        assert statistic(alike).weigh(EVERYONE) == pytest.approx(0.5)
    assert TrueAcceptance(alike).weigh(EVERYONE) == pytest.approx(FALSE_ACCEPTANCES)


def test_the_true_acceptance_rate_is_that_of_the_single_distances(pairs):
    near, same = compare_all(*pairs)
    limit = np.quantile(near[~same], 1 - FALSE_ACCEPTANCES)
    found = TrueAcceptance(count(*pairs)).weigh(EVERYONE)
    assert found == pytest.approx((near[same] > limit).mean(), abs=0.01)


def test_the_true_acceptance_rate_is_exact_to_a_tenth_of_the_false_ones_it_allows():
    """Bins of equal rank among all pairs couldn't: 0.1% of the others would be one bin."""
    rng = np.random.default_rng(0)
    own, other = np.arange(200), np.repeat(np.arange(200), 5)
    same = own[:, None] == other
    scores = np.where(same, 2, 0) + rng.normal(size=same.shape)
    pairs = count_scores(scores, identity=own, original_identity=other)
    low, high = (
        (scores[same] > np.quantile(scores[~same], 1 - factor * FALSE_ACCEPTANCES)).mean()
        for factor in (0.9, 1.1)
    )
    assert low <= TrueAcceptance(pairs).weigh(np.ones((1, 200))).item() <= high


def slow_area(first, own, second, other, weights):
    """Pairs of i and j counted w_i + w_j - 1 times, those of one patient w_i."""
    near, same = compare_all(first, own, second, other)
    counted = np.where(
        own[:, None] == other, weights[own][:, None], weights[own][:, None] + weights[other] - 1
    )
    return roc_auc_score(same, near, sample_weight=counted.ravel())


def test_weights_move_both_images_of_a_pair(pairs):
    weights = np.array([1.5, 0.5, 1, 1, 2, 0.5, 1, 0.5])
    found = Area(count(*pairs)).weigh(weights[None])
    assert found == pytest.approx(slow_area(*pairs, weights), abs=2e-3)


def test_without_one_patient_it_is_the_area_of_the_others(pairs):
    first, own, second, other = pairs
    weights = 1.0 - (np.arange(PATIENTS) == 3)
    near, same = compare_all(first[own != 3], own[own != 3], second[other != 3], other[other != 3])
    found = Area(count(*pairs)).weigh(weights[None])
    assert found == pytest.approx(roc_auc_score(same, near), abs=2e-3)


def test_originals_of_patients_without_a_weight_count_once():
    first, own, second, other = plant_pairs(1.0)
    tested = own < 5
    pairs = count(first[tested], own[tested], second, other)
    weights = np.array([[2.0, 1, 1, 1, 1]])
    near, same = compare_all(first[tested], own[tested], second, other)
    by_original = np.concatenate([weights[0], np.ones(3)])[other]
    counted = np.where(
        own[tested][:, None] == other,
        weights[0][own[tested]][:, None],
        weights[0][own[tested]][:, None] + by_original - 1,
    )
    expected = roc_auc_score(same, near, sample_weight=counted.ravel())
    assert Area(pairs).weigh(weights) == pytest.approx(expected, abs=2e-3)


def test_counts_hold_every_pair_at_each_of_its_patients_and_add(pairs):
    counted = count(*pairs)
    assert counted.same.sum(axis=1).tolist() == [9 * 11] * PATIENTS
    assert counted.different.sum(axis=1).tolist() == [2 * 9 * 11 * (PATIENTS - 1)] * PATIENTS
    assert counted.count_different() == 9 * 11 * PATIENTS * (PATIENTS - 1)
    twice = counted + counted
    np.testing.assert_array_equal(twice.same, 2 * counted.same)
    np.testing.assert_array_equal(twice.different, 2 * counted.different)
    assert Area(twice).weigh(EVERYONE) == pytest.approx(Area(counted).weigh(EVERYONE))
