"""Figures 2 to 5 of the paper, and one of methods beyond it: the same eyes, as each makes them.

Originals and privatized images of patients are theirs: a report that may be given away has none of
these figures. Each image is read alone, as one row of its array.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import ascii_lowercase

import matplotlib
import numpy as np
from matplotlib.image import imsave

from replication.explain.exchange import MAPS
from replication.explain.figure5 import TITLES, choose_example
from replication.explain.outputs import EXPLAINED
from replication.figures.charts import (
    DOTS_PER_INCH,
    FAST,
    LOOK,
    METADATA,
    make_figure,
    mark_private,
    save_figure,
)
from replication.figures.maps import PALETTE
from replication.privatize.methods import BASELINE, BEYOND
from replication.results.finished_run import FinishedRun
from replication.store.arrays import IMAGES
from replication.store.run_record import PREPROCESSED, privatized_unit
from validation.claims.table1_claims import (
    AVERAGED_RANDOM,
    AVERAGED_SAME,
    BLURS,
    DIFFERENT,
    K_SAMES,
    SAME,
)

FIGURES = {
    "figure2": BLURS,
    "figure3": K_SAMES,
    "figure4": (SAME, DIFFERENT, AVERAGED_RANDOM, AVERAGED_SAME),
    "beyond": tuple(method.name for method in BEYOND),
}
WORDS = {
    BASELINE: "original",
    SAME: "replaced, same pathology",
    DIFFERENT: "replaced, different pathology",
    AVERAGED_RANDOM: "averaged, random identities",
    AVERAGED_SAME: "averaged, same pathology",
    **{name: f"kernel {name.rpartition('-')[2]}" for name in BLURS},
    **{name: f"{name.rpartition('-')[2]} identities" for name in K_SAMES},
    **{method.name: method.short for method in BEYOND},
}
RULE = (
    "The same two eyes throughout: one with glaucoma, that of Figure 5 or else the first of the "
    "test images, and the first without. First draw of each method."
)
ZOOM, GAP = 3, 8  # dots per pixel, dots between panels
LETTERS_INCHES, MARK_INCHES = 0.28, 0.14  # of what stands below the panels


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
        columns: what each is, with the letter that stands under it.
    """

    name: str
    png: str
    alternative: str
    columns: tuple[str, ...]


def draw_figures(finished: FinishedRun, folder: Path) -> list[Picture]:
    """Draw Figures 2 to 5 and that of methods beyond the paper, as far as they were run: PNG, PDF, page."""
    eyes, pictures = TestEyes(finished), []
    draw = partial(draw_eyes, folder=folder, private=finished.source.kind.private)
    numbers = finished.numbers | finished.table.numbers_beyond()
    measured = {method for method, _ in numbers}
    for name, methods in FIGURES.items():
        shown = [BASELINE, *(method for method in methods if method in measured)]
        if len(shown) > 1:
            rows = {
                words: [Panel(eyes.read(method, row)) for method in shown]
                for words, row in eyes.shown.items()
            }
            pictures.append(draw(name, rows, [WORDS[m] for m in shown]))
    if eyes.example is not None:
        images = [eyes.read(method, eyes.example) for method in TITLES]
        maps = [eyes.read_map(method) for method in TITLES]
        rows = {
            "the images": [*map(Panel, images)],
            "their relevance": [Panel(None, relevance) for relevance in maps],
            "both": [*map(Panel, images, maps)],
        }
        columns = [title.partition(") ")[2] for title in TITLES.values()]
        pictures.append(draw("figure5", rows, columns))
    return pictures


class TestEyes:
    """A run's test images and maps, and which of them are shown.

    Args:
        finished: the run.
    """

    def __init__(self, finished: FinishedRun) -> None:
        self._store, table = finished.store, finished.manifest
        self._test_rows = np.flatnonzero(table["subset"] == "test")
        glaucoma = table["glaucoma"].to_numpy(bool)[self._test_rows]
        relevance = finished.relevance
        self.example = None if relevance is None else choose_example(relevance).row
        first = np.flatnonzero(glaucoma)[0] if self.example is None else self.example
        without = np.flatnonzero(~glaucoma)[0]
        self.shown = {"an eye with glaucoma": int(first), "an eye without": int(without)}

    def read(self, method: str, row: int) -> np.ndarray:
        """Return one (S, S) uint8 image of the test set."""
        if method == BASELINE:
            return self._read_row(PREPROCESSED, IMAGES, self._test_rows[row])
        image = self._read_row(privatized_unit(method), "draw-0.npy", row)
        return image.mean(axis=-1).astype(np.uint8)

    def read_map(self, method: str) -> np.ndarray:
        """Return the example's (S, S) relevance."""
        return self._read_row(EXPLAINED, f"maps/{method}/draw-0/{MAPS}", self.example)

    def _read_row(self, unit: str, name: str, row: int) -> np.ndarray:
        array = np.load(self._store.folder(unit) / name, mmap_mode="r", allow_pickle=False)
        return np.array(array[row])


