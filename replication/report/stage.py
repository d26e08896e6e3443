"""Stage 09: one page about a run: do the numbers hold, on which data, what do the images look like.

Leaves, in the stage's folder, `index.html`, which needs no other file and no net, and every figure
as PNG and PDF. All of it comes from the run's files, without TensorFlow.

A public report may be given away. It holds no picture of an eye: not originals; not blurred images,
which can be recognised and partly undone; not averages of K-Same-Select, which consist of patients'
images; not what PPRL-VGAN makes, in which the replacement patient is recognised (Table 1 has how
often, for each); and no relevance map, which follows the lines of the eye that it explains. It names
no patient, image, file or folder, nor the run, whose folder is called after the data's. Of Table 2
it has the numbers and their names, and not the heading or the picture, which name the data.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from replication.attack.table2_text import READ_ME, to_tables
from replication.data.sources import Kind
from replication.figures.charts import Chart, draw_curves
from replication.figures.planes import LABELS, draw_report_plane, find_chance_levels
from replication.report.eyes import RULE, draw_figures
from replication.report.page import answer, lay_out_rows, name_data, render_page
from replication.results.finished_run import REPORTED, TRAININGS, FinishedRun
from replication.store.files import write_text
from replication.store.run_folder import RunStore
from replication.system.provenance import ROOT
from validation.blessing.blessing import summarise
from validation.paper.numbers import read_paper_percent

PAGE = "index.html"
MOST_REPLACED = 12  # patients in the largest cluster of K-Same-Select (paper §3)
DEPARTURES = ROOT / "docs" / "departures.md"


def is_public(kind: str) -> bool:
    """Return whether a report holds nothing of a patient unless wanted: all but drawn eyes."""
    return kind != Kind.SURROGATE


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
    public = is_public(finished.run["source"]["kind"]) if public is None else public
    inputs = {unit: record["digest"] for unit, record in finished.records.items()}
    key = {"settings": describe_report(public=public), "inputs": inputs}
    with store.locked(), store.writing(REPORTED, key) as folder:
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
    page = render_page(
        data=finished,
        public=public,
        name=None if public else finished.root.name,
        answer=answer(finished.run, finished.blessing),
        source=name_data(finished.run, public=public),
        summary=summarise(finished.blessing),
        rows=lay_out_rows(finished.numbers, finished.intervals, paper, finished.blessing),
        planes=_draw_planes(finished, paper, folder),
        pictures={picture.name: picture for picture in pictures},
        rule=RULE,
        curves=draw_curves(finished.histories, folder),
        trainings=TRAININGS,
        evidence_plane=None if public else finished.evidence_plane,
        attack_tables=None if finished.attack is None else to_tables(finished.attack),
        attack_read_me=READ_ME,
        departures=read_departures(),
    )
    write_text(folder / PAGE, page)


def _draw_planes(finished: FinishedRun, paper: Mapping, folder: Path) -> list[Chart]:
    planes = []
    for metric in LABELS:
        if not any(name == metric for _, name in finished.numbers):
            continue
        chance = find_chance_levels(
            patients=finished.test.known_patients,
            glaucoma_rate=finished.test.glaucoma_rate,
            guesses=MOST_REPLACED if metric == "replacement_accuracy" else 1,
        )
        planes.append(draw_report_plane(metric, finished.numbers, paper, chance, folder))
    return planes


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
