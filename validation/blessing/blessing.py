"""Whether a run is blessed, and why not: numbers, claims and data, check by check.

The word and the shape are TFX's: thresholds on results, expectations on data, and a blessing that
a run gets when all of them pass. What was not measured passes nothing. A complete run on valid data
that nothing can be held against is MEASURED: our word, since TFX has none for it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from validation.blessing.bands import Band, Verdict, judge
from validation.claims.judge import Finding, Judgement
from validation.statistics.intervals import Cell

DEPENDS = "Not under each choice that the paper leaves open"
TABLE, CLAIMS, DATA, DRIFT = "Table 1", "claims", "data", "drift"
PROVEN = "proven bounds"


class Outcome(StrEnum):
    """What a check means for the blessing."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"
    FINDING = "finding"  # answered, and decides nothing
    NOT_JUDGED = "not judged"


OF_VERDICTS = {
    Verdict.INSIDE: Outcome.PASSED,
    Verdict.OUTSIDE: Outcome.FAILED,
    Verdict.NOT_MEASURED: Outcome.OPEN,
    Verdict.NOT_JUDGED: Outcome.NOT_JUDGED,
}
OF_FINDINGS = {
    Finding.HOLDS: Outcome.PASSED,
    Finding.FAILS: Outcome.FAILED,
    Finding.UNDECIDED: Outcome.OPEN,
    Finding.NOT_MEASURED: Outcome.OPEN,
}

