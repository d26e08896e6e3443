"""Verification of unseen patients: halves are disjoint, the metric against its definition."""

import numpy as np
import pytest
from scipy.linalg import eigh
from sklearn.metrics import roc_auc_score

from replication.attack.discriminants import measure_shrinkage
from replication.attack.table2 import Table2
from replication.attack.unseen_patients import (
    add_unseen_measures,
    compare_unseen,
    count_within_halves,
    halve_patients,
    learn_metric,
)
from replication.attack.verification import Area
from replication.errors import DataError

PATIENTS, SIZE = 40, 30


def plant(each, *, seed, hidden=True, shift=0.0):
    """Places of patients in a plane of few directions, far more noise in others."""
    rng = np.random.default_rng(7)
    places = rng.normal(size=(PATIENTS, 4)) @ rng.normal(size=(4, SIZE))
    noise = rng.normal(size=(6, SIZE)) * 10
    draws = np.random.default_rng(seed)
    identity = np.repeat(np.arange(PATIENTS), each)
    values = draws.normal(size=(len(identity), 6)) @ noise
    values += draws.normal(size=values.shape) * 0.5 + shift
    return values + hidden * places[identity], identity


def compare(hidden=True, shift=30.0):
    """Score privatized test images, which are moved, against originals."""
    (probes, own), (learned, of_learned) = (
        plant(each, seed=seed, hidden=hidden, shift=shift) for each, seed in ((3, 1), (5, 2))
    )
    originals, other = plant(5, seed=3)
    halves = halve_patients(own, other, seed=0)
    scores = compare_unseen(
        probes,
        originals,
        learned,
        identity=own,
        original_identity=other,
        learned_identity=of_learned,
        halves=halves,
    )
    pairs = count_within_halves(scores, identity=own, original_identity=other, halves=halves)
    return scores, own, other, halves, pairs


def weigh(pairs):
    return Area(pairs).weigh(np.ones((1, PATIENTS))).item()


def test_the_halves_hold_every_patient_once_and_a_seed_draws_them():
    first, second = halve_patients(np.arange(9), np.arange(3), seed=1)
    assert sorted([*first, *second]) == list(range(9))
    assert (len(first), len(second)) == (4, 5)
    assert not np.array_equal(first, halve_patients(np.arange(9), seed=2)[0])
    with pytest.raises(DataError, match="3 patients can't be halved"):
        halve_patients(np.arange(3), seed=0)


def test_hidden_patients_are_verified_though_none_was_learned():
    scores, own, other, halves, pairs = compare()
    assert weigh(pairs) > 0.9
    raw = plant(3, seed=1, shift=30.0)[0] @ plant(5, seed=3)[0].T
    assert roc_auc_score((own[:, None] == other).ravel(), raw.ravel()) < 0.75
    inside = sum(np.outer(np.isin(own, half), np.isin(other, half)) for half in halves)
    assert (scores[inside == 0] == 0).all() and (scores[inside == 1] != 0).all()
    assert pairs.count_different() == sum(3 * 5 * len(half) * (len(half) - 1) for half in halves)


def test_what_shows_nothing_is_at_chance():
    assert weigh(compare(hidden=False)[-1]) == pytest.approx(0.5, abs=0.06)


def test_no_image_of_a_tested_patient_is_learned():
    """Turned into anything else, a half's learned images change the other half's scores alone."""
    (probes, own), (learned, names) = (plant(each, seed=each) for each in (3, 5))
    halves = halve_patients(own, seed=0)
    changed = np.where(np.isin(names, halves[0])[:, None], learned[::-1] ** 2, learned)
    first, second = (
        compare_unseen(
            probes,
            probes,
            values,
            identity=own,
            original_identity=own,
            learned_identity=names,
            halves=halves,
        )
        for values in (learned, changed)
    )
    block = np.ix_(*[np.isin(own, halves[0])] * 2)
    np.testing.assert_array_equal(first[block], second[block])
    block = np.ix_(*[np.isin(own, halves[1])] * 2)
    assert np.abs(first[block] - second[block]).max() > 0.01


def test_the_metric_is_its_definition():
    (privatized, own), (originals, other) = (plant(4, seed=seed) for seed in (1, 2))
    metric = learn_metric(privatized, originals, identity=own, original_identity=other)
    centred = np.concatenate([privatized - privatized.mean(axis=0), originals - originals.mean(0)])
    names = np.concatenate([own, other])
    means = np.array([centred[names == name].mean(axis=0) for name in range(PATIENTS)])
    within = centred - means[names]
    shrinkage, variance = measure_shrinkage(within)
    covariance = (1 - shrinkage) * np.cov(within.T, bias=True) + shrinkage * variance * np.eye(SIZE)
    values, vectors = eigh(means.T @ means / PATIENTS, covariance)  # vectors' C vectors = 1
    between = np.clip(values - 1 / 8, 0, None)
    weighed = vectors * np.sqrt(between / (between + 1))
    first, second = ((side - side.mean(axis=0)) @ weighed for side in (privatized, originals))
    cosines = (first @ second.T) / np.outer(*(np.linalg.norm(v, axis=1) for v in (first, second)))
    np.testing.assert_allclose(metric.compare(privatized, originals), cosines, atol=1e-6)


def test_too_little_to_learn_from_is_an_error():
    values = np.eye(3)
    with pytest.raises(DataError, match="6 images of 6 patients"):
        learn_metric(values, values, identity=np.arange(3), original_identity=np.arange(3, 6))
    with pytest.raises(DataError, match="6 images of 1 patients"):
        ones = np.ones(3, dtype=int)
        learn_metric(values, values, identity=ones, original_identity=ones)


def test_equal_images_are_no_error():
    values, names = np.ones((8, 5)), np.repeat(np.arange(4), 2)
    metric = learn_metric(values, values, identity=names, original_identity=names)
    assert (metric.compare(values, values) == 0).all()


def test_the_table_has_three_rates_and_no_tar_of_few_pairs():
    pairs = compare()[-1]
    table = Table2(np.arange(PATIENTS))
    add_unseen_measures(table, "blur-9", "lda", pairs)
    assert [name for _, name in table.entries] == [
        "unseen_lda_auc",
        "unseen_lda_eer",
        "unseen_lda_tar",
    ]
    assert [entry.chance for entry in table.entries.values()] == [0.5, 0.5, 0.001]
    few = np.arange(8) // 2
    halves = halve_patients(few, seed=0)
    scores = np.random.default_rng(0).normal(size=(8, 8))
    counted = count_within_halves(scores, identity=few, original_identity=few, halves=halves)
    add_unseen_measures(table, "blur-3", "lda", counted)
    assert ("blur-3", "unseen_lda_auc") in table.entries
    assert ("blur-3", "unseen_lda_tar") not in table.entries
