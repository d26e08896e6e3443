"""Bands of a new training: they hold a sound one, and not one that is far off."""

import numpy as np
import pytest
from wrong_replications import SEEDS, read_trainings

from replication.results.study import read_study
from validation.blessing.bands import Verdict, judge
from validation.blessing.seed_bands import derive_seed_bands, find_confidence
from validation.paper.numbers import read_paper_percent
from validation.statistics.trainings import find_quantile, simulate_trainings

CELL = ("blur-9", "identity_accuracy")


def derive(values, test_images=400):
    [band] = derive_seed_bands([{CELL: value} for value in values], test_images=test_images)
    return band


def test_of_one_number_it_is_the_prediction_interval_of_a_textbook():
    values = np.array([0.50, 0.55, 0.45, 0.52, 0.48])
    band = derive(values)
    logits = np.log((values * 400 + 0.5) / ((1 - values) * 400 + 0.5))
    half = 2.776 * logits.std(ddof=1) * (1 + 1 / 5) ** 0.5
    assert band.low == pytest.approx(1 / (1 + np.exp(half)), abs=0.005)
    assert band.high == pytest.approx(1 - band.low, abs=1e-6)
    assert band.paper == pytest.approx(0.5, abs=1e-3)
    assert band.reason == "5 trainings, 4.0 degrees of freedom"


def test_more_trainings_make_a_narrower_band():
    few, many = derive([0.45, 0.55]), derive([0.45, 0.55] * 10)
    assert few.low < many.low < many.high < few.high


def test_no_band_is_narrower_than_one_image():
    band = derive([1.0, 1.0, 1.0], test_images=100)
    assert (band.low, band.high) == (pytest.approx(0.99), 1.0)
    assert derive([0.0, 0.0, 0.0], test_images=100).high == pytest.approx(0.01)


@pytest.mark.parametrize(("tables", "images"), [([{CELL: 0.5}], 10), ([{CELL: 0.5}] * 2, 0)])
def test_what_makes_no_band_is_refused(tables, images):
    with pytest.raises(ValueError, match="expected at least"):
        derive_seed_bands(tables, test_images=images)


def test_a_sound_training_has_all_numbers_inside_in_95_of_100_cases():
    trainings = read_trainings()
    confidence = find_confidence(trainings)
    study = simulate_trainings(trainings, others=1, rng=np.random.default_rng(7), simulations=4000)
    scale = study.stds * (1 + 1 / trainings.runs) ** 0.5
    half = find_quantile(confidence, trainings.freedom) * scale
    inside = (np.abs(study.others[:, 0] - study.means) <= half).all(axis=1)
    assert 0.94 <= inside.mean() <= 0.96


def test_the_committed_trainings_are_inside_and_a_network_that_knows_nothing_is_not():
    _, tables = read_study(SEEDS)
    bands = derive_seed_bands(tables, test_images=359)
    assert {(band.method, band.metric) for band in bands} == read_paper_percent().keys()
    for table in tables:
        assert all(judge(table[band.method, band.metric], band) is Verdict.INSIDE for band in bands)
    own = {(band.method, band.metric): band for band in bands}
    guess = {"identity_accuracy": 1 / 115, "replacement_accuracy": 1 / 115, "glaucoma_f1": 0.0}
    assert judge(guess["identity_accuracy"], own["blur-3", "identity_accuracy"]) is Verdict.OUTSIDE
    refused = [
        cell
        for cell in own
        if cell[1] in guess and judge(guess[cell[1]], own[cell]) is Verdict.OUTSIDE
    ]
    assert len(refused) > 20
