"""The Fréchet distance from sums: SciPy's matrix root as the definition, properties, bad input."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from replication.attack.frechet import frechet_distance, frechet_ratio, sum_features
from replication.errors import DataError

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


def repeat(features, identity, weights):
    return np.repeat(features, weights[identity].astype(int), axis=0)


def test_distance_and_ratio_are_their_definition_under_any_weights():
    sets = [draw_features(seed=seed, shift=seed) for seed in range(3)]
    weights = np.random.default_rng(5).integers(0, 4, (8, PATIENTS)).astype(float)
    sums = [summed(*one) for one in sets]
    found = frechet_distance(sums[0].weigh(weights), sums[2].weigh(weights))
    ratios = frechet_ratio(*sums, weights)
    for row, drawn in enumerate(weights):
        private, original, training = (repeat(*one, drawn) for one in sets)
        distance = slow_distance(private, training)
        assert found[row] == pytest.approx(distance, rel=1e-6)
        assert ratios[row] == pytest.approx(distance / slow_distance(original, training), rel=1e-6)


def test_identical_sets():
    same, other = summed(*draw_features()), summed(*draw_features(seed=1))
    assert frechet_distance(same.weigh(ONES), same.weigh(ONES)) == pytest.approx(0, abs=1e-6)
    assert frechet_ratio(same, same, other, ONES) == 1
    assert np.isnan(frechet_ratio(same, same, same, np.zeros((1, PATIENTS)))).all()


def test_order_and_origin_change_nothing():
    (features, identity), second = draw_features(), summed(*draw_features(seed=1))
    rows = np.random.default_rng(2).permutation(len(identity))
    first, moved = summed(features, identity), summed(features[rows], identity[rows])
    distance = frechet_distance(first.weigh(ONES), second.weigh(ONES))
    assert frechet_distance(moved.weigh(ONES), second.weigh(ONES)) == pytest.approx(distance)
    zero = [
        sum_features(*draw_features(seed=seed), identities=PATIENTS, origin=np.zeros(4)).weigh(ONES)
        for seed in (0, 1)
    ]
    assert frechet_distance(*zero) == pytest.approx(distance)


def test_a_feature_that_never_changes_is_no_harm():
    first, second = (draw_features(seed=seed) for seed in (0, 1))
    for features, _ in (first, second):
        features[:, 2] = 7
    found = frechet_distance(summed(*first).weigh(ONES), summed(*second).weigh(ONES))
    kept = [features[:, [0, 1, 3]] for features, _ in (first, second)]
    assert found == pytest.approx(slow_distance(*kept), rel=1e-6)


def test_one_image_has_no_distance():
    many = summed(*draw_features()).weigh(ONES)
    one = summed(np.ones((1, 4)), np.array([0])).weigh(ONES)
    assert np.isnan(frechet_distance(one, many)).all()


@pytest.mark.parametrize(
    ("features", "identity", "message"),
    [
        (np.ones((2, 3)), [0, 1], r"\(N, D\) and \(D,\)"),
        (np.full((2, 4), np.inf), [0, 1], "finite"),
        (np.ones((2, 4)), [0], "classes from 0 to 5"),
        (np.ones((2, 4)), [0, 6], "classes from 0 to 5"),
    ],
)
def test_what_does_not_fit_is_an_error(features, identity, message):
    with pytest.raises(DataError, match=message):
        summed(features, np.array(identity))
