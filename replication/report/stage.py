"""Stage 09: one page about a run: do the numbers hold, on which data, what do the images look like.

Leaves, in the stage's folder, `index.html`, which asks for no other file and no net, and every
figure as PNG and PDF. All of it comes from the run's files: no TensorFlow, a few seconds.

A public report may be given away: `report_public` says what it leaves out.

What a report may tell where its data may be shown to nobody.

A public report holds no picture of an eye: not originals; not blurred images, which can be
recognised and partly undone; not averages of K-Same-Select, which consist of patients' images; not
what PPRL-VGAN makes, in which the replacement patient is recognised (Table 1 has how often, for
each); and no relevance map, which follows the lines of the eye that it explains. It names no
patient, image, file or folder, nor the run, whose folder is called after the data's. Of Table 2 it
has the numbers and their names, and not the heading or the picture, which name the data.

The table of docs/departures.md, read back for pages that have to hold it themselves.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from replication.attack.table2_text import READ_ME, to_tables
from replication.data.sources import Kind
from replication.evaluate.table1 import HEADINGS
from replication.figures.eyes import Picture
from replication.figures.report_planes import LABELS, draw_plane, find_floors
from replication.figures.style import Chart
from replication.report.curves import draw_curves
from replication.report.data import (
    REPORTED,
    TRAININGS,
    ReportData,
    read_records,
    read_report_data,
)
from replication.report.examples import RULE, ExampleEyes
from replication.report.page import answer, name_data, render_page
from replication.report.table1 import SHORT, lay_out_rows
from replication.store.files import write_text
from replication.store.run_folder import RunStore
from replication.store.run_record import read_run
from replication.system.provenance import ROOT
from validation.blessing.blessing import summarise
from validation.paper.numbers import read_paper_percent

DEPARTURES = ROOT / "docs" / "departures.md"


def read_departures(page: Path = DEPARTURES) -> list[dict[str, str]]:
    """Return the rows by the table's headings, as plain words without Markdown's marks.

    The list is empty where the code lies without its docs.
    """
    if not page.exists():
        return []
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    headings, _, *rows = ([_strip(cell) for cell in line[1:-1].split("|")] for line in lines)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def _strip(cell: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").strip()


def is_public(kind: str) -> bool:
    """Tell whether a report must hold nothing of a patient unless asked to: all but drawn eyes."""
    return kind != Kind.SURROGATE


PAGE = "index.html"
MOST_REPLACED = 12  # patients in the largest cluster of K-Same-Select (paper §3)


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
    run = read_run(store.root)
    public = is_public(run["source"]["kind"]) if public is None else public
    inputs = {unit: record["digest"] for unit, record in read_records(store).items()}
    key = {"settings": describe_report(public=public), "inputs": inputs}
    with store.locked(), store.writing(REPORTED, key) as folder:
        write_report(store, folder, public=public)
    return store.root / REPORTED / PAGE


def write_report(store: RunStore, folder: Path, *, public: bool) -> None:
    """Write the page and its figures (stage 09).

    Args:
        store: of a run whose evaluation is complete.
        folder: to write into.
        public: whether it may be given away, and holds nothing of a patient.

    Raises:
        StageNotRun: when the run's evaluation isn't complete.
        DataError: when predictions or maps can't be judged.
    """
    data = read_report_data(store)
    paper = {cell: float(text) / 100 for cell, text in read_paper_percent().items()}
    page = render_page(
        data=data,
        public=public,
        name=None if public else store.root.name,
        answer=answer(data.run, data.blessing),
        source=name_data(data.run, public=public),
        summary=summarise(data.blessing),
        metrics=list(zip(SHORT.values(), HEADINGS[2:], strict=True)),
        rows=lay_out_rows(data.table.numbers(), data.intervals, paper, data.blessing),
        planes=_draw_planes(data, paper, folder),
        pictures={} if public else _draw_examples(store, data, folder),
        rule=RULE,
        curves=draw_curves(data.histories, folder),
        trainings=TRAININGS,
        evidence_plane=None if public else data.evidence_plane,
        attack_tables=None if data.attack is None else to_tables(data.attack),
        attack_read_me=READ_ME,
        departures=read_departures(),
    )
    write_text(folder / PAGE, page)


def _draw_examples(store: RunStore, data: ReportData, folder: Path) -> dict[str, Picture]:
    measured = {method for method, _ in data.table.numbers()}
    pictures = ExampleEyes(store, measured).draw_figures(folder)
    return {picture.name: picture for picture in pictures}


def _draw_planes(data: ReportData, paper: Mapping, folder: Path) -> list[Chart]:
    numbers, planes = data.table.numbers(), []
    for metric in LABELS:
        replaced = metric == "replacement_accuracy"
        if replaced and not any(name == metric for _, name in numbers):
            continue
        floors = find_floors(
            patients=data.test.known_patients,
            glaucoma_share=data.test.glaucoma_share,
            guesses=MOST_REPLACED if replaced else 1,
        )
        planes.append(draw_plane(metric, numbers, paper, floors, folder))
    return planes
