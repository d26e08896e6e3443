"""The page of an attack on anybody's images: one file, no request, no patient named or shown."""

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from replication.attack.anybody.attack import Findings
from replication.attack.anybody.figures import BEST, PERSON, Victim, name_attacker, name_measure
from replication.attack.anybody.outputs import Case
from replication.store.numbers import write_percent

PAGE = "index.html"
WORDS = {
    Victim.PATIENT: "The patient",
    Victim.REPLACED: "Others, whose images or likeness may have gone in",
}
SHORT = {Victim.PATIENT: "The patient", Victim.REPLACED: "Others"}


def render_attack(findings: Findings, cases: Sequence[Case], *, limit: float | None) -> str:
    """Return the page.

    Args:
        findings: of the attack.
        cases: of `outputs.list_cases`.
        limit: that they were held against, None for none.
    """
    environment = Environment(
        loader=PackageLoader("replication.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": write_percent, "name": name_measure, "who": name_attacker}
    style = files("replication.report").joinpath("templates/report.css")
    return environment.get_template("attack.html").render(
        findings=findings,
        outcomes={(case.victim, case.name): case.outcome for case in cases},
        limit=limit,
        chosen=(BEST, PERSON),
        words=WORDS,
        short=SHORT,
        style=style.read_text(encoding="utf-8"),
    )
