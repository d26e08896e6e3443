"""One picture of a data set's runs: each method's privacy by two attackers, and its utility."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from replication.figures.charts import INK, MUTED, PAGE, make_figure, save_figure
from replication.figures.looks import BY_EXPERIMENT
from replication.privatize.methods import Row

WIDTH, HEIGHT = 4.8, 4.4  # inches of a panel
PANELS = 2  # in a row


class Point(NamedTuple):
    """A method's numbers in percent; NaN where there is none."""

    static: float
    retrained: float
    glaucoma: float


# The numbers' words. The first two are marked by their method's look, hollow and filled.
WORDS = Point(
    "patient recognised by the static network",
    "patient named by the best retrained attacker",
    "glaucoma F1",
)
BAR = {"marker": "|", "markersize": 11, "markeredgewidth": 2, "color": MUTED}


def draw_overview(panels: Mapping[str, Mapping[Row, Point]], file: Path) -> None:
    """Draw a panel for each run.

    Args:
        panels: the runs' rows by the panel's title, and the rows' numbers.
        file: to write, PNG or PDF by its name.
    """
    rows, columns = -(-len(panels) // PANELS), min(PANELS, len(panels))
    figure = make_figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
    places = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes, (title, methods) in zip(places, panels.items(), strict=False):
        _draw_panel(axes, title, methods)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    place = {"loc": "outside lower center", "ncols": columns + 1}
    round_ = {"marker": "o", "color": INK}
    looks = (round_ | {"markerfacecolor": PAGE}, round_, BAR)
    handles = [Line2D([], [], linestyle="", **look) for look in looks]
    figure.legend(handles, WORDS, fontsize=8, **place)
    save_figure(figure, [file])


def _draw_panel(axes: Axes, title: str, rows: Mapping[Row, Point]) -> None:
    axes.set_title(title, fontsize=10)
    for height, (row, point) in enumerate(rows.items()):
        colour, marker, size = BY_EXPERIMENT[row.experiment]
        look = {"marker": marker, "markersize": size, "color": colour}
        axes.hlines(height, point.static, point.retrained, color="lightgray", zorder=1)
        axes.plot(point.glaucoma, height, **BAR)
        axes.plot(point.static, height, markerfacecolor=PAGE, **look)
        axes.plot(point.retrained, height, **look)
    axes.set_yticks(range(len(rows)), [row.short for row in rows], fontsize=8)
    axes.set(xlim=(-3, 103), xlabel="percent", ylim=(len(rows) - 0.5, -0.5))
    axes.grid(axis="x", color="whitesmoke")
