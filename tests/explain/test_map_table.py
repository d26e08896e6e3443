"""Maps in numbers: row by row, all of them, and as a page."""

import json

import numpy as np
import pandas as pd
import pytest
from fake_eyes import random_eyes
from planted_relevance import DIFFERENT, EVERY_CLAIM_HOLDS, SAME, plant_relevance

from replication.explain.agreement import MEASURES, MapPatterns, measure_agreement
from replication.explain.map_table import (
    compare_with_originals,
    describe_maps,
    summarise_relevance,
    to_markdown,
)
from replication.records import RelevanceMaps

SIDE = 8


def draw_maps(seed, *, empty=()):
    rng = np.random.default_rng(seed)
    maps = rng.random((3, SIDE, SIDE), dtype=np.float32)
    logit = np.array([2.0, 1.0, 3.0], np.float32)
    maps[list(empty)], logit[list(empty)] = 0, -1
    return RelevanceMaps(maps, np.array([1, 0, 1]), logit)


def test_a_row_has_whose_map_it_is_what_it_explains_and_where_it_lies():
    eyes = random_eyes([4, 4, 7], [True, True, False], seed=0, prefix="eye")
    iris, upper = np.zeros((2, 3, SIDE, SIDE), bool)
    iris[:, 2:6] = upper[:, 2:4] = True
    relevance = draw_maps(1, empty=[1])
    table = describe_maps(relevance, eyes, method="some", draw=2, irises=(iris, upper))
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


def test_without_irises_no_place_in_one_is_measured():
    eyes = random_eyes([4, 4, 7], [True, True, False], seed=0, prefix="eye")
    table = describe_maps(draw_maps(1, empty=[1]), eyes, method="some", draw=2, irises=None)
    fractions = ["in_iris", "in_upper_half", "upper_of_iris", "iris_area", "upper_half_area"]
    assert table[fractions].isna().all(axis=None) and table["logit"].notna().all()
    relevance = plant_relevance().assign(**dict.fromkeys(fractions, np.nan))
    summary = summarise(relevance)
    assert (
        summary["iris"] == [] and summary["agreement"] == summarise(plant_relevance())["agreement"]
    )
    page = to_markdown(summary, heading="", example="")
    assert "**Place in the iris.** Not measured: no image is centred on an iris." in page


def test_maps_are_compared_with_their_own_originals_and_with_others():
    originals, maps = draw_maps(2).maps, draw_maps(3).maps
    others = np.array([2, 0, 1])
    patterns = MapPatterns(originals)
    table = compare_with_originals(maps, patterns, patterns.take(others))
    own, other = (measure_agreement(one, maps) for one in (originals, originals[others]))
    for name in MEASURES:
        np.testing.assert_array_equal(table[name], own[name])
        np.testing.assert_array_equal(table[f"other_{name}"], other[name])
    alone = compare_with_originals(maps, patterns, patterns.take(np.array([2, -1, 1])))
    assert alone.filter(like="other_").isna().all(axis=1).tolist() == [False, True, False]
    same = compare_with_originals(originals, patterns, patterns.take(others))
    np.testing.assert_allclose(same[list(MEASURES)], 1)
    assert (same["other_rank_correlation"] < 0.5).all()


RULES = pd.DataFrame(
    [
        {"method": method, "maps": 120, "with_glaucoma": 48, "empty": 3}
        | {"sum_low": 0.9, "sum_median": 1.0, "sum_high": 1.1}
        | {"input_mean": 0.2, "input_low": 0.1, "input_high": 0.3}
        for method in ("deep_taylor.folded", "deep_taylor")
    ]
)


def summarise(relevance, signs=None):
    return summarise_relevance(relevance, signs, RULES, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def summary():
    return summarise(plant_relevance())


def pick(rows, **wanted):
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


def test_empty_maps_are_counted_per_set_and_do_not_move_how_the_sum_follows_the_logit():
    relevance = plant_relevance()
    lost = (relevance["method"] == SAME) & (relevance["image_id"].isin(["eye-0", "eye-1"]))
    relevance.loc[lost, ["relevance_sum", "logit", "empty"]] = [0, -50, True]
    rows = summarise(relevance)["maps"]
    assert [row["method"] for row in rows] == list(EVERY_CLAIM_HOLDS)
    assert (rows[0]["empty"], rows[1]["maps"], rows[1]["empty"]) == (0, 240, 4)
    assert rows[1]["sum_follows_logit"] == pytest.approx(1)


def test_agreements_are_compared_between_pathologies_and_with_other_originals(summary):
    measure = {"measure": "top_overlap", "eyes": "all test images"}
    between = pick(summary["agreement"], comparison="same against different pathology", **measure)
    assert between["difference_mean"] == pytest.approx(0.2, abs=0.02)
    assert between["difference_low"] > 0.1
    other = "different pathology: own against another patient's original"
    assert pick(summary["agreement"], comparison=other, **measure)["second_mean"] == pytest.approx(
        0.4, abs=0.02
    )


def test_eyes_with_glaucoma_have_rows_of_their_own(summary):
    assert {row["images"] for row in summary["agreement"]} == {120, 48}
    assert {row["eyes"]: row["images"] for row in summary["iris"]} == {
        "all test images": 120,
        "test images of eyes with glaucoma": 48,
    }


def test_the_page_has_every_table_and_what_is_not_known(summary):
    page = to_markdown(summary, heading="On planted maps.", example="None fits.")
    assert page.startswith("On planted maps.\n")
    assert "| pprl-vgan-same-pathology | 240 | 0 |" in page
    assert "places are not known on this data" in page
    assert page.endswith("**Figure 5.** None fits.\n")
    columns = {line.count("|") for line in page.splitlines() if line.startswith("| all test")}
    assert columns == {7, 9}
    assert json.dumps(summary)


def test_known_signs_stand_beside_their_controls():
    row = {"measure": "mass", "mean": 0.4, "low": 0.2, "high": 0.6}
    row |= {"area": 0.05, "images": 9, "patients": 3, "empty": 1}
    lead = {"lead_mean": -0.1, "lead_low": np.nan, "lead_high": np.nan}
    signs = pd.DataFrame([{"map": "relevance", **row}, {"map": "edges", **row, **lead}])
    summary = summarise(plant_relevance(), signs)
    assert summary["signs"][0]["lead_mean"] is None
    page = to_markdown(summary, heading="", example="")
    assert "9 images of 3 patients, 1 empty maps left out" in page
    assert "| mass | relevance | 0.400 (0.200 to 0.600) |  |" in page
    assert "| mass | edges | 0.400 (0.200 to 0.600) | -0.100 (too few patients) |" in page


@pytest.mark.parametrize("missing", [SAME, DIFFERENT])
def test_without_a_set_it_has_no_rows(missing):
    relevance = plant_relevance()
    summary = summarise(relevance[relevance["method"] != missing])
    assert summary["agreement"] == []
    assert missing not in {row["method"] for row in summary["iris"]}
    assert to_markdown(summary, heading="", example="")
