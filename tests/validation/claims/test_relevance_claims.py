"""The paper's sentences about relevance maps: each can hold, fail, stay open and be unmeasured."""

import numpy as np
import pytest
from paper_text import find_misquoted
from planted_relevance import DIFFERENT, EVERY_CLAIM_HOLDS, SAME, Planted, plant_relevance

from validation.claims.judge import Finding
from validation.claims.relevance_claims import (
    NOTHING_EXPLAINED,
    RELEVANCE_CLAIMS,
    average_by_patient,
    judge_relevance,
)

NAMES = [claim.name for claim in RELEVANCE_CLAIMS]
STAYS, UPPER, NOT_HIGHLIGHTED = NAMES


def judge(**spoilt):
    names = {"original": "original", "same": SAME, "different": DIFFERENT}
    planted = EVERY_CLAIM_HOLDS | {names[key]: value for key, value in spoilt.items()}
    return find(plant_relevance(planted))


def find(relevance):
    return {j.claim.name: j.finding for j in judge_relevance(relevance)}


def test_the_quotations_are_the_papers_own_words():
    assert find_misquoted(RELEVANCE_CLAIMS) == []


def test_every_claim_can_hold():
    assert judge() == dict.fromkeys(NAMES, Finding.HOLDS)


@pytest.mark.parametrize(
    ("name", "spoilt", "finding"),
    [
        (STAYS, {"different": Planted(0.9, 0.4, 0.6, 0.25)}, Finding.FAILS),
        (STAYS, {"different": Planted(0.7, 0.4, 0.6, 0.25)}, Finding.UNDECIDED),
        (STAYS, {"same": Planted(0.7, 0.8, 0.6, 0.4)}, Finding.FAILS),
        (UPPER, {"original": Planted(np.nan, np.nan, 0.6, 0.2)}, Finding.FAILS),
        (UPPER, {"same": Planted(0.7, 0.4, 0.6, 0.3)}, Finding.UNDECIDED),
        (NOT_HIGHLIGHTED, {"different": Planted(0.5, 0.4, 0.6, 0.5)}, Finding.FAILS),
        (NOT_HIGHLIGHTED, {"different": Planted(0.5, 0.4, 0.6, 0.4)}, Finding.UNDECIDED),
    ],
)
def test_each_claim_can_fail_and_stay_open(name, spoilt, finding):
    assert judge(**spoilt)[name] is finding


def test_what_was_not_explained_leaves_its_claims_unmeasured():
    relevance = plant_relevance()
    incomplete = [relevance[relevance["method"] != method] for method in (SAME, DIFFERENT)]
    for explained in (NOTHING_EXPLAINED, *incomplete):
        assert find(explained) == dict.fromkeys(NAMES, Finding.NOT_MEASURED)


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column other_top_overlap; explain"):
        judge_relevance(plant_relevance().drop(columns="other_top_overlap"))


def test_numbers_are_means_over_the_images_that_have_them_all_and_over_their_draws():
    relevance = plant_relevance()
    lost = (relevance["image_id"] == "eye-0") & (relevance["method"] == DIFFERENT)
    half = (relevance["image_id"] == "eye-4") & (relevance["draw"] == 1)
    relevance.loc[lost | half, ["rank_correlation", "in_upper_half"]] = np.nan
    ratios = average_by_patient(relevance)
    kept = relevance[(relevance["image_id"] != "eye-0") & (relevance["method"] == SAME)]
    own = kept.groupby("image_id")["rank_correlation"].mean().mean()
    glaucoma = kept[kept["glaucoma"]].groupby("image_id")["in_upper_half"].mean().mean()
    everybody = np.ones((1, relevance["identity"].nunique()))
    assert ratios[SAME, "rank_correlation"].weigh(everybody).item() == pytest.approx(own)
    assert ratios[SAME, "in_upper_half"].weigh(everybody).item() == pytest.approx(glaucoma)


def test_places_are_those_of_eyes_with_glaucoma():
    relevance = plant_relevance()
    healthy = ~relevance["glaucoma"]
    relevance.loc[healthy, "in_upper_half"] = 0
    assert find(relevance)[UPPER] is Finding.HOLDS
