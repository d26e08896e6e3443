"""A blessing as JSON, Markdown and JUnit XML."""

import json
from collections import Counter
from dataclasses import asdict

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from validation.blessing.blessing import Blessing, Check, Outcome


def to_json(blessing: Blessing) -> str:
    """Write the verdict, its reasons and every check."""
    content = {
        "verdict": blessing.word,
        "exit_code": blessing.exit_code,
        "reasons": list(blessing.reasons),
        "checks": [asdict(check) for check in blessing.checks],
    }
    return json.dumps(content, indent=1) + "\n"


def to_markdown(blessing: Blessing, *, heading: str) -> str:
    """Write a page: the verdict, why, and a table of checks per group.

    Args:
        blessing: of a run.
        heading: what was run on what.
    """
    lines = [f"# {blessing.word}", "", heading, ""]
    lines += [f"- {reason}" for reason in blessing.reasons]
    for group, checks in _by_group(blessing).items():
        lines += ["", f"## {group}: {count_verdicts(checks)}", ""]
        lines += ["| what | verdict | detail |", "|---|---|---|"]
        lines += [f"| {c.name} | {c.verdict} | {_escape(c.detail)} |" for c in checks]
    return "\n".join([*lines, ""])


def to_junit(blessing: Blessing) -> str:
    """Write one test suite per group.

    A check that stands in the way of a blessing is a failure, one that was not judged is skipped.
    """
    report = JUnitXml("check")
    for group, checks in _by_group(blessing).items():
        suite = TestSuite(group)
        for check in checks:
            case = TestCase(check.name, group)
            if check.outcome in (Outcome.FAILED, Outcome.OPEN):
                case.result = [Failure(f"{check.verdict}: {check.detail}", check.verdict)]
            elif check.outcome is Outcome.NOT_JUDGED:
                case.result = [Skipped(check.verdict)]
            suite.add_testcase(case)
        report.add_testsuite(suite)
    return report.tostring().decode("utf-8")


def count_verdicts(checks: list[Check]) -> str:
    """Return how often each verdict came, such as "40 inside, 11 outside"."""
    counts = Counter(check.verdict for check in checks)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def summarise(blessing: Blessing) -> list[tuple[str, str]]:
    """Return each group and how often each verdict came in it."""
    return [(group, count_verdicts(checks)) for group, checks in _by_group(blessing).items()]


def _by_group(blessing: Blessing) -> dict[str, list[Check]]:
    groups: dict[str, list[Check]] = {}
    for check in blessing.checks:
        groups.setdefault(check.group, []).append(check)
    return groups


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
