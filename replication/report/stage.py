"""Stage 09: one page about a run: do the numbers hold, on which data, what do the images look like.

Leaves, in the stage's folder, `index.html`, which needs no other file and no net, and every figure
as PNG and PDF. All of it comes from the run's files, without TensorFlow.

A public report may be given away. It holds no picture of an eye: not originals; not blurred images,
which can be recognised and partly undone; not averages of K-Same-Select, which consist of patients'
images; not what PPRL-VGAN makes, in which the replacement patient is recognised (Table 1 has how
often, for each); and no relevance map, which follows the lines of the eye that it explains. It names
no patient, image, file or folder, nor the run, whose folder is called after the data's. Of Table 2
it has the numbers and their names, and not the heading, which names the data.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from replication.attack.table2_text import READ_ME
from replication.evaluate.beyond import TITLE, lay_out_beyond
from replication.evaluate.table1 import CELLS, HEADINGS, SHORT, PoolSize, Table1
from replication.figures.charts import draw_curves
from replication.figures.planes import draw_report_plane, find_chance_levels
from replication.privatize.methods import ROWS, Row
from replication.records import TABLE1_METRICS
from replication.report.eyes import RULE, draw_figures
from replication.report.requirements import lay_out_requirements
from replication.results.finished_run import REPORTED, SMOKE, TRAININGS, FinishedRun
from replication.store.files import write_text
from replication.store.numbers import write_interval, write_percent, write_points
from replication.store.run_folder import RunStore
from replication.store.run_record import describe_choices
from replication.store.tables import Section
from replication.store.words import put_page, using
from replication.system.provenance import ROOT
from validation.blessing.bands import Verdict
from validation.blessing.blessing import CLAIMS, DEPENDS, TABLE, Blessing, summarise
from validation.claims.judge import Finding
from validation.paper.numbers import read_paper_percent
from validation.statistics.intervals import Cell, Interval

PAGE = "index.html"
DEPARTURES = ROOT / "docs" / "departures.md"
TEMPLATES = "templates"
# Privacy is better where less is recognised, utility where more is.
BETTER: Mapping[str, Callable] = dict(zip(TABLE1_METRICS, (min, min, max, max), strict=True))
ALONE = "Baseline"  # one row, so nothing is best in it


def describe_report(*, public: bool) -> dict:
    """Return what changes a report beside its inputs."""
    return {"public": public}


def remake_report(store: RunStore, *, public: bool | None = None) -> Path:
    """Make the report of a complete run anew and return its page.

    Args:
        store: of the run.
        public: None for what fits the run's data.

    Raises:
        StageNotRun: when the run's evaluation isn't complete.
    """
    finished = FinishedRun(store)
    public = finished.source.kind.private if public is None else public
    inputs = {unit: record["digest"] for unit, record in finished.records.items()}
    key = {"settings": describe_report(public=public), "inputs": inputs}
    with store.locked(), store.writing(REPORTED, key) as folder, using(finished.words):
        write_report(finished, folder, public=public)
    return store.root / REPORTED / PAGE


def write_report(finished: FinishedRun, folder: Path, *, public: bool) -> None:
    """Write the page and its figures (stage 09).

    Args:
        finished: a run whose evaluation is complete.
        folder: to write into.
        public: whether it may be given away, and holds nothing of a patient.

    Raises:
        StageNotRun: when the run's evaluation isn't complete.
        DataError: when predictions or maps can't be judged.
    """
    paper = {cell: float(text) / 100 for cell, text in read_paper_percent().items()}
    pictures = [] if public else draw_figures(finished, folder)
    chance = find_chance_levels(
        patients=finished.test.known_patients, glaucoma_rate=finished.test.glaucoma_rate
    )
    requirements, attack_tables = [], None
    if finished.attack is not None:
        requirements, attack_tables = lay_out_requirements(finished.attack, folder)
    page = render_page(
        data=finished,
        public=public,
        name=None if public else finished.root.name,
        answer=answer(finished.run, finished.blessing),
        source=name_data(finished.run, public=public),
        summary=summarise(finished.blessing),
        rows=lay_out_rows(finished.numbers, finished.intervals, paper, finished.blessing),
        pools=name_pools(finished.table.pools),
        beyond=show_beyond(finished.table, finished.intervals),
        plane=draw_report_plane(finished.numbers, paper, chance, folder),
        pictures={picture.name: picture for picture in pictures},
        rule=RULE,
        curves=draw_curves(finished.histories, folder),
        trainings=TRAININGS,
        requirements=requirements,
        attack_tables=attack_tables,
        attack_read_me=READ_ME,
        depends=DEPENDS,
        departures=read_departures(),
    )
    write_text(folder / PAGE, put_page(page))


def answer(run: Mapping, blessing: Blessing) -> str:
    """Return in one sentence whether the paper's numbers hold, and on which data."""
    if run["profile"]["name"] == SMOKE:
        return (
            "A smoke run shows that everything runs: its numbers mean nothing and none is judged."
        )
    numbers, claims = (
        Counter(check.verdict for check in blessing.checks if check.group == group)
        for group in (TABLE, CLAIMS)
    )
    found = join_words(f"{count} {_conjugate(word, count)}" for word, count in claims.items())
    about_claims = f"of its {claims.total()} claims {found}"
    if run["source"]["kind"] == "warsaw":
        held = f"{numbers['inside']} of the paper’s {numbers.total()} numbers hold"
        return f"On the paper’s own data, {held}; {about_claims}."
    eyes = (
        "synthetic eyes" if run["source"]["kind"] == "surrogate" else "other eyes than the paper’s"
    )
    shown = f"On {eyes}, the paper’s {numbers.total()} numbers are shown but can’t be judged"
    if inside := numbers["inside"] + numbers["outside"]:
        shown += f"; {numbers['inside']} of {inside} are where trainings with other seeds put them"
    return f"{shown}; {about_claims}."


