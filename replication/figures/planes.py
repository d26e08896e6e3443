"""The plane of privacy and utility: what each method leaves of the patient and of the disease.

Left is private, up is useful: identity accuracy against the F1 of glaucoma, ours in one panel and
the paper's in another beside it, for its numbers are of other images. Both are columns of Table 1;
the paper has no such figure. Lines say what an answer that looks at no image would score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import Bbox

from replication.figures.maps import DATELESS, DOTS_PER_INCH
from replication.privatize.methods import ROWS, Row

Numbers = Mapping[tuple[str, str], float]

PRIVACY, UTILITY = "identity_accuracy", "glaucoma_f1"
INCHES = (9.6, 4.4)
LINEAR_TO = 0.01  # privacy is a matter of orders of magnitude, but 0 has its place too
TICKS = (0, 0.01, 0.1, 1)
# Okabe and Ito's colours, told apart by the colour-blind; the markers do without colour.
STYLES = {
    "Baseline": ("black", "*"),
    "PPRL-VGAN": ("#D55E00", "o"),
    "Blurring": ("#0072B2", "s"),
    "K-Same-Select": ("#009E73", "^"),
}
PLACES = tuple((x, y) for y in (0, 8, -8, 16, -16, 24, -24) for x in (7, -7))  # points
FAR = 8  # points up or down; as bad as covering a line
HIDDEN, UNREADABLE = 2, 4  # times as bad: words on a point, and on words
SMALL = 7


@dataclass(frozen=True)
class Floors:
    """What answers that look at no image score, fractions.

    Args:
        identity: accuracy of naming patients by chance.
        all_ill: F1 of calling every eye ill; calling every eye healthy has an F1 of 0.
    """

    identity: float
    all_ill: float


def find_floors(*, patients: int, glaucoma_share: float) -> Floors:
    """Return the floors of a test set.

    Args:
        patients: among whom the identity network chooses.
        glaucoma_share: of the images, in (0, 1).
    """
    return Floors(1 / patients, 2 * glaucoma_share / (1 + glaucoma_share))


PAPER_FLOORS = find_floors(patients=115, glaucoma_share=425 / 1795)  # paper §2.1, all images


def draw_plane(
    ours: Numbers, paper: Numbers, *, title: str, floors: Floors, files: Sequence[Path]
) -> None:
    """Draw both tables' methods in the plane.

    Args:
        ours, paper, title, floors: as in `build_plane`.
        files: to write, PNG or PDF by their names.
    """
    figure = build_plane(ours, paper, title=title, floors=floors)
    for file in files:
        figure.savefig(file, dpi=DOTS_PER_INCH, metadata=DATELESS[file.suffix])


def build_plane(ours: Numbers, paper: Numbers, *, title: str, floors: Floors) -> Figure:
    """Build the figure.

    Args:
        ours: measured fractions by (method, metric), as `Table1.numbers` gives them; methods
            without both metrics are left out.
        paper: the paper's, likewise.
        title: what ours were measured on.
        floors: of the images that ours were measured on.
    """
    figure = Figure(figsize=INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.set_ylabel("glaucoma F1: what is left of the disease")
    _draw_panel(left, f"ours, {title}", ours, floors)
    _draw_panel(right, "paper, Warsaw", paper, PAPER_FLOORS)
    right.legend(loc="lower left", bbox_to_anchor=(0, 0.1), fontsize=SMALL + 1)
    figure.supxlabel("identity accuracy: what is left of the patient", fontsize=10)
    figure.draw_without_rendering()  # only then is known where the names have room
    for axes, numbers, own in ((left, ours, floors), (right, paper, PAPER_FLOORS)):
        name_points(axes, _list_points(numbers), lines=(own.identity, own.all_ill))
    return figure


def _list_points(numbers: Numbers) -> list[tuple[Row, float, float]]:
    """Return the rows that have both numbers, with them."""
    return [
        (row, numbers[row.name, PRIVACY], numbers[row.name, UTILITY])
        for row in ROWS
        if (row.name, PRIVACY) in numbers and (row.name, UTILITY) in numbers
    ]


def _draw_panel(axes: Axes, heading: str, numbers: Numbers, floors: Floors) -> None:
    axes.set_title(heading, fontsize=10)
    axes.set_xscale("symlog", linthresh=LINEAR_TO)
    axes.set_xticks(TICKS)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(-0.001, 1.6), ylim=(-0.05, 1.05))
    words = {"fontsize": SMALL, "color": "dimgray"}
    axes.axvline(floors.identity, color="gray", linestyle=":")
    axes.text(floors.identity, 0.01, " chance", **words)
    for height, what in ((floors.all_ill, "every eye called ill"), (0, "every eye called healthy")):
        axes.axhline(height, color="gray", linestyle="--", linewidth=0.8)
        axes.text(1.5, height - 0.012, what, ha="right", va="top", **words)
    for experiment, points in groupby(_list_points(numbers), lambda point: point[0].experiment):
        colour, marker = STYLES[experiment]
        _, x, y = zip(*points, strict=True)
        axes.plot(x, y, marker, color=colour, label=experiment, alpha=0.8, markersize=7)


def name_points(
    axes: Axes, points: Sequence[tuple[Row, float, float]], *, lines: tuple[float, float]
) -> None:
    """Write each point's name where it covers as little as can be and stays in the panel.

    Args:
        axes: of a figure that has been laid out.
        points: a method's row, and where it stands.
        lines: x of the upright line and y of the level one that names should not cross.
    """
    frame = axes.get_window_extent()
    taken = _find_lines(axes, *lines)
    taken += [text.get_window_extent() for text in axes.texts] * UNREADABLE
    for _, x, y in points:
        across, up = axes.transData.transform((x, y))
        taken += [Bbox.from_bounds(across - 5, up - 5, 10, 10)] * HIDDEN
    for row, x, y in points:
        names = [_write_name(axes, row, (x, y), place) for place in PLACES]
        boxes = [name.get_window_extent() for name in names]
        costs = [
            sum(box.overlaps(other) for other in taken)
            + len(ROWS) * (box.x0 < frame.x0 or box.x1 > frame.x1)
            + abs(place[1]) / FAR
            for place, box in zip(PLACES, boxes, strict=True)
        ]
        best = costs.index(min(costs))
        taken += [boxes[best]] * UNREADABLE
        for name in names[:best] + names[best + 1 :]:
            name.remove()


def _find_lines(axes: Axes, x: float, y: float) -> list[Bbox]:
    """Return the boxes of the lines that a name should not cross."""
    frame = axes.get_window_extent()
    across, up = axes.transData.transform((x, y))
    return [
        Bbox.from_extents(across - 1, frame.y0, across + 1, frame.y1),
        Bbox.from_extents(frame.x0, up - 1, frame.x1, up + 1),
    ]


def _write_name(
    axes: Axes, row: Row, point: tuple[float, float], place: tuple[int, int]
) -> Annotation:
    return axes.annotate(
        row.short,
        point,
        place,
        textcoords="offset points",
        ha="left" if place[0] > 0 else "right",
        va="center",
        fontsize=SMALL,
        color=STYLES[row.experiment][0],
    )
