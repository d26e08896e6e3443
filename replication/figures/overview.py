"""One picture of a data set's runs: each method's privacy by two attackers, and its utility."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes

from replication.figures.charts import make_figure, save_figure

WIDTH, HEIGHT = 4.8, 4.4  # inches of a panel
PANELS = 2  # in a row


class Point(NamedTuple):
    """A method's numbers in percent; NaN where there is none."""

    static: float
    retrained: float
    glaucoma: float


# Words, colour (Okabe and Ito's) and marker of each number.
STYLES = Point(
    ("patient recognised by the static network", "#0072B2", "o"),
    ("patient named by the best retrained attacker", "#D55E00", "s"),
    ("glaucoma F1", "#009E73", "^"),
)


def draw_overview(panels: Mapping[str, Mapping[str, Point]], file: Path) -> None:
    """Draw a panel for each run.

    Args:
        panels: the runs' methods by the panel's title, the methods' numbers by their name.
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
    figure.legend(*places[0].get_legend_handles_labels(), fontsize=8, **place)
    save_figure(figure, [file])


def _draw_panel(axes: Axes, title: str, methods: Mapping[str, Point]) -> None:
    axes.set_title(title, fontsize=10)
    heights = range(len(methods))
    axes.hlines(
        heights,
        [point.static for point in methods.values()],
        [point.retrained for point in methods.values()],
        color="lightgray",
    )
    numbers_of = zip(*methods.values(), strict=True)
    for numbers, (words, colour, marker) in zip(numbers_of, STYLES, strict=True):
        axes.plot(numbers, heights, marker, color=colour, label=words, alpha=0.8)
    axes.set_yticks(heights, list(methods), fontsize=8)
    axes.set(xlim=(-3, 103), xlabel="percent", ylim=(len(methods) - 0.5, -0.5))
    axes.grid(axis="x", color="whitesmoke")
