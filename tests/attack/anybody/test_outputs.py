"""JSON, JUnit and exit codes of an attack on anybody's images."""

import json
from dataclasses import replace

import pytest
from junitparser import JUnitXml

from replication.attack.anybody.attack import Findings
from replication.attack.anybody.figures import (
    BEST,
    LEARNED_AUC,
    PERSON,
    Figure,
    Found,
    Verdict,
    Victim,
)
from replication.attack.anybody.outputs import (
    NO_LIMIT,
    OVER,
    TOO_FEW,
    WITHIN,
    find_exit_code,
    list_cases,
    to_json,
    to_junit,
)

LDA, BITS = "identity_lda_image", "identity_lowest_bit"


def figure(measure, value, *, above, victim=Victim.PATIENT):
    low, high = (None, None) if value is None else (value - 0.02, value + 0.02)
    return Figure(victim, measure, "lda", "1 read", value, low, high, 0.02, 50, 200, True, above)


FINDINGS = Findings(
    (
        figure(LDA, 0.4, above=True),
        figure(BITS, 0.06, above=False),
        figure("identity_nearest", 0.04, above=True),
        figure(BEST, 0.4, above=True),
        figure(PERSON, 0.9, above=True),
        figure(LEARNED_AUC, 0.8, above=True, victim=Victim.REPLACED),
    ),
    {"noise": figure(BEST, 0.02, above=False)},
    ({"attacker": "lda", "validation": float("nan")},),
    (
        Verdict(Victim.PATIENT, Found.LEAKS, "because"),
        Verdict(Victim.REPLACED, Found.NOT_MEASURED, "nobody knows"),
    ),
    {"remarks": []},
)


def test_over_the_limit_is_what_is_above_it_and_above_chance():
    outcomes = {case.name: case.outcome for case in list_cases(FINDINGS, 0.05)}
    assert outcomes == {LDA: OVER, BITS: WITHIN, "identity_nearest": WITHIN, PERSON: OVER}
    assert {case.outcome for case in list_cases(FINDINGS, None)} == {NO_LIMIT}


@pytest.mark.parametrize(("limit", "code"), [(None, 0), (0.05, 1), (0.95, 0)])
def test_exit_codes(limit, code):
    assert find_exit_code(FINDINGS, list_cases(FINDINGS, limit), limit) == code


def test_what_is_not_measured_passes_no_limit():
    unknown = Verdict(Victim.PATIENT, Found.NOT_MEASURED, "too few")
    findings = replace(FINDINGS, verdicts=(unknown,))
    assert find_exit_code(findings, list_cases(findings, 0.95), 0.95) == 4
    assert find_exit_code(findings, list_cases(findings, None), None) == 0


def test_a_figure_of_too_few_patients_for_chance_passes_no_limit_that_it_is_above():
    findings = replace(FINDINGS, figures=(figure(LDA, 0.4, above=None),))
    for limit, outcome, code in ((0.05, TOO_FEW, 4), (0.5, WITHIN, 0)):
        cases = list_cases(findings, limit)
        assert [case.outcome for case in cases] == [outcome]
        assert find_exit_code(findings, cases, limit) == code


def test_junit_has_a_case_per_attacker():
    report = JUnitXml.fromstring(to_junit(FINDINGS, list_cases(FINDINGS, 0.05)).encode())
    patient, replaced = report
    assert [case.name for case in patient] == [LDA, BITS, "identity_nearest", PERSON]
    assert patient.failures == 2
    [failed] = [case.result[0] for case in patient if case.name == LDA]
    assert failed.message == "LDA, image: 40.0% (38.0% to 42.0%), by chance 2.0%"
    assert [case.name for case in replaced] == ["verdict"] and replaced.skipped == 1


def test_json_has_everything_and_no_nan():
    content = to_json(FINDINGS, list_cases(FINDINGS, 0.05), 0.05)
    read = json.loads(json.dumps(content, allow_nan=False))
    assert read["verdicts"][0] == {"victim": "patient", "found": "leaks", "why": "because"}
    assert read["grid"][0]["validation"] is None
    assert len(read["figures"]) == 6 and read["controls"]["noise"]["value"] == 0.02
