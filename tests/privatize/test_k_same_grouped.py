"""K-Same-Select in groups against its definition in loops, and what k-anonymity is."""

import numpy as np
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries

from replication.errors import DataError
from replication.evaluate.equal_images import bound_naming
from replication.privatize.k_same_grouped import form_groups, privatize_by_k_same_grouped
from replication.privatize.methods import METHODS
from replication.records import EyeDataset, to_bytes, to_unit_range
from validation.statistics.channel import bound_channel


def k_same(k, queries, gallery):
    given = {"generator": None, "seed": 0, "draws": 1, "method": "grouped", "k": k}
    (only,) = privatize_by_k_same_grouped(queries, gallery=gallery, **given)
    return only


def list_persons(gallery, pathology):
    """Return each patient's mean image of the pathology, the person-specific set."""
    persons = {}
    for patient in sorted(set(gallery.identity)):
        own = [
            to_bytes(gallery.images[row]).astype(float)
            for row in range(len(gallery))
            if gallery.identity[row] == patient and gallery.glaucoma[row] == pathology
        ]
        if own:
            persons[patient] = sum(own) / len(own)
    return persons


def group_slowly(gallery, pathology, *, k):
    """Return the groups, lists of patients: k-Same of Newton et al., within one pathology."""
    left, groups = list_persons(gallery, pathology), []
    while len(left) >= 2 * k:
        first = left[min(left)]
        nearest = sorted(left, key=lambda patient: (((left[patient] - first) ** 2).sum(), patient))
        groups.append(sorted(nearest[:k]))
        for patient in nearest[:k]:
            del left[patient]
    return [*groups, sorted(left)]


@pytest.mark.parametrize("k", [1, 2, 3, 6])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_definition(k, seed):
    queries, gallery = random_queries(seed=seed + 50), random_gallery(seed=seed)
    fast = k_same(k, queries, gallery)
    assert fast.used_identities.shape == (len(queries), 2 * k - 1)
    for query, patient in enumerate(queries.identity):
        persons = list_persons(gallery, queries.glaucoma[query])
        groups = group_slowly(gallery, queries.glaucoma[query], k=k)
        [group] = [group for group in groups if patient in group]
        assert set(fast.used_identities[query]) == set(group)
        mean = sum(persons[member] for member in group) / len(group)
        assert np.abs(to_bytes(fast.images[query]) - mean).max() <= 0.501


@pytest.mark.parametrize("k", [2, 3, 5, 6])
@pytest.mark.parametrize("pathology", [False, True])
def test_everyone_is_in_one_group_and_a_group_has_k_members_or_more(k, pathology):
    gallery = random_gallery(seed=7)
    groups = form_groups(gallery, pathology, k=k)
    members = [set(each) for each in groups.members]
    assert all(k <= len(each) < 2 * k for each in members)
    assert sum(map(len, members)) == len(set.union(*members))
    assert set.union(*members) == set(list_persons(gallery, pathology))


def test_all_images_of_a_group_are_equal_and_so_nobody_names_more_than_one_in_k():
    gallery = random_eyes([p for p in range(12) for _ in range(3)], [True] * 36, seed=3, prefix="g")
    queries = random_eyes(list(range(12)) * 2, [True] * 24, seed=4, prefix="q")
    for k in (2, 3, 4, 6, 12):
        privatized = k_same(k, queries, gallery)
        assert len(np.unique(to_bytes(privatized.images), axis=0)) == 12 // k
        assert bound_naming(privatized, queries.identity) == pytest.approx(1 / k)
        assert bound_channel(queries.identity, privatized.code).at_most == pytest.approx(1 / k)


