"""One page per data set: the tables of complete runs on it, with the settings that made them.

A page keeps one section per run, between two marks: tables, claims with their margins, settings.
Its figure and its summary are read off the sections, so a page can be written where only one of its
runs is at hand.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from replication.attack.outputs import ATTACKED, PLANE
from replication.attack.outputs import PAGE as PAGE_OF_ATTACK
from replication.attack.table2 import MEASURES
from replication.data.sources import Kind, Source
from replication.errors import DataError
from replication.evaluate.beyond import PAGE_BEYOND, TITLE
from replication.evaluate.table1 import EVALUATED, HEADINGS, PAGE, lay_out_markdown, write_rows
from replication.explain.outputs import EXPLAINED, FIGURE5
from replication.explain.outputs import PAGE as PAGE_OF_MAPS
from replication.figures.overview import Point, draw_overview
from replication.privatize.methods import ROWS
from replication.results.finished_run import SANITY_PAGE, FinishedRun
from replication.store.files import write_text
from replication.store.numbers import (
    DOES_NOT_APPLY,
    NOT_MEASURED,
    VARIATION,
    write_interval,
    write_or_absent,
    write_points,
)
from replication.store.run_folder import RunStore
from replication.store.run_record import LIMIT
from replication.store.tables import lay_out_table
from validation.blessing.blessing import DEPENDS
from validation.claims.judge import Finding, JudgedPart, Judgement
from validation.paper.numbers import read_paper_percent
from validation.statistics.intervals import Cell
from validation.statistics.spread import measure_variation

ORIGIN = "Written by `python cli.py results`; nothing here is typed by hand."
BRACKETS = "The paper's numbers stand in brackets beside ours; they are of the Warsaw database"
NOT_WARSAW = ", which none of these runs used, so they are shown and not judged"
SHOWN = (
    "Of each method: identity accuracy of the static network and of the best attacker that "
    "retrains, and glaucoma F1"
)
RETRAINED = MEASURES["identity_best"].heading
SUMMARISED = ("blur-21", "k-same-12", "pprl-vgan-random", "pprl-vgan-averaged-random")
CLAIMS_INTRO = (
    "What the paper says, on this data. Each margin is positive where its part holds; in points, "
    "with its interval (docs/validation.md):"
)
NO_FORKS = "The claims under other choices that the paper leaves open: not measured."
TAKEN = ("index", "surrogate", "")  # names of pages that no folder of data may have
COSTS = "Ours and the other choice, accuracies on the test images, %:"
NO_COSTS = "What they cost on this data: not measured."
EARLIER = "Measured by an earlier run, whose trainings were others; this one has not measured it."


def write_results(runs: Sequence[Path], folder: Path) -> list[Path]:
    """Write each run into the page of its data set; every number comes from the runs' own files.

    A section of the same profile, seed and split is replaced, other sections stay; so does what
    departures cost, which takes hours, where the new run hasn't measured it.

    Args:
        runs: folders of runs whose evaluation is complete.
        folder: of the pages; `images/` in it gets their figures, and the pictures of runs on the
            surrogate. Other data's images are patients' and are not taken out of their run.

    Returns:
        The pages that were written.

    Raises:
        StageNotRun: when a run has no complete evaluation.
        DataError: when its predictions can't be judged, or a file in the folder is no such page.
    """
    pages: dict[Path, tuple[Source, dict[str, str]]] = {}
    for finished in (FinishedRun(RunStore(run)) for run in runs):
        file = folder / f"{_name_page(finished.source)}.md"
        _, sections = pages.setdefault(file, (finished.source, read_sections(file)))
        heading = _name_section(finished)
        described = describe_run(finished, folder)
        sections[heading] = _keep_departures(described, sections.get(heading, ""))
    for file, (source, sections) in pages.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, lay_out_page(file.stem, source, sections))
        draw_page(file, sections)
    return list(pages)


def _keep_departures(described: str, before: str) -> str:
    """Return a run's section with the costs that the section before it had, if it has none."""
    if NO_COSTS not in described or COSTS not in before:
        return described
    costs = before.split(COSTS, 1)[1].split("\n### ", 1)[0]
    return described.replace(NO_COSTS, f"{EARLIER}\n\n{COSTS}{costs}".rstrip())


def _name_page(source: Source) -> str:
    if source.kind is Kind.SURROGATE:
        return "surrogate"
    name = re.sub(r"[^a-z0-9]+", "-", source.path.name.removesuffix(".csv").lower()).strip("-")
    return f"data-{name}" if name in TAKEN else name


def read_sections(file: Path) -> dict[str, str]:
    """Return the sections of a page by their headings, in its order; none without the page.

    Raises:
        DataError: when the file has no section.
    """
    if not file.exists():
        return {}
    text = file.read_text(encoding="utf-8")
    sections = re.findall(
        r"^<!-- begin: (.+) -->\n(.*?)^<!-- end: \1 -->", text, re.MULTILINE | re.DOTALL
    )
    if not sections:
        raise DataError(f"{file}: not a page of results; choose another folder with --out")
    return dict(sections)


