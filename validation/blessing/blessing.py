"""Whether a run is blessed, and why not: numbers, claims and data, check by check.

The word and the shape are TFX's: thresholds on results, expectations on data, and a blessing that
a run gets when all of them pass. What was not measured passes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from validation.blessing.bands import Band, Verdict, judge
from validation.claims.judge import Finding, Judgement

Cell = tuple[str, str]
TABLE, CLAIMS, DATA, DRIFT = "Table 1", "claims", "data", "drift"
NOT_JUDGED = Verdict.NOT_JUDGED.value


class Outcome(StrEnum):
    """What a check means for the blessing."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Args:
        group: `TABLE`, `CLAIMS`, `DATA` or `DRIFT`.
        name: unique within its group.
        verdict: in the words of its group.
        outcome: what that means for the blessing.
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


@dataclass(frozen=True)
class Blessing:
    """All checks of a run."""

    checks: tuple[Check, ...]

    @property
    def blessed(self) -> bool:
        """Whether everything judged passed, nothing is open, and the claims were judged at all."""
        return self.exit_code == 0

    @property
    def word(self) -> str:
        """TFX's words for it."""
        return "BLESSED" if self.blessed else "NOT_BLESSED"

    @property
    def exit_code(self) -> int:
        """0 blessed, 1 a check fails, 3 the data are invalid, 4 something is not measured."""
        failed = {check.group for check in self.checks if check.outcome is Outcome.FAILED}
        if DATA in failed:
            return 3
        if failed:
            return 1
        claims_judged = any(check.group == CLAIMS and check.passed for check in self.checks)
        is_open = any(check.outcome is Outcome.OPEN for check in self.checks)
        return 4 if is_open or not claims_judged else 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line per group of checks that stands in the way, by verdict."""
        in_the_way: dict[tuple[str, str], list[str]] = {}
        for check in self.checks:
            if check.outcome in (Outcome.FAILED, Outcome.OPEN):
                in_the_way.setdefault((check.group, check.verdict), []).append(check.name)
        lines = [f"{group}, {word}: {'; '.join(n)}" for (group, word), n in in_the_way.items()]
        if not lines and not self.blessed:
            lines = ["claims and numbers are not judged on this run"]
        return tuple(lines)


def check_numbers(
    bands: Iterable[Band], measured: Mapping[Cell, float | None], *, comparable: bool
) -> tuple[Check, ...]:
    """Hold the 51 numbers against the bands of the paper's.

    Args:
        bands: of all numbers, for the run's test size.
        measured: fractions by (method, metric).
        comparable: whether the paper's numbers apply: its own data, and a run meant to reach them.
    """
    return tuple(
        _check_number(TABLE, band, measured.get((band.method, band.metric)), comparable)
        for band in bands
    )


def check_drift(
    references: Iterable[Band], measured: Mapping[Cell, float | None]
) -> tuple[Check, ...]:
    """Hold the 51 numbers against those that the reference weights gave before."""
    return tuple(
        _check_number(DRIFT, band, measured.get((band.method, band.metric)), True)
        for band in references
    )


def check_claims(judgements: Iterable[Judgement], *, meant: bool) -> tuple[Check, ...]:
    """Take over what became of the claims.

    Args:
        judgements: of all claims.
        meant: False for a run that only shows that everything runs.
    """
    outcomes = {Finding.HOLDS: Outcome.PASSED, Finding.FAILS: Outcome.FAILED}
    checks = []
    for judgement in judgements:
        measured = judgement.finding is not Finding.NOT_MEASURED
        outcome = outcomes.get(judgement.finding, Outcome.OPEN)
        verdict = judgement.finding.value
        if measured and not meant:
            outcome, verdict = Outcome.NOT_JUDGED, NOT_JUDGED
        detail = f"{judgement.claim.statement} ({judgement.claim.place})"
        checks.append(Check(CLAIMS, judgement.claim.name, verdict, outcome, detail))
    return tuple(checks)


def check_data(expectations: Iterable[Mapping] | None) -> tuple[Check, ...]:
    """Take over what became of the expectations on the data.

    Args:
        expectations: of validation.json: name, suite, meaning, success; None where not validated.
    """
    if expectations is None:
        detail = "the data were not validated; `cli.py validate` does it"
        return (Check(DATA, "expectations", Verdict.NOT_MEASURED.value, Outcome.OPEN, detail),)
    return tuple(
        Check(
            DATA,
            f"{told['suite']}/{told['name']}",
            "holds" if told["success"] else "fails",
            Outcome.PASSED if told["success"] else Outcome.FAILED,
            told["meaning"],
        )
        for told in expectations
    )


def _check_number(group: str, band: Band, measured: float | None, comparable: bool) -> Check:
    verdict = judge(measured, band, comparable=comparable)
    outcome = {
        Verdict.INSIDE: Outcome.PASSED,
        Verdict.OUTSIDE: Outcome.FAILED,
        Verdict.NOT_MEASURED: Outcome.OPEN,
        Verdict.NOT_JUDGED: Outcome.NOT_JUDGED,
    }[verdict]
    ours = "not measured" if measured is None else f"{100 * measured:.2f}%"
    detail = f"{ours}, expected {100 * band.low:.2f} to {100 * band.high:.2f}% ({band.reason})"
    return Check(group, f"{band.method}/{band.metric}", verdict.value, outcome, detail)
