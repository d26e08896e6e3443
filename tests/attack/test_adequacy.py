"""Attackers that are not good enough measure no privacy."""

import pytest

from replication.attack.adequacy import CURVE, FLAT, are_good_enough, check_attackers
from replication.attack.table2 import NOISE
from replication.privatize.methods import BASELINE

CHANCE = 0.01


def make_rows(**changes):
    found = {
        (BASELINE, "identity_static"): (0.9, 0.85, 0.95),
        (BASELINE, "identity_best"): (0.92, 0.88, 0.96),
        (NOISE, "identity_best"): (0.02, 0.0, 0.04),
        (NOISE, "identity_person"): (0.0, 0.0, 0.03),
    }
    found |= {tuple(cell.split("__")): row for cell, row in changes.items()}
    return [
        {
            "method": method,
            "measure": measure,
            "value": value,
            "low": low,
            "high": high,
            "chance": CHANCE,
        }
        for (method, measure), (value, low, high) in found.items()
    ]


def make_grid(rates, method="m", victim="patient"):
    return [
        {"method": method, "victim": victim, "learned": learned, "validation": rate}
        for learned, rate in rates
    ]


@pytest.mark.parametrize(
    ("changes", "enough"),
    [
        ({}, True),
        ({"original__identity_best": (0.7, 0.65, 0.75)}, False),
        ({"original__identity_best": (0.86, 0.8, 0.91)}, True),  # as good within its interval
        ({"original__identity_best": (0.86, None, None)}, False),  # too few patients for one
        ({"noise__identity_best": (0.05, 0.02, 0.09)}, False),
        ({"noise__identity_person": (0.05, 0.02, 0.09)}, False),
    ],
)
def test_originals_and_noise_decide_whether_privacy_is_measured(changes, enough):
    assert are_good_enough(check_attackers(make_rows(**changes), [])) == enough


def test_a_curve_that_still_rises_is_stated_and_decides_nothing():
    grid = [
        *make_grid([(1, 0.1), (3, 0.3), (3, 0.2), (10, 0.3 + FLAT - 0.001)], "flat"),
        *make_grid([(1, 0.1), (3, 0.2), (10, 0.2 + FLAT + 0.001)], "rising"),
        *make_grid([(1, 0.5), (10, 0.9)], "rising", "replaced"),
        *make_grid([(1, 0.9)], "of one draw"),
        *make_grid([(1, 0.0), (10, 0.9)], NOISE),
    ]
    checks = check_attackers(make_rows(), grid)
    curves = [
        (row["method"], row["victim"], row["holds"]) for row in checks if row["check"] == CURVE
    ]
    assert curves == [
        ("flat", "patient", True),
        ("rising", "patient", False),
        ("rising", "replaced", False),
    ]
    assert are_good_enough(checks)


def test_every_image_of_a_patient_is_another_question():
    grid = make_grid([(1, 0.2), (3, 0.2)]) + [
        row | {"images": "all of a patient"} for row in make_grid([(1, 0.2), (3, 0.9)])
    ]
    curve = check_attackers(make_rows(), grid)[-1]
    assert curve["check"] == CURVE and curve["holds"]
