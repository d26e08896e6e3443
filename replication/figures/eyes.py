"""Figures 2 to 5 of the paper: the same eyes, as they are and as each method leaves them.

Originals and privatized images of patients are theirs; only a report that may show them has these.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from replication.figures.maps import PALETTE
from replication.figures.style import DATELESS, DOTS_PER_INCH, LOOK

ZOOM, GAP, LETTERS_INCHES = 3, 8, 0.28  # dots per pixel, dots between panels
LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Panel:
    """One picture of a figure: an image, relevance, or both.

    Args:
        image: (S, S) uint8, or None.
        relevance: (S, S), or None; laid over the image.
    """

    image: np.ndarray | None
    relevance: np.ndarray | None = None


@dataclass(frozen=True)
class Picture:
    """A figure of eyes for the page.

    Args:
        name: of its files, without an ending.
        png: base64 of the PNG without letters, which the page has itself.
        alternative: what it shows, in words.
        columns: what stands under (a), (b) and so on.
    """

    name: str
    png: str
    alternative: str
    columns: tuple[str, ...]


def draw_eyes(
    name: str, rows: Mapping[str, Sequence[Panel]], columns: Sequence[str], folder: Path
) -> Picture:
    """Draw rows of eyes under letters, as PNG, PDF and for the page.

    Args:
        name: of the figure.
        rows: panels by what the row is, one for each column.
        columns: what each is, from the left.
        folder: to write into.
    """
    mosaic = _compose([*rows.values()])
    png = io.BytesIO()
    imsave(png, mosaic, format="png", metadata=DATELESS[".png"])
    _write_files(name, mosaic, len(columns), folder)
    listed = ", ".join(
        f"({letter}) {column}" for letter, column in zip(LETTERS, columns, strict=False)
    )
    words = f"Rows: {'; '.join(rows)}. Columns: {listed}."
    return Picture(name, base64.b64encode(png.getvalue()).decode("ascii"), words, tuple(columns))


def _compose(rows: Sequence[Sequence[Panel]]) -> np.ndarray:
    """Return (H, W, 4) uint8 of all panels on one scale of relevance, clear between them."""
    relevance = [p.relevance for row in rows for p in row if p.relevance is not None]
    highest = max((float(each.max()) for each in relevance), default=0.0) or 1.0
    lines = [np.hstack([_paint(panel, highest) for panel in row]) for row in rows]
    return np.vstack(lines)[:-GAP, :-GAP]


def _paint(panel: Panel, highest: float) -> np.ndarray:
    """Return one panel, a gap to its right and below it."""
    painted = np.zeros(1)
    if panel.image is not None:
        painted = np.repeat(panel.image[..., None] / 255, 3, axis=-1)
    if panel.relevance is not None:
        # The root shows faint relevance; the more there is, the less the image shows through.
        root = np.sqrt(panel.relevance / highest)[..., None]
        opacity = 1 if panel.image is None else root
        heat = matplotlib.colormaps[PALETTE](root[..., 0])[..., :3]
        painted = opacity * heat + (1 - opacity) * painted
    tile = np.rint(255 * painted).astype(np.uint8).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    solid = np.pad(tile, ((0, 0), (0, 0), (0, 1)), constant_values=255)
    return np.pad(solid, ((0, GAP), (0, GAP), (0, 0)))


def _write_files(name: str, mosaic: np.ndarray, columns: int, folder: Path) -> None:
    """Write the mosaic with a letter under each of its columns, as PNG and PDF."""
    high, wide = (pixels / DOTS_PER_INCH for pixels in mosaic.shape[:2])
    below = LETTERS_INCHES / (high + LETTERS_INCHES)
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(wide, high + LETTERS_INCHES))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, below, 1, 1 - below))
        axes.imshow(mosaic, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        for column, letter in zip(range(columns), LETTERS, strict=False):
            middle = (column + 0.5) / columns
            figure.text(middle, below / 2, f"({letter})", ha="center", va="center", size=12)
        for ending, metadata in DATELESS.items():
            figure.savefig(folder / f"{name}{ending}", dpi=DOTS_PER_INCH, metadata=metadata)
