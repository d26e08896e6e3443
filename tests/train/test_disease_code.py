import numpy as np
import pytest
from coded_eyes import AXES, draw_eyes
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.errors import DataError
from replication.train.disease_code import DiseaseCode, group_patients


@settings(max_examples=25)
@given(patients=st.integers(1, 40), k=st.integers(1, 10), seed=st.integers(0, 9))
def test_no_cluster_is_smaller_than_k(patients, k, seed):
    if patients < k:
        return
    places = np.random.default_rng(seed).normal(size=(patients, 3))
    groups = group_patients(places, k=k)
    counts = np.bincount(groups)
    assert counts.min() >= k
    assert len(counts) == max(1, patients // (k + 1))
    assert groups[0] == 0


def test_patients_who_are_alike_are_in_one_cluster():
    kinds = np.repeat([0, 1], [5, 7])
    places = np.array([[0.0, 0], [9, 0]])[kinds]
    places += np.random.default_rng(0).normal(0, 0.1, places.shape)
    np.testing.assert_array_equal(group_patients(places, k=5), kinds)


@pytest.fixture(scope="module")
def eyes():
    return draw_eyes(patients=24)


@pytest.fixture(scope="module")
def code(eyes):
    return DiseaseCode.learn(eyes, AXES, (3, 5, 9))[0]


def test_kinds_have_codes_of_their_own_where_enough_patients_share_them(eyes, code):
    three, five, nine = code.of_patient
    ill = np.unique(eyes.identity[eyes.glaucoma])
    assert [len(set(three[ill])), len(set(five[ill])), set(nine)] == [2, 1, {0}]
    for side in (0, 1):
        assert len(set(three[ill[ill % 2 == side]])) == 1
    assert code.codes == 1 + 2 + 1
    assert not three[~np.isin(np.arange(24), ill)].any()


def test_a_patients_code_is_fixed_whatever_the_image_as_long_as_the_verdict_is(eyes, code):
    own = eyes.identity == 20
    other = eyes.images[eyes.identity == 21]  # the sign on the other side
    verdict = np.ones(len(other), bool)
    read = code.read(other, eyes.identity[own], verdict, k=3)
    np.testing.assert_array_equal(read, code.of_patient[0, 20])
    assert not code.read(other, eyes.identity[own], ~verdict, k=3).any()


def test_strangers_get_the_code_of_the_likest_patients(eyes, code):
    strangers = draw_eyes(patients=24, seed=5)
    read = code.read(strangers.images, np.full(len(strangers), -1), strangers.glaucoma, k=3)
    expected = np.where(strangers.glaucoma, code.of_patient[0, strangers.identity], 0)
    assert (read == expected).mean() > 0.95


def test_codes_of_levels_do_not_overlap(code):
    assert not set(code.of_patient[0]) & set(code.of_patient[1]) - {0}
    assert code.list_behind(0).size == 0
    behind = code.list_behind(int(code.of_patient[1].max()))
    np.testing.assert_array_equal(behind, np.arange(16, 24))


def test_nothing_is_released_below_k(eyes, code):
    with pytest.raises(DataError, match="8 patients with glaucoma .* shared by 9"):
        code.read(eyes.images, eyes.identity, eyes.glaucoma, k=9)


def test_it_is_stored_without_pickle_and_reads_alike(eyes, code, tmp_path):
    code.save(tmp_path)
    again = DiseaseCode.load(tmp_path)
    strangers = np.full(len(eyes), -1)
    read = [each.read(eyes.images, strangers, eyes.glaucoma, k=3) for each in (code, again)]
    np.testing.assert_array_equal(*read)
    np.testing.assert_array_equal(again.of_patient, code.of_patient)
