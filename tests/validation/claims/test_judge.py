import numpy as np
import pandas as pd
import pytest
from paper_text import find_misquoted
from planted_predictions import EVERY_CLAIM_HOLDS, Rates, plant_predictions

from validation.claims.judge import (
    Finding,
    JudgedPart,
    find_finding,
    find_margin,
    judge_claim,
    judge_claims,
)
from validation.claims.table1_claims import CLAIMS
from validation.paper.numbers import read_paper_percent
from validation.statistics.resampling import margin_interval, resample_patients

NAMES = [claim.name for claim in CLAIMS]


@pytest.fixture(scope="module")
def all_hold():
    return judge_claims(plant_predictions(EVERY_CLAIM_HOLDS))


def judge_spoilt(spoilt):
    judged = judge_claims(plant_predictions({**EVERY_CLAIM_HOLDS, **spoilt}))
    return {judgement.claim.name: judgement for judgement in judged}


@pytest.mark.parametrize("claim", CLAIMS, ids=NAMES)
def test_the_papers_own_numbers_bear_out_all_its_claims(claim):
    numbers = {cell: float(text) / 100 for cell, text in read_paper_percent().items()}
    assert min(find_margin(part, numbers) for part in claim.parts) > 0


def test_the_quotations_are_the_papers_own_words():
    assert find_misquoted(CLAIMS) == []


def test_every_claim_can_hold(all_hold):
    assert {j.claim.name: j.finding for j in all_hold} == dict.fromkeys(NAMES, Finding.HOLDS)
    assert all(part.low <= part.margin <= part.high for j in all_hold for part in j.parts)


