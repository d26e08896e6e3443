"""One look for a report's charts, and their files: the same chart has the same bytes.

A chart is drawn once, in the light colours. In the page's own copy (SVG) colours become the page's
CSS variables, so that it follows the reader's scheme, and its words stay words.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# The page's variables by the light colours they have there.
INK, MUTED, LINE, ACCENT, PAGE = "#1c2128", "#57606a", "#d5dae1", "#0a58a6", "#ffffff"
VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", ACCENT: "accent", PAGE: "page"}
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
# Without a date the same chart has the same bytes.
DATELESS = {".png": {"Software": None}, ".pdf": {"CreationDate": None}}
NAMELESS = {"Date": None, "Creator": None, "Format": None, "Type": None}


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
    name: str, *, inches: tuple[float, float], above: float = 0.0
) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure with one pair of axes in the report's look.

    Args:
        name: decides the ids inside the SVG, so that they are the same each time.
        inches: width and height.
        above: inches to leave over the axes.
    """
    with matplotlib.rc_context(LOOK | {"svg.hashsalt": name}):
        figure = Figure(figsize=inches)
        FigureCanvasAgg(figure)
        wide, high = inches
        # A layout worked out from the words takes longer than all the drawing.
        margins = (LEFT / wide, BOTTOM / high, 1 - RIGHT / wide, 1 - (TOP + above) / high)
        figure.subplots_adjust(*margins)
        yield figure, figure.subplots()


def save_chart(figure: Figure, name: str, folder: Path, *, alternative: str) -> Chart:
    """Write a chart as PNG and PDF, and return it for the page. Call it while `drawing`."""
    for ending, metadata in DATELESS.items():
        figure.savefig(folder / f"{name}{ending}", dpi=DOTS_PER_INCH, metadata=metadata)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata=NAMELESS)
    return Chart(name, _suit_page(text.getvalue(), name), alternative)


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