OF_BOUNDS = {
    True: ("holds", Outcome.PASSED),
    False: ("exceeded", Outcome.FAILED),
    None: (Verdict.NOT_JUDGED.value, Outcome.NOT_JUDGED),
}


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Args:
        group: `TABLE`, `CLAIMS`, `DATA`, `DRIFT` or `PROVEN`; the name is unique within it.
        verdict: in the words of its group; the outcome is what that means for the blessing.
        detail: the numbers behind it, in words.
    """

    group: str
    name: str
    verdict: str
    outcome: Outcome
    detail: str

    @property
    def passed(self) -> bool:
        """Whether it was judged and found right."""
        return self.outcome is Outcome.PASSED

    @property
    def in_the_way(self) -> bool:
        """Whether it stands in the way of a blessing."""
        return self.outcome in (Outcome.FAILED, Outcome.OPEN)


@dataclass(frozen=True)
class Blessing:
    """All checks of a run.

    Args:
        checks: of every group.
        held_against: one sentence, what the numbers were compared with, or why with nothing.
        meant: False for a run that only shows that everything runs.
    """

    checks: tuple[Check, ...]
    held_against: str = ""
    meant: bool = True

    @property
    def judged(self) -> bool:
        """Whether results were held against anything: numbers, claims or the baseline's.

        That attackers keep within what is proven says nothing about the results.
        """
        return any(check.group not in (DATA, PROVEN) and check.passed for check in self.checks)

    @property
    def word(self) -> str:
        """TFX's words for it, and MEASURED where nothing is in the way and nothing was judged."""
        if self.exit_code:
            return "NOT_BLESSED"
        return "BLESSED" if self.judged else "MEASURED"

    @property
    def exit_code(self) -> int:
        """0 blessed or measured, 1 a check fails, 3 the data are invalid, 4 not measured."""
        failed = {check.group for check in self.checks if check.outcome is Outcome.FAILED}
        if DATA in failed:
            return 3
        if failed:
            return 1
        is_open = any(check.outcome is Outcome.OPEN for check in self.checks)
        return 4 if is_open or not self.meant else 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line per group of checks that stands in the way, by verdict."""
        names: dict[tuple[str, str], list[str]] = {}
        for check in self.checks:
            if check.in_the_way:
                names.setdefault((check.group, check.verdict), []).append(check.name)
        lines = [f"{group}, {word}: {'; '.join(n)}" for (group, word), n in names.items()]
        if not lines and self.exit_code:
            lines = ["claims and numbers are not judged on this run"]
        return tuple(lines)

    def by_group(self) -> dict[str, list[Check]]:
        """Return the checks of each group."""
        groups: dict[str, list[Check]] = {}
        for check in self.checks:
            groups.setdefault(check.group, []).append(check)
        return groups


def check_numbers(
    bands: Iterable[Band], measured: Mapping[Cell, float | None], *, comparable: bool
) -> tuple[Check, ...]:
    """Hold the 51 numbers, fractions, against their bands.

    `comparable` is whether these bands apply to the run's data and settings.
    """
    return tuple(_check_number(TABLE, band, measured, comparable) for band in bands)


def check_drift(
    references: Iterable[Band], measured: Mapping[Cell, float | None]
) -> tuple[Check, ...]:
    """Hold the 51 numbers against those that the reference weights gave before."""
    return tuple(_check_number(DRIFT, band, measured, True) for band in references)


def _check_number(
    group: str, band: Band, measured: Mapping[Cell, float | None], comparable: bool
) -> Check:
    number = measured.get((band.method, band.metric))
    verdict = judge(number, band, comparable=comparable)
    ours = "not measured" if number is None else f"{100 * number:.2f}%"
    detail = f"{ours}, expected {100 * band.low:.2f} to {100 * band.high:.2f}% ({band.reason})"
    name = f"{band.method}/{band.metric}"
    return Check(group, name, verdict.value, OF_VERDICTS[verdict], detail)


def check_claims(
    judgements: Iterable[Judgement],
    *,
    meant: bool,
    decide: bool,
    forks: Mapping[str, str] = MappingProxyType({}),
    without: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Check, ...]:
    """Take over what became of the claims.

    Args:
        judgements: of all claims.
        meant: False for a run that only shows that everything runs.
        decide: whether they stand in the way of a blessing: on the paper's own data. Elsewhere
            they are findings; one that was not measured is open all the same.
        forks: by claim, under which other choices than ours it doesn't hold, in words.
        without: by claim, why these images can't show what it is about: it is not measured, and not
            in the way.
    """
    checks = []
    for judgement in judgements:
        verdict, outcome = judgement.finding.value, OF_FINDINGS[judgement.finding]
        if judgement.finding is not Finding.NOT_MEASURED and not (meant and decide):
            outcome = Outcome.FINDING
            if not meant:
                verdict, outcome = Verdict.NOT_JUDGED.value, Outcome.NOT_JUDGED
        detail = f"{judgement.claim.statement} ({judgement.claim.place})"
        if judgement.claim.name in without:
            outcome = Outcome.NOT_JUDGED
            detail += f" {without[judgement.claim.name]}"
        if judgement.claim.name in forks:
            detail += f" {DEPENDS}: {forks[judgement.claim.name]}."
        checks.append(Check(CLAIMS, judgement.claim.name, verdict, outcome, detail))
    return tuple(checks)


def check_data(expectations: Iterable[Mapping] | None) -> tuple[Check, ...]:
    """Take over what became of the expectations on the data, None where they weren't validated.

    They are those of validation.json: name, suite, meaning, success.
    """
    if expectations is None:
        detail = "the data were not validated; `cli.py validate` does it"
        return (Check(DATA, "expectations", Verdict.NOT_MEASURED.value, Outcome.OPEN, detail),)
    return tuple(
        Check(
            DATA,
            f"{expected['suite']}/{expected['name']}",
            "holds" if expected["success"] else "fails",
            Outcome.PASSED if expected["success"] else Outcome.FAILED,
            expected["meaning"],
        )
        for expected in expectations
    )


def check_proven(held: Iterable[Mapping]) -> tuple[Check, ...]:
    """Take over whether attackers keep within what is proven: an attacker who doesn't shows a fault.

    They are those of table2.json: method, measure, holds, sentence.
    """
    return tuple(
        Check(
            PROVEN,
            f"{bound['method']}/{bound['measure']}",
            *OF_BOUNDS[bound["holds"]],
            bound["sentence"],
        )
        for bound in held
    )


def to_json(blessing: Blessing) -> str:
    """Write the verdict, its reasons and every check."""
    content = {
        "verdict": blessing.word,
        "exit_code": blessing.exit_code,
        "held_against": blessing.held_against,
        "reasons": list(blessing.reasons),
        "checks": [asdict(check) for check in blessing.checks],
    }
    return json.dumps(content, indent=1) + "\n"


def to_markdown(blessing: Blessing, *, heading: str) -> str:
    """Write a page: the verdict, what was run on what, why, and a table of checks per group."""
    lines = [f"# {blessing.word}", "", heading, ""]
    if blessing.held_against:
        lines += [blessing.held_against, ""]
    lines += [f"- {reason}" for reason in blessing.reasons]
    for group, checks in blessing.by_group().items():
        lines += ["", f"## {_title(group, checks)}", ""]
        lines += ["| what | verdict | detail |", "|---|---|---|"]
        for check in checks:
            detail = check.detail.replace("|", "\\|")
            lines.append(f"| {check.name} | {check.verdict} | {detail} |")
    return "\n".join([*lines, ""])


def to_junit(blessing: Blessing) -> str:
    """Write JUnit XML, one test suite per group.

    A check that stands in the way of a blessing is a failure; one that was not judged, or is a
    finding, is skipped.
    """
    report = JUnitXml("check")
    for group, checks in blessing.by_group().items():
        suite = TestSuite(group)
        for check in checks:
            case = TestCase(check.name, group)
            if check.in_the_way:
                case.result = [Failure(f"{check.verdict}: {check.detail}", check.verdict)]
            elif check.outcome in (Outcome.NOT_JUDGED, Outcome.FINDING):
                case.result = [Skipped(check.verdict)]
            suite.add_testcase(case)
        report.add_testsuite(suite)
    return report.tostring().decode("utf-8")


def summarise(blessing: Blessing) -> list[tuple[str, str]]:
    """Return each group and how often each verdict came in it, "40 inside, 11 outside"."""
    return [
        (_name_group(group, checks), _count_verdicts(checks))
        for group, checks in blessing.by_group().items()
    ]


def _title(group: str, checks: list[Check]) -> str:
    return f"{_name_group(group, checks)}: {_count_verdicts(checks)}"


def _name_group(group: str, checks: list[Check]) -> str:
    findings = any(check.outcome is Outcome.FINDING for check in checks)
    return f"{group} (findings that decide nothing)" if findings else group


def _count_verdicts(checks: list[Check]) -> str:
    counts = Counter(check.verdict for check in checks)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
