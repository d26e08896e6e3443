"""The claims on k-anonymity can hold and fail, and hold of the paper's own numbers."""

from dataclasses import replace

import pytest
from paper_text import find_misquoted
from planted_predictions import BEYOND_HOLDS, EVERY_CLAIM_HOLDS, plant_predictions

from validation.claims.anonymity_claims import ANONYMITY_CLAIMS
from validation.claims.judge import Finding, find_margin, judge_claims
from validation.paper.numbers import read_paper_percent

BUILT, IN_GROUPS = ANONYMITY_CLAIMS
HOLDS = EVERY_CLAIM_HOLDS | BEYOND_HOLDS


def judge(rates):
    return [j.finding for j in judge_claims(plant_predictions(rates), claims=ANONYMITY_CLAIMS)]


def test_the_limits_are_one_in_k():
    zero = {(f"k-same-{k}", "identity_accuracy"): 0.0 for k in (3, 6, 9, 12)}
    zero |= {(f"k-same-grouped-{k}", "identity_accuracy"): 0.0 for k in (3, 6, 12)}
    margins = [[find_margin(part, zero) for part in claim.parts] for claim in ANONYMITY_CLAIMS]
    assert margins[0] == pytest.approx([1 / 3, 1 / 6, 1 / 9, 1 / 12])
    assert margins[1] == pytest.approx([1 / 3, 1 / 6, 1 / 12])


def test_the_papers_own_numbers_bear_it_out():
    numbers = {cell: float(text) / 100 for cell, text in read_paper_percent().items()}
    assert min(find_margin(part, numbers) for part in BUILT.parts) > 0


def test_the_quotations_are_the_papers_own_words():
    assert find_misquoted(ANONYMITY_CLAIMS) == []


@pytest.mark.parametrize(
    ("spoilt", "rate", "found"),
    [
        (None, None, [Finding.HOLDS, Finding.HOLDS]),
        ("k-same-12", 0.5, [Finding.FAILS, Finding.HOLDS]),
        ("k-same-grouped-6", 0.4, [Finding.HOLDS, Finding.FAILS]),
        ("k-same-grouped-3", 0.34, [Finding.HOLDS, Finding.UNDECIDED]),
    ],
)
def test_each_can_hold_and_fail(spoilt, rate, found):
    changed = {spoilt: replace(HOLDS[spoilt], identity=rate)} if spoilt else {}
    assert judge(HOLDS | changed) == found


def test_a_run_without_groups_has_them_not_measured():
    assert judge(EVERY_CLAIM_HOLDS) == [Finding.HOLDS, Finding.NOT_MEASURED]
