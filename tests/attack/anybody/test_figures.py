"""Figures and verdicts: right values, coverage of intervals, false alarms."""

import numpy as np
import pytest
from scipy.stats import binom

from replication.attack.anybody.figures import (
    BEST,
    PERSON,
    Found,
    Victim,
    conclude,
    describe_reads,
    estimate_patients,
    measure,
)

PATIENT = Victim.PATIENT


def measure_hits(rates, *, images, chance, of=2, name=BEST, seed=0):
    return measure(
        PATIENT, name, rates, images=images, chance=chance, seed=seed, of=of, decides=True
    )


def test_every_patient_counts_the_same_and_missing_ones_do_not():
    rates = np.array([1.0, 0, 0.5, np.nan] * 5)
    figure = measure_hits(rates, images=100, chance=0.1)
    assert figure.value == pytest.approx(0.5)
    assert figure.patients == 15 and figure.above
    assert figure.low < 0.5 < figure.high


def test_without_a_hit_the_interval_reaches_the_exact_one():
    figure = measure_hits(np.zeros(50), images=200, chance=0.02)
    assert figure.low == 0
    assert figure.high == pytest.approx(1 - 0.025 ** (1 / 200))
    assert not figure.above


def test_five_patients_have_no_interval():
    figure = measure_hits(np.ones(5), images=50, chance=0.2)
    assert figure.low is figure.high is figure.above is None


def test_a_paired_difference_decides_where_chance_differs_by_patient():
    blind = np.linspace(0, 0.9, 40)
    figure = measure(
        Victim.REPLACED,
        "used_solved",
        blind + 0.1,
        images=40,
        chance=None,
        seed=0,
        blind=blind,
        of=4,
    )
    assert figure.above and figure.chance == pytest.approx(0.45)
    same = measure(
        Victim.REPLACED, "used_solved", blind, images=40, chance=None, seed=0, blind=blind, of=4
    )
    assert not same.above


def test_nothing_measured_is_no_figure():
    assert measure_hits(np.full(4, np.nan), images=0, chance=0.1) is None


def test_verdicts():
    leak = measure_hits(np.full(20, 0.9), images=20, chance=0.05)
    none = measure_hits(np.zeros(20), images=20, chance=0.05, name=PERSON)
    few = measure_hits(np.ones(5), images=5, chance=0.05)
    assert conclude(PATIENT, [leak, none], unfit="x").found == Found.LEAKS
    assert "90.0%, by chance 5.0%" in conclude(PATIENT, [leak, none]).why
    assert conclude(PATIENT, [none, none]).found == Found.NOTHING
    why = conclude(PATIENT, [none, none]).why
    assert why == "none of 2 figures is above it, by more than luck"
    assert conclude(PATIENT, [none]).why.startswith("no figure is above it")
    assert conclude(PATIENT, [none], unfit="x").why == "x"
    assert conclude(PATIENT, [few]).found == Found.NOT_MEASURED
    assert conclude(Victim.REPLACED, [leak]).found == Found.NOT_MEASURED


@pytest.mark.slow
@pytest.mark.parametrize("patients", [12, 100])
def test_who_guesses_is_above_chance_in_few_cases(patients):
    """Two figures a case, each attacker with a favourite: at most 5% alarms, 1% more by luck."""
    rng = np.random.default_rng(0)
    alarms, cases, each = 0, 300, 6
    for seed in range(cases):
        chances = rng.dirichlet(np.full(patients, 0.5), 2)
        alarms += any(
            measure_hits(
                rng.binomial(each, own) / each,
                images=each * patients,
                chance=1 / patients,
                seed=seed,
            ).above
            for own in chances
        )
    assert alarms <= binom.ppf(0.99, cases, 0.05)


@pytest.mark.slow
def test_intervals_cover_the_rate_they_estimate():
    """Rates vary between patients; of 300 intervals of 95%, 93 to 99% hold the true mean."""
    rng = np.random.default_rng(1)
    held, cases = 0, 300
    for seed in range(cases):
        rates = rng.binomial(6, rng.beta(2, 3, 80)) / 6
        _, low, high, _ = estimate_patients(rates, images=480, seed=seed)
        held += low <= 0.4 <= high
    assert 0.93 <= held / cases <= 0.99


def test_one_is_no_plural():
    assert describe_reads(3, 1) == "3 draws learned, 1 release read"
