"""Training curves: the two evaluators' losses and what PPRL-VGAN's generator is asked for."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from replication.figures.style import ACCENT, INK, MUTED, Chart, drawing, save_chart

INCHES = (5.0, 3.2)
# Column, words at its end, colour and dashes: told apart without colour.
LOSSES = (
    ("loss", "training", MUTED, (0, (4, 2))),
    ("val_loss", "validation", ACCENT, "solid"),
)
GENERATOR = (
    ("generator_realism", "looks real", MUTED, (0, (1, 1.5))),
    ("generator_identity", "shows the replacement", ACCENT, "solid"),
    ("generator_task", "keeps glaucoma", INK, (0, (4, 2))),
)


def draw_curves(histories: Mapping[str, pd.DataFrame], folder: Path) -> list[Chart]:
    """Draw one chart per training as PNG, PDF and for the page.

    Args:
        histories: one row per epoch or step, by unit.
        folder: to write into.
    """
    return [_draw_training(unit, history, folder) for unit, history in histories.items()]


def _draw_training(unit: str, history: pd.DataFrame, folder: Path) -> Chart:
    name = f"training-{unit.rpartition('/')[2].rpartition('_')[2]}"
    by_epoch = "epoch" in history
    time = "epoch" if by_epoch else "step"
    with drawing(name, inches=INCHES) as (figure, axes):
        told = [
            _draw_line(axes, history, time, *line) for line in (LOSSES if by_epoch else GENERATOR)
        ]
        if by_epoch:
            told.append(_mark_best(axes, history))
        axes.set_xlabel(time)
        axes.set_ylabel("cross-entropy")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper right")
        last = history[time].iloc[-1]
        words = f"Line chart of {name.replace('-', ' ')} over {last} {time}s: {'; '.join(told)}."
        return save_chart(figure, name, folder, alternative=words)


def _draw_line(
    axes: Axes, history: pd.DataFrame, time: str, column: str, label: str, colour: str, dashes
) -> str:
    values = history[column]
    axes.plot(history[time], values, color=colour, linestyle=dashes, linewidth=1.5, label=label)
    return f"{label} from {values.iloc[0]:.2f} to {values.iloc[-1]:.2f}"


def _mark_best(axes: Axes, history: pd.DataFrame) -> str:
    """Mark the epoch whose weights were kept: the last that was the best so far."""
    kept = history[history["best"]].iloc[-1]
    axes.scatter([kept["epoch"]], [kept["val_loss"]], color=ACCENT, s=36, zorder=3, label="kept")
    return f"kept: epoch {kept['epoch']}, validation {kept['val_loss']:.2f}"
