"""Figures of weighted patients, against rows repeated as often as their patient counts."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from validation.patient_figures import Combined, average_images, balance_accuracy, sum_rows

PATIENTS = np.array([4, 2, 4, 9, 2, 9, 9, 4])  # in no order; np.unique gives 2, 4, 9
WEIGHTS = np.array([[1, 1, 1], [2, 0, 3], [0, 1, 1]])
VALUES = np.array([0.2, 0.9, np.nan, 0.4, 0.1, 0.7, 0.3, 1.0])
TRUTH = np.array([1, 0, 1, 0, 1, 1, 0, 0], bool)
FOUND = np.array([1, 1, 0, 0, 1, 1, 0, 1], bool)


def repeat_rows(weights):
    times = dict(zip((2, 4, 9), weights, strict=True))
    return [row for row, patient in enumerate(PATIENTS) for _ in range(times[patient])]


def test_a_mean_is_that_of_the_repeated_rows_without_what_was_not_measured():
    found = average_images(VALUES, PATIENTS).weigh(WEIGHTS)
    expected = [np.nanmean(VALUES[repeat_rows(weights)]) for weights in WEIGHTS]
    assert found == pytest.approx(expected)


def test_draws_are_averaged_each_over_its_own_images():
    other = np.where(np.isnan(VALUES), 0.5, np.nan)
    other[0] = 1.0
    found = average_images(np.column_stack([VALUES, other]), PATIENTS).weigh(WEIGHTS[:1])
    assert found == pytest.approx((np.nanmean(VALUES) + 0.75) / 2)


def test_balanced_accuracy_is_scikit_learns():
    found = balance_accuracy((TRUTH == FOUND).astype(float), TRUTH, PATIENTS).weigh(WEIGHTS)
    expected = [
        balanced_accuracy_score(TRUTH[rows], FOUND[rows]) for rows in map(repeat_rows, WEIGHTS)
    ]
    assert found == pytest.approx(expected)


def test_combined_figures_share_their_weights():
    ratio = Combined((average_images(VALUES, PATIENTS), average_images(TRUTH, PATIENTS)), np.divide)
    expected = [
        np.nanmean(VALUES[rows]) / np.mean(TRUTH[rows]) for rows in map(repeat_rows, WEIGHTS)
    ]
    assert ratio.weigh(WEIGHTS) == pytest.approx(expected)


def test_sums_by_loops():
    parts = np.random.default_rng(0).normal(size=(len(PATIENTS), 2))
    for row, patient in enumerate((2, 4, 9)):
        own = sum(parts[i] for i in range(len(PATIENTS)) if PATIENTS[i] == patient)
        assert sum_rows(parts, PATIENTS)[row] == pytest.approx(own)
