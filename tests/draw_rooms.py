"""Draw docs/images/rooms.svg from the imports, and write the tree of docs/architecture.md.

`make architecture` runs it; tests/docs/test_architecture_page.py compares what is committed with it.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import matplotlib
from layer_rules import ROOMS, read_imports
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- tree: begin -->", "<!-- tree: end -->"
GROUND = ("errors", "config", "records", "system", "store")  # most rooms import them: drawn pale
ALONE = ("keras_models", *(f"validation.{room}" for room in ROOMS["validation"]))
ORDER = (*(f"replication.{room}" for room in ROOMS["replication"]), "cli")
PALE, INK, ACROSS = "#d5dae1", "#0a58a6", "#57606a"
BOX, HIGH = 2.9, 0.66  # width and height; rooms stand one unit apart
LEFT = -6.2  # where keras_models and the rooms of validation stand
WIDTHS = ((10, 3.4), (4, 2.0), (2, 1.1), (1, 0.5))  # at least so many imports, points
LOOK = {"svg.fonttype": "none", "svg.hashsalt": "rooms", "font.family": "sans-serif"}


def find_room(module: str) -> str | None:
    """Return the room of a module: `replication.store`, `keras_models` or `cli`."""
    parts = module.split(".")
    if parts[0] in ("keras_models", "cli"):
        return parts[0]
    name = ".".join(parts[:2])
    return name if name in (*ORDER, *ALONE) else None


def count_imports(root: Path = ROOT) -> Counter[tuple[str, str]]:
    """Count between any two rooms which module imports which, each pair of modules once."""
    pairs = {(item.importer, item.imported) for item in read_imports(root)}
    rooms = Counter((find_room(importer), find_room(imported)) for importer, imported in pairs)
    return Counter(
        {(a, b): n for (a, b), n in sorted(rooms.items(), key=str) if a and b and a != b}
    )


def read_purpose(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    folder = ROOT / room.replace(".", "/")
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def lay_out_tree() -> str:
    """Return the tree, one line per room with the first sentence of its docstring."""
    lines = [f"- `cli.py`: {read_purpose('cli')}"]
    for package in ("replication", "validation"):
        lines.append(f"- `{package}/`")
        for room in ROOMS[package]:
            ending = "/" if (ROOT / package / room).is_dir() else ".py"
            lines.append(f"    - `{room}{ending}`: {read_purpose(f'{package}.{room}')}")
    return "\n".join([*lines, "- `keras_models/`: The networks: arrays in, model out."])


def draw_rooms(file: Path) -> None:
    """Draw every room as a box in the order of the data, and the imports as arrows."""
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(9.5, 10))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(LEFT - 2, BOX + 6), ylim=(-len(ORDER) + 0.3, 0.9))
        axes.set_axis_off()
        places = {room: (0.0, -float(row)) for row, room in enumerate(ORDER)}
        places |= {room: (LEFT, -6.0 - 2 * row) for row, room in enumerate(ALONE)}
        for (importer, imported), number in count_imports().items():
            _draw_arrow(axes, places[importer], places[imported], imported, number)
        for room, place in places.items():
            _draw_box(axes, room, *place)
        figure.savefig(file, metadata={"Date": None, "Creator": None})
    file.write_text(re.sub(r"[ \t]+\n", "\n", file.read_text("utf-8")), encoding="utf-8")


def _draw_box(axes: Axes, room: str, x: float, y: float) -> None:
    corner, style = (x, y - HIGH / 2), "round,pad=0,rounding_size=0.12"
    axes.add_patch(
        FancyBboxPatch(corner, BOX, HIGH, boxstyle=style, facecolor="white", edgecolor=ACROSS)
    )
    numbers = re.findall(r"0\d", read_purpose(room).partition(":")[0])
    words = room.removeprefix("replication.").replace("validation.", "validation/")
    axes.text(
        x + BOX / 2,
        y,
        " ".join([", ".join(numbers), words]).strip(),
        ha="center",
        va="center",
        fontsize=9,
    )


def _draw_arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    imported: str,
    number: int,
) -> None:
    width = next(points for least, points in WIDTHS if number >= least)
    pale = imported.removeprefix("replication.") in GROUND
    if start[0] == end[0]:
        side = BOX if start[0] == 0 else 0.0
        bend = -0.55 if start[0] == 0 else 0.55
        ends = [(start[0] + side, start[1]), (end[0] + side, end[1])]
        colour = PALE if pale else INK
    else:
        ends, bend, colour = [start, (end[0] + BOX, end[1])], 0.0, ACROSS
    axes.add_patch(
        FancyArrowPatch(
            *ends,
            connectionstyle=f"arc3,rad={-bend}",
            arrowstyle="-|>,head_length=3,head_width=1.6",
            linewidth=width,
            color=colour,
            alpha=0.75,
            shrinkA=0,
            shrinkB=0,
            zorder=0 if pale else 1,
        )
    )


def fill_page(page: str) -> str:
    """Return the page with the tree between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{lay_out_tree()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    draw_rooms(PICTURE)
    PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
