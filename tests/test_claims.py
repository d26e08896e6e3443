import pytest

from validation.claims import CLAIMS, judge_claims
from validation.paper import read_paper_percent


@pytest.fixture
def numbers():
    return {cell: float(text) / 100 for cell, text in read_paper_percent().items()}


def test_the_papers_own_numbers_bear_out_all_its_claims(numbers):
    assert [judgement.holds for judgement in judge_claims(numbers)] == [True] * len(CLAIMS)


@pytest.mark.parametrize(
    ("cell", "value", "broken"),
    [
        (("blur-15", "identity_accuracy"), 0.3176, "blur"),
        (("pprl-vgan-random", "identity_accuracy"), 0.05, "patient hidden"),
        (("pprl-vgan-random", "replacement_accuracy"), 0.5, "replacement shown"),
        (("pprl-vgan-random", "glaucoma_accuracy"), 0.9, "pathology of the replacement"),
        (
            ("pprl-vgan-averaged-random", "replacement_accuracy"),
            0.25,
            "averaging protects the replaced",
        ),
    ],
)
def test_each_claim_can_fail(numbers, cell, value, broken):
    failed = [j.claim.name for j in judge_claims(numbers | {cell: value}) if j.holds is False]
    assert failed == [broken]


def test_what_was_not_measured_holds_nothing(numbers):
    judgements = judge_claims(numbers | {("blur-9", "identity_accuracy"): None})
    assert judgements[0].holds is None
    assert judge_claims({})[1].holds is None
