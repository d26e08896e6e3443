"""What comes of all maps, as numbers and as a page; what was not measured says so."""

import json

import numpy as np
import pandas as pd
import pytest
from planted_relevance import DIFFERENT, EVERY_CLAIM_HOLDS, SAME, plant_relevance

from replication.explanation_summary import summarise_relevance
from replication.explanation_text import to_markdown


def summarise(relevance, signs=None):
    return summarise_relevance(relevance, signs, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def summary():
    return summarise(plant_relevance())


def pick(rows, **wanted):
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


def test_maps_and_empty_ones_are_counted_per_set():
    relevance = plant_relevance()
    lost = (relevance["method"] == SAME) & (relevance["image_id"].isin(["eye-0", "eye-1"]))
    relevance.loc[lost, "empty"] = True
    rows = summarise(relevance)["maps"]
    assert [row["method"] for row in rows] == list(EVERY_CLAIM_HOLDS)
    assert (rows[1]["maps"], rows[1]["empty"]) == (240, 4)
    assert rows[0]["empty"] == 0


def test_an_empty_map_does_not_move_how_the_sum_follows_the_logit():
    relevance = plant_relevance()
    relevance.loc[0, ["relevance_sum", "logit", "empty"]] = [0, -50, True]
    original = pick(summarise(relevance)["maps"], method="original")
    assert original["sum_follows_logit"] == pytest.approx(1)


def test_agreements_are_compared_between_pathologies_and_with_other_originals(summary):
    measure = {"measure": "top_overlap", "eyes": "all test images"}
    between = pick(summary["agreement"], comparison="same against different pathology", **measure)
    assert between["difference_mean"] == pytest.approx(0.2, abs=0.02)
    assert between["difference_low"] > 0.1
    other = "different pathology: own against another patient's original"
    assert pick(summary["agreement"], comparison=other, **measure)["second_mean"] == pytest.approx(
        0.4, abs=0.02
    )


def test_eyes_with_glaucoma_are_told_apart(summary):
    assert {row["images"] for row in summary["agreement"]} == {120, 48}
    assert {row["eyes"]: row["images"] for row in summary["iris"]} == {
        "all test images": 120,
        "test images of eyes with glaucoma": 48,
    }


def test_the_page_has_every_table_and_says_what_is_not_known(summary):
    page = to_markdown(summary, heading="On planted maps.", example="None fits.")
    assert page.startswith("On planted maps.\n")
    assert "| pprl-vgan-same-pathology | 240 | 0 |" in page
    assert "places are not known on this data" in page
    assert page.endswith("**Figure 5.** None fits.\n")
    columns = {line.count("|") for line in page.splitlines() if line.startswith("| all test")}
    assert columns == {7, 9}
    assert json.dumps(summary)


def test_known_signs_are_told_beside_their_controls():
    row = {"mean": 0.4, "low": 0.2, "high": 0.6, "area": 0.05, "images": 9, "patients": 3}
    signs = pd.DataFrame(
        [
            {"measure": "mass", "map": "relevance", "empty": 1, **row},
            {"measure": "mass", "map": "edges", "empty": 1, **row}
            | {"lead_mean": -0.1, "lead_low": np.nan, "lead_high": np.nan},
        ]
    )
    summary = summarise(plant_relevance(), signs)
    assert summary["signs"][0]["lead_mean"] is None
    page = to_markdown(summary, heading="", example="")
    assert "9 images of 3 patients, 1 empty maps left out" in page
    assert "| mass | relevance | 0.400 (0.200 to 0.600) |  |" in page
    assert "| mass | edges | 0.400 (0.200 to 0.600) | -0.100 (too few patients) |" in page


@pytest.mark.parametrize("missing", [SAME, DIFFERENT])
def test_without_a_set_nothing_is_said_of_it(missing):
    relevance = plant_relevance()
    summary = summarise(relevance[relevance["method"] != missing])
    assert summary["agreement"] == []
    assert missing not in {row["method"] for row in summary["iris"]}
    assert to_markdown(summary, heading="", example="")
