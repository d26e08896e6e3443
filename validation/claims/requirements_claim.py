"""The paper's last sentence (§4): does a method meet all three requirements? Judged by Table 2.

Each requirement has limits on measures of Table 2, ours, since the paper has none: the targets that
the evidence code was built for, set before it was. They are the same for every method and all data. A number's 95% interval
decides: a limit is kept where all of it lies inside, broken where all of it lies outside, and else
undecided. Beside another method's number that one's value counts, without its interval.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from validation.claims.judge import Finding

NAME = "a method meets all three requirements"
QUOTATION = (
    "none of the privacy protection methods seen in this paper nor the ones available in the "
    "literature fulfill all these requirements"
)
PRIVACY, EVIDENCE, QUALITY = "privacy of all patients", "explanatory evidence", "intelligibility"
ALL = "all three"
ORIGINAL, ONE_REPLACEMENT = "original", "pprl-vgan-random"


@dataclass(frozen=True)
class Limit:
    """What one number of a method has to be.

    Args:
        requirement: that it is a part of.
        measure: name in Table 2.
        least, most: that the number may be; None where there is no such end.
        beside: the method whose number they are multiplied by; None for numbers as they are.
    """

    requirement: str
    measure: str
    least: float | None = None
    most: float | None = None
    beside: str | None = None


LIMITS = (
    # 1/k for k = 5: of an ill image a patient is one of five at best; a healthy one shows nothing.
    Limit(PRIVACY, "identity_best_with", most=0.20),
    Limit(PRIVACY, "identity_best_without", most=0.02),
    # "guaranteeing the privacy of all subjects": of those whose images went in, too.
    Limit(PRIVACY, "used_learned_top1", most=0.20),
    Limit(PRIVACY, "membership_released", most=0.55),
    # "the exact features in a patients' image".
    Limit(EVIDENCE, "glaucoma_f1", least=0.92),
    Limit(EVIDENCE, "verdicts_lost", least=0.88, beside=ORIGINAL),
    Limit(EVIDENCE, "sign_kind_auc", least=0.93, beside=ORIGINAL),
    # "Intelligibility": as sharp as real eyes, and no further from them than PPRL-VGAN's images.
    Limit(QUALITY, "sharpness", least=0.9, most=1.1),
    Limit(QUALITY, "kid", most=1.0, beside=ONE_REPLACEMENT),
)
# A method that puts nobody into its images has no such number: nobody's privacy is at stake there.
OF_OTHERS = frozenset({"used_learned_top1", "membership_released"})


@dataclass(frozen=True)
class MethodJudgement:
    """What becomes of a requirement with one method.

    Args:
        method, requirement: which; `ALL` for the three together.
        finding: the worst over its limits, broken before not measured before undecided.
        measures: names of those that the finding comes from.
    """

    method: str
    requirement: str
    finding: Finding
    measures: tuple[str, ...]


def judge_requirements(rows: Sequence[Mapping]) -> list[MethodJudgement]:
    """Judge each requirement for each method but originals and controls, then all three together.

    Args:
        rows: numbers of Table 2: method, measure, value, low and high, None where it has no interval.
            What has no kernel distance is a control.
    """
    numbers = {(row["method"], row["measure"]): row for row in rows}
    methods = dict.fromkeys(m for m, measure in numbers if measure == "kid" and m != ORIGINAL)
    found = []
    for method in methods:
        each = [_judge(method, one, numbers) for one in (PRIVACY, EVIDENCE, QUALITY)]
        found += [*each, _find_worst(method, ALL, [(own.requirement, own.finding) for own in each])]
    return found


def judge_claim(found: Sequence[MethodJudgement]) -> Finding:
    """Return what becomes of the claim: it holds by one method, and fails where every one does."""
    findings = {each.finding for each in found if each.requirement == ALL}
    if Finding.HOLDS in findings:
        return Finding.HOLDS
    if findings == {Finding.FAILS}:
        return Finding.FAILS
    return Finding.UNDECIDED if Finding.UNDECIDED in findings else Finding.NOT_MEASURED


def _judge(method: str, requirement: str, numbers: Mapping) -> MethodJudgement:
    own = [limit for limit in LIMITS if limit.requirement == requirement]
    judged = [
        (limit.measure, finding) for limit in own for finding in _hold(method, limit, numbers)
    ]
    return _find_worst(method, requirement, judged)


def _hold(method: str, limit: Limit, numbers: Mapping) -> Iterator[Finding]:
    """Yield what becomes of one limit; nothing where it is about others and there are none."""
    row, scale = numbers.get((method, limit.measure)), 1.0
    if limit.beside is not None:
        other = numbers.get((limit.beside, limit.measure))
        row, scale = (row, other["value"]) if other else (None, scale)
    if row is None:
        if limit.measure not in OF_OTHERS:
            yield Finding.NOT_MEASURED
        return
    low, high = (row["value"] if row[end] is None else row[end] for end in ("low", "high"))
    least = -float("inf") if limit.least is None else limit.least * scale
    most = float("inf") if limit.most is None else limit.most * scale
    if high < least or low > most:
        yield Finding.FAILS
    else:
        yield Finding.HOLDS if least <= low and high <= most else Finding.UNDECIDED


def _find_worst(
    method: str, requirement: str, judged: Sequence[tuple[str, Finding]]
) -> MethodJudgement:
    for finding in (Finding.FAILS, Finding.NOT_MEASURED, Finding.UNDECIDED, Finding.HOLDS):
        names = tuple(name for name, each in judged if each is finding)
        if names:
            break
    return MethodJudgement(method, requirement, finding, names)
