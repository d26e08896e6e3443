"""Means with intervals over patients: against scipy's bootstrap, the exact sign test, coverage."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from validation.statistics.intervals import proportion_interval
from validation.statistics.patient_means import estimate_mean, estimate_rate


def estimate(values, patients, *, of=estimate_mean, **options):
    return of(np.asarray(values, float), patients, rng=np.random.default_rng(0), **options)


def test_agrees_with_scipys_bootstrap_where_patients_have_one_image():
    values = np.random.default_rng(1).gamma(2.0, size=150)
    found = estimate(values, np.arange(150))
    theirs = bootstrap(
        (values,), np.mean, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert found.mean == values.mean()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_a_replicate_is_the_mean_of_the_images_of_the_patients_drawn():
    rng = np.random.default_rng(2)
    patients = rng.integers(0, 40, 200)
    values = rng.normal(size=200)
    drawn = np.random.default_rng(0).multinomial(40, np.full(40, 1 / 40), size=50)
    slow = [
        np.concatenate([np.tile(values[patients == p], n) for p, n in enumerate(times)]).mean()
        for times in drawn
    ]
    found = estimate(values, patients, replicates=50)
    low, high = np.quantile(slow, [0.025, 0.975])
    assert found.low <= low + 1e-12 and found.high >= high - 1e-12
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.15)


def test_patients_are_drawn_and_not_images():
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(60), 10)
    alike = np.repeat(rng.normal(size=60), 10)
    apart = rng.permutation(alike)
    width = {
        name: (found := estimate(values, patients)).high - found.low
        for name, values in (("alike", alike), ("apart", apart))
    }
    assert width["alike"] > 2 * width["apart"]


@pytest.mark.parametrize(("differing", "believed"), [(5, False), (6, True)])
def test_few_patients_are_believed_as_the_exact_sign_test_does(differing, believed):
    values = np.zeros(115)
    values[:differing] = 1
    assert (estimate(values, np.arange(115)).low > 0) == believed
    assert (estimate(-values, np.arange(115)).high < 0) == believed


def test_images_without_a_value_are_left_out():
    rng = np.random.default_rng(4)
    values, patients = rng.normal(size=90), np.arange(90) // 3
    with_gaps = np.concatenate([values, np.full(30, np.nan)])
    found = estimate(with_gaps, np.concatenate([patients, np.arange(30) + 20]))
    assert found == estimate(values, patients)
    assert (found.images, found.patients) == (90, 30)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_too_few_patients_have_no_interval(count):
    found = estimate(np.ones(count), np.arange(count))
    assert np.isnan([found.low, found.high]).all()
    assert found.mean == 1 if count else np.isnan(found.mean)


@pytest.mark.parametrize("hits", [0, 1])
def test_a_share_without_a_hit_or_a_miss_still_has_an_interval(hits):
    found = estimate(np.full(80, hits), np.arange(80), of=estimate_rate)
    assert (found.low, found.high) == proportion_interval(80 * hits, 80, confidence=0.95)


def test_intervals_of_nothing_rarely_exclude_it():
    rng = np.random.default_rng(6)
    patients = np.repeat(np.arange(50), 4)
    missed = 0
    for _ in range(200):
        values = np.repeat(rng.normal(size=50), 4) + rng.normal(size=200)
        found = estimate_mean(values, patients, rng=rng, replicates=300)
        missed += not found.low <= 0 <= found.high
    assert 1 <= missed <= 24
