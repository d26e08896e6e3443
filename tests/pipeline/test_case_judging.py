"""Table 3's parts: kinds, an attacker's queries, halves of patients, and what can't be measured."""

import numpy as np
import pytest
from fake_eyes import plant_eyes

from replication.pipeline.case_judging import halve_by_label, list_queries


def test_every_half_has_half_of_the_ill_and_of_the_others():
    gallery = plant_eyes(24, 2)
    half = halve_by_label(gallery, np.random.default_rng(0))
    ill = np.isin(np.arange(24), gallery.identity[gallery.glaucoma])
    for group in (ill, ~ill):
        assert half[group].sum() == group.sum() // 2
    other = halve_by_label(gallery, np.random.default_rng(1))
    assert (half != other).any()


@pytest.mark.parametrize("count", [5, 12, 31])
def test_an_attacker_queries_with_each_image_and_then_with_moved_ones(count):
    test, others = plant_eyes(3, 2), plant_eyes(3, 2, seed=1)
    found = list_queries(test, others, count)
    assert len(found) == max(count, 12)
    np.testing.assert_array_equal(found.images[:6], test.images)
    np.testing.assert_array_equal(found.images[6:12], others.images)
    for row in range(12, len(found)):
        moved = np.roll(found.images[row % 12], row // 12, axis=1)
        np.testing.assert_array_equal(found.images[row], moved)
    assert len(np.unique(found.images, axis=0)) == len(found)
    np.testing.assert_array_equal(found.identity, np.resize(found.identity[:12], len(found)))
