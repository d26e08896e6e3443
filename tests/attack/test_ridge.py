"""Ridge regression by strength, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from replication.attack.ridge import STRENGTHS, RidgePath


def draw_case(rows=60, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(3, 2, (rows, 8))
    return values, values @ rng.normal(size=(8, 3)) + rng.normal(size=(rows, 3)) + 5


@pytest.mark.parametrize("rows", [60, 5])
@pytest.mark.parametrize("strength", STRENGTHS[::3])
def test_predictions_are_those_of_scikit_learn(strength, rows):
    (values, targets), (asked, _) = draw_case(rows), draw_case(20, seed=1)
    path = RidgePath(values, targets)
    square = np.mean((values - values.mean(axis=0)) ** 2)
    theirs = Ridge(alpha=strength * len(values) * square).fit(values, targets)
    found = path.learn(strength)(asked)
    np.testing.assert_allclose(found, theirs.predict(asked), rtol=1e-6)


def test_the_strength_is_the_one_that_is_rated_best():
    (values, targets), (asked, wanted) = draw_case(), draw_case(200, seed=1)
    path = RidgePath(values, targets)

    def rate(found):
        return -float(np.mean((found - wanted) ** 2))

    predict, best = path.choose(asked, rate)
    rates = [rate(path.learn(one)(asked)) for one in STRENGTHS]
    assert best == max(rates) == rate(predict(asked))


@pytest.mark.parametrize("rows", [60, 5])
@pytest.mark.parametrize("count", [2, 200])
def test_what_is_rated_are_the_predictions(rows, count):
    """Few values are asked about, and many, beside three targets."""
    (values, targets), (asked, _) = draw_case(rows), draw_case(count, seed=1)
    path, rated = RidgePath(values, targets), []

    def rate(found):
        rated.append(found)
        return 0.0

    path.choose(asked, rate)
    for strength, found in zip(STRENGTHS, rated, strict=True):
        np.testing.assert_allclose(found, path.learn(strength)(asked), rtol=1e-7)


def test_equal_rows_are_no_fault():
    path = RidgePath(np.ones((5, 4)), np.arange(10.0).reshape(5, 2))
    np.testing.assert_allclose(path.learn(1.0)(np.ones((1, 4))), [[4, 5]])
