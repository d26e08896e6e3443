"""Planes with a point for each method: what it leaves of the patient, and what of the disease.

Left is private, up is useful. There are three: the trade-off of Table 1 (paper §3, which has no such
figure), ours beside the paper's, for the README; the same in one panel, for a report; and that of
Table 2, by attackers who retrain and by the sign itself, which no label flatters. Methods are marked
as in all figures (`looks.py`). Lines are what an answer scores that looks at no image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import Bbox

from replication.figures.charts import (
    INK,
    MUTED,
    PAGE,
    Chart,
    drawing,
    make_figure,
    save_chart,
    save_figure,
    set_percent_axis,
)
from replication.figures.looks import BY_EXPERIMENT
from replication.privatize.methods import BEYOND, ROWS, Row

Numbers = Mapping[tuple[str, str], float]
Points = Sequence[tuple[Row, float, float]]  # a method's row, and where it stands

PRIVACY, UTILITY = "identity_accuracy", "glaucoma_f1"
RETRAINED, EVIDENCE = "identity_best", "sign_kind_auc"
CHANCE_AREA = 0.5
TWO_PANELS, EVIDENCE_INCHES = (9.6, 4.4), (6.4, 4.8)
LINEAR_TO = 0.01  # privacy is a matter of orders of magnitude, but 0 has its place too
TICKS = (0, 0.01, 0.1, 1)
TITLE_WIDTH = 75  # letters; a longer line is wider than the frame
SMALL = 7
WORDS = {"fontsize": SMALL, "color": "dimgray"}
# Names at points, with offsets in points; around the letters is the page, so that no line strikes them.
HALO = (withStroke(linewidth=2.5, foreground=PAGE),)
NAME = {"fontsize": SMALL, "color": INK, "va": "center", "path_effects": HALO, "zorder": 5}
PLACES = tuple((x, y) for y in (0, 8, -8, 16, -16, 24, -24) for x in (7, -7))
FAR = 8  # points up or down; as bad as covering a line
HIDDEN, UNREADABLE = 2, 4  # times as bad: words on a point, and on words
# A report's plane.
REPORT_INCHES, LEGEND_INCHES = (5.0, 4.6), 0.5
NOTE = {"textcoords": "offset points", "size": 9, "color": MUTED}
ROOM = 13  # pixels between two labelled points


@dataclass(frozen=True)
class ChanceLevels:
    """What answers that look at no image score, fractions in [0, 1].

    Args:
        one: accuracy of naming patients by chance.
        all_glaucoma: F1 of calling every eye glaucoma; calling every eye healthy has an F1 of 0.
    """

    one: float
    all_glaucoma: float


def find_chance_levels(*, patients: int, glaucoma_rate: float) -> ChanceLevels:
    """Return the chance levels of a test set.

    Args:
        patients: among whom the identity network chooses.
        glaucoma_rate: of the images, in (0, 1): as precision with a recall of 1, F1 = 2p / (1 + p).
    """
    return ChanceLevels(1 / patients, 2 * glaucoma_rate / (1 + glaucoma_rate))


PAPER_CHANCE = find_chance_levels(patients=115, glaucoma_rate=425 / 1795)  # paper §2.1, all images


def draw_plane(
    ours: Numbers, paper: Numbers, *, title: str, chance: ChanceLevels, files: Sequence[Path]
) -> None:
    """Draw both tables' methods in two panels: `build_plane` into files, PNG or PDF by their names."""
    save_figure(build_plane(ours, paper, title=title, chance=chance), files)


def build_plane(ours: Numbers, paper: Numbers, *, title: str, chance: ChanceLevels) -> Figure:
    """Build the figure.

    Args:
        ours: measured fractions by (method, metric), as `Table1.numbers` gives them; methods
            without both metrics are left out.
        paper: the paper's, likewise.
        title: what ours were measured on.
        chance: of the images that ours were measured on.
    """
    figure = make_figure(figsize=TWO_PANELS, layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.set_ylabel("glaucoma F1: what is left of the disease")
    panels = ((left, f"ours, {title}", ours, chance), (right, "paper, Warsaw", paper, PAPER_CHANCE))
    for panel in panels:
        _draw_panel(*panel)
    right.legend(loc="lower left", bbox_to_anchor=(0, 0.1), fontsize=SMALL + 1)
    figure.supxlabel("identity accuracy: what is left of the patient", fontsize=10)
    figure.draw_without_rendering()  # only then is known where the names have room
    for axes, _, numbers, levels in panels:
        lines = (levels.one, levels.all_glaucoma)
        _name_points(axes, _list_points(numbers, PRIVACY, UTILITY), lines=lines)
    return figure


def _draw_panel(axes: Axes, heading: str, numbers: Numbers, chance: ChanceLevels) -> None:
    axes.set_title(heading, fontsize=10)
    _set_log_axis(axes)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(-0.001, 1.6), ylim=(-0.05, 1.05))
    axes.axvline(chance.one, color="gray", linestyle=":")
    axes.text(chance.one, 0.01, " chance", **WORDS)
    for height, what in ((chance.all_glaucoma, "glaucoma"), (0, "healthy")):
        axes.axhline(height, color="gray", linestyle="--", linewidth=0.8)
        place = {"ha": "right", "va": "top"}
        axes.text(1.5, height - 0.012, f"every eye called {what}", **place, **WORDS)
    points = _list_points(numbers, PRIVACY, UTILITY)
    for experiment, group in groupby(points, lambda point: point[0].experiment):
        colour, marker, size = BY_EXPERIMENT[experiment]
        _, x, y = zip(*group, strict=True)
        axes.plot(x, y, marker, color=colour, label=experiment, alpha=0.8, markersize=size)