def join_words(words: Iterable[str]) -> str:
    """Write a list: a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _conjugate(verdict: str, count: int) -> str:
    if verdict in (Finding.HOLDS, Finding.FAILS):
        return verdict if count == 1 else verdict.removesuffix("s")
    return f"{'is' if count == 1 else 'are'} {verdict}"


def name_data(run: Mapping, *, public: bool) -> str:
    """Describe a run's data; a public report doesn't name the folder, which is a path too."""
    words = {
        "surrogate": "the embedded surrogate (synthetic eyes, not Warsaw)",
        "warsaw": "the Warsaw database, the paper’s own data",
        "folder": "other eyes than the paper’s, in Warsaw’s layout",
        "manifest": "other eyes than the paper’s, read from a manifest",
    }[run["source"]["kind"]]
    named = words if public else f"{words}: {run['source']['name']}"
    choices = describe_choices(run)
    return f"{named}.{choices}" if choices else named


@dataclass(frozen=True)
class Number:
    """One cell of Table 1; fractions in [0, 1].

    Args:
        ours: None where not measured.
        interval: of ours; None as above.
        paper: as printed; None for a method that the paper lacks.
        best, paper_best: of its method, which the paper prints in bold (§3).
        verdict: in the words of the blessing.
    """

    ours: float | None
    interval: Interval | None
    paper: float | None
    best: bool
    paper_best: bool
    verdict: str


@dataclass(frozen=True)
class PageRow:
    """One row: the paper's words, four cells (None where the table has no number), its verdicts."""

    title: Row
    starts_method: bool
    cells: tuple[Number | None, ...]
    verdict: str


