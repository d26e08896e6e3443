"""Five splits by patient: everybody tested once, nobody in two subsets, fractions as in the paper."""

import numpy as np
import pytest

from replication.errors import DataError
from replication.preprocess.folds import fold_by_patient


def make_patients(ill, healthy, *, images=4, mixed=False):
    """Return ids, identities and labels of patients with some images each, in a mixed order."""
    identity = np.repeat(np.arange(ill + healthy), images)
    glaucoma = identity < ill
    if mixed:
        glaucoma &= np.arange(len(identity)) % 2 == 0
    order = np.random.default_rng(0).permutation(len(identity))
    names = np.array([f"eye-{number}" for number in range(len(identity))])
    return names[order], identity[order], glaucoma[order]


@pytest.mark.parametrize("mixed", [False, True])
def test_every_patient_is_tested_once_and_learned_from_elsewhere(mixed):
    image_id, identity, glaucoma = make_patients(27, 81, mixed=mixed)
    folds = fold_by_patient(image_id, identity, glaucoma, seed=0)
    tested = np.concatenate([splits.test for splits in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(identity)))
    for splits in folds:
        who = [set(identity[rows]) for _, rows in splits.items()]
        assert not (who[0] & who[1] or who[0] & who[2] or who[1] & who[2])
        assert set.union(*who) == set(range(108))
        assert not len(splits.enrolment)


def test_fractions_are_those_of_the_paper_of_patients_and_of_ill_ones():
    image_id, identity, glaucoma = make_patients(40, 160)
    for splits in fold_by_patient(image_id, identity, glaucoma, seed=3):
        for (_, rows), fraction in zip(splits.items(), (0.65, 0.15, 0.2), strict=True):
            assert len(np.unique(identity[rows])) == 200 * fraction
            assert len(np.unique(identity[rows][glaucoma[rows]])) == 40 * fraction


def test_they_depend_on_the_ids_and_the_seed_alone():
    given = make_patients(6, 14)
    other = np.random.default_rng(1).permutation(len(given[0]))
    first = fold_by_patient(*given, seed=0)[0].test
    again = fold_by_patient(*(column[other] for column in given), seed=0)[0].test
    assert set(given[0][first]) == set(given[0][other][again])
    assert set(given[0][fold_by_patient(*given, seed=1)[0].test]) != set(given[0][first])


def test_with_five_patients_of_a_label_each_subset_has_one():
    image_id, identity, glaucoma = make_patients(5, 5)
    for splits in fold_by_patient(image_id, identity, glaucoma, seed=0):
        for rows in (splits.train, splits.validation, splits.test):
            assert set(glaucoma[rows]) == {False, True}


@pytest.mark.parametrize("counts", [(4, 20), (20, 4)])
def test_fewer_patients_of_a_label_than_folds_are_refused(counts):
    with pytest.raises(DataError, match="folds by patient: 5 folds need"):
        fold_by_patient(*make_patients(*counts), seed=0)


def test_ids_that_come_twice_are_refused():
    image_id, identity, glaucoma = make_patients(6, 6)
    with pytest.raises(DataError, match="an image_id comes twice"):
        fold_by_patient(np.full_like(image_id, "eye"), identity, glaucoma, seed=0)
