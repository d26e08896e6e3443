"""The findings of an attack as JSON and JUnit, and whether they are within a limit."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isnan

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from replication.attack.anybody.attack import Findings
from replication.attack.anybody.figures import (
    BEST,
    LEARNED_AUC,
    Figure,
    Found,
    Victim,
    name_measure,
)

JSON, JUNIT = "attack.json", "attack.xml"
OVER, WITHIN = "over the limit", "within the limit"
TOO_FEW, NO_LIMIT = "too few patients", "no limit given"


@dataclass(frozen=True)
class Case:
    """One attacker, held against the limit.

    Args:
        victim: whose privacy.
        name: of the measure.
        outcome: OVER, WITHIN, TOO_FEW or NO_LIMIT.
        detail: the figure in words.
    """

    victim: str
    name: str
    outcome: str
    detail: str


def list_cases(findings: Findings, limit: float | None) -> list[Case]:
    """Hold every attacker's figure against a limit.

    Over it is a figure that is above the limit and above chance: in a small crowd chance itself may
    be above the limit, and what is not above chance shows nobody. Of too few patients nobody can say
    whether it is. Areas under a curve have no limit,
    and the best attacker is one of the others.

    Args:
        findings: of an attack.
        limit: a fraction of images; None for none.
    """
    return [
        Case(one.victim.value, one.measure, _judge(one, limit), describe_figure(one))
        for one in findings.figures
        if one.measure != LEARNED_AUC and not one.measure.startswith(BEST)
    ]


def find_exit_code(findings: Findings, cases: Iterable[Case], limit: float | None) -> int:
    """Return 0; with a limit 1 where a case is over it, and 4 where one, or the patient, is open."""
    if limit is None:
        return 0
    outcomes = {case.outcome for case in cases}
    if OVER in outcomes:
        return 1
    if TOO_FEW in outcomes:
        return 4
    measured = all(
        one.found != Found.NOT_MEASURED for one in findings.verdicts if one.victim == Victim.PATIENT
    )
    return 0 if measured else 4


def to_json(findings: Findings, cases: Iterable[Case], limit: float | None) -> dict:
    """Return everything as plain values; no patient is named."""
    return {
        "facts": findings.facts,
        "verdicts": [asdict(one) for one in findings.verdicts],
        "figures": [_to_record(one) for one in findings.figures],
        "controls": {name: _to_record(one) for name, one in findings.controls.items()},
        "grid": [{name: _to_number(value) for name, value in row.items()} for row in findings.grid],
        "limit": limit,
        "cases": [asdict(case) for case in cases],
    }


def to_junit(findings: Findings, cases: Iterable[Case]) -> str:
    """Return JUnit XML: a suite per victim, a case per attacker, and one for the verdict.

    A figure over the limit is a failure; one without a limit, or of too few patients, is skipped; so
    is the verdict where it is not measured.
    """
    report = JUnitXml("attack")
    cases = list(cases)
    for verdict in findings.verdicts:
        suite = TestSuite(verdict.victim.value)
        for case in cases:
            if case.victim != verdict.victim.value:
                continue
            test = TestCase(case.name, case.victim)
            if case.outcome == OVER:
                test.result = [Failure(case.detail, case.outcome)]
            elif case.outcome != WITHIN:
                test.result = [Skipped(f"{case.outcome}: {case.detail}")]
            suite.add_testcase(test)
        if verdict.found == Found.NOT_MEASURED:
            test = TestCase("verdict", verdict.victim.value)
            test.result = [Skipped(f"{verdict.found.value}: {verdict.why}")]
            suite.add_testcase(test)
        report.add_testsuite(suite)
    return report.tostring().decode("utf-8")


def describe_figure(figure: Figure) -> str:
    """Return a figure in words: name, value, interval and chance."""
    interval = (
        "too few patients for an interval"
        if figure.low is None
        else f"{figure.low:.1%} to {figure.high:.1%}"
    )
    chance = "" if figure.chance is None else f", by chance {figure.chance:.1%}"
    return f"{name_measure(figure)}: {figure.value:.1%} ({interval}){chance}"


def _judge(figure: Figure, limit: float | None) -> str:
    if limit is None:
        return NO_LIMIT
    if figure.value <= limit:
        return WITHIN
    return {True: OVER, False: WITHIN, None: TOO_FEW}[figure.above]


def _to_record(figure: Figure) -> dict:
    return {name: _to_number(value) for name, value in asdict(figure).items()}


def _to_number(value: object) -> object:
    return None if isinstance(value, float) and isnan(value) else value