def draw_evidence_plane(numbers: Sequence[Mapping], *, title: str, files: Sequence[Path]) -> bool:
    """Draw every method that has both numbers of Table 2, with their intervals.

    Args:
        numbers: rows of `Table2Intervals.list_numbers`.
        title: what they were measured on.
        files: to write, PNG or PDF by their names.

    Returns:
        Whether anything was drawn: nothing is where no sign's place is known.
    """
    cells = {(row["method"], row["measure"]): row for row in numbers}
    points = _list_points({key: row["value"] for key, row in cells.items()}, RETRAINED, EVIDENCE)
    if points:
        save_figure(_build_evidence_plane(cells, points, title), files)
    return bool(points)


def _build_evidence_plane(cells: Mapping, points: Points, title: str) -> Figure:
    figure = make_figure(figsize=EVIDENCE_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set_title(fill(title, TITLE_WIDTH), fontsize=9)
    chance = cells[points[0][0].name, RETRAINED]["chance"]
    _draw_levels_of_evidence(axes, chance)
    reaches = []
    for row, x, y in points:
        colour, marker, size = BY_EXPERIMENT[row.experiment]
        across, up = (_find_reach(cells[row.name, name]) for name in (RETRAINED, EVIDENCE))
        line = {"color": colour, "linewidth": 0.6}
        axes.plot(across, (y, y), **line)
        axes.plot((x, x), up, **line)
        axes.plot(x, y, marker, color=colour, markersize=size, label=row.experiment)
        reaches += [
            Bbox.from_extents(across[0], y, across[1], y),
            Bbox.from_extents(x, up[0], x, up[1]),
        ]
    handles, names = axes.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), fontsize=8, loc="upper left")
    figure.draw_without_rendering()  # only then is known where the names have room
    _name_points(axes, points, lines=(chance, CHANCE_AREA), reaches=reaches)
    return figure


def _draw_levels_of_evidence(axes: Axes, chance: float) -> None:
    _set_log_axis(axes)
    axes.set(xlim=(-0.001, 2.2), ylim=(0.25, 1.02))
    axes.set_xlabel("patients named by the best retrained attacker")
    axes.set_ylabel("which kind of sign is shown: AUC")
    axes.axvline(chance, color="gray", linestyle=":")
    axes.axhline(CHANCE_AREA, color="gray", linestyle="--", linewidth=0.8)
    axes.text(chance, 0.26, " chance", **WORDS)
    axes.text(0, 0.49, "chance", va="top", **WORDS)


def _find_reach(row: Mapping) -> tuple[float, float]:
    """Return the ends of a number's interval; without one, the number twice."""
    return (row["value"],) * 2 if row["low"] is None else (row["low"], row["high"])


def draw_report_plane(ours: Numbers, paper: Numbers, chance: ChanceLevels, folder: Path) -> Chart:
    """Draw the plane as PNG, PDF and for the page: ours filled, the paper's hollow.

    Args:
        ours, paper: fractions by (method, metric).
        chance: drawn as lines.
        folder: to write into.
    """
    name = "plane-identity"
    points, printed = (_list_points(numbers, PRIVACY, UTILITY) for numbers in (ours, paper))
    with drawing(name, inches=REPORT_INCHES, above=LEGEND_INCHES) as (figure, axes):
        set_percent_axis(axes)
        words = {"xlabel": "identity accuracy, % (root scale)", "ylabel": "glaucoma F1, %"}
        axes.set(xlim=(0, 104), ylim=(0, 104), **words)
        _draw_levels(axes, chance)
        for is_ours, drawn in ((True, points), (False, printed)):
            for experiment, group in groupby(drawn, lambda point: point[0].experiment):
                _draw_experiment(axes, experiment, list(group), is_ours=is_ours)
        hollow = {"marker": "o", "facecolor": PAGE, "edgecolor": MUTED}
        axes.scatter([], [], label="hollow: the paper", **hollow)
        place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1), "ncols": 3, "frameon": False}
        space = {"handletextpad": 0.2, "columnspacing": 1.2}
        axes.legend(fontsize=9, labelcolor=INK, **place, **space)
        described = _describe(points, printed, chance)
        return save_chart(figure, name, folder, alternative=described)


