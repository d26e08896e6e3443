"""Table 2 on the page: a chart or two for each requirement, and its numbers, to be unfolded.

Charts have what decides: measures by which the summary finds a method's worst figure, and beside
the best retrained attacker the paper's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from replication.attack.table2 import MEASURES, Requirement
from replication.attack.table2_text import to_tables
from replication.figures.charts import Chart
from replication.figures.dot_charts import Dot, Scale, Series, draw_dots
from replication.store.tables import Section

COLUMNS = 4  # of numbers, beside the method's name, that a page has room for
WIDE = 6  # columns from which a table is folded, and split where it has too many
REAL = 1.0  # what a ratio to real eyes is for one


@dataclass(frozen=True)
class Panel:
    """One chart: one or two measures of a requirement on one axis.

    Args:
        name: of its files.
        caption: what its numbers are.
        measures: names; the first is filled, the second hollow.
        scale: of the axis.
        unit: below it.
    """

    name: str
    caption: str
    measures: tuple[str, ...]
    scale: Scale
    unit: str


PERCENT = (Scale.PERCENT, "%, root scale")
RATIO = (Scale.LOG, "times that of real eyes, logarithmic scale")
PANELS = {
    Requirement.PATIENT: (
        Panel(
            "patient-named",
            "Images whose patient is named",
            ("identity_best", "identity_static"),
            *PERCENT,
        ),
        Panel(
            "patient-verified",
            "Whether two images are of one patient whom the attacker doesn't know",
            ("unseen_lda_auc", "unseen_evaluator_auc"),
            Scale.LINEAR,
            "AUC",
        ),
    ),
    Requirement.REPLACED: (
        Panel(
            "replaced-named",
            "Images in which a patient used is named",
            ("used_learned_top1", "used_shown"),
            *PERCENT,
        ),
        Panel(
            "replaced-found",
            "Whether a patient was used in an image",
            ("used_learned_auc", "used_auc"),
            Scale.LINEAR,
            "AUC",
        ),
    ),
    Requirement.EVIDENCE: (
        Panel(
            "evidence-verdict",
            "Whether the kind of sign is shown, and whether the label is",
            ("sign_kind_auc", "glaucoma_balanced"),
            Scale.LINEAR,
            "AUC, and balanced accuracy",
        ),
        Panel(
            "evidence-sign",
            "What of the image and of the verdict is owed to the sign",
            ("sign_owed", "verdicts_lost"),
            Scale.LINEAR,
            "correlation, and share of images",
        ),
    ),
    Requirement.QUALITY: (
        Panel("quality-sharpness", "Sharpness", ("sharpness",), *RATIO),
        Panel("quality-kernel", "Kernel distance", ("kid",), *RATIO),
    ),
}


@dataclass(frozen=True)
class RequirementPart:
    """A requirement on the page.

    Args:
        title: its name.
        note: how to read it.
        charts: with their captions.
        tables: all its numbers, each narrow enough for the page.
    """

    title: str
    note: str
    charts: Sequence[tuple[str, Chart]]
    tables: Sequence[Section]


def lay_out_requirements(
    attack: Mapping, folder: Path
) -> tuple[list[RequirementPart], dict[str, Section]]:
    """Draw the charts and lay the tables out.

    Args:
        attack: of `table2.json`.
        folder: to write the charts into.

    Returns:
        The requirements that anything was measured of, with tables too wide for the page, which are
        folded like theirs; and by title the tables about all of them.
    """
    tables = to_tables(attack)
    parts = []
    for requirement, panels in PANELS.items():
        title = requirement.value.capitalize()
        table = tables.pop(title)
        if table.rows:
            charts = _draw_charts(attack["rows"], requirement, panels, folder)
            parts.append(RequirementPart(title, table.note, charts, split_columns(table)))
    wide = [title for title, table in tables.items() if len(table.headings) > WIDE]
    for title in wide:
        table = tables.pop(title)
        parts.append(RequirementPart(title, table.note, [], split_columns(table)))
    return parts, tables


def _draw_charts(
    rows: Sequence[Mapping], requirement: Requirement, panels: Sequence[Panel], folder: Path
) -> list[tuple[str, Chart]]:
    """Draw the panels that have numbers; all have a row for each method that any of them has."""
    shown = {name for panel in panels for name in panel.measures}
    methods = dict.fromkeys(row["method"] for row in rows if row["measure"] in shown)
    charts = []
    for panel in panels:
        dots = {name: _read_dots(rows, name, panel.scale) for name in panel.measures}
        series = [Series(MEASURES[name].heading, own) for name, own in dots.items() if own]
        if series:
            level = "real eyes" if panel.scale is Scale.LOG else "chance"
            how = {"scale": panel.scale, "unit": panel.unit, "level": level, "folder": folder}
            charts.append((panel.caption, draw_dots(panel.name, methods, series, **how)))
    return charts


def _read_dots(rows: Sequence[Mapping], measure: str, scale: Scale) -> dict[str, Dot]:
    return {
        row["method"]: Dot(
            row["value"],
            row["low"],
            row["high"],
            REAL if scale is Scale.LOG else row["chance"],
        )
        for row in rows
        if row["measure"] == measure
    }


def split_columns(table: Section, most: int = COLUMNS) -> list[Section]:
    """Split a table into ones of nearly equal width, each with the first column and `most` more."""
    rows, columns = list(table.rows), len(table.headings) - 1
    count = -(-columns // most)
    cuts = [1 + columns * cut // count for cut in range(count + 1)]
    return [
        Section(
            "",
            (table.headings[0], *table.headings[start:end]),
            [(row[0], *row[start:end]) for row in rows],
        )
        for start, end in pairwise(cuts)
    ]
