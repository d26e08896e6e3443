"""Draw images with their relevance: each image alone, its relevance, both, and other maps of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from replication.figures.charts import make_figure, mark_private, save_figure
from replication.records import CLASS_OF_GLAUCOMA, RelevanceMaps

CLASSES = {True: "glaucoma", False: "no glaucoma"}
PALETTE = "inferno"  # perceptually uniform
INCHES = (6.2, 2.25)  # of a row
INCHES_BESIDE = 1.7  # more for each other map


@dataclass(frozen=True)
class ShownMap:
    """One row of a figure.

    Args:
        title: what the image is.
        image: (S, S, C) float32 in [-1, 1].
        relevance: its (S, S) map.
        explained: the class that the map explains, in words.
        logit: of that class, its log-odds.
        beside: other (S, S) maps of the image, by their columns' titles.
    """

    title: str
    image: np.ndarray
    relevance: np.ndarray
    explained: str
    logit: float
    beside: Mapping[str, np.ndarray] = field(default_factory=dict)


def show_map(
    title: str,
    images: np.ndarray,
    relevance: RelevanceMaps,
    row: int,
    *,
    beside: Mapping[str, np.ndarray] | None = None,
) -> ShownMap:
    """Return one image of (N, S, S, C) with its map, and other maps, as a row of a figure."""
    explained = CLASSES[bool(relevance.neuron[row] == CLASS_OF_GLAUCOMA)]
    logit = float(relevance.logit[row])
    return ShownMap(title, images[row], relevance.maps[row], explained, logit, beside or {})


def draw_maps(shown: Sequence[ShownMap], files: Sequence[Path], *, private: bool) -> None:
    """Draw rows on one scale of relevance, and each column of other maps on its own.

    Args:
        shown: the rows, from the top, all with the same columns beside.
        files: to write, PNG or PDF by their names.
        private: whether the images are of patients, which is then marked.
    """
    width = INCHES[0] + INCHES_BESIDE * len(shown[0].beside)
    figure = make_figure(figsize=(width, INCHES[1] * len(shown)), layout="constrained")
    parts = np.atleast_1d(figure.subfigures(len(shown), 1))
    highest = max(float(row.relevance.max()) for row in shown)
    beside = {name: max(float(row.beside[name].max()) for row in shown) for name in shown[0].beside}
    for part, row in zip(parts, shown, strict=True):
        empty = "" if row.relevance.any() else " (empty map: nothing to explain)"
        part.suptitle(
            f"{row.title}; explained: {row.explained}, log-odds {row.logit:.2f}{empty}", size=9
        )
        _draw_row(part, row, highest=highest, beside=beside)
    if private:
        mark_private(figure)
    save_figure(figure, files)


def _draw_row(part: Figure, row: ShownMap, *, highest: float, beside: Mapping[str, float]) -> None:
    grays = {"cmap": "gray", "vmin": -1, "vmax": 1}
    heats = {"cmap": PALETTE, "vmin": 0, "vmax": highest or 1}
    alone, heated, over, *others = part.subplots(1, 3 + len(beside))
    gray = row.image.mean(axis=2)
    alone.imshow(gray, **grays)
    heat = heated.imshow(row.relevance, **heats)
    over.imshow(gray, **grays)
    # The more relevant, the less the image shows through.
    over.imshow(row.relevance, alpha=np.sqrt(row.relevance / heats["vmax"]), **heats)
    for axes, (name, most) in zip(others, beside.items(), strict=True):
        axes.imshow(row.beside[name], **heats | {"vmax": most or 1})
        axes.set_title(name, size=8)
    for axes in (alone, heated, over, *others):
        axes.set_axis_off()
    part.colorbar(heat, ax=[alone, heated, over], label="relevance")
