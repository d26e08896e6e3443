"""The bootstrap over patients against loops, scipy's bootstrap and the exact tests."""

import numpy as np
import pandas as pd
import pytest
from planted_predictions import EVERY_CLAIM_HOLDS, Rates, plant_predictions
from scipy.stats import bootstrap

from validation.statistics.intervals import f1_interval, proportion_interval
from validation.statistics.patient_sums import sum_by_patient
from validation.statistics.resampling import (
    estimate_mean,
    estimate_rate,
    find_intervals,
    margin_interval,
    resample_patients,
)

FIRST, SECOND = ("first", "identity_accuracy"), ("second", "identity_accuracy")
METHODS = ("original", "k-same-3", "pprl-vgan-random", "pprl-vgan-different-pathology")


def difference(first, second):
    return first - second


def resample(predictions, seed=0, **options):
    return resample_patients(predictions, rng=np.random.default_rng(seed), **options)


def make_rows(method, identity, hit):
    """One draw in which the evaluator names the patient where `hit` says so."""
    return pd.DataFrame(
        {
            "method": method,
            "draw": 0,
            "image_id": np.arange(len(identity)),
            "identity": identity,
            "glaucoma": np.asarray(identity) % 2 == 0,
            "predicted_identity": np.where(hit, identity, -1),
            "replacement_shown": None,
            "glaucoma_probability": 0.9,
        }
    )


def compare(identity, first, second):
    rows = [make_rows("first", identity, first), make_rows("second", identity, second)]
    return resample(pd.concat(rows, ignore_index=True))


def subtract(identity, first, second, *, confidence=0.95):
    """Return the interval of the difference of two accuracies."""
    resamples = compare(identity, first, second)
    return margin_interval(difference, (FIRST, SECOND), resamples, confidence=confidence)


def width(interval):
    return interval[1] - interval[0]


def test_a_replicate_is_the_table_of_the_patients_drawn():
    predictions = plant_predictions({m: EVERY_CLAIM_HOLDS[m] for m in METHODS}, draws=3)
    found = resample(predictions, seed=7, replicates=4).replicates
    drawn = np.random.default_rng(7).multinomial(120, np.full(120, 1 / 120), size=4)
    for replicate, times in enumerate(drawn):
        for method in METHODS:
            expected = slow_numbers(predictions[predictions["method"] == method], times)
            for metric, value in expected.items():
                assert found[method, metric][replicate] == pytest.approx(value, abs=1e-12)
    assert len(found) == 3 + 4 + 4 + 4


def slow_numbers(rows, times):
    """Copy each image as often as its patient was drawn, then count."""
    by_draw = []
    for _, draw in rows.groupby("draw"):
        copies = [row for row in draw.itertuples() for _ in range(times[row.identity])]
        found = [row.glaucoma_probability > 0.5 for row in copies]
        hits = sum(row.glaucoma and f for row, f in zip(copies, found, strict=True))
        errors = sum(row.glaucoma != f for row, f in zip(copies, found, strict=True))
        numbers = {
            "identity_accuracy": np.mean([r.identity == r.predicted_identity for r in copies]),
            "glaucoma_accuracy": 1 - errors / len(copies),
            "glaucoma_f1": 2 * hits / (2 * hits + errors),
        }
        if copies[0].replacement_shown is not None:
            numbers["replacement_accuracy"] = np.mean([r.replacement_shown for r in copies])
        by_draw.append(numbers)
    return {metric: np.mean([numbers[metric] for numbers in by_draw]) for metric in by_draw[0]}


def test_agrees_with_scipys_paired_bootstrap_where_patients_have_one_image():
    rng = np.random.default_rng(2)
    first, second = rng.random(150) < 0.6, rng.random(150) < 0.3
    expected = bootstrap(
        (first.astype(float), second.astype(float)),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        paired=True,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    found = subtract(np.arange(150), first, second)
    assert found == pytest.approx((expected.low, expected.high), abs=0.01)


def test_the_seed_decides():
    predictions = plant_predictions({"original": EVERY_CLAIM_HOLDS["original"]})
    cell = ("original", "glaucoma_f1")
    same, again, other = (resample(predictions, seed).replicates[cell] for seed in (1, 1, 2))
    assert np.array_equal(same, again) and not np.array_equal(same, other)


def test_patients_are_drawn_and_not_images():
    identity = np.repeat(np.arange(100), 4)
    by_patient = np.repeat(np.arange(100) < 50, 4)  # half of the patients, with all their images
    by_image = np.arange(400) % 4 < 2  # half of each patient's images
    resamples = compare(identity, by_patient, by_image)
    of_patients, of_images = (
        width(margin_interval(lambda number: number, (cell,), resamples, confidence=0.95))
        for cell in (FIRST, SECOND)
    )
    assert of_patients == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 100), rel=0.1)
    assert of_images == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 400), rel=0.1)  # the exact one


def test_differences_are_paired():
    rng = np.random.default_rng(4)
    first = rng.random(300) < 0.5
    nearly, elsewhere = first.copy(), rng.random(300) < 0.45
    nearly[np.flatnonzero(first)[:15]] = False
    paired, independent = (
        subtract(np.arange(300), first, second) for second in (nearly, elsewhere)
    )
    assert width(paired) < width(independent) / 2


