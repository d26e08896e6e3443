"""How often the intervals of Table 2 hold the truth, on simulated patients: 95% of all times.

The truth is the mean of all simulated tables: what a table of so many patients shows on average.
Counted rates vary, so those of REPEATS simulations may lie 2 standard errors outside 93 to 97%.
"""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest

from replication.attack.crowds import Crowds, add_crowd_measures
from replication.attack.intervals import Table2Intervals
from replication.attack.realism import KernelRatio, compute_kernel
from replication.attack.table2 import Table2
from replication.attack.unseen_patients import (
    add_unseen_measures,
    compare_unseen,
    count_within_halves,
    halve_patients,
)

REPEATS, PATIENTS, SIZE = 200, 60, 12
LOWEST, HIGHEST = 0.93, 0.97
METHOD = "blur-9"


def draw_patients(seed, *, noise, each):
    """Features of patients, some of whom are harder to know; one array per number of images."""
    rng = np.random.default_rng(seed)
    places, hard = rng.normal(size=(PATIENTS, SIZE)), rng.gamma(2, 0.5, PATIENTS)
    for count in each:
        identity = np.repeat(np.arange(PATIENTS), count)
        error = rng.normal(size=(len(identity), SIZE)) * hard[identity][:, None]
        yield places[identity] + noise * error, identity, places


def fill_unseen(seed: int, noise: float) -> Table2:
    drawn = draw_patients(seed, noise=noise, each=(3, 6, 6))
    (probes, own, _), (originals, other, _), (learned, names, _) = drawn
    halves = halve_patients(own, seed=seed)
    scores = compare_unseen(
        probes,
        originals,
        learned,
        identity=own,
        original_identity=other,
        learned_identity=names,
        halves=halves,
    )
    table = Table2(own)
    pairs = count_within_halves(scores, identity=own, original_identity=other, halves=halves)
    add_unseen_measures(table, METHOD, "lda", pairs)
    return table


@cache
def gather_crowds() -> Crowds:
    own, other = (np.repeat(np.arange(PATIENTS), each) for each in (3, 2))
    return Crowds(own, other, np.arange(PATIENTS), seed=0)


def fill_crowds(seed: int, noise: float) -> Table2:
    (test, own, places), (calibration, _, _) = draw_patients(seed, noise=noise, each=(3, 2))
    crowds = gather_crowds()
    found = crowds.measure(
        *(-((values[:, None] - places) ** 2).sum(axis=-1) / 2 for values in (test, calibration))
    )
    table = Table2(own)
    add_crowd_measures(table, METHOD, crowds, [found])
    return table


def fill_realism(seed: int, shift: float) -> Table2:
    rng = np.random.default_rng(seed)
    places = 0.7 * rng.normal(size=(PATIENTS, SIZE))
    own, other = (np.repeat(np.arange(PATIENTS), each) for each in (2, 5))
    found, known = (places[i] + 0.7 * rng.normal(size=(len(i), SIZE)) for i in (own, other))
    found += shift
    members, owners = ((names == np.arange(PATIENTS)[:, None]) * 1.0 for names in (own, other))
    kernel = compute_kernel(known, known)
    np.fill_diagonal(kernel, 0)
    ratio = KernelRatio(
        members @ compute_kernel(found, found) @ members.T,
        members @ compute_kernel(found, known) @ owners.T,
        owners @ kernel @ owners.T,
        members.sum(axis=1),
        owners.sum(axis=1),
    )
    table = Table2(own)
    table.add(METHOD, "kid", ratio)
    return table


def measure_coverage(fill: Callable[[int, float], Table2], setting: float) -> dict[str, float]:
    """Return by measure how often an interval holds the mean of all simulated values."""
    tables = [
        Table2Intervals(fill(seed, setting), seed=seed).list_numbers().set_index("measure")
        for seed in range(REPEATS)
    ]
    truth = sum(table["value"] for table in tables) / REPEATS
    held = sum((table["low"] <= truth) & (truth <= table["high"]) for table in tables) / REPEATS
    for name, rate in held.items():
        print(f"{fill.__name__} {setting}: {name} {truth[name]:.3f} held {rate:.3f}")  # noqa: T201
    return held.to_dict()


def list_settings() -> Iterator:
    for fill, settings in (
        (fill_unseen, (0.7, 2.0)),
        (fill_crowds, (0.7, 1.5)),
        (fill_realism, (0.1, 0.3)),
    ):
        yield from (pytest.param(fill, one, id=f"{fill.__name__}-{one}") for one in settings)


@pytest.mark.slow  # minutes
@pytest.mark.parametrize(("fill", "setting"), list(list_settings()))
def test_intervals_hold_the_truth(fill, setting) -> None:
    reach = 2 * np.sqrt(0.95 * 0.05 / REPEATS)
    for name, rate in measure_coverage(fill, setting).items():
        assert LOWEST - reach <= rate <= HIGHEST + reach, name
