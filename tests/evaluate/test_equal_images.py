"""The largest share against every attacker there is."""

from itertools import product

import numpy as np
import pytest

from replication.errors import DataError
from replication.evaluate.equal_images import bound_naming
from replication.records import PrivatizedSet, to_unit_range


def shade(levels, code=None):
    images = to_unit_range(np.array(levels, np.uint8).reshape(-1, 1, 1, 1))
    return PrivatizedSet("shaded", 0, images, None, code)


def test_no_attacker_names_more_and_one_names_as_many():
    levels, identity = [5, 5, 5, 9, 9, 5, 30], np.array([0, 0, 1, 1, 2, 2, 2])
    rates = []
    for answers in product(range(3), repeat=3):  # a name for each image there is to be seen
        named = dict(zip((5, 9, 30), answers, strict=True))
        rates.append(
            np.mean([named[level] == who for level, who in zip(levels, identity, strict=True)])
        )
    assert len(rates) == 27
    assert bound_naming(shade(levels), identity) == max(rates) == 4 / 7


def test_with_as_many_images_of_each_of_k_it_is_one_in_k_and_of_one_alone_all():
    identity = np.repeat(np.arange(6), 2)
    assert bound_naming(shade([7] * 12), identity) == pytest.approx(1 / 6)
    assert bound_naming(shade(range(12)), identity) == 1


def test_images_are_compared_as_bytes():
    drawn = shade([100, 100])
    drawn.images[1] += np.float32(0.4 / 127.5)
    assert bound_naming(drawn, np.array([0, 1])) == 0.5


def test_a_code_counts_where_there_is_one_however_the_images_differ():
    drawn = shade(range(4), code=np.array([0, 0, 0, 1]))
    assert bound_naming(drawn, np.array([0, 1, 1, 2])) == 3 / 4


def test_no_images_are_refused():
    with pytest.raises(DataError, match="no images"):
        bound_naming(shade([]), np.array([], int))
