"""Which cases are shown: the nearest that pass, each of another patient, in one form."""

from dataclasses import replace

import numpy as np
import pytest

from replication.cases.answer import OTHER_FORM, choose_cases
from replication.cases.gate import Refusal
from replication.cases.released import ReleasedCases, load_cases, save_cases
from replication.cases.search import Similar
from replication.records import round_to_bytes

COUNT = 8
IDENTITY = np.array([0, 0, 1, 2, 3, 4, 5, 6])
SIMILAR = Similar(
    np.arange(COUNT) / 10, np.ones(COUNT, bool), np.zeros((0, COUNT)), np.zeros(COUNT, bool)
)


def make_cases(refusal=(), same=()):
    rng = np.random.default_rng(0)
    images = round_to_bytes(rng.uniform(-1, 1, (COUNT, 4, 4, 3)).astype(np.float32))
    for one, other in same:
        images[other] = images[one]
    found = np.array([dict(refusal).get(row, Refusal.NONE) for row in range(COUNT)], dtype=np.str_)
    return ReleasedCases(images, np.arange(COUNT) % 2, found, np.ones(COUNT, int), np.arange(COUNT))


def choose(released=None, *, candidates=None, count=3, allows=lambda row: True, **more):
    candidates = np.ones(COUNT, bool) if candidates is None else candidates
    return choose_cases(
        more.pop("similar", SIMILAR),
        released or make_cases(),
        candidates,
        IDENTITY,
        count=count,
        allows=allows,
        **more,
    )


def test_the_nearest_of_each_patient_are_chosen():
    assert choose().rows == [0, 2, 3]
    assert not choose().refused


def test_candidates_alone_are_chosen():
    assert choose(candidates=np.arange(COUNT) % 2 == 1).rows == [1, 3, 5]


def test_a_picture_comes_once():
    assert choose(make_cases(same=[(0, 2), (0, 4)])).rows == [0, 3, 5]


def test_what_is_refused_is_counted_by_reason_and_the_next_is_taken():
    found = choose(make_cases({0: Refusal.NEAR_COPY, 1: Refusal.NEAR_COPY, 3: Refusal.STATIC}))
    assert found.rows == [2, 4, 5]
    assert found.refused == {Refusal.NEAR_COPY: 2, Refusal.STATIC: 1}


def test_what_was_shown_in_another_form_is_not_shown():
    found = choose(allows=lambda row: row != 2)
    assert found.rows == [0, 3, 4] and found.refused == {OTHER_FORM: 1}


def test_nobody_comes_twice_beside_others():
    assert choose(make_cases(same=[(2, 4)]), beside=[0, 2], count=2).rows == [3, 5]


@pytest.mark.parametrize(("near", "rows"), [(0, []), (1, [0]), (3, [0, 2])])
def test_what_is_not_near_enough_is_not_shown(near, rows):
    similar = replace(SIMILAR, near=np.arange(COUNT) < near)
    assert choose(similar=similar).rows == rows


def test_cases_on_disk_come_back_as_they_were(tmp_path):
    cases = make_cases({3: Refusal.CROWD})
    save_cases(tmp_path, cases)
    back = load_cases(tmp_path)
    for name in ("images", "draw", "refusal", "alike", "code"):
        np.testing.assert_array_equal(getattr(back, name), getattr(cases, name))
    assert back.passed.sum() == COUNT - 1 and back.without_sign is None
    beside = cases.images[::-1].copy()
    save_cases(tmp_path, replace(cases, without_sign=beside))
    np.testing.assert_array_equal(load_cases(tmp_path).without_sign, beside)
