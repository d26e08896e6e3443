"""Maps in numbers, row by row."""

import numpy as np
import pytest
from fake_eyes import random_eyes

from replication.records import RelevanceMaps
from replication.relevance_agreement import MEASURES, measure_agreement
from replication.relevance_table import compare_with_originals, describe_maps

SIDE = 8


def draw_maps(seed, *, empty=()):
    rng = np.random.default_rng(seed)
    maps = rng.random((3, SIDE, SIDE), dtype=np.float32)
    logit = np.array([2.0, 1.0, 3.0], np.float32)
    maps[list(empty)], logit[list(empty)] = 0, -1
    return RelevanceMaps(maps, np.array([1, 0, 1]), logit)


def test_a_row_says_whose_map_it_is_what_it_explains_and_where_it_lies():
    eyes = random_eyes([4, 4, 7], [True, True, False], seed=0, prefix="eye")
    iris = np.zeros((3, SIDE, SIDE), bool)
    iris[:, 2:6] = True
    upper = iris.copy()
    upper[:, 4:] = False
    relevance = draw_maps(1, empty=[1])
    table = describe_maps(relevance, eyes, method="some", draw=2, iris=iris, upper=upper)
    assert table["image_id"].tolist() == ["eye0", "eye1", "eye2"]
    assert table["identity"].tolist() == [4, 4, 7]
    assert table["explains_glaucoma"].tolist() == [True, False, True]
    assert table["empty"].tolist() == [False, True, False]
    assert set(table["method"]) == {"some"} and set(table["draw"]) == {2}
    first = relevance.maps[0]
    assert table["relevance_sum"][0] == pytest.approx(first.sum())
    assert table["in_iris"][0] == pytest.approx(first[2:6].sum() / first.sum())
    assert table["in_upper_half"][0] == pytest.approx(first[2:4].sum() / first.sum())
    assert table.loc[1, ["in_iris", "in_upper_half", "upper_of_iris"]].isna().all()


def test_maps_are_compared_with_their_own_originals_and_with_others():
    originals, maps = draw_maps(2).maps, draw_maps(3).maps
    others = np.array([2, 0, 1])
    table = compare_with_originals(maps, originals, others)
    own, other = (measure_agreement(seen, maps) for seen in (originals, originals[others]))
    for name in MEASURES:
        np.testing.assert_array_equal(table[name], own[name])
        np.testing.assert_array_equal(table[f"other_{name}"], other[name])
    alone = compare_with_originals(maps, originals, np.array([2, -1, 1]))
    assert alone.filter(like="other_").isna().all(axis=1).tolist() == [False, True, False]
    same = compare_with_originals(originals, originals, others)
    np.testing.assert_allclose(same[list(MEASURES)], 1)
    assert (same["other_rank_correlation"] < 0.5).all()
