"""Statistics of weighted patients, against rows repeated as often as their patient counts."""

import numpy as np
import pytest
from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions
from sklearn.metrics import balanced_accuracy_score

from validation.statistics.patient_sums import (
    Combined,
    average_images,
    balance_accuracy,
    check_predictions,
    sum_by_patient,
    sum_rows,
)


@pytest.fixture
def predictions():
    methods = ("original", "k-same-3", "pprl-vgan-random")
    return plant_predictions({m: EVERY_CLAIM_HOLDS[m] for m in methods}, draws=2)


def test_all_patients_together_give_the_planted_numbers(predictions):
    ratios = sum_by_patient(predictions)
    everyone = np.ones((1, 120))
    planted = {("original", "identity"): 0.9, ("k-same-3", "identity"): 0.2}
    for (method, name), rate in (planted | {("k-same-3", "replacement"): 0.4}).items():
        found = ratios[method, f"{name}_accuracy"].weigh(everyone).item()
        assert found == pytest.approx(rate)
    assert ("original", "replacement_accuracy") not in ratios


def test_a_mean_over_draws_is_not_a_pool_of_them(predictions):
    # F1 of 200 images with glaucoma: all found in one draw, none in the other
    drawn = predictions[predictions["method"] == "original"].copy()
    drawn["glaucoma_probability"] = np.where(drawn["glaucoma"] & (drawn["draw"] == 0), 0.9, 0.1)
    ratio = sum_by_patient(drawn)["original", "glaucoma_f1"]
    assert ratio.weigh(np.ones((1, 120))).item() == (1 + 0) / 2  # the pool has 2/3


def test_one_half_is_not_positive(predictions):
    drawn = predictions.assign(glaucoma_probability=0.5)
    ratio = sum_by_patient(drawn)["original", "glaucoma_accuracy"]
    assert ratio.weigh(np.ones((1, 120))).item() == pytest.approx(80 / 120)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.drop(columns="identity"), "no column identity"),
        (lambda rows: rows.iloc[:0], "no rows"),
        (lambda rows: rows.iloc[1:], "original, draw 0: expected each of 600 images once, got 599"),
        (lambda rows: rows.iloc[[1, *range(1, len(rows))]], "got 600 rows of 599 images"),
        (lambda rows: set_first(rows, "glaucoma_probability", np.nan), "empty values in glaucoma_"),
        (lambda rows: set_first(rows, "identity", 7), "predictions: 1 images have two identities"),
        (lambda rows: set_first(rows, "replacement_shown", True), r"some images of \['original'\]"),
    ],
)
def test_what_cannot_be_judged_is_refused(predictions, spoil, message):
    check_predictions(predictions)
    with pytest.raises(ValueError, match=message):
        sum_by_patient(spoil(predictions))


def set_first(rows, column, value):
    spoilt = rows.copy()
    spoilt.loc[0, column] = value
    return spoilt


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


def test_combined_statistics_share_their_weights():
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
