"""Table 2 as text: a table per requirement, the summary, and the claims judged twice.

Table 2 for a terminal: 80 columns, one line a row, the figures that most depends on.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from replication.attack.table2 import EVIDENCE, LOOKS, MEASURES, NOISE, PRIVACY, Requirement
from replication.privatize.methods import ROWS
from replication.store.numbers import DOES_NOT_APPLY, NOT_MEASURED
from replication.store.tables import lay_out_table
from validation.claims.judge import Judgement

READ_ME = (
    "Value (95% interval by bootstrap over patients) / chance, what it would be with nothing to "
    "see. Shares in percent. '-' does not apply, or is not known on these data."
)
SUMMARY = (
    "Each by its worst figure. Privacy is 1 at chance and 0 where everyone is told; evidence is 1 "
    "as in the original and 0 at chance, and without a sign's place not measured; intelligibility "
    "is 1 as real eyes."
)
CLAIMS = (
    "By the network that has seen originals alone, as the paper's, and by the best attacker that "
    "retrains."
)
NOTES = {
    Requirement.PATIENT: (
        "The best retrained attacker is chosen on validation images. Noise shows nothing of anyone: "
        "an attacker above chance there would be wrong."
    ),
    Requirement.EVIDENCE: (
        "Glaucoma accuracy flatters a method that is told the label: without an effect of the sign "
        "it shows a label, not evidence. The pupil's and the iris' edge correlate too, so read the "
        "correlation beside its chance and beside what of it is owed to the sign."
    ),
    Requirement.INTELLIGIBILITY: (
        "SSIM and PSNR are highest for an image that hides nothing, and say nothing of the sign: a "
        "blur that has lost it scores above PPRL-VGAN. Sharpness of 1 is no proof of a true eye. "
        "The Fréchet distance is of the identity network's features (32) and depends on them and "
        "on the number of images: no comparison between data sets."
    ),
}
SHORT = {row.name: row.short for row in ROWS} | {NOISE: NOISE}


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    Args:
        title: what it is about.
        note: what to keep in mind when reading it; may be empty.
        headings: of the columns, the first ones of words.
        words: how many columns are words.
        rows: as many cells each.
    """

    title: str
    note: str
    headings: tuple[str, ...]
    words: int
    rows: tuple[tuple[str, ...], ...]


def to_tables(attack: Mapping) -> list[TextTable]:
    """Lay Table 2 out, one table per requirement, then the summary and the claims.

    Args:
        attack: rows, of `Table2Intervals.list_numbers`; summary, of `summarise_methods`; claims,
            of `list_claims`.
    """
    requirements = (_tabulate(attack["rows"], requirement) for requirement in Requirement)
    return [*requirements, _tabulate_summary(attack["summary"]), _tabulate_claims(attack["claims"])]


def to_markdown(attack: Mapping, *, heading: str) -> str:
    """Write the page.

    Args:
        attack: as for `to_tables`.
        heading: which data, which settings.
    """
    lines = [heading, "", READ_ME, ""]
    for table in to_tables(attack):
        lines += [f"**{table.title}.** {table.note}".rstrip(), ""]
        lines += [*lay_out_table(table.headings, table.rows, words=table.words), ""]
    return "\n".join(lines)


def list_claims(judged: Sequence[tuple[Judgement, Judgement]]) -> list[dict]:
    """Return what becomes of each claim, for the files.

    Args:
        judged: of `retrained_claims.judge_retrained`.

    Returns:
        Rows with name, quotation, and the findings, static and retrained.
    """
    return [
        {
            "name": static.claim.name,
            "quotation": static.claim.quotation,
            "static": static.finding.value,
            "retrained": retrained.finding.value,
        }
        for static, retrained in judged
    ]


def write_cell(row: Mapping) -> str:
    """Write one number of the table: value (low to high) / chance."""
    share = MEASURES[row["measure"]].share
    text = _write_number(row["value"], share=share)
    if row["low"] is not None:
        text += f" ({_write_number(row['low'], share=share)} to "
        text += f"{_write_number(row['high'], share=share)})"
    if row["chance"] is not None:
        text += f" / {_write_number(row['chance'], share=share)}"
    return text


