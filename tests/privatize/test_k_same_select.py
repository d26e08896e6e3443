"""K-Same-Select against its definition in loops."""

from functools import partial

import numpy as np
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries

from replication.errors import DataError
from replication.privatize.k_same_select import BLOCK_QUERIES, privatize_by_k_same_select
from replication.privatize.methods import METHODS


def k_same(k, *, own_patient=False):
    run = partial(
        privatize_by_k_same_select,
        method=f"k-same-{k}",
        k=k,
        own_patient=own_patient,
        generator=None,
        seed=0,
        draws=1,
    )
    return lambda queries, gallery: next(run(queries, gallery=gallery))


def select_slowly(queries, query, gallery, *, k):
    """Return the rows of the k images, nearest first."""
    best = {}
    for row in range(len(gallery)):
        patient = gallery.identity[row]
        if gallery.glaucoma[row] != queries.glaucoma[query]:
            continue
        if patient == queries.identity[query]:
            continue
        difference = gallery.images[row].astype(float) - queries.images[query].astype(float)
        distance = np.sqrt((difference**2).sum())
        if patient not in best or distance < best[patient][0]:
            best[patient] = (distance, row)
    return [row for _, row in sorted(best.values())[:k]]


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_definition(k, seed):
    queries, gallery = random_queries(seed=seed + 50), random_gallery(seed=seed)
    fast = k_same(k)(queries, gallery)
    for query in range(len(queries)):
        rows = select_slowly(queries, query, gallery, k=k)
        np.testing.assert_array_equal(fast.used_identities[query], gallery.identity[rows])
        mean = gallery.images[rows].astype(float).mean(axis=0)
        assert np.abs(fast.images[query] - mean).max() <= 0.501 / 127.5


def test_the_own_patient_comes_first_where_it_may():
    gallery = random_gallery()
    used = k_same(3, own_patient=True)(gallery, gallery).used_identities
    np.testing.assert_array_equal(used[:, 0], gallery.identity)


def test_with_k_1_the_image_is_the_nearest_one_unchanged():
    gallery = random_gallery()
    np.testing.assert_array_equal(
        k_same(1, own_patient=True)(gallery, gallery).images, gallery.images
    )


def test_more_queries_than_a_block_are_each_treated_alike():
    count = BLOCK_QUERIES + 9
    queries = random_eyes([99] * count, [True] * count, seed=3, prefix="test")
    gallery = random_gallery()
    whole = k_same(4)(queries, gallery)
    for rows in (np.arange(7), np.arange(BLOCK_QUERIES - 1, count)):
        part = k_same(4)(queries.take(rows), gallery)
        np.testing.assert_array_equal(whole.images[rows], part.images)
        np.testing.assert_array_equal(whole.used_identities[rows], part.used_identities)


def test_equal_distances_go_to_the_lower_identity():
    eye = random_eyes([0], [False], seed=4, prefix="test")
    gallery = random_eyes([7, 5, 9, 5, 8], [False] * 5, seed=4, prefix="train")
    same = gallery.images * 0 + eye.images
    equal = type(gallery)(same, gallery.identity, gallery.glaucoma, gallery.image_id)
    np.testing.assert_array_equal(k_same(3)(eye, equal).used_identities, [[5, 7, 8]])


def test_of_equally_near_images_of_a_patient_the_earlier_row_is_taken():
    eye = random_eyes([99], [False], seed=4, prefix="test")
    gallery = random_eyes([5, 3] * 40, [False] * 80, seed=4, prefix="train")
    eye.images[:] = gallery.images[:] = 0
    gallery.images[:, 0, 0, 0] = 0.5
    gallery.images[:2, 0, 0, 0] = -0.5
    assert k_same(2)(eye, gallery).images[0, 0, 0, 0] == pytest.approx(-0.5, abs=1 / 127)


def test_the_order_of_the_gallery_changes_nothing():
    queries, gallery = random_queries(), random_gallery()
    turned = gallery.take(np.arange(len(gallery))[::-1])
    np.testing.assert_array_equal(
        k_same(3)(queries, gallery).images, k_same(3)(queries, turned).images
    )


def test_the_registry_binds_k_and_leaves_the_own_patient_out():
    gallery = random_gallery()
    given = {"gallery": gallery, "generator": None, "seed": 5, "draws": 10}
    (only,) = METHODS["k-same-3"].privatize(gallery, **given)
    assert (only.method, only.draw, only.used_identities.shape) == (
        "k-same-3",
        0,
        (len(gallery), 3),
    )
    assert not np.any(only.used_identities == gallery.identity[:, None])


HEALTHY = random_eyes([1, 2, 3], [False] * 3, seed=4, prefix="train")


@pytest.mark.parametrize(("k", "gallery", "others"), [(7, random_gallery(), 5), (2, HEALTHY, 0)])
def test_too_few_patients_of_a_pathology_are_named_with_k(k, gallery, others):
    query = random_queries().take(np.array([6]))  # glaucoma, as patients 6 to 11 have
    with pytest.raises(DataError, match=f"K = {k}: only {others} other patients .* with glaucoma"):
        k_same(k)(query, gallery)