def test_no_hit_at_all_still_has_an_interval():
    nobody = np.zeros(340, dtype=bool)
    resamples = compare(np.arange(340) % 115, nobody, nobody)
    low, high = margin_interval(lambda number: 0.05 - number, (FIRST,), resamples, confidence=0.95)
    assert high == 0.05
    assert 0.05 - low == pytest.approx(1 - 0.025 ** (1 / 340))  # none of 340, exactly


@pytest.mark.parametrize(("differing", "believed"), [(3, False), (5, False), (6, True)])
def test_few_patients_are_believed_as_the_exact_sign_test_does(differing, believed):
    nobody = np.zeros(115, dtype=bool)
    few = np.roll(np.arange(115) < differing, 50)
    assert (subtract(np.arange(115), few, nobody)[0] > 0) == believed
    assert (subtract(np.arange(115), nobody, few)[1] < 0) == believed


def test_more_confidence_needs_more_patients_and_equal_numbers_decide_nothing():
    nobody, few = np.zeros(115, dtype=bool), np.arange(115) < 8
    assert subtract(np.arange(115), few, nobody)[0] > 0
    assert subtract(np.arange(115), few, nobody, confidence=0.999)[0] == 0
    assert subtract(np.arange(115), nobody, nobody) == (0, 0)


def test_true_negatives_alone_have_no_f1_and_decide_nothing():
    resamples = resample(plant_predictions({"original": Rates(0.5, None, 0.5, 0.0)}))
    healthy = (np.arange(120) >= 40).astype(float)
    assert resamples.ratios["original", "glaucoma_f1"].weigh(healthy[None]) == [0]


def test_every_number_of_a_table_lies_in_its_interval_and_none_is_sure_of_no_hit():
    predictions = plant_predictions({m: EVERY_CLAIM_HOLDS[m] for m in METHODS}, draws=2)
    found, ratios = find_intervals(predictions), sum_by_patient(predictions)
    assert found.keys() == ratios.keys()
    for cell, (low, high) in found.items():
        assert 0 <= low <= ratios[cell].weigh(np.ones((1, 120))).item() <= high <= 1
    without_hit = found["pprl-vgan-different-pathology", "identity_accuracy"]
    assert without_hit == proportion_interval(0, 600, confidence=0.95)
    assert find_intervals(predictions) == found


def test_f1_is_a_ratio_and_contains_its_exact_interval():
    own = plant_predictions({"original": EVERY_CLAIM_HOLDS["original"]})
    found = own["glaucoma_probability"] > 0.5
    hits, errors = (found & own["glaucoma"]).sum(), (found != own["glaucoma"]).sum()
    low, high = find_intervals(own)["original", "glaucoma_f1"]
    exact = f1_interval(hits, errors, confidence=0.95)
    assert low <= exact[0] and exact[1] <= high
    assert high - low < 2 * (exact[1] - exact[0])


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["identity_accuracy", "glaucoma_f1"])
def test_methods_that_are_equal_are_rarely_told_apart(metric):
    rng = np.random.default_rng(6)
    cells = (("first", metric), ("second", metric))
    drawn = [
        margin_interval(difference, cells, draw_equal(rate, alike, rng), confidence=0.95)
        for rate in (0.02, 0.1, 0.5)
        for alike in (0.01, 0.3)
        for _ in range(100)
    ]
    # 0.05 are meant; F1, which few patients with glaucoma decide, comes to about 0.07
    assert np.mean([low > 0 or high < 0 for low, high in drawn]) < 0.1


def draw_equal(rate, alike, rng):
    """Draw two methods of one truth on 360 images of 115 patients; `alike`: within a patient."""
    identity = np.sort(np.concatenate([np.arange(115), rng.integers(0, 115, 245)]))
    glaucoma = (rng.random(115) < 0.25)[identity]
    rows = []
    for method in ("first", "second"):
        hit = draw_hits(identity, rate, alike, rng)
        right = draw_hits(identity, 0.8, alike, rng)
        seen = {"glaucoma": glaucoma, "glaucoma_probability": np.where(right, glaucoma, ~glaucoma)}
        rows.append(make_rows(method, identity, hit).assign(**seen))
    return resample_patients(pd.concat(rows, ignore_index=True), rng=rng, replicates=1000)


def draw_hits(identity, rate, alike, rng):
    spread = (1 - alike) / alike
    of_patient = rng.beta(rate * spread, (1 - rate) * spread, size=115)
    return rng.random(len(identity)) < of_patient[identity]


def estimate(values, patients, *, of=estimate_mean, **options):
    return of(np.asarray(values, float), patients, rng=np.random.default_rng(0), **options)


def test_a_mean_agrees_with_scipys_bootstrap_where_patients_have_one_image():
    values = np.random.default_rng(1).gamma(2.0, size=150)
    found = estimate(values, np.arange(150))
    options = {"method": "percentile", "rng": np.random.default_rng(5)}
    theirs = bootstrap((values,), np.mean, **options).confidence_interval
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


def test_a_mean_draws_patients_and_not_images():
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(60), 10)
    alike = np.repeat(rng.normal(size=60), 10)
    apart = rng.permutation(alike)
    of_alike, of_apart = (estimate(values, patients) for values in (alike, apart))
    assert of_alike.high - of_alike.low > 2 * (of_apart.high - of_apart.low)


@pytest.mark.parametrize(("differing", "believed"), [(5, False), (6, True)])
def test_few_patients_of_a_mean_are_believed_as_the_exact_sign_test_does(differing, believed):
    values = np.zeros(115)
    values[50 : 50 + differing] = 1
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