def draw_eyes(
    name: str,
    rows: Mapping[str, Sequence[Panel]],
    columns: Sequence[str],
    *,
    folder: Path,
    private: bool,
) -> Picture:
    """Draw rows of eyes above letters, as PNG, PDF and for the page.

    Args:
        name: of the figure.
        rows: panels by what the row is, one for each column.
        columns: what each is, from the left.
        folder: to write into.
        private: whether they are patients', which the files are marked with.
    """
    mosaic = _compose([*rows.values()])
    png = io.BytesIO()
    imsave(png, mosaic, format="png", metadata=METADATA[".png"], pil_kwargs=FAST)
    _write_files(mosaic, len(columns), folder / name, private=private)
    listed = tuple(f"({ascii_lowercase[place]}) {column}" for place, column in enumerate(columns))
    words = f"Rows: {'; '.join(rows)}. Columns: {', '.join(listed)}."
    return Picture(name, base64.b64encode(png.getvalue()).decode("ascii"), words, listed)


def _compose(rows: Sequence[Sequence[Panel]]) -> np.ndarray:
    """Return (H, W, 4) uint8 of all panels on one scale of relevance, clear between them."""
    relevance = [p.relevance for row in rows for p in row if p.relevance is not None]
    highest = max((float(each.max()) for each in relevance), default=0.0) or 1.0
    lines = [np.hstack([_paint(panel, highest) for panel in row]) for row in rows]
    return np.vstack(lines)[:-GAP, :-GAP]


def _paint(panel: Panel, highest: float) -> np.ndarray:
    """Return one panel, a gap to its right and below it."""
    image = None if panel.image is None else panel.image / 255
    if panel.relevance is not None:
        painted = lay_over(image, panel.relevance, highest)
    else:
        painted = np.repeat(image[..., None], 3, axis=-1)
    tile = np.rint(255 * painted).astype(np.uint8).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    solid = np.pad(tile, ((0, 0), (0, 0), (0, 1)), constant_values=255)
    return np.pad(solid, ((0, GAP), (0, GAP), (0, 0)))


def lay_over(image: np.ndarray | None, relevance: np.ndarray, highest: float) -> np.ndarray:
    """Return relevance as colours, over a gray image where there is one.

    The root shows faint relevance; the more there is, the less the image shows through.

    Args:
        image: (S, S) from 0 to 1, or None.
        relevance: (S, S), not negative.
        highest: the relevance that has the brightest colour.

    Returns:
        (S, S, 3) from 0 to 1.
    """
    root = np.sqrt(relevance / (highest or 1))[..., None]
    heat = matplotlib.colormaps[PALETTE](root[..., 0])[..., :3]
    return heat if image is None else root * heat + (1 - root) * image[..., None]


def _write_files(mosaic: np.ndarray, columns: int, file: Path, *, private: bool) -> None:
    """Write the mosaic with a letter under each of its columns, as PNG and PDF.

    Pixels go into both files as they are: to have them drawn takes longer than all else.
    """
    high, wide = mosaic.shape[:2]
    letters = LETTERS_INCHES * DOTS_PER_INCH
    below = round(letters + private * MARK_INCHES * DOTS_PER_INCH) / high
    opaque = np.where(mosaic[..., 3:] == 0, 255, mosaic)
    with matplotlib.rc_context(LOOK):
        size = (wide / DOTS_PER_INCH, high * (1 + below) / DOTS_PER_INCH)
        figure = make_figure(figsize=size, dpi=DOTS_PER_INCH)
        for column in range(columns):
            place = ((column + 0.5) / columns, (below - letters / high / 2) / (1 + below))
            letter = f"({ascii_lowercase[column]})"
            figure.text(*place, letter, ha="center", va="center", size=12)
        if private:
            mark_private(figure)
        figure.canvas.draw()
        drawn = np.array(figure.canvas.buffer_rgba())
        drawn[:high] = opaque
        imsave(file.with_suffix(".png"), drawn, metadata=METADATA[".png"], pil_kwargs=FAST)
        axes = figure.add_axes((0, below / (1 + below), 1, 1 / (1 + below)))
        axes.imshow(opaque, interpolation="none", aspect="auto")
        axes.set_axis_off()
        save_figure(figure, [file.with_suffix(".pdf")])