def _write_number(value: float, *, share: bool) -> str:
    return f"{100 * value:.1f}" if share else f"{value:.2f}"


def _tabulate(numbers: Sequence[Mapping], requirement: Requirement) -> TextTable:
    """One row per method, one column per measure that any method has."""
    cells = {(row["method"], row["measure"]): row for row in numbers}
    named = {measure for _, measure in cells}
    measures = [
        measure
        for measure in MEASURES.values()
        if measure.requirement is requirement and measure.name in named
    ]
    own = {measure.name for measure in measures}
    methods = dict.fromkeys(method for method, name in cells if name in own)
    rows = tuple(
        (SHORT[method], *(_write_or_dash(cells.get((method, m.name))) for m in measures))
        for method in methods
    )
    headings = ("method", *(measure.heading for measure in measures))
    return TextTable(requirement.value.capitalize(), NOTES.get(requirement, ""), headings, 1, rows)


def _write_or_dash(row: Mapping | None) -> str:
    return write_cell(row) if row else DOES_NOT_APPLY


def _tabulate_summary(summary: Sequence[Mapping]) -> TextTable:
    by_cell = {(row["method"], row["requirement"]): row for row in summary}
    requirements = (PRIVACY, EVIDENCE, LOOKS)
    rows = tuple(
        (SHORT[method], *(_tell_worst(by_cell[method, one]) for one in requirements))
        for method in dict.fromkeys(row["method"] for row in summary)
    )
    return TextTable("The paper's three requirements", SUMMARY, ("method", *requirements), 4, rows)


def _tell_worst(row: Mapping) -> str:
    if row["measure"] is None:
        return NOT_MEASURED
    return f"{row['share']:.2f}: {MEASURES[row['measure']].heading}, {write_cell(row)}"


def _tabulate_claims(claims: Sequence[Mapping]) -> TextTable:
    rows = tuple((claim["name"], claim["static"], claim["retrained"]) for claim in claims)
    headings = ("claim", "static network", "best retrained")
    return TextTable("The paper's claims about privacy", CLAIMS, headings, 3, rows)


COLUMNS = 80
NUMBER = 12
NAME = COLUMNS - 5 * NUMBER
# Of each: the measure, and its heading in two lines.
SHOWN = (
    ("identity_static", "Identity:", "static"),
    ("identity_best", "Identity:", "retrained"),
    ("used_auc", "Replaced:", "AUC"),
    ("glaucoma_f1", "Glaucoma:", "F1"),
    ("sign_kind_auc", "Sign kind:", "AUC"),
)
ABSENT = "-"


def lay_out_table2(numbers: Sequence[Mapping], *, title: str) -> list[str]:
    """Return the table's lines, none of more than `COLUMNS` letters.

    Args:
        numbers: rows of `Table2Intervals.list_numbers`.
        title: what was measured on what.

    Returns:
        The title, two lines of headings, the methods in Table 1's order and then noise.
    """
    values = {(row["method"], row["measure"]): row["value"] for row in numbers}
    methods = [row.name for row in ROWS] + [NOISE]
    lines = [*textwrap.wrap(title, COLUMNS), ""]
    for line in (1, 2):
        lines.append(" " * NAME + "".join(f"{shown[line]:>{NUMBER}}" for shown in SHOWN))
    return lines + [
        f" {SHORT[method]:<{NAME - 1}}"
        + "".join(f"{_write(values, method, shown[0]):>{NUMBER}}" for shown in SHOWN)
        for method in methods
        if any(name == method for name, _ in values)
    ]


def _write(values: Mapping, method: str, measure: str) -> str:
    value = values.get((method, measure))
    if value is None:
        return ABSENT
    return f"{100 * value:.1f}%" if MEASURES[measure].share else f"{value:.2f}"
