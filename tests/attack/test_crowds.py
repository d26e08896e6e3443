"""Linkability and singling out: against drawn crowds, at chance on noise, near 1 on planted patients."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import hypergeom

from replication.attack.crowds import (
    LINKED,
    SINGLED_OUT,
    CrowdCell,
    Crowds,
    add_crowd_measures,
    average_records,
    chance_of_none,
    count_above,
    draw_crowds,
    find_limits,
    list_crowds,
    to_log_odds,
)
from replication.attack.table2 import Table2
from replication.errors import DataError

PATIENTS = 60
TESTED, CALIBRATED = np.repeat(np.arange(PATIENTS), 3), np.repeat(np.arange(PATIENTS), 4)


def plant(identity, *, shown, seed):
    """Log-likelihoods that are higher for the own patient."""
    noise = np.random.default_rng(seed).normal(size=(len(identity), PATIENTS))
    return noise + shown * (identity[:, None] == np.arange(PATIENTS))


@pytest.fixture(scope="module")
def crowds():
    return Crowds(TESTED, CALIBRATED, np.arange(PATIENTS), seed=0)


def measure(crowds, shown):
    scores = (
        plant(names, shown=shown, seed=seed) for seed, names in ((1, TESTED), (2, CALIBRATED))
    )
    return {cell: np.nanmean(values) for cell, values in crowds.measure(*scores).items()}


def test_every_cell_has_a_chance_and_larger_crowds_than_there_are_have_none(crowds):
    found = measure(crowds, 1.0)
    assert found.keys() == crowds.chances.keys()
    assert {cell.crowd for cell in found} == {20, 50, PATIENTS}
    linked, singled = (
        {c.images for c in found if c.kind == kind} for kind in (LINKED, SINGLED_OUT)
    )
    assert (linked, singled) == ({1, 3, None}, {1, None})


def test_noise_is_at_chance_and_shown_patients_are_found(crowds):
    noise, shown = measure(crowds, 0.0), measure(crowds, 12.0)
    for cell, chance in crowds.chances.items():
        assert noise[cell] == pytest.approx(chance, abs=0.07)
        assert shown[cell] > 0.97
    assert crowds.chances[CrowdCell(LINKED, 20, 3)] == 1 / 20
    # A limit that rests on four images a person falls about as a coin that falls once in N.
    assert crowds.chances[CrowdCell(SINGLED_OUT, 20, 1)] == pytest.approx(0.34, abs=0.03)


def test_smaller_crowds_and_more_images_are_easier(crowds):
    found = measure(crowds, 2.0)
    sizes = [found[CrowdCell(LINKED, crowd, 1)] for crowd in (20, 50, PATIENTS)]
    assert sizes == sorted(sizes, reverse=True)
    images = [found[CrowdCell(LINKED, PATIENTS, images)] for images in (1, 3)]
    assert images[1] > images[0] + 0.2


def test_one_image_among_all_is_the_share_recognised(crowds):
    scores = plant(TESTED, shown=2.0, seed=1)
    found = crowds.measure(scores, plant(CALIBRATED, shown=2.0, seed=2))
    np.testing.assert_allclose(
        found[CrowdCell(LINKED, PATIENTS, 1)], scores.argmax(axis=1) == TESTED
    )


def test_linked_in_a_crowd_is_what_drawing_crowds_gives():
    above, rng = np.array([0, 1, 4, 30, 59]), np.random.default_rng(0)
    found = chance_of_none(above, others=59, drawn=19)
    drawn = [np.mean([rng.permutation(59)[:19].min() >= m for _ in range(4000)]) for m in above]
    assert found == pytest.approx(drawn, abs=0.03)
    assert found == pytest.approx(hypergeom.pmf(0, 59, above, 19))


def test_ties_are_drawn():
    scores, own = np.zeros((3000, 5)), np.zeros(3000, dtype=int)
    above = count_above(scores, own, rng=np.random.default_rng(0))
    assert np.bincount(above) / 3000 == pytest.approx(np.full(5, 0.2), abs=0.03)


def test_records_are_of_one_patient_and_no_image_is_in_two():
    own = np.array([2, 0, 0, 2, 2, 0, 1, 0, 2, 2, 2, 2])
    scores = np.eye(len(own))
    rows, means = average_records(scores, own, 3, rng=np.random.default_rng(0))
    assert sorted(own[rows]) == [0, 2, 2]
    for row, mean in zip(rows, means, strict=True):
        assert (mean > 0).sum() == 3 and mean[row] == pytest.approx(1 / 3)
        assert set(own[mean > 0]) == {own[row]}
    assert (means > 0).sum(axis=0).max() == 1
    rows, means = average_records(scores, own, None, rng=np.random.default_rng(0))
    assert sorted(own[rows]) == [0, 1, 2]
    assert means.sum(axis=1) == pytest.approx(1)
    assert (means > 0).all(axis=0).sum() == 0 and (means > 0).sum() == len(own)


def test_log_odds_are_their_definition_where_one_is_nearly_certain_too():
    scores = np.random.default_rng(0).normal(size=(20, 7)) * 5
    scores[0, 3] = 800
    expected = [[row[k] - logsumexp(np.delete(row, k)) for k in range(len(row))] for row in scores]
    np.testing.assert_allclose(to_log_odds(scores), expected)


def test_limits_let_as_many_images_pass_as_the_one_looked_for_has():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(8), 3)
    inside = draw_crowds(8, 5, rng=rng)
    assert inside.sum(axis=1).tolist() == [5] * 8 and inside.diagonal().all()
    odds = rng.normal(size=(24, 8))
    limits = find_limits(odds, who, inside)
    for member, limit in enumerate(limits):
        own = np.sort(odds[inside[member, who], member])
        assert limit == pytest.approx((own[-3] + own[-4]) / 2)


def test_isolated_are_those_whose_predicate_is_true_of_one_by_hand():
    """With everybody in the crowd, one image each and no draw, it is a count."""
    one = np.arange(PATIENTS)
    crowds = Crowds(one, one, one, seed=0)
    scores, calibration = (plant(one, shown=3.0, seed=seed) for seed in (1, 2))
    found = crowds.measure(scores, calibration)[CrowdCell(SINGLED_OUT, PATIENTS, None)]
    odds, limits = to_log_odds(scores), np.sort(to_log_odds(calibration), axis=0)[-2:].mean(axis=0)
    np.testing.assert_array_equal(found, (odds > limits).sum(axis=0) == 1)


def test_patients_without_images_for_a_limit_are_in_no_crowd():
    crowds = Crowds(TESTED, CALIBRATED[CALIBRATED < 30], np.arange(PATIENTS), seed=0)
    kept = CALIBRATED < 30
    found = crowds.measure(plant(TESTED, shown=5, seed=1), plant(CALIBRATED[kept], shown=5, seed=2))
    values = found[CrowdCell(SINGLED_OUT, 20, None)]
    assert set(TESTED[~np.isnan(values)]) == set(range(30))
    assert (~np.isnan(values)).sum() == 30
    assert {cell.crowd for cell in found if cell.kind == SINGLED_OUT} == {20, 30}


def test_the_table_has_three_rates_and_the_list_all(crowds):
    found = [
        crowds.measure(*(plant(names, shown=2.0, seed=seed) for names in (TESTED, CALIBRATED)))
        for seed in (1, 2)
    ]
    table = Table2(TESTED)
    add_crowd_measures(table, "blur-9", crowds, found)
    listed = list_crowds("blur-9", crowds, found, identity=TESTED, seed=0)
    assert len(listed) == len(crowds.chances) == 3 * 3 + 2 * 3
    assert [(n, e.images) for (_, n), e in table.entries.items()] == [
        ("linked_20", 3 * PATIENTS),
        ("linked_all", PATIENTS),
        ("singled_out", PATIENTS),
    ]
    row = listed.query("measure == 'linked' and crowd == 20 and images == 1").iloc[0]
    values = np.nanmean([draw[CrowdCell(LINKED, 20, 1)] for draw in found])
    entry = table.entries["blur-9", "linked_20"]
    assert row["value"] == pytest.approx(values)
    assert entry.statistic.weigh(np.ones((1, PATIENTS))) == pytest.approx(values)
    assert row["low"] < values < row["high"] and row["chance"] == entry.chance == 1 / 20


def test_few_patients_have_no_crowd_of_twenty():
    few = np.repeat(np.arange(8), 2)
    crowds = Crowds(few, few, np.arange(8), seed=0)
    table = Table2(few)
    scores = np.random.default_rng(0).normal(size=(16, 8))
    add_crowd_measures(table, "blur-9", crowds, [crowds.measure(scores, scores)])
    assert [name for _, name in table.entries] == ["linked_all"]
    assert {cell.images for cell in crowds.chances} == {1, None}  # nobody has three


def test_what_does_not_fit_is_an_error(crowds):
    with pytest.raises(DataError, match="one column of scores for each patient"):
        Crowds(np.array([5]), np.array([5]), np.arange(3), seed=0)
    with pytest.raises(DataError, match="crowds: expected"):
        crowds.measure(np.zeros((3, PATIENTS)), np.zeros((240, PATIENTS)))
