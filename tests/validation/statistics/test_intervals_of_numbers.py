"""Intervals of the table's own numbers."""

import numpy as np
import pytest
from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions

from validation.statistics.intervals import f1_interval, proportion_interval
from validation.statistics.patient_sums import sum_by_patient
from validation.statistics.resampling import find_intervals

METHODS = ("original", "k-same-3", "pprl-vgan-different-pathology")


@pytest.fixture(scope="module")
def predictions():
    return plant_predictions({method: EVERY_CLAIM_HOLDS[method] for method in METHODS}, draws=2)


def test_every_measured_number_lies_in_its_interval(predictions):
    found = find_intervals(predictions)
    ratios = sum_by_patient(predictions)
    assert found.keys() == ratios.keys()
    for cell, (low, high) in found.items():
        number = ratios[cell].weigh(np.ones((1, 120))).item()
        assert 0 <= low <= number <= high <= 1


def test_a_number_without_a_hit_is_as_unsure_as_its_images_are_few(predictions):
    low, high = find_intervals(predictions)["pprl-vgan-different-pathology", "identity_accuracy"]
    assert (low, high) == proportion_interval(0, 600, confidence=0.95)


def test_f1_is_a_ratio_and_contains_its_exact_interval(predictions):
    own = predictions[(predictions["method"] == "original") & (predictions["draw"] == 0)]
    found = own["glaucoma_probability"] > 0.5
    hits, errors = (found & own["glaucoma"]).sum(), (found != own["glaucoma"]).sum()
    low, high = find_intervals(own)["original", "glaucoma_f1"]
    exact = f1_interval(hits, errors, confidence=0.95)
    assert low <= exact[0] and exact[1] <= high
    assert high - low < 2 * (exact[1] - exact[0])


def test_the_same_seed_gives_the_same_ends(predictions):
    assert find_intervals(predictions) == find_intervals(predictions)