def _draw_levels(axes: Axes, chance: ChanceLevels) -> None:
    dashed = {"color": MUTED, "linewidth": 0.8, "linestyle": (0, (4, 3))}
    beside = NOTE | {"ha": "right", "va": "bottom"}
    axes.annotate("chance", (100 * chance.one, 0), (-4, 5), rotation=90, **beside)
    axes.axvline(100 * chance.one, **dashed)
    axes.axhline(100 * chance.all_glaucoma, **dashed)
    place = {"xycoords": ("axes fraction", "data")} | beside
    words = "F1 of calling every image glaucoma"
    axes.annotate(words, (1, 100 * chance.all_glaucoma), (-2, 1), **place)


def _draw_experiment(axes: Axes, experiment: str, points: Points, *, is_ours: bool) -> None:
    """Draw one experiment's points in percent, ours with their parameter and a place in the legend."""
    colour, marker, size = BY_EXPERIMENT[experiment]
    x, y = 100 * np.array([point[1:] for point in points]).T
    graded = _is_graded(experiment)
    if graded:
        axes.plot(x, y, "-" if is_ours else ":", color=colour, linewidth=1, alpha=0.6, zorder=2)
    look = {"s": size**2, "marker": marker, "edgecolor": colour}
    look |= {"facecolor": colour if is_ours else PAGE, "zorder": 3 + is_ours, "clip_on": False}
    axes.scatter(x, y, label=experiment if is_ours else None, **look)
    if is_ours and graded:
        _label_grades(axes, [row.name for row, *_ in points], np.column_stack([x, y]))


def _is_graded(experiment: str) -> bool:
    """Return whether an experiment's rows are one parameter that grows, so that their path is a line."""
    names = [row.name.rpartition("-") for row in ROWS if row.experiment == experiment]
    return len({stem for stem, _, _ in names}) == 1 and all(grade.isdigit() for *_, grade in names)


def _label_grades(axes: Axes, names: list[str], points: np.ndarray) -> None:
    """Write kernel sizes or K at the points that have room around them."""
    places = axes.transData.transform(points)
    for row, (name, point) in enumerate(zip(names, points, strict=True)):
        others = np.delete(places, row, axis=0)
        if (np.hypot(*(places[row] - others).T) > ROOM).all():
            axes.annotate(name.rpartition("-")[2], point, (6, -11), **NOTE)


def _describe(points: Points, printed: Points, chance: ChanceLevels) -> str:
    paper = {row.name: f" (paper {100 * x:.1f} and {100 * y:.1f})" for row, x, y in printed}
    listed = "; ".join(
        f"{row.name} {100 * x:.1f} and {100 * y:.1f}{paper.get(row.name, '')}"
        for row, x, y in points
    )
    return (
        f"Scatter plot of identity accuracy against glaucoma F1, in percent: {listed}. Chance is {100 * chance.one:.1f}; calling every image glaucoma has an F1 "
        f"of {100 * chance.all_glaucoma:.1f}."
    )


def _set_log_axis(axes: Axes) -> None:
    """Give privacy its orders of magnitude, in percent."""
    axes.set_xscale("symlog", linthresh=LINEAR_TO)
    axes.set_xticks(TICKS)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _list_points(numbers: Numbers, across: str, up: str) -> Points:
    """Return the rows that have both numbers, with them."""
    return [
        (row, numbers[row.name, across], numbers[row.name, up])
        for row in (*ROWS, *BEYOND)
        if (row.name, across) in numbers and (row.name, up) in numbers
    ]


def _name_points(
    axes: Axes, points: Points, *, lines: tuple[float, float], reaches: Sequence[Bbox] = ()
) -> None:
    """Write each point's name where it covers as little as can be and stays in the panel.

    What lies below a name all the same is interrupted around its letters.

    Args:
        axes: of a figure that has been laid out.
        points: to name.
        lines: x of the upright line and y of the level one that names should not cross.
        reaches: of the points' intervals, boxes without width or without height.
    """
    frame = axes.get_window_extent()
    across, up = axes.transData.transform(lines)
    taken = [
        Bbox.from_extents(across - 1, frame.y0, across + 1, frame.y1),
        Bbox.from_extents(frame.x0, up - 1, frame.x1, up + 1),
    ]
    taken += [text.get_window_extent() for text in axes.texts] * UNREADABLE
    taken += [reach.transformed(axes.transData).padded(1) for reach in reaches] * HIDDEN
    for _, x, y in points:
        across, up = axes.transData.transform((x, y))
        taken += [Bbox.from_bounds(across - 5, up - 5, 10, 10)] * HIDDEN
    for row, x, y in points:
        names = [
            axes.annotate(
                row.short,
                (x, y),
                place,
                textcoords="offset points",
                ha="left" if place[0] > 0 else "right",
                **NAME,
            )
            for place in PLACES
        ]
        boxes = [name.get_window_extent() for name in names]
        costs = [
            sum(box.overlaps(other) for other in taken)
            + len(ROWS) * (box.x0 < frame.x0 or box.x1 > frame.x1)
            + abs(place[1]) / FAR
            for place, box in zip(PLACES, boxes, strict=True)
        ]
        best = costs.index(min(costs))
        taken += [boxes[best]] * UNREADABLE
        for name in names[:best] + names[best + 1 :]:
            name.remove()