SPOILT = {
    "blur hides the patient by degrees": (
        {"blur-9": Rates(0.3, None, 0.6, 0.05)},
        {
            "blur-3": Rates(0.895, None, 0.93, 0.05),
            "blur-9": Rates(0.89, None, 0.6, 0.05),
            "blur-15": Rates(0.885, None, 0.4, 0.05),
            "blur-21": Rates(0.88, None, 0.1, 0.05),
        },
    ),
    "blur hides the patient least": (
        {"k-same-3": Rates(0.5, 0.4, 0.8, 0.1)},
        {"k-same-3": Rates(0.29, 0.4, 0.8, 0.1)},
    ),
    "blur loses the disease": (
        {"blur-21": Rates(0.3, None, 0.8, 0.05)},
        {"blur-21": Rates(0.3, None, 0.3, 0.05)},
    ),
    "K-Same-Select falls with K": (
        {"k-same-9": Rates(0.06, 0.33, 0.9, 0.1)},
        {
            "k-same-6": Rates(0.195, 0.35, 0.6, 0.15),
            "k-same-9": Rates(0.19, 0.33, 0.4, 0.2),
            "k-same-12": Rates(0.185, 0.31, 0.2, 0.25),
        },
    ),
    "PPRL-VGAN hides the patient": (
        {"pprl-vgan-random": Rates(0.1, 0.8, 0.7, 0.2)},
        {"pprl-vgan-random": Rates(0.045, 0.8, 0.7, 0.2)},
    ),
    "PPRL-VGAN shows the replacement": (
        {"pprl-vgan-random": Rates(0.01, 0.4, 0.7, 0.2)},
        {"pprl-vgan-random": Rates(0.01, 0.52, 0.7, 0.2)},
    ),
    "PPRL-VGAN shows the replacement's pathology": (
        {"pprl-vgan-random": Rates(0.01, 0.8, 0.2, 0.6)},
        {"pprl-vgan-random": Rates(0.01, 0.8, 0.88, 0.11)},
    ),
    "averaging protects the replaced": (
        {"pprl-vgan-averaged-random": Rates(0.03, 0.4, 0.8, 0.12)},
        {"pprl-vgan-averaged-random": Rates(0.03, 0.235, 0.8, 0.12)},
    ),
    "averaging within a pathology keeps more of it": (
        {"pprl-vgan-averaged-random": Rates(0.03, 0.1, 0.99, 0.01)},
        {"pprl-vgan-averaged-random": Rates(0.03, 0.1, 0.89, 0.055)},
    ),
    "averaging trades best": (
        {"blur-21": Rates(0.3, None, 0.1, 0.05), "k-same-3": Rates(0.0, 0.0, 0.95, 0.02)},
        {"k-same-3": Rates(0.02, 0.09, 0.87, 0.06)},
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_each_claim_can_fail(name):
    judgement = judge_spoilt(SPOILT[name][0])[name]
    assert judgement.finding == Finding.FAILS
    assert min(part.high for part in judgement.parts) < 0


@pytest.mark.parametrize("name", NAMES)
def test_each_claim_can_be_left_open(name):
    judgement = judge_spoilt(SPOILT[name][1])[name]
    assert judgement.finding == Finding.UNDECIDED
    assert min(part.margin for part in judgement.parts) > 0  # the bare numbers would have passed it
    assert min(part.low for part in judgement.parts) <= 0


@pytest.mark.parametrize(
    ("low", "high", "finding"),
    [
        (0.0, 0.2, Finding.UNDECIDED),
        (1e-12, 0.2, Finding.HOLDS),
        (-0.2, 0.0, Finding.UNDECIDED),
        (-0.2, -1e-12, Finding.FAILS),
    ],
)
def test_an_interval_that_ends_on_the_limit_shows_nothing(low, high, finding):
    parts = [JudgedPart("", True, 0.1, *ends) for ends in ((0.1, 0.2), (low, high))]
    assert find_finding(tuple(parts)) is finding


def test_a_step_that_is_not_shown_to_fall_does_not_stand_in_the_way():
    close = {"blur-9": Rates(0.41, None, 0.6, 0.05)}
    judgement = judge_spoilt(close)["blur hides the patient by degrees"]
    assert min(part.low for part in judgement.parts) < 0
    assert judgement.finding == Finding.HOLDS


def test_one_averaged_set_is_enough_to_trade_best():
    spoilt = {"pprl-vgan-averaged-random": Rates(0.03, 0.16, 0.3, 0.5)}
    assert judge_spoilt(spoilt)["averaging trades best"].finding == Finding.HOLDS


def test_either_averaged_set_gets_half_of_the_error():
    predictions = plant_predictions(EVERY_CLAIM_HOLDS)
    resamples = resample_patients(predictions, rng=np.random.default_rng(0))
    claim = CLAIMS[NAMES.index("averaging trades best")]
    judged = judge_claim(claim, resamples).parts[-1]
    own, shared = (
        [
            margin_interval(option.margin, option.cells, resamples, confidence=confidence)
            for option in claim.parts[-1].either
        ]
        for confidence in (1 - 0.05 / 2, 1 - 0.05 / len(claim.parts) / 2)
    )
    assert len(own) == 2
    assert judged.low == pytest.approx(max(low for low, _ in own))
    assert judged.high == pytest.approx(max(high for _, high in shared))


def test_the_trade_off_by_hand(all_hold):
    # averaged, same pathology: 1/3 of images at 0.9 and 2/3 at 0.95 right, 0.1 recognised
    parts = {part.text: part.margin for part in all_hold[-1].parts}
    own = 0.9 / 3 + 2 * 0.95 / 3 - 0.1
    assert parts["trade-off: averaged over blur-21"] == pytest.approx(
        own - (0.1 / 3 + 2 * 0.95 / 3 - 0.3), abs=0.002
    )
    assert parts["trade-off: averaged over k-same-3"] == pytest.approx(
        own - (0.8 / 3 + 2 * 0.9 / 3 - 0.4), abs=0.002
    )


def find_cells(part):
    return [cell for option in part.either for cell in option.cells]


def test_what_was_not_measured_never_passes(all_hold):
    predictions = plant_predictions(EVERY_CLAIM_HOLDS)
    for method in EVERY_CLAIM_HOLDS:
        judged = judge_claims(predictions[predictions["method"] != method])
        for judgement, complete in zip(judged, all_hold, strict=True):
            spoken_of = {cell[0] for part in judgement.claim.parts for cell in find_cells(part)}
            expected = Finding.NOT_MEASURED if method in spoken_of else Finding.HOLDS
            assert judgement.finding == expected, (method, judgement.claim.name)
            assert len(judgement.parts) == len(complete.parts)
            for part, cells in zip(
                judgement.parts, map(find_cells, judgement.claim.parts), strict=True
            ):
                absent = method in {cell[0] for cell in cells}
                assert {absent} == {n is None for n in (part.margin, part.low, part.high)}


def test_a_file_in_another_order_gives_the_same(all_hold, tmp_path):
    shuffled = plant_predictions(EVERY_CLAIM_HOLDS).sample(frac=1, random_state=5)
    shuffled.to_csv(tmp_path / "predictions.csv", index=False)
    assert judge_claims(pd.read_csv(tmp_path / "predictions.csv")) == all_hold
