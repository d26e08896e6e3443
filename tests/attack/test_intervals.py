"""Intervals of Table 2 on planted hits."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import false_discovery_control, t

from replication.attack.intervals import REPLICATES, Table2Intervals
from replication.attack.table2 import NOISE, Table2
from validation.statistics.intervals import proportion_interval
from validation.statistics.resampling import bootstrap_interval, resample_ratios

PATIENTS = np.repeat(np.arange(20), 4)
HARD = np.random.default_rng(0).random(20)[PATIENTS]  # some patients are easy to name, some not


def plant_rate(values):
    """Return a rate that is no mean, its logit one."""
    return SimpleNamespace(weigh=lambda weights: expit(weights @ values / weights.sum(axis=1)))


def plant_hits(shift, seed):
    noise = np.random.default_rng(seed).random(len(PATIENTS))
    return (HARD + 0.1 * noise > shift).astype(float)


def fill_table():
    table = Table2(PATIENTS)
    for seed, (method, shift) in enumerate([("blur-3", 0.4), ("blur-9", 0.5), (NOISE, 0.9)]):
        table.add_mean(method, "identity_best", plant_hits(shift, seed), chance=0.05)
        table.add(method, "unseen_siamese_auc", plant_rate(np.arange(20) / 20 + seed), chance=0.5)
    table.add_mean("k-same-3", "identity_best", np.zeros(len(PATIENTS)), chance=0.05)
    few = np.where(PATIENTS < 5, plant_hits(0.4, 9), np.nan)
    table.add_mean("k-same-3", "ssim", few)
    return table


@pytest.fixture(scope="module")
def intervals():
    return Table2Intervals(fill_table(), seed=3)


@pytest.fixture(scope="module")
def numbers(intervals):
    return intervals.list_numbers().set_index(["method", "measure"])


def test_a_value_is_the_mean_of_all_images_within_its_interval(numbers):
    row = numbers.loc[("blur-3", "identity_best")]
    assert row["value"] == pytest.approx(plant_hits(0.4, 0).mean())
    assert row["low"] < row["value"] < row["high"]
    assert (row["chance"], row["images"], row["patients"]) == (0.05, 80, 20)


def test_five_patients_have_a_value_and_no_interval(numbers):
    row = numbers.loc[("k-same-3", "ssim")]
    assert row["value"] == pytest.approx(plant_hits(0.4, 9)[PATIENTS < 5].mean())
    assert row[["low", "high"]].isna().all()
    assert (row["images"], row["patients"]) == (20, 5)


def test_a_shares_interval_contains_the_exact_one(numbers):
    for method in ("blur-3", "k-same-3"):
        row = numbers.loc[(method, "identity_best")]
        low, high = proportion_interval(row["value"] * 80, 80, confidence=0.95)
        assert row["low"] <= low and high <= row["high"]
    assert numbers.loc[("k-same-3", "identity_best"), "high"] > 0.03


def test_a_rate_over_pairs_has_the_jackknifes_interval_and_lies_in_it(numbers):
    row = numbers.loc[("blur-3", "unseen_siamese_auc")]
    values = np.arange(20) / 20
    # The mean's jackknife std is its standard error.
    reach = t.ppf(0.975, 19) * values.std(ddof=1) / np.sqrt(20)
    assert logit(row["low"]) == pytest.approx(values.mean() - reach, abs=1e-6)
    assert logit(row["high"]) == pytest.approx(values.mean() + reach, abs=1e-6)
    assert row["low"] < row["value"] < row["high"]


def test_a_rate_of_one_has_an_interval_with_a_width():
    table = Table2(PATIENTS)
    ones = SimpleNamespace(weigh=lambda weights: np.ones(len(weights)))
    table.add("original", "unseen_siamese_auc", ones, chance=0.5)
    row = Table2Intervals(table, seed=0).list_numbers().iloc[0]
    assert row["low"] == pytest.approx(proportion_interval(20, 20, confidence=0.95)[0])
    assert row["high"] == 1


def test_paired_differences_are_surer_than_unpaired_ones(intervals, numbers):
    compared = intervals.compare_methods().set_index(["measure", "method", "other"])
    row = compared.loc[("identity_best", "blur-3", "blur-9")]
    own, other = (numbers.loc[(method, "identity_best")] for method in ("blur-3", "blur-9"))
    assert row["difference"] == pytest.approx(own["value"] - other["value"])
    unpaired = np.hypot(own["high"] - own["low"], other["high"] - other["low"])
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["high"] - row["low"] < 0.8 * unpaired


def test_each_difference_has_the_interval_that_it_has_alone(intervals):
    cells = [(method, "identity_best") for method in ("blur-3", "blur-9", "k-same-3")]
    statistics = {cell: entry.statistic for cell, entry in fill_table().entries.items()}
    drawn = {"rng": np.random.default_rng(3), "replicates": REPLICATES}
    alone = resample_ratios(
        {cell: statistics[cell] for cell in cells}, patients=20, images=len(PATIENTS), **drawn
    )
    compared = intervals.compare_methods().set_index(["measure", "method", "other"])
    for first, second in combinations(cells, 2):
        row = compared.loc[("identity_best", first[0], second[0])]
        ends = bootstrap_interval(np.subtract, (first, second), alone, confidence=0.95)
        assert (row["low"], row["high"]) == pytest.approx(ends, abs=1e-12)


def test_noise_is_compared_with_nothing(intervals):
    compared = intervals.compare_methods()
    assert NOISE not in set(compared["method"]) | set(compared["other"])
    assert len(compared) == 3 + 1  # three methods by identity, two by a rate over pairs


def test_one_seed_gives_the_same_numbers(intervals):
    again = Table2Intervals(fill_table(), seed=3)
    assert again.list_numbers().equals(intervals.list_numbers())
    assert again.compare_methods().equals(intervals.compare_methods())


def test_q_is_benjamini_hochbergs_over_all_rows_with_a_p(intervals):
    compared = intervals.compare_methods()
    assert compared["p"].between(0, 1).all()
    assert compared["q"].to_numpy() == pytest.approx(false_discovery_control(compared["p"]))


def test_p_agrees_with_the_interval():
    table = Table2(PATIENTS)
    methods = [f"k-same-{k}" for k in (3, 6, 9, 12)]
    for seed, method in enumerate(methods):
        table.add_mean(method, "identity_best", plant_hits(0.3 + 0.09 * seed, seed), chance=0.05)
        table.add(method, "unseen_siamese_auc", plant_rate(plant_hits(0.2 + 0.2 * seed, seed)[::4]))
    compared = Table2Intervals(table, seed=1).compare_methods()
    without_zero = (compared["low"] > 0) | (compared["high"] < 0)
    assert ((compared["p"] < 0.05) == without_zero).all()
    assert without_zero.nunique() == 2  # of either kind


@pytest.mark.parametrize(("patients", "least"), [(5, 2 / 2**5), (6, 2 / 2**6), (7, 2 / 2**7)])
def test_few_patients_in_favour_have_no_less_than_the_sign_tests_p(patients, least):
    hits = np.where(PATIENTS < patients, 1.0, 0.0)
    table = Table2(PATIENTS)
    table.add_mean("blur-3", "identity_best", hits)
    table.add_mean("blur-9", "identity_best", np.zeros(len(PATIENTS)))
    assert Table2Intervals(table, seed=0).compare_methods()["p"].item() == pytest.approx(least)


def test_equal_methods_and_unknown_ones_are_never_discoveries():
    table = Table2(PATIENTS)
    for method in ("blur-3", "blur-9"):
        table.add_mean(method, "identity_best", plant_hits(0.4, 0))
        table.add(method, "unseen_siamese_auc", plant_rate(np.arange(20) / 20))
        table.add_mean(method, "ssim", np.where(PATIENTS < 5, 0.5, np.nan))
    compared = Table2Intervals(table, seed=0).compare_methods().set_index("measure")
    assert compared.loc[["identity_best", "unseen_siamese_auc"], ["p", "q"]].to_numpy().min() == 1
    assert compared.loc["ssim", ["low", "p", "q"]].isna().all()