def test_the_code_is_the_group_of_either_pathology_and_the_same_whatever_else_is_asked():
    queries, gallery = random_queries(), random_gallery()
    privatized = k_same(2, queries, gallery)
    used = [
        (*row, ill) for row, ill in zip(privatized.used_identities, queries.glaucoma, strict=True)
    ]
    by_code = dict(zip(privatized.code, used, strict=True))
    assert [by_code[code] for code in privatized.code] == used
    assert len(by_code) == len(set(used)) == 6  # three of 0-5 and 11, three of 6-10 and 11
    for row in range(len(queries)):
        alone = k_same(2, queries.take(np.array([row])), gallery)
        assert alone.code == privatized.code[row]


def test_as_built_no_two_images_are_equal_and_nothing_is_proven():
    gallery = random_gallery()
    queries = random_eyes(list(range(12)), [False] * 6 + [True] * 6, seed=4, prefix="q")
    given = {"gallery": gallery, "generator": None, "seed": 0, "draws": 1}
    (built,) = METHODS["k-same-3"].privatize(queries, **given)
    assert bound_naming(built, queries.identity) == 1


def flat(levels, identity, glaucoma):
    """Return images of one gray level each."""
    images = np.repeat(np.array(levels, np.uint8), 4 * 4 * 3).reshape(-1, 4, 4, 3)
    names = np.array([f"{row}" for row in range(len(levels))])
    return EyeDataset(to_unit_range(images), np.array(identity), np.array(glaucoma), names)


def test_each_patient_weighs_the_same_however_many_images_there_are():
    gallery = flat([10, 10, 10, 10, 90, 90], [0, 0, 0, 0, 1, 1], [True] * 6)
    (image,) = to_bytes(k_same(2, gallery.take(np.array([0])), gallery).images)
    assert (image == 50).all()


def test_whom_the_gallery_lacks_joins_the_nearest_group():
    gallery = flat([10, 20, 210, 220, 60, 70], [0, 1, 2, 3, 4, 5], [True] * 4 + [False] * 2)
    queries = flat([112, 118, 15, 30], [99, -1, 2, 4], [True] * 4)  # of 4 one kind alone is known
    privatized = k_same(2, queries, gallery)
    assert to_bytes(privatized.images)[:, 0, 0, 0].tolist() == [15, 215, 215, 15]
    assert [set(row) for row in privatized.used_identities] == [{0, 1}, {2, 3}, {2, 3}, {0, 1}]


def test_a_patient_with_eyes_of_both_kinds_is_in_a_group_of_each():
    gallery = flat([10, 20, 110, 120], [0, 1, 0, 2], [True, True, False, False])
    queries = flat([0, 0], [0, 0], [True, False])
    assert to_bytes(k_same(2, queries, gallery).images)[:, 0, 0, 0].tolist() == [15, 115]


def test_of_equally_near_patients_those_of_lower_identity_come_first():
    gallery = flat([9] * 5, [7, 3, 5, 8, 4], [True] * 5)
    groups = form_groups(gallery, True, k=2)
    assert [set(each) for each in groups.members] == [{3, 4}, {5, 7, 8}]


def test_the_order_of_the_gallery_changes_nothing():
    queries, gallery = random_queries(), random_gallery()
    turned = gallery.take(np.arange(len(gallery))[::-1])
    np.testing.assert_array_equal(
        k_same(3, queries, gallery).images, k_same(3, queries, turned).images
    )


def test_too_few_patients_of_a_pathology_are_named_with_k_where_a_query_has_it():
    healthy = random_eyes([1, 2, 3], [False] * 3, seed=4, prefix="train")
    queries = random_queries()
    with pytest.raises(DataError, match="K = 2: only 0 patients have a training image with glau"):
        k_same(2, queries.take(np.array([6])), healthy)
    with pytest.raises(DataError, match="K = 4: only 3 patients have a training image without"):
        k_same(4, queries.take(np.array([0])), healthy)
    assert len(k_same(3, queries.take(np.array([0])), healthy).images) == 1


def test_the_registry_binds_k():
    for k in (3, 6, 12):
        assert METHODS[f"k-same-grouped-{k}"].privatize.keywords["k"] == k
