"""The pools of replacement identities, patient by patient."""

import numpy as np
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries

from replication.errors import DataError
from replication.privatize.replacement import Pool, count_pools, draw_replacements, find_pools


def pool_slowly(label, gallery, pool):
    members = set()
    for patient in set(gallery.identity):
        labels = {
            gallery.glaucoma[row] for row in range(len(gallery)) if gallery.identity[row] == patient
        }
        if (
            pool is Pool.RANDOM
            or (pool is Pool.SAME_PATHOLOGY and label in labels)
            or (pool is Pool.DIFFERENT_PATHOLOGY and label not in labels)
            or (pool is Pool.OTHER_PATHOLOGY_TOO and (not label) in labels)
        ):
            members.add(patient)
    return members


@pytest.mark.parametrize("pool", Pool)
def test_pools_are_the_definition(pool):
    queries, gallery = random_queries(), random_gallery()
    patients, fits = find_pools(queries, gallery, pool=pool, others_only=False)
    for row in range(len(queries)):
        assert set(patients[fits[row]]) == pool_slowly(queries.glaucoma[row], gallery, pool)


def test_a_patient_with_both_kinds_shares_every_pathology_and_differs_from_none():
    queries, gallery = random_queries(), random_gallery()
    for pool, both_in in (
        (Pool.SAME_PATHOLOGY, True),
        (Pool.DIFFERENT_PATHOLOGY, False),
        (Pool.OTHER_PATHOLOGY_TOO, True),
    ):
        patients, fits = find_pools(queries, gallery, pool=pool, others_only=False)
        assert (fits[:, patients == 11] == both_in).all()


@pytest.mark.parametrize("others_only", [False, True])
@pytest.mark.parametrize("pool", Pool)
def test_pools_are_counted_as_they_are_drawn_from(pool, others_only):
    queries, gallery = random_queries(), random_gallery()
    sizes = count_pools(queries, gallery, pool=pool, others_only=others_only)
    # So many can be drawn of each, and one more can't.
    for row, size in enumerate(sizes):
        query = queries.take([row])
        drawn = draw(query, gallery, pool, count=size, others_only=others_only)
        assert drawn.shape == (1, size)
        with pytest.raises(DataError, match=f"offer {size}$"):
            draw(query, gallery, pool, count=size + 1, others_only=others_only)


def draw(queries, gallery, pool, *, count=1, others_only=False, seed=0):
    rng = np.random.default_rng(seed)
    options = {"pool": pool, "count": count, "others_only": others_only}
    return draw_replacements(queries, gallery, **options, rng=rng)


@pytest.mark.parametrize("others_only", [False, True])
@pytest.mark.parametrize("pool", Pool)
def test_drawn_identities_are_distinct_and_of_the_pool(pool, others_only):
    queries, gallery = random_queries(), random_gallery()
    for seed in range(20):
        drawn = draw(queries, gallery, pool, count=5, others_only=others_only, seed=seed)
        for row in range(len(queries)):
            fits = pool_slowly(queries.glaucoma[row], gallery, pool)
            if others_only:
                fits -= {queries.identity[row]}
            assert len(set(drawn[row])) == 5
            assert set(drawn[row]) <= fits


def test_every_patient_of_the_pool_is_drawn_as_often_the_own_one_too():
    count = 6000
    queries = random_eyes([7] * count, [True] * count, seed=0, prefix="test", size_px=1)
    drawn = draw(queries, random_gallery(), Pool.SAME_PATHOLOGY)
    patients, times = np.unique(drawn, return_counts=True)
    np.testing.assert_array_equal(patients, [6, 7, 8, 9, 10, 11])
    # Five standard deviations of a count with chance 1/6.
    assert np.abs(times - count / 6).max() < 5 * np.sqrt(count * 5 / 36)


def test_a_pathology_that_nobody_else_has_is_named():
    gallery = random_eyes([0, 1, 2], [False, False, True], seed=0, prefix="train")
    query = random_eyes([2], [True], seed=1, prefix="test")
    with pytest.raises(DataError, match="'same pathology': an image with glaucoma needs 1 .* 0"):
        draw(query, gallery, Pool.SAME_PATHOLOGY, others_only=True)
