"""Every way to lose a blessing, and the one way to get it."""

import json

import pytest
from junitparser import JUnitXml

from validation.blessing.bands import Band
from validation.blessing.blessing import (
    Blessing,
    Outcome,
    check_claims,
    check_data,
    check_drift,
    check_numbers,
    summarise,
    to_json,
    to_junit,
    to_markdown,
)
from validation.claims.judge import Finding, Judgement
from validation.claims.table1_claims import CLAIMS

CELL = ("original", "identity_accuracy")
BANDS = (Band(*CELL, 0.9, 0.8, 0.95, "340 | images"),)
GOOD_DATA = ({"suite": "crop", "name": "cut", "meaning": "cut off", "success": True},)
BAD_DATA = ({"suite": "flip", "name": "mirrored", "meaning": "mirrored", "success": False},)


def judge(finding):
    return Judgement(CLAIMS[0], finding, ())


def bless(
    number=0.9, finding=Finding.HOLDS, data=GOOD_DATA, comparable=True, meant=True, decide=True
):
    return Blessing(
        check_numbers(BANDS, {CELL: number}, comparable=comparable)
        + check_claims([judge(finding)], meant=meant, decide=decide)
        + check_data(data),
        "Held against the planted band.",
        meant,
    )


def test_a_claim_that_images_cannot_show_is_not_measured_and_not_in_the_way():
    without = {CLAIMS[0].name: "No image is of it."}
    checks = check_claims([judge(Finding.NOT_MEASURED)], meant=True, decide=True, without=without)
    assert [(check.verdict, check.outcome) for check in checks] == [
        ("not measured", Outcome.NOT_JUDGED)
    ]
    assert checks[0].detail.endswith(" No image is of it.")
    assert Blessing(checks + check_data(GOOD_DATA)).exit_code == 0


def test_it_is_blessed_when_everything_is_inside_holds_and_is_valid():
    blessing = bless()
    assert (blessing.word, blessing.exit_code, blessing.reasons) == ("BLESSED", 0, ())


@pytest.mark.parametrize(
    ("faults", "code", "reason"),
    [
        ({"number": 0.99}, 1, "Table 1, outside: original/identity_accuracy"),
        ({"number": 0.5}, 1, "Table 1, outside"),
        ({"number": None}, 4, "Table 1, not measured"),
        ({"finding": Finding.FAILS}, 1, f"claims, fails: {CLAIMS[0].name}"),
        ({"finding": Finding.UNDECIDED}, 4, "claims, undecided"),
        ({"finding": Finding.NOT_MEASURED}, 4, "claims, not measured"),
        ({"data": BAD_DATA}, 3, "data, fails: flip/mirrored"),
        ({"data": None}, 4, "data, not measured"),
        ({"comparable": False, "meant": False}, 4, "not judged on this run"),
    ],
)
def test_each_fault_alone_takes_the_blessing(faults, code, reason):
    blessing = bless(**faults)
    assert (blessing.word, blessing.exit_code) == ("NOT_BLESSED", code)
    assert len(blessing.reasons) == 1
    assert reason in blessing.reasons[0]


def test_invalid_data_come_before_a_failure_and_that_before_what_is_open():
    assert bless(number=0.1, data=BAD_DATA, finding=Finding.UNDECIDED).exit_code == 3
    assert bless(number=0.1, finding=Finding.UNDECIDED).exit_code == 1


@pytest.mark.parametrize("finding", [Finding.HOLDS, Finding.FAILS, Finding.UNDECIDED])
def test_where_claims_are_findings_the_numbers_decide_alone(finding):
    blessing = bless(finding=finding, decide=False)
    assert (blessing.word, blessing.exit_code) == ("BLESSED", 0)
    claim = blessing.checks[1]
    assert (claim.verdict, claim.outcome) == (finding.value, Outcome.FINDING)
    assert ("claims (findings that decide nothing)", f"1 {finding}") in summarise(blessing)
    refused = bless(number=0.5, finding=finding, decide=False)
    assert (refused.exit_code, len(refused.reasons)) == (1, 1)


def test_where_nothing_can_be_compared_a_complete_run_is_measured():
    blessing = bless(number=0.1, finding=Finding.FAILS, comparable=False, decide=False)
    assert (blessing.word, blessing.exit_code, blessing.reasons) == ("MEASURED", 0, ())
    assert blessing.checks[0].verdict == "not judged"
    assert to_markdown(blessing, heading="").startswith("# MEASURED")


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({"number": None}, 4),
        ({"finding": Finding.NOT_MEASURED}, 4),
        ({"data": None}, 4),
        ({"data": BAD_DATA}, 3),
        ({"meant": False}, 4),
    ],
)
def test_an_incomplete_run_or_bad_data_are_not_measured(faults, code):
    blessing = bless(**{"comparable": False, "decide": False} | faults)
    assert (blessing.word, blessing.exit_code) == ("NOT_BLESSED", code)


def test_what_a_smoke_run_did_not_measure_stays_not_measured():
    claim = check_claims([judge(Finding.NOT_MEASURED)], meant=False, decide=True)[0]
    assert (claim.verdict, claim.outcome) == ("not measured", Outcome.OPEN)
    failing = check_claims([judge(Finding.FAILS)], meant=False, decide=True)[0]
    assert (failing.verdict, failing.outcome) == ("not judged", Outcome.NOT_JUDGED)


def test_drift_is_judged_on_any_data():
    drifted = Blessing(check_drift(BANDS, {CELL: 0.7}))
    assert drifted.exit_code == 1
    assert "drift, outside" in drifted.reasons[0]
    assert check_drift(BANDS, {})[0].verdict == "not measured"


def test_the_three_forms_say_the_same():
    blessing = bless(number=0.5, comparable=True, finding=Finding.UNDECIDED)
    read = json.loads(to_json(blessing))
    assert (read["verdict"], read["exit_code"]) == ("NOT_BLESSED", 1)
    assert [check["outcome"] for check in read["checks"]] == ["failed", "open", "passed"]
    page = to_markdown(blessing, heading="What on what")
    assert page.startswith("# NOT_BLESSED\n\nWhat on what\n\nHeld against the planted band.\n")
    assert read["held_against"] == "Held against the planted band."
    assert "| original/identity_accuracy | outside | 50.00%" in page
    assert "340 \\| images" in page
    report = JUnitXml.fromstring(to_junit(blessing))
    assert (report.tests, report.failures, report.skipped) == (3, 2, 0)
    assert [suite.name for suite in report] == ["Table 1", "claims", "data"]
    assert summarise(blessing)[0] == ("Table 1", "1 outside")
    report = JUnitXml.fromstring(to_junit(bless(comparable=False)))
    assert (report.tests, report.failures, report.skipped) == (3, 0, 1)
