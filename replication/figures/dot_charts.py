"""Charts with a row for each method: points with their intervals, and where chance would put them.

Rows stand in Table 1's order below the controls, under the names of their experiments. A chart has
one axis and one or two measures: the first is filled, the second hollow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from enum import Enum
from math import floor
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FormatStrFormatter, LogLocator

from replication.figures.charts import (
    BOTTOM,
    INK,
    LINE,
    MUTED,
    PAGE,
    TOP,
    Chart,
    drawing,
    save_chart,
    set_percent_axis,
)
from replication.figures.looks import ALL_ROWS, find_look
from replication.privatize.methods import BASELINE

WIDE, NAMES = 4.9, 1.62  # inches: of a chart, and of the names at its left
ROW, LEGEND = 0.225, 0.66  # inches high: a row, and the legend of two measures and their level
SIZE = 11  # of words: as many pixels on a phone, more on a wider screen
OFFSETS = {1: (0.0,), 2: (-0.2, 0.2)}  # of the measures in a row, by how many there are
HALF = 0.3  # of a tick's height, in rows, where there is one measure
PAD = 9  # points between names and axis, which points at 0 reach over
LEAST = 0.01  # on a logarithmic axis; what is less stands there
CONTROLS = "Controls"
WIDE_RANGE = 50  # from which a logarithmic axis has powers of ten alone
BEYOND = 1.02  # the end of a linear axis: areas, correlations and shares are 1 at most


class Scale(Enum):
    """How the axis shows a number."""

    PERCENT = "by its root"
    LINEAR = "as it is"
    LOG = "by its logarithm"


@dataclass(frozen=True)
class Dot:
    """A number with its interval; fractions in [0, 1].

    Args:
        value: of the method.
        low, high: its 95% interval; None without one.
        level: where chance, or a real eye, would put it; None where nothing is known.
    """

    value: float
    low: float | None
    high: float | None
    level: float | None


@dataclass(frozen=True)
class Series:
    """A measure: its heading, and its dots by method."""

    heading: str
    dots: Mapping[str, Dot]


def draw_dots(
    name: str,
    methods: Iterable[str],
    series: Sequence[Series],
    *,
    scale: Scale,
    unit: str,
    level: str,
    folder: Path,
) -> Chart:
    """Draw one chart as PNG, PDF and for the page.

    Args:
        name: of its files.
        methods: that have a row, whether or not they have a dot.
        series: one or two measures.
        scale: of their axis.
        unit: in words below it.
        level: what the dots' levels are, in a word or two.
        folder: to write into.
    """
    rows = list_rows(methods)
    inches = (WIDE, LEGEND + ROW * len(rows) + TOP + BOTTOM)
    with drawing(name, inches=inches, above=LEGEND, left=NAMES) as (figure, axes):
        _name_rows(axes, rows)
        axes.set_xlabel(unit, size=SIZE)
        places = {method: place for place, (method, _) in enumerate(rows) if method}
        for measure, offset, filled in zip(
            series, OFFSETS[len(series)], (True, False), strict=False
        ):
            for method, dot in measure.dots.items():
                half = abs(offset) or HALF
                _draw_dot(axes, method, dot, places[method] + offset, half, scale, filled=filled)
        _mark_absent(axes, places, series)
        _set_scale(axes, scale, [dot for each in series for dot in each.dots.values()])
        _explain(figure, [measure.heading for measure in series], level)
        return save_chart(figure, name, folder, alternative=_describe(series, scale, level))


def list_rows(methods: Iterable[str]) -> list[tuple[str | None, str]]:
    """Return rows from the top, name and words, each experiment's after its heading (name None).

    Methods that are in no registry, as noise, are controls beside the originals.
    """
    shown = dict.fromkeys(methods)
    registered = [row for row in ALL_ROWS if row.name in shown]
    groups: dict[str, list[tuple[str, str]]] = {CONTROLS: []}
    for row in registered:
        group = CONTROLS if row.name == BASELINE else row.experiment
        groups.setdefault(group, []).append((row.name, row.short))
    known = {row.name for row in registered}
    groups[CONTROLS] += [(name, name) for name in shown if name not in known]
    return [line for group, own in groups.items() if own for line in ((None, group), *own)]


def _name_rows(axes: Axes, rows: Sequence[tuple[str | None, str]]) -> None:
    axes.set_ylim(len(rows) - 0.5, -0.5)
    places = [place for place, (method, _) in enumerate(rows) if method]
    axes.set_yticks(places, [rows[place][1] for place in places], size=SIZE, color=INK)
    axes.tick_params(axis="y", length=0, pad=PAD)
    axes.hlines(places, 0, 1, color=LINE, linewidth=0.7, transform=axes.get_yaxis_transform())
    for place, (method, words) in enumerate(rows):
        if method is None:
            beside = {"xycoords": ("figure fraction", "data"), "va": "center"}
            axes.annotate(words, (0, place), size=SIZE, weight="bold", color=INK, **beside)


def _mark_absent(axes: Axes, places: Mapping[str, int], series: Sequence[Series]) -> None:
    """Write a dash where no measure applies to a method."""
    for method in places.keys() - {method for each in series for method in each.dots}:
        start = {"xycoords": ("axes fraction", "data"), "va": "center"}
        axes.annotate("–", (0.02, places[method]), size=SIZE, color=MUTED, **start)


def _draw_dot(
    axes: Axes, method: str, dot: Dot, row: float, half: float, scale: Scale, *, filled: bool
) -> None:
    """Draw a point, its interval and its level, a tick of twice `half`, at the height of a row."""
    colour, marker, size = find_look(method)
    value, low, high, level = (_place(number, scale) for number in astuple(dot))
    if level is not None:
        upright = {"color": MUTED, "linewidth": 1.6, "solid_capstyle": "butt", "zorder": 2}
        axes.plot([level, level], [row - half, row + half], clip_on=False, **upright)
    if low is not None:
        line = {"color": colour, "linewidth": 1.6, "zorder": 3}
        axes.plot([low, high], [row, row], clip_on=False, **line)
    look = {"marker": marker, "markersize": size, "markeredgecolor": colour, "zorder": 4}
    look |= {"markerfacecolor": colour if filled else PAGE, "markeredgewidth": 1.2}
    axes.plot(value, row, clip_on=False, **look)


def _place(number: float | None, scale: Scale) -> float | None:
    """Return where a number stands on the axis."""
    if number is None:
        return None
    return {
        Scale.PERCENT: 100 * number,
        Scale.LINEAR: number,
        Scale.LOG: max(number, LEAST),
    }[scale]


def _set_scale(axes: Axes, scale: Scale, dots: Sequence[Dot]) -> None:
    axes.tick_params(axis="x", labelsize=SIZE)
    ends = [_place(number, scale) for dot in dots for number in astuple(dot)]
    reached = [end for end in ends if end is not None]
    if scale is Scale.PERCENT:
        set_percent_axis(axes)
        axes.set_xlim(0, 100)
    elif scale is Scale.LINEAR:
        axes.set_xlim(floor(10 * min(reached) - 0.5) / 10, BEYOND)
    else:
        axes.set_xscale("log")
        axes.set_xlim(min(reached) / 1.1, 1.1 * max(reached))
        wide = max(reached) > WIDE_RANGE * min(reached)
        locator = LogLocator(numticks=6) if wide else LogLocator(subs=(1, 2, 5))
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.minorticks_off()


def _explain(figure: Figure, headings: Sequence[str], level: str) -> None:
    """Write above the axes which points are which measure's, and what the upright ticks are."""
    point = {"linestyle": "", "marker": "o", "markersize": 6.5, "markeredgecolor": INK}
    faces = [INK, PAGE][: len(headings)]
    handles = [Line2D([], [], markerfacecolor=face, **point) for face in faces]
    tick = {"marker": "|", "markersize": 10, "markeredgewidth": 1.6, "markeredgecolor": MUTED}
    handles.append(Line2D([], [], linestyle="", **tick))
    bottom = 1 - LEGEND / figure.get_figheight()
    place = {"loc": "lower left", "bbox_to_anchor": (0, bottom), "borderpad": 0}
    space = {"borderaxespad": 0, "handlelength": 1, "handletextpad": 0.5, "labelspacing": 0.35}
    words = {"fontsize": SIZE, "labelcolor": INK, "frameon": False}
    figure.legend(handles, [*headings, level], **place, **space, **words)


def _describe(series: Sequence[Series], scale: Scale, level: str) -> str:
    """Return in words how far each measure reaches, and by which methods."""
    short = {row.name: row.short for row in ALL_ROWS}

    def write(method: str, value: float) -> str:
        number = f"{100 * value:.1f}%" if scale is Scale.PERCENT else f"{value:.2f}"
        return f"{number} ({short.get(method, method)})"

    parts = []
    for measure in series:
        values = {method: dot.value for method, dot in measure.dots.items()}
        least, most = (choose(values, key=values.get) for choose in (min, max))
        reach = " to ".join(write(method, values[method]) for method in (least, most))
        parts.append(f"{measure.heading}, from {reach}")
    return (
        f"Chart with a row for each method, points with intervals and ticks for {level}: "
        f"{'; '.join(parts)}. The numbers are in the tables below."
    )
