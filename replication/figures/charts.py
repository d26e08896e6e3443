"""The charts of a report in one look, training curves among them: the same chart, the same bytes.

A chart is drawn once, in the light colours. In the page's own copy (SVG) colours become the page's
CSS variables, so that it follows the reader's scheme, and its words stay words.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from replication.store.words import put

# The page's variables by the light colours they have there.
INK, MUTED, LINE, ACCENT, PAGE = "#1c2128", "#57606a", "#d5dae1", "#0a58a6", "#ffffff"
VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", ACCENT: "accent", PAGE: "page"}
PRIVATE = "private: patients' eyes"
LOOK = {
    "svg.fonttype": "none",
    "font.size": 10.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "figure.facecolor": PAGE,
    "axes.facecolor": PAGE,
}
DOTS_PER_INCH = 200
LEFT, BOTTOM, RIGHT, TOP = 0.58, 0.48, 0.08, 0.08  # inches around the axes
# Without a date the same figure has the same bytes.
METADATA = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}
ENDINGS = (".png", ".pdf")
FAST = {"compress_level": 1}  # of PNG: a few more kB, in a third of the time
CURVE_INCHES = (5.0, 3.2)
PERCENTS = (0, 1, 5, 10, 25, 50, 75, 100)  # of an axis whose scale is a root
# Column, words at its end, colour and dashes: distinct without colour.
LOSSES = (
    ("loss", "training", MUTED, (0, (4, 2))),
    ("val_loss", "validation", ACCENT, "solid"),
)
GENERATOR = (
    ("generator_realism", "looks real", MUTED, (0, (1, 1.5))),
    ("generator_identity", "shows the replacement", ACCENT, "solid"),
    ("generator_task", "keeps glaucoma", INK, (0, (4, 2))),
)
PP_MIR_GENERATOR = (
    ("generator_realism", "looks real", MUTED, (0, (1, 1.5))),
    ("generator_identity", "shows nobody", ACCENT, "solid"),
    ("generator_task", "keeps glaucoma", INK, (0, (4, 2))),
)
CODE_GENERATOR = (
    ("generator_identity", "shows nobody", ACCENT, "solid"),
    ("generator_code", "shows the code", INK, (0, (4, 2))),
)


@dataclass(frozen=True)
class Chart:
    """A chart for the page.

    Args:
        name: of its files, without an ending.
        svg: the chart itself, in the page's colours.
        alternative: what it shows, in words.
    """

    name: str
    svg: str
    alternative: str


@contextmanager
def drawing(
    name: str, *, inches: tuple[float, float], above: float = 0.0, left: float = LEFT
) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure with one pair of axes in the report's look.

    Args:
        name: decides the ids inside the SVG, so that they are the same each time.
        inches: width and height.
        above: inches to keep free over the axes.
        left: inches to keep free at their left.
    """
    with matplotlib.rc_context(LOOK | {"svg.hashsalt": name}):
        wide, high = inches
        figure = make_figure(figsize=inches)
        # A layout worked out from the words takes longer than all the drawing.
        margins = (left / wide, BOTTOM / high, 1 - RIGHT / wide, 1 - (TOP + above) / high)
        figure.subplots_adjust(*margins)
        yield figure, figure.subplots()


def make_figure(**options) -> Figure:
    """Return an empty figure that is drawn without a screen."""
    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure


def set_percent_axis(axes: Axes) -> None:
    """Make the horizontal axis one of percent by its root: orders of magnitude, and 0."""
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    axes.set_xticks(PERCENTS, map(str, PERCENTS))
    axes.minorticks_off()


def mark_private(figure: Figure) -> None:
    """Write into a figure's lower left corner that it shows patients."""
    figure.text(0.005, 0.005, PRIVATE, ha="left", va="bottom", size=7, color="#b00020")


def save_figure(figure: Figure, files: Iterable[Path]) -> None:
    """Write a figure into files, PNG or PDF by their names."""
    _postpone_fonttools()
    for text in figure.findobj(Text):
        text.set_text(put(text.get_text()))
    for file in files:
        options = {"pil_kwargs": FAST} if file.suffix == ".png" else {}
        figure.savefig(file, dpi=DOTS_PER_INCH, metadata=METADATA[file.suffix], **options)


def save_chart(figure: Figure, name: str, folder: Path, *, alternative: str) -> Chart:
    """Write a chart as PNG and PDF, and return it for the page. Call it while `drawing`."""
    save_figure(figure, [folder / f"{name}{ending}" for ending in ENDINGS])
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata=METADATA[".svg"])
    return Chart(name, _suit_page(text.getvalue(), name), alternative)


def draw_curves(histories: Mapping[str, pd.DataFrame], folder: Path) -> list[Chart]:
    """Draw one chart per training as PNG, PDF and for the page.

    Args:
        histories: one row per epoch or step, by unit.
        folder: to write into.
    """
    return [_draw_training(unit, history, folder) for unit, history in histories.items()]


def _draw_training(unit: str, history: pd.DataFrame, folder: Path) -> Chart:
    """Draw the two losses of an evaluator, or what a generator is trained for."""
    name = f"training-{unit.rpartition('/')[2].rpartition('_')[2]}"
    by_epoch = "epoch" in history
    time = "epoch" if by_epoch else "step"
    generator = _list_terms(history)
    with drawing(name, inches=CURVE_INCHES) as (figure, axes):
        words = []
        for column, label, colour, dashes in LOSSES if by_epoch else generator:
            values = history[column]
            style = {"color": colour, "linestyle": dashes, "linewidth": 1.5}
            axes.plot(history[time], values, label=label, **style)
            words.append(f"{label} from {values.iloc[0]:.2f} to {values.iloc[-1]:.2f}")
        if by_epoch:
            words.append(_mark_best(axes, history))
        axes.set(xlabel=time, ylabel="cross-entropy")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper right")
        shown = f"{name.replace('-', ' ')} over {history[time].iloc[-1]} {time}s"
        described = f"Line chart of {shown}: {'; '.join(words)}."
        return save_chart(figure, name, folder, alternative=described)


def _list_terms(history: pd.DataFrame) -> tuple[tuple, ...]:
    """Return the terms of a generator's loss that its chart shows, by what was written of them."""
    if "generator_code" in history:
        return CODE_GENERATOR
    return PP_MIR_GENERATOR if "generator_iris" in history else GENERATOR


def _mark_best(axes: Axes, history: pd.DataFrame) -> str:
    """Mark the epoch whose weights were kept: the last that was the best so far."""
    kept = history[history["best"]].iloc[-1]
    axes.scatter([kept["epoch"]], [kept["val_loss"]], color=ACCENT, s=36, zorder=3, label="kept")
    return f"kept: epoch {kept['epoch']}, validation {kept['val_loss']:.2f}"


def _postpone_fonttools() -> None:
    """Make the import of a library lazy that Matplotlib's PDF needs for fonts of type 42 alone.

    Ours are of type 3, and importing it takes half a second.
    """
    name = "fontTools.subset"
    if name not in sys.modules:
        spec = find_spec(name)
        spec.loader = LazyLoader(spec.loader)
        module = module_from_spec(spec)
        sys.modules[name] = sys.modules["fontTools"].subset = module
        spec.loader.exec_module(module)


def _suit_page(svg: str, name: str) -> str:
    """Take the colours from the page, and keep ids apart from those of its other charts."""
    svg = svg[svg.index("<svg") :]
    # Its style would reach the whole page, which has the same one for its charts.
    svg = re.sub(r"<(metadata|style).*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