def lay_out_rows(
    numbers: Mapping[Cell, float],
    intervals: Mapping[Cell, Interval],
    paper: Mapping[Cell, float],
    blessing: Blessing,
) -> tuple[PageRow, ...]:
    """Return Table 1's rows in the paper's order.

    Args:
        numbers: ours, fractions; without those that were not measured.
        intervals: of the same numbers.
        paper: all 51, fractions.
        blessing: has a check of each of these.
    """
    verdicts = {c.name: c.verdict for c in blessing.checks if c.group == TABLE}
    ours_best, paper_best = find_best(numbers), find_best(paper)
    cells = {
        (method, metric): Number(
            numbers.get((method, metric)),
            intervals.get((method, metric)),
            paper.get((method, metric)),
            (method, metric) in ours_best,
            (method, metric) in paper_best,
            verdicts.get(f"{method}/{metric}", Verdict.NOT_JUDGED.value),
        )
        for method, metric in CELLS
    }
    rows, before = [], None
    for title in ROWS:
        own = tuple(cells.get((title.name, metric)) for metric in TABLE1_METRICS)
        rows.append(PageRow(title, title.experiment != before, own, _sum_up(own)))
        before = title.experiment
    return tuple(rows)


def name_pools(pools: Iterable[PoolSize]) -> dict[str, str]:
    """Return, by method, how many patients its replacements are drawn from, in words."""
    eyes = {False: "healthy eyes", True: "eyes with glaucoma"}
    sizes = {}
    for pool in pools:
        sizes.setdefault(pool.method, []).append(f"{pool} for {eyes[pool.glaucoma]}")
    return {method: f"patients to draw from: {', '.join(own)}" for method, own in sizes.items()}


def show_beyond(table: Table1, intervals: Mapping[Cell, Interval]) -> dict[str, Section]:
    """Return the rows beyond the paper with their intervals, by title; none where none was run."""
    write = partial(write_percent, digits=1)
    section = lay_out_beyond(
        table, lambda cell, number: write_interval(number, *intervals[cell], write)
    )
    return {TITLE: section} if section else {}


def find_best(numbers: Mapping[Cell, float]) -> set[Cell]:
    """Return the cells that hold the best number of their method and metric, ties all of them."""
    best = set()
    for experiment in {title.experiment for title in ROWS} - {ALONE}:
        methods = [title.name for title in ROWS if title.experiment == experiment]
        for metric, choose in BETTER.items():
            found = {(m, metric): numbers[m, metric] for m in methods if (m, metric) in numbers}
            best |= {cell for cell, value in found.items() if value == choose(found.values())}
    return best


def _sum_up(cells: tuple[Number | None, ...]) -> str:
    counts = Counter(cell.verdict for cell in cells if cell is not None)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def render_page(**values: object) -> str:
    """Return the page.

    Args:
        values: every name that `templates/report.html` uses, but for style, script and metrics.
    """
    script = _read_asset("report.js")
    digest = hashlib.sha256(script.encode()).digest()
    environment = Environment(
        loader=PackageLoader("replication.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": write_percent,
        "range": write_range,
        "margin": write_margin,
        "seconds": write_seconds,
        "plain": write_plain,
    }
    return environment.get_template("report.html").render(
        **values,
        metrics=list(zip(SHORT, HEADINGS[2:], strict=True)),
        style=_read_asset("report.css"),
        script=script,
        script_hash=base64.b64encode(digest).decode("ascii"),
    )


def _read_asset(name: str) -> str:
    return (files("replication.report") / TEMPLATES / name).read_text(encoding="utf-8")


def write_range(interval: Interval) -> str:
    """Write two fractions in percent: 90.2–96.5."""
    return "–".join(write_percent(end, 1) for end in interval)


def write_margin(fraction: float) -> str:
    """Write a difference of fractions in points, with a minus sign as wide as the plus: −3.21."""
    return write_points(fraction).replace("-", "−")


def write_seconds(seconds: float) -> str:
    """Write a duration: 14.8 s, 15 min 2 s, 1 h 3 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def write_plain(value: object) -> str:
    """Write a setting or a found value in as few digits as it needs."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(write_plain, value))
    return str(value)


def read_departures(page: Path = DEPARTURES) -> list[dict[str, str]]:
    """Return the rows of the table in docs/departures.md by its headings, without Markdown's marks.

    The list is empty where the code lies without its docs.
    """
    if not page.exists():
        return []
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    headings, _, *rows = ([_strip(cell) for cell in line[1:-1].split("|")] for line in lines)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def _strip(cell: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").strip()
