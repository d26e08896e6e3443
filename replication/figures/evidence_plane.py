"""The plane of Table 2: what attackers who retrain know of the patient, and what is left of the sign.

Left is private, up is evidence. The privacy-utility plane of `plane_figure` rests on a network that
has seen originals alone and on verdicts that a method may owe to the label it was told; here are the
figures that neither flatters.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from replication.figures.maps import DATELESS, DOTS_PER_INCH
from replication.figures.planes import LINEAR_TO, STYLES, TICKS, name_points
from replication.privatize.methods import ROWS

PRIVACY, EVIDENCE = "identity_best", "sign_kind_auc"
CHANCE_AREA = 0.5
INCHES = (6.4, 4.8)
TITLE_WIDTH = 75  # letters; a longer line leaves the frame


def draw_evidence_plane(numbers: Sequence[Mapping], *, title: str, files: Sequence[Path]) -> bool:
    """Draw every method that has both figures, with their intervals.

    Args:
        numbers: rows of `Table2Intervals.list_numbers`.
        title: what they were measured on.
        files: to write, PNG or PDF by their names.

    Returns:
        Whether anything was drawn: nothing is where no sign's place is known.
    """
    cells = {(row["method"], row["measure"]): row for row in numbers}
    rows = [row for row in ROWS if {(row.name, PRIVACY), (row.name, EVIDENCE)} <= cells.keys()]
    if not rows:
        return False
    figure = Figure(figsize=INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(fill(title, TITLE_WIDTH), fontsize=9)
    _draw_floors(axes, cells[rows[0].name, PRIVACY]["chance"])
    for row in rows:
        _draw_point(axes, row, cells[row.name, PRIVACY], cells[row.name, EVIDENCE])
    handles, names = axes.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), fontsize=8, loc="upper left")
    figure.draw_without_rendering()  # only then is known where the names have room
    points = [
        (row, cells[row.name, PRIVACY]["value"], cells[row.name, EVIDENCE]["value"]) for row in rows
    ]
    name_points(axes, points, lines=(cells[rows[0].name, PRIVACY]["chance"], CHANCE_AREA))
    for file in files:
        figure.savefig(file, dpi=DOTS_PER_INCH, metadata=DATELESS[file.suffix])
    return True


def _draw_floors(axes: Axes, chance: float) -> None:
    axes.set_xscale("symlog", linthresh=LINEAR_TO)
    axes.set_xticks(TICKS)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(-0.001, 2.2), ylim=(0.25, 1.02))
    axes.set_xlabel("patients named by the best retrained attacker")
    axes.set_ylabel("which kind of sign is shown: AUC")
    axes.axvline(chance, color="gray", linestyle=":")
    axes.axhline(CHANCE_AREA, color="gray", linestyle="--", linewidth=0.8)
    axes.text(chance, 0.26, " chance", fontsize=7, color="dimgray")
    axes.text(0, 0.49, "chance", fontsize=7, color="dimgray", va="top")


def _draw_point(axes: Axes, row, across: Mapping, up: Mapping) -> None:
    colour, marker = STYLES[row.experiment]
    reach = [_reach(across), _reach(up)]
    axes.errorbar(
        across["value"],
        up["value"],
        xerr=reach[0],
        yerr=reach[1],
        fmt=marker,
        color=colour,
        ecolor=colour,
        elinewidth=0.6,
        alpha=0.8,
        label=row.experiment,
    )


def _reach(row: Mapping) -> list[list[float]] | None:
    """Return how far the interval reaches below and above the value."""
    if row["low"] is None:
        return None
    return [[row["value"] - row["low"]], [row["high"] - row["value"]]]
