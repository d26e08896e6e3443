"""Stage 08: one page about a run: do the numbers hold, on which data, what do the images look like.

Leaves, in the stage's folder, `index.html`, which asks for no other file and no net, and every
figure as PNG and PDF. All of it comes from the run's files: no TensorFlow, a few seconds.

A public report may be given away: `report_public` says what it leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from replication.departures_table import read_departures
from replication.report_chart import Chart
from replication.report_curves import draw_curves
from replication.report_data import (
    REPORTED,
    TRAININGS,
    ReportData,
    read_records,
    read_report_data,
)
from replication.report_examples import RULE, ExampleEyes
from replication.report_eyes import Picture
from replication.report_page import render_page
from replication.report_planes import LABELS, draw_plane, find_floors
from replication.report_public import is_public
from replication.report_table import SHORT, lay_out_rows
from replication.report_text import answer, name_data
from replication.run_record import read_run
from replication.store import RunStore, write_text
from replication.table1_text import HEADINGS
from replication.table2_text import READ_ME, to_tables
from validation.blessing_text import summarise
from validation.paper import read_paper_percent

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
    """Write the page and its figures (stage 08).

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
