"""The privacy and utility plane: what is still recognised of a patient against what is of glaucoma.

Good methods lie in the upper left: nobody is recognised, and the disease is (paper §3's trade-off).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from replication.figures.style import ACCENT, INK, LINE, MUTED, PAGE, Chart, drawing, save_chart
from replication.privatize.methods import ROWS
from validation.statistics.intervals import Cell

INCHES, LEGEND_INCHES = (5.0, 4.6), 0.5
MARKERS = {"Baseline": "*", "PPRL-VGAN": "D", "Blurring": "o", "K-Same-Select": "s"}
NOTE = {"textcoords": "offset points", "size": 9}
ROOM = 13  # pixels between two labelled points
TICKS = (0, 1, 5, 10, 25, 50, 75, 100)
LABELS = {
    "identity_accuracy": "identity accuracy, % (root scale)",
    "replacement_accuracy": "replacement identity accuracy, % (root scale)",
}


@dataclass(frozen=True)
class Floors:
    """What guessing gives, fractions in [0, 1].

    Args:
        chance: lowest and highest share of images whose patient, or one of K, is guessed.
        always_ill: F1 of calling every image glaucoma.
    """

    chance: tuple[float, float]
    always_ill: float


def find_floors(*, patients: int, glaucoma_share: float, guesses: int) -> Floors:
    """Return what guessing gives.

    Args:
        patients: that the identity network can name.
        glaucoma_share: of the test images: as precision with a recall of 1, F1 = 2p / (1 + p).
        guesses: the most patients of whom one counts as found.
    """
    return Floors(
        (1 / patients, min(guesses / patients, 1.0)), 2 * glaucoma_share / (1 + glaucoma_share)
    )


def draw_plane(
    metric: str,
    ours: Mapping[Cell, float],
    paper: Mapping[Cell, float],
    floors: Floors,
    folder: Path,
) -> Chart:
    """Draw one plane as PNG, PDF and for the page.

    Args:
        metric: the horizontal axis, a key of `LABELS`.
        ours, paper: fractions by (method, metric).
        floors: drawn as lines and a band.
        folder: to write into.
    """
    name = f"plane-{metric.split('_')[0]}"
    with drawing(name, inches=INCHES, above=LEGEND_INCHES) as (figure, axes):
        _set_axes(axes, metric)
        _draw_floors(axes, floors)
        for experiment, marker in MARKERS.items():
            methods = [title.name for title in ROWS if title.experiment == experiment]
            _draw_method(axes, metric, methods, paper, marker=marker, ours=False)
            _draw_method(axes, metric, methods, ours, marker=marker, ours=True)
        _draw_legend(axes, metric, ours)
        return save_chart(figure, name, folder, alternative=_describe(metric, ours, paper, floors))


def _draw_method(
    axes: Axes,
    metric: str,
    methods: list[str],
    numbers: Mapping[Cell, float],
    *,
    marker: str,
    ours: bool,
) -> None:
    points = _find_points(metric, methods, numbers)
    if not points:
        return
    x, y = np.array(list(points.values())).T
    colour = ACCENT if ours else MUTED
    if marker in "os":  # one parameter that grows: its path is a line
        axes.plot(x, y, color=colour, linewidth=1, alpha=0.6, zorder=2)
    size = 90 if marker == "*" else 38
    face = ACCENT if ours else PAGE
    axes.scatter(
        x,
        y,
        s=size,
        marker=marker,
        facecolor=face,
        edgecolor=colour,
        zorder=3 + ours,
        clip_on=False,
    )
    if ours and marker in "os":
        _label_grades(axes, points)


def _label_grades(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write kernel sizes or K at the points that have room around them."""
    places = {name: axes.transData.transform(point) for name, point in points.items()}
    for name, place in places.items():
        others = [other for another, other in places.items() if another != name]
        if all(np.hypot(*(place - other)) > ROOM for other in others):
            grade = name.rpartition("-")[2]
            axes.annotate(grade, points[name], (6, -11), color=ACCENT, **NOTE)


def _find_points(
    metric: str, methods: list[str], numbers: Mapping[Cell, float]
) -> dict[str, tuple[float, float]]:
    return {
        method: (100 * numbers[method, metric], 100 * numbers[method, "glaucoma_f1"])
        for method in methods
        if (method, metric) in numbers
    }


def _draw_floors(axes: Axes, floors: Floors) -> None:
    low, high = (100 * end for end in floors.chance)
    axes.axvspan(0, high, color=LINE, alpha=0.45, linewidth=0)
    beside = NOTE | {"color": MUTED, "ha": "right", "va": "bottom"}
    axes.annotate("chance", (high, 0), (-4, 5), rotation=90, **beside)
    axes.axvline(low, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(100 * floors.always_ill, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    place = {"xycoords": ("axes fraction", "data")} | beside
    axes.annotate(
        "F1 of calling every image glaucoma", (1, 100 * floors.always_ill), (-2, 1), **place
    )


def _set_axes(axes: Axes, metric: str) -> None:
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    axes.set_xlim(0, 104)
    axes.set_ylim(0, 104)
    axes.set_xticks(TICKS, map(str, TICKS))
    axes.minorticks_off()
    axes.set_xlabel(LABELS[metric])
    axes.set_ylabel("glaucoma F1, %")


def _draw_legend(axes: Axes, metric: str, ours: Mapping[Cell, float]) -> None:
    measured = {title.experiment for title in ROWS if (title.name, metric) in ours}
    for experiment, marker in MARKERS.items():
        if experiment in measured:
            axes.scatter([], [], marker=marker, color=ACCENT, label=experiment)
    axes.scatter([], [], marker="o", facecolor=PAGE, edgecolor=MUTED, label="hollow: the paper")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1),
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def _describe(
    metric: str, ours: Mapping[Cell, float], paper: Mapping[Cell, float], floors: Floors
) -> str:
    methods = [title.name for title in ROWS]
    found = _find_points(metric, methods, ours)
    printed = _find_points(metric, methods, paper)
    points = "; ".join(
        f"{method} {x:.1f} and {y:.1f} (paper {printed[method][0]:.1f} and {printed[method][1]:.1f})"
        for method, (x, y) in found.items()
    )
    return (
        f"Scatter plot of {LABELS[metric].partition(',')[0]} against glaucoma F1, in percent: "
        f"{points}. Chance is {100 * floors.chance[0]:.1f}; calling every image glaucoma has an F1 "
        f"of {100 * floors.always_ill:.1f}."
    )
