from dataclasses import replace

import numpy as np
import pytest
from coded_eyes import AXES, draw_eyes

from replication.errors import DataError
from replication.train.contributions import ANGLES, CELL, RADII, SignReaders
from replication.train.disease_code import DiseaseCode


@pytest.fixture(scope="module")
def eyes():
    return draw_eyes()


@pytest.fixture(scope="module")
def readers(eyes):
    return SignReaders.learn(eyes, AXES)


def test_patients_unmet_are_told_ill_from_healthy(eyes, readers):
    found = readers.detect(eyes)
    assert (found.ill, found.healthy) == (8, 16)
    assert found.auc > 0.85
    assert found.p_value < 0.001


def test_contributions_are_where_the_sign_is(eyes, readers):
    contributions = readers.find_contributions(eyes.images, eyes.identity)
    assert (contributions >= 0).all()
    bright = contributions[:, : contributions.shape[1] // 2]  # the other half is what is darker
    by_angle = bright.reshape(-1, ANGLES // CELL[0], RADII // CELL[1]).sum(axis=2)
    right = by_angle[eyes.glaucoma & (eyes.identity % 2 == 1)].mean(axis=0)
    left = by_angle[eyes.glaucoma & (eyes.identity % 2 == 0)].mean(axis=0)
    half = len(right) // 2  # angles go round from the right
    assert abs(right.argmax() - 0) in (0, 1, len(right) - 1)
    assert abs(left.argmax() - half) <= 1


def test_a_patient_is_read_by_the_one_reader_that_has_not_met_them(eyes, readers):
    for patient in (20, 23):
        fold = readers.fold[patient]
        own = eyes.identity == patient
        alone = replace(readers, fold=np.full_like(readers.fold, fold))
        expected = alone.find_contributions(eyes.images[own], eyes.identity[own])
        read = readers.find_contributions(eyes.images[own], eyes.identity[own])
        np.testing.assert_array_equal(read, expected)
        assert set(readers.fold) == {0, 1, 2}


def test_a_stranger_is_read_by_all(eyes, readers):
    each = [
        replace(readers, fold=np.full_like(readers.fold, fold)).find_contributions(
            eyes.images[:3], eyes.identity[:3]
        )
        for fold in range(3)
    ]
    for stranger in (-1, 99):
        read = readers.find_contributions(eyes.images[:3], np.full(3, stranger))
        np.testing.assert_allclose(read, np.mean(each, axis=0))


def test_too_few_patients_are_named():
    few = draw_eyes(patients=6)
    with pytest.raises(DataError, match="2 patients with glaucoma and 4 without"):
        SignReaders.learn(few, AXES)


def test_a_code_that_would_say_nothing_is_refused():
    with pytest.raises(DataError, match="no more than chance; .* nothing is released"):
        DiseaseCode.learn(draw_eyes(shown=False, seed=2), AXES, (3,))
