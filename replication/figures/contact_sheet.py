"""Draw frames side by side, each with its number."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import cv2
import numpy as np

from replication.figures.charts import make_figure, mark_private, save_figure

COLUMNS = 8
TILE_PX = (200, 150)  # width and height; a frame of another aspect is fitted in
TILE_INCHES = (1.05, 0.95)
MARGIN_INCHES = 0.25


def draw_contact_sheet(
    frames: Sequence[tuple[int, np.ndarray]], file: Path, *, title: str, private: bool
) -> None:
    """Write a PNG of small copies of frames, in their order.

    Args:
        frames: at least one: its number, and (H, W) uint8.
        file: to write.
        title: over all of them.
        private: whether they are of patients, which is then marked.
    """
    columns, rows = min(COLUMNS, len(frames)), ceil(len(frames) / COLUMNS)
    size = (COLUMNS * TILE_INCHES[0], rows * TILE_INCHES[1] + 2 * MARGIN_INCHES)
    figure = make_figure(figsize=size)
    margin = MARGIN_INCHES / size[1]
    figure.subplots_adjust(0.01, margin, 0.99, 1 - 1.6 * margin, wspace=0.04, hspace=0.2)
    figure.suptitle(title, size=9, y=1 - 0.15 * margin, va="top")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, (number, frame) in zip(grid, frames, strict=False):
        axes.imshow(_shrink(frame), cmap="gray", vmin=0, vmax=255)
        axes.set_title(str(number), size=7, pad=2)
    if private:
        mark_private(figure)
    save_figure(figure, [file])


def _shrink(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape
    scale = min(TILE_PX[0] / width, TILE_PX[1] / height, 1)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
