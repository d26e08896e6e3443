"""The claim that a method meets all three requirements can hold, fail, and be left open."""

import pytest
from paper_text import is_concluded

from validation.claims.judge import Finding
from validation.claims.requirements_claim import (
    ALL,
    EVIDENCE,
    LIMITS,
    PRIVACY,
    QUALITY,
    QUOTATION,
    judge_claim,
    judge_requirements,
)

ORIGINALS = {"verdicts_lost": 0.8, "sign_kind_auc": 0.9, "kid": 1.0}
SINGLE = {"kid": 8.0}  # of PPRL-VGAN's single images
MEETS = {
    "identity_best_with": (0.1, 0.0, 0.2),
    "identity_best_without": (0.01, 0.0, 0.02),
    "used_learned_top1": (0.1, 0.05, 0.2),
    "membership_released": (0.5, 0.45, 0.55),
    "glaucoma_f1": (0.95, 0.92, 0.98),
    "verdicts_lost": (0.75, 0.705, 0.8),  # of 0.8 at least 0.88, which is 0.704
    "sign_kind_auc": (0.85, 0.838, 0.9),  # of 0.9 at least 0.93, which is 0.837
    "sharpness": (1.0, 0.9, 1.1),
    "kid": (4.0, 3.0, 8.0),
}
OF = {PRIVACY: "identity_best_with", EVIDENCE: "glaucoma_f1", QUALITY: "sharpness"}


def list_rows(method="evidence-code-k5", **numbers):
    def row(of, measure, value, low=None, high=None):
        return {"method": of, "measure": measure, "value": value, "low": low, "high": high}

    own = MEETS | numbers
    return [
        *(row("original", name, value) for name, value in ORIGINALS.items()),
        *(row("pprl-vgan-random", name, value) for name, value in SINGLE.items()),
        *(row(method, name, *value) for name, value in own.items() if value),
        row("noise", "identity_best_with", 0.0),
    ]


def judge(method="evidence-code-k5", **numbers):
    found = judge_requirements(list_rows(method, **numbers))
    return {each.requirement: each for each in found if each.method == method}, judge_claim(found)


def test_a_method_within_all_limits_meets_them_and_one_is_enough():
    found, claim = judge()
    assert [found[one].finding for one in (PRIVACY, EVIDENCE, QUALITY, ALL)] == [Finding.HOLDS] * 4
    assert claim is Finding.HOLDS  # though PPRL-VGAN was measured by one number alone
    assert {limit.measure for limit in LIMITS} == set(MEETS)


@pytest.mark.parametrize("measure", MEETS)
def test_each_limit_decides_by_the_whole_interval(measure):
    value, low, high = MEETS[measure]
    limit = next(limit for limit in LIMITS if limit.measure == measure)
    sign = 1 if limit.least is None or measure == "sharpness" else -1
    far = (value + sign * 9, low + sign * 9, high + sign * 9)
    found, claim = judge(**{measure: far})
    assert found[limit.requirement].finding is found[ALL].finding is Finding.FAILS
    assert found[limit.requirement].measures == (measure,)
    # The other method was measured by one number alone, so that nothing is known of it.
    assert claim is Finding.NOT_MEASURED
    across = (value, low, high + 1e-3) if sign > 0 else (value, low - 2e-3, high)
    found, claim = judge(**{measure: across})
    assert found[limit.requirement].finding is found[ALL].finding is Finding.UNDECIDED
    assert claim is Finding.UNDECIDED


def test_both_ends_of_sharpness_are_limits():
    found, _ = judge(sharpness=(0.5, 0.4, 0.6))
    assert found[QUALITY].finding is Finding.FAILS


@pytest.mark.parametrize("measure", sorted(set(MEETS) - {"kid"}))
def test_what_is_not_measured_is_not_met(measure):
    found, _ = judge(**{measure: None})
    nobody = measure in ("used_learned_top1", "membership_released")
    assert found[ALL].finding is (Finding.HOLDS if nobody else Finding.NOT_MEASURED)


def test_what_is_broken_counts_before_what_is_not_measured():
    found, _ = judge(glaucoma_f1=None, sign_kind_auc=(0.5, 0.45, 0.55))
    assert (found[EVIDENCE].finding, found[EVIDENCE].measures) == (
        Finding.FAILS,
        ("sign_kind_auc",),
    )


def test_where_every_method_breaks_a_limit_the_claim_fails():
    found, claim = judge("pprl-vgan-random", kid=(8.0, 7.0, 9.0), glaucoma_f1=(0.5, 0.4, 0.6))
    assert claim is found[ALL].finding is Finding.FAILS
    assert judge_claim([]) is Finding.NOT_MEASURED


def test_the_quotation_is_the_papers():
    assert is_concluded(QUOTATION)
