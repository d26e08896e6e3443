"""Table 2 as Markdown: one table per requirement, the summary, and the claims judged twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from replication.markdown_table import lay_out_table
from replication.table1 import BASELINE, ROWS
from replication.table1_text import NOT_MEASURED
from replication.table2 import MEASURES, NOISE, Measure, Requirement
from replication.table2_summary import EVIDENCE, LOOKS, PRIVACY, name_measure

READ_ME = (
    "Value (95% interval by bootstrap over patients) and, after the bar, chance: what it would be "
    "with nothing to see. Shares in percent. '-' does not apply, or is not known on these data."
)
CLAIMS = (
    "**Claims of the paper about privacy**, by the network that has seen originals alone, as the "
    "paper's, and by the best attacker that retrains."
)
WARNINGS = {
    Requirement.PATIENT: (
        "The best retrained attacker is chosen on validation images. `noise` shows nothing of "
        "anyone: an attacker above chance there would be wrong."
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
SHORT = {row.method: row.short for row in ROWS} | {BASELINE: "original", NOISE: NOISE}


def to_markdown(
    numbers: Sequence[Mapping],
    summary: Sequence[Mapping],
    claims: Sequence[Mapping],
    *,
    heading: str,
) -> str:
    """Write the page.

    Args:
        numbers: rows of `Table2Intervals.list_numbers`.
        summary: rows of `summarise_methods`.
        claims: name, quotation, static and retrained: what becomes of a claim with either attacker.
        heading: which data, which settings.
    """
    lines = [heading, "", READ_ME, ""]
    for requirement in Requirement:
        lines += [f"**{requirement.value.capitalize()}.** {WARNINGS.get(requirement, '')}".rstrip()]
        lines += ["", *_lay_out_requirement(numbers, requirement), ""]
    lines += ["**The paper's three requirements**, each by its worst figure.", ""]
    lines += [*_lay_out_summary(summary), ""]
    lines += [CLAIMS, ""]
    headings = ("claim", "static network", "best retrained")
    rows = ((claim["name"], claim["static"], claim["retrained"]) for claim in claims)
    return "\n".join([*lines, *lay_out_table(headings, rows, words=3), ""])


def write_cell(row: Mapping, *, chance: bool = True) -> str:
    """Write one number of the table: value (low to high) | chance."""
    share = MEASURES[row["measure"]].share
    text = _write_number(row["value"], share=share)
    if row["low"] is not None:
        ends = (_write_number(row[end], share=share) for end in ("low", "high"))
        text += " ({} to {})".format(*ends)
    if chance and row["chance"] is not None:
        text += f" \\| {_write_number(row['chance'], share=share)}"
    return text


def _write_number(value: float, *, share: bool) -> str:
    return f"{100 * value:.1f}" if share else f"{value:.2f}"


def _lay_out_requirement(numbers: Sequence[Mapping], requirement: Requirement) -> list[str]:
    """One row per method, one column per measure that any method has."""
    cells = {(row["method"], row["measure"]): row for row in numbers}
    measures = [
        measure
        for measure in MEASURES.values()
        if measure.requirement is requirement and any(name == measure.name for _, name in cells)
    ]
    methods = dict.fromkeys(method for method, name in cells if name in {m.name for m in measures})
    rows = (
        (SHORT[method], *(_write_or_dash(cells, method, measure) for measure in measures))
        for method in methods
    )
    return lay_out_table(("method", *(m.heading for m in measures)), rows, words=1)


def _write_or_dash(cells: Mapping, method: str, measure: Measure) -> str:
    row = cells.get((method, measure.name))
    return write_cell(row) if row else "-"


def _lay_out_summary(summary: Sequence[Mapping]) -> list[str]:
    by_cell = {(row["method"], row["requirement"]): row for row in summary}
    requirements = (PRIVACY, EVIDENCE, LOOKS)
    rows = (
        (SHORT[method], *(_tell_worst(by_cell[method, one]) for one in requirements))
        for method in dict.fromkeys(row["method"] for row in summary)
    )
    return lay_out_table(("method", *requirements), rows, words=4)


def _tell_worst(row: Mapping) -> str:
    if row["measure"] is None:
        return NOT_MEASURED
    return f"{row['share']:.2f}: {name_measure(row['measure'])} {write_cell(row)}"


def list_claims(judged: Sequence[tuple]) -> Iterator[dict]:
    """Yield what becomes of each claim, for the files.

    Args:
        judged: of `retrained_claims.judge_retrained`.
    """
    for static, retrained in judged:
        yield {
            "name": static.claim.name,
            "quotation": static.claim.quotation,
            "static": static.finding.value,
            "retrained": retrained.finding.value,
        }