def lay_out_page(name: str, source: Source, sections: Mapping[str, str]) -> str:
    """Return a data set's page.

    Args:
        name: of its file, without the suffix.
        source: the data set.
        sections: the runs' by their headings.
    """
    title = "the surrogate" if source.kind is Kind.SURROGATE else source.path.name
    paper = BRACKETS + ("" if source.kind is Kind.WARSAW else NOT_WARSAW)
    purpose = "How well each method hides the patient, and what it leaves of the disease"
    lines = [
        f"# Results on {title}",
        "",
        f"{purpose}, on {source.title}.",
        "",
        f"![{SHOWN}](images/overview-{name}.png)",
        "",
        *lay_out_table(("in percent", *sections), _summarise(sections), words=1 + len(sections)),
        "",
        f"{ORIGIN} {paper}.",
        "",
    ]
    for heading, text in sections.items():
        lines += [f"<!-- begin: {heading} -->", f"{text}<!-- end: {heading} -->", ""]
    return "\n".join(lines)


def _summarise(sections: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the ten rows of a page's summary, a cell for each run."""
    runs = [_read_cells(text) for text in sections.values()]
    baseline = ROWS[0].dataset

    def pick(words: str, row: str, heading: str) -> tuple[str, ...]:
        return (words, *(cells.get((row, heading), "-").split(" ")[0] for cells in runs))

    return [
        ("test images (number)", *map(_count_images, sections.values())),
        pick("originals: glaucoma accuracy", baseline, HEADINGS[4]),
        pick("originals: glaucoma F1", baseline, HEADINGS[5]),
        pick("originals: patient recognised", baseline, HEADINGS[2]),
        *(
            pick(f"{RETRAINED}, {row.experiment} {row.short}", row.short, RETRAINED)
            for row in ROWS
            if row.name in SUMMARISED
        ),
        ("claims: hold / fail / undecided (number)", *map(_count_claims, sections.values())),
        ("claims that fail", *map(_list_failures, sections.values())),
    ]


def _count_images(text: str) -> str:
    found = re.search(r"(\d+) test images", text)
    return found[1] if found else "-"


def _count_claims(text: str) -> str:
    findings = (Finding.HOLDS, Finding.FAILS, Finding.UNDECIDED)
    return " / ".join(str(len(_find_claims(text, finding))) for finding in findings)


def _list_failures(text: str) -> str:
    return "; ".join(_find_claims(text, Finding.FAILS)) or "none"


def _find_claims(text: str, finding: Finding) -> list[str]:
    return re.findall(rf"^- \*\*(.+): {finding.value}\.\*\*", text, re.MULTILINE)


def _read_cells(text: str) -> dict[tuple[str, str], str]:
    """Return the cells of Tables 1 and 2, by the row's name and the column's heading."""
    found: dict[tuple[str, str], str] = {}
    headings, named_by = [], 0
    for line in re.findall(r"^\| (.+) \|$", text, re.MULTILINE):
        row = line.split(" | ")
        if row[0] in (HEADINGS[0], "method"):
            headings, named_by = row, int(row[0] == HEADINGS[0])
        for heading, cell in zip(headings, row, strict=False):
            found.setdefault((row[named_by], heading), cell)
    return found


def draw_page(file: Path, sections: Mapping[str, str]) -> None:
    """Draw a page's figure from the tables of its sections, into `images/` beside it."""
    panels = {}
    for heading, text in sections.items():
        cells = _read_cells(text)
        panels[heading] = {
            row: Point(
                static=_read_number(cells.get((row.dataset, HEADINGS[2]))),
                retrained=_read_number(cells.get((row.short, RETRAINED))),
                glaucoma=_read_number(cells.get((row.dataset, HEADINGS[5]))),
            )
            for row in ROWS
        }
    (file.parent / "images").mkdir(parents=True, exist_ok=True)
    draw_overview(panels, file.parent / "images" / f"overview-{file.stem}.png")


def _read_number(cell: str | None) -> float:
    found = re.match(r"[\d.]+", cell or "")
    return float(found[0]) if found else float("nan")


def describe_run(finished: FinishedRun, pages: Path) -> str:
    """Return a run's section in Markdown.

    Args:
        finished: a run whose evaluation is complete.
        pages: their folder; `images/` in it gets the pictures of runs on the surrogate.
    """
    text = (finished.store.folder(EVALUATED) / PAGE).read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n\n")
    further = finished.store.folder(EVALUATED) / PAGE_BEYOND
    beyond = [f"### {TITLE}", "", further.read_text("utf-8")] if further.exists() else []
    lines = [
        f"## {_name_section(finished)}",
        "",
        "### Table 1",
        "",
        heading,
        "",
        rest,
        *_describe_variation(finished),
        CLAIMS_INTRO,
        "",
        *_describe_claims(finished.claims_about_table, finished.forks or {}),
        "",
        *([NO_FORKS, ""] if finished.forks is None else []),
        *beyond,
        *_describe_attack(finished, pages),
        *_describe_explanation(finished, pages),
        *_describe_checks_of_maps(finished.root / SANITY_PAGE),
        *_describe_departures(finished),
        *_describe_making(finished),
        "",
    ]
    return "\n".join(lines)


def _describe_variation(finished: FinishedRun) -> list[str]:
    """Return CV* of ours and the paper's numbers, where they are of the same data."""
    if not finished.beside_paper:
        return []
    printed = read_paper_percent()

    def write(cell: Cell) -> str:
        if cell not in finished.numbers or cell not in printed:
            return NOT_MEASURED
        both = float(printed[cell]) / 100, finished.numbers[cell]
        return write_or_absent(measure_variation(both))

    heading = f"{VARIATION} of ours and the paper's number, in percent:"
    return [heading, "", *lay_out_markdown(write_rows(write)), ""]


def _name_section(finished: FinishedRun) -> str:
    """Return the heading of a run's section: no other run of these data has the same."""
    split, run = "patient" if finished.by_patient else "image", finished.run
    limit = f", up to {100 * run[LIMIT]:g}% uncentred" if LIMIT in run else ""
    return f"Split by {split}: profile {run['profile']['name']}, seed {run['seed']}{limit}"


def _describe_claims(
    judgements: Sequence[Judgement], forks: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    lines = []
    for judged in judgements:
        claim = judged.claim
        place = f'Paper, {claim.place}: "{claim.quotation}"'
        lines.append(f"- **{claim.name}: {judged.finding}.** {claim.statement} {place}")
        if claim.name in forks:
            lines.append(f"  - {DEPENDS}: {forks[claim.name]}")
        lines += [f"  - {part.text}: {_describe_margin(part)}" for part in judged.parts]
    return lines


def _describe_margin(part: JudgedPart) -> str:
    if part.margin is None:
        return NOT_MEASURED
    text = write_interval(part.margin, part.low, part.high, write_points)
    return text + ("" if part.to_be_shown else "; must not be below 0")


def _describe_attack(finished: FinishedRun, pages: Path) -> list[str]:
    """Return the page of stage 07 and, of drawn eyes, its picture."""
    if finished.attack is None:
        return ["Table 2, attackers who retrain: not measured.", ""]
    folder = finished.store.folder(ATTACKED)
    words = "Patients named by the best retrained attacker against the AUC of the sign's kind"
    lines = ["### Table 2", "", (folder / PAGE_OF_ATTACK).read_text("utf-8")]
    return lines + _take_picture(
        finished, folder / PLANE, pages, name="evidence-plane", words=words
    )


def _describe_explanation(finished: FinishedRun, pages: Path) -> list[str]:
    """Return the page of stage 08, the claims about it and, of drawn eyes, its picture."""
    if finished.relevance is None:
        return ["Relevance maps: not measured.", ""]
    folder, claims = finished.store.folder(EXPLAINED), finished.claims_about_maps
    words = "Figure 5 on the surrogate: three eyes with their relevance"
    lines = ["### Explanation", "", *_describe_claims(claims), ""]
    lines.append((folder / PAGE_OF_MAPS).read_text("utf-8"))
    return lines + _take_picture(finished, folder / FIGURE5, pages, name="figure5", words=words)


def _take_picture(
    finished: FinishedRun, file: Path, pages: Path, *, name: str, words: str
) -> list[str]:
    """Copy a picture of drawn eyes beside the page; other data's stay in their run."""
    if finished.source.kind is not Kind.SURROGATE or not file.exists():
        return []
    (pages / "images").mkdir(parents=True, exist_ok=True)
    copy = f"images/{name}-{finished.root.name}.png"
    shutil.copyfile(file, pages / copy)
    return [f"![{words}]({copy})", ""]


def _describe_checks_of_maps(page: Path) -> list[str]:
    if not page.exists():
        return ["Whether maps depend on what was learned: not measured.", ""]
    return [page.read_text(encoding="utf-8")]


def _describe_departures(finished: FinishedRun) -> list[str]:
    costs = finished.costs
    if costs is None:
        return ["### Departures", "", NO_COSTS, ""]
    kinds = sorted({kind for accuracies in costs.values() for kind in accuracies})
    rows = [
        (choice, *(write_or_absent(own.get(kind), absent=DOES_NOT_APPLY) for kind in kinds))
        for choice, own in costs.items()
    ]
    table = lay_out_table(("choice", *kinds), rows, words=1)
    return ["### Departures", "", COSTS, "", *table, ""]


def _describe_making(finished: FinishedRun) -> list[str]:
    run, records = finished.run, finished.store.records()
    last = records[EVALUATED]
    settings = "; ".join(
        f"{task}: " + _list_items(run["profile"].get(task, {})) for task in ("evaluator", "vgan")
    )
    seconds = _list_items({unit: f"{record['seconds']:.0f}" for unit, record in records.items()})
    return [
        "### Settings",
        "",
        f"Settings: {run['draws']} draws; {settings}.",
        "",
        f"Machine: {last['machine']}; {_list_items(last['versions'])}.",
        "",
        f"Seconds per stage: {seconds}.",
    ]


def _list_items(items: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in items.items())
