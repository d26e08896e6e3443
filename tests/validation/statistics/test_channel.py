"""The bound of a code against every attacker there is."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validation.statistics.channel import bound_channel

PATIENTS, CODES = 3, 3
images = st.lists(
    st.tuples(st.integers(0, PATIENTS - 1), st.integers(0, CODES - 1)), min_size=1, max_size=12
)


def rate_attackers(identity, seen, weights):
    """Return the weighted rate of every deterministic attacker who sees one of a few things."""
    shown, row = np.unique(seen, return_inverse=True)
    names = np.unique(identity)
    answers = np.array(list(product(names, repeat=len(shown))))
    return np.average(answers[:, row] == identity, axis=1, weights=weights)


@settings(deadline=None)
@given(images)
def test_no_attacker_names_more_and_the_reader_of_codes_names_as_many(rows):
    identity, code = np.array(rows).T
    bound = bound_channel(identity, code)
    ones = np.ones(len(rows))
    assert bound.at_most == pytest.approx(rate_attackers(identity, code, ones).max())
    each = np.bincount(identity)
    equal = rate_attackers(identity, code, 1 / each[identity]).max()
    assert bound.at_most_equal == pytest.approx(equal)
    assert bound.at_most <= bound.at_most_loose + 1e-12
    assert bound.at_most_loose == pytest.approx(len(np.unique(code)) * each.max() / len(rows))
    assert bound.codes == len(np.unique(code))
    assert bound.fewest_patients == min(len(set(identity[code == one])) for one in set(code))


@settings(deadline=None)
@given(images, st.lists(st.integers(0, 1), min_size=CODES * 2, max_size=CODES * 2))
def test_no_attacker_of_two_noisy_releases_names_more(rows, levels):
    """Each release is one of two levels by code and a fair coin; every pair of coins is listed."""
    identity, code = np.array(rows).T
    shown = np.array(levels).reshape(CODES, 2)
    coins = list(product((0, 1), repeat=2))
    pairs = np.concatenate([2 * shown[code, one] + shown[code, other] for one, other in coins])
    repeated = np.tile(identity, len(coins))
    best = rate_attackers(repeated, pairs, np.ones(len(repeated))).max()
    assert best <= bound_channel(identity, code).at_most + 1e-12


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_patients_with_as_many_images_who_share_codes_by_k_are_named_once_in_k(k):
    identity = np.repeat(np.arange(12), 5)
    bound = bound_channel(identity, identity // k)
    expected = (1 / k, 1 / k, 1 / k, 12 // k, k)
    assert (
        bound.at_most,
        bound.at_most_equal,
        bound.at_most_loose,
        bound.codes,
        bound.fewest_patients,
    ) == pytest.approx(expected)


def test_a_patient_with_more_images_is_named_more_often_than_one_in_k():
    bound = bound_channel(np.array([0, 0, 0, 1]), np.zeros(4, int))
    assert (bound.at_most, bound.at_most_equal, bound.fewest_patients) == (3 / 4, 1 / 2, 2)


def test_a_mask_is_about_its_images_alone():
    identity, code = np.array([0, 0, 1, 1, 2, 2]), np.array([7, 7, 7, -1, -1, -1])
    mask = np.array([True, False, True, True, False, False])
    assert bound_channel(identity, code, mask) == bound_channel(identity[mask], code[mask])
    assert bound_channel(identity, code, mask) != bound_channel(identity, code)


def test_it_is_not_about_several_images_of_a_patient_whose_codes_differ():
    """Codes 0 and 1 are of the first patient and 0 and 2 of the second: both images name either."""
    identity, code = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2])
    together = np.array([1, 1, 2, 2])
    assert bound_channel(identity, code).at_most == 3 / 4
    assert rate_attackers(identity, together, np.ones(4)).max() == 1


def test_other_lengths_and_no_images_are_refused():
    with pytest.raises(ValueError, match="expected one for each of 3 images, got 2"):
        bound_channel(np.arange(3), np.arange(2))
    for nobody in (np.array([], int), np.arange(3)):
        with pytest.raises(ValueError, match="no images"):
            bound_channel(nobody, nobody, np.zeros(len(nobody), bool))
