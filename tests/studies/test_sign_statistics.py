"""Statistics of signs, each on data whose right value is known."""

import numpy as np
import pytest

from replication.studies.sign_statistics import (
    count_changed,
    extract_features,
    judge_by_features,
    know_by_patient,
    measure_visibility,
    share_half_sick,
)

PATIENTS = 60
PATIENT = np.repeat(np.arange(PATIENTS), 8)
SICK = np.isin(PATIENT, np.arange(0, PATIENTS, 3))


def test_visibility_is_the_change_over_the_spread() -> None:
    """Of one pixel of white noise: its change by its standard deviation."""
    healthy = np.random.default_rng(0).normal(0, 10, (2000, 8, 8))
    change = np.zeros((2, 8, 8))
    change[0, 3, 3], change[1, 5, 2] = 20, -50
    found = measure_visibility(healthy, np.repeat(np.arange(40), 50), change)
    assert found == pytest.approx([2, 5], rel=0.06)


def test_a_sign_that_looks_like_what_eyes_differ_by_is_less_visible() -> None:
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(40), 50)
    common = np.zeros((8, 8))
    common[2:4, 2:4] = 30
    healthy = rng.normal(0, 10, (2000, 8, 8)) + rng.normal(0, 1, (2000, 1, 1)) * common
    signs = np.stack([common[::-1], common, common + common[::-1]])
    seen, hidden, both = measure_visibility(healthy, patient, signs)
    assert seen == pytest.approx(6, rel=0.1)  # 60 / 10: four pixels of 30
    assert hidden == pytest.approx(1, rel=0.1)  # as far as eyes differ by themselves
    assert both == pytest.approx(37**0.5, rel=0.1)  # the clearer part weighs more


def test_pixels_count_from_nine_levels() -> None:
    change = np.array([[[0, 8], [-8, 9]], [[9, -9], [200, 8]]])
    assert count_changed(change).tolist() == [1, 3]


def test_features_are_84_and_show_a_spot_in_its_ring() -> None:
    image = np.full((1, 64, 64), 120, np.uint8)
    spotted = image.copy()
    spotted[0, 31:33, 40:42] = 20  # 9 px from the middle, of a radius of 16
    plain, spot = (extract_features(i, (0.25, 0.25))[0] for i in (image, spotted))
    assert plain.shape == (84,)
    lowest = (spot - plain)[12 + 1 : 12 + 24 : 2]  # at the finest scale
    assert int(np.argmin(lowest)) in (6, 7)
    assert lowest.min() < -20


def test_features_that_show_the_disease_generalise_and_those_of_a_person_do_not() -> None:
    rng = np.random.default_rng(3)
    person = rng.normal(0, 1, (PATIENTS, 30))[PATIENT]
    own = rng.normal(0, 0.3, (len(PATIENT), 30))
    shown = np.column_stack([person + own, 4 * SICK + rng.normal(0, 1, len(SICK))])
    assert judge_by_features(shown, SICK, PATIENT) > 0.9
    assert judge_by_features(person + own, SICK, PATIENT) == pytest.approx(0.5, abs=0.15)


def test_what_the_patient_alone_says() -> None:
    glaucoma = np.array([1, 1, 1, 0, 1, 1, 0, 0], bool)
    patient = np.array(["a", "a", "a", "a", "b", "b", "c", "c"])
    assert know_by_patient(glaucoma, patient) == 7 / 8
    assert share_half_sick(glaucoma, patient) == 1 / 2
