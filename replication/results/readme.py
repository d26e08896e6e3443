"""What the README shows of the reference run: Table 1 between two marks, and the plane.

Both come from `artifacts/baselines/surrogate-cpu` alone; a test holds the committed ones against
it. `cli.py readme` puts them there after a new baseline.
"""

from pathlib import Path

from replication.config import CPU
from replication.errors import DataError
from replication.evaluate.table1 import SHORT, to_cells
from replication.figures.planes import draw_plane, find_chance_levels
from replication.privatize.methods import ROWS
from replication.results.baseline import read_references
from replication.store.files import write_text
from replication.store.tables import lay_out_table
from validation.paper.numbers import read_paper_percent

BEGIN, END = "<!-- table 1: begin -->", "<!-- table 1: end -->"
PLANE = Path("docs") / "images" / "plane-surrogate-cpu.png"


def write_readme(root: Path) -> None:
    """Put the baseline's table into README.md, and its plane beside the other pictures.

    Args:
        root: the project's folder.

    Raises:
        DataError: when the README lacks the marks.
    """
    page = root / "README.md"
    write_text(page, fill_table(page.read_text(encoding="utf-8"), lay_out_baseline()))
    draw_baseline(root / PLANE)


def fill_table(page: str, table: str) -> str:
    """Return the page with this table between the marks.

    Raises:
        DataError: when the page has not each mark once, in their order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in after:
        raise DataError(f"README.md: expected {BEGIN} and then {END}, each once")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def lay_out_baseline() -> str:
    """Return the baseline's Table 1 in Markdown, in percent, the paper's numbers in brackets."""
    cells = to_cells(_read_numbers(), paper_percent=read_paper_percent())
    rows = [
        (experiment, row.short, *values)
        for row, (experiment, _, *values) in zip(ROWS, cells, strict=True)
    ]
    return "\n".join(lay_out_table(("Method", "", *SHORT), rows, words=2))


def draw_baseline(file: Path) -> None:
    """Draw the baseline's methods in the plane of privacy and utility, beside the paper's."""
    eyes = CPU.surrogate
    glaucoma = eyes.glaucoma_images / eyes.images
    draw_plane(
        _read_numbers(),
        {cell: float(percent) / 100 for cell, percent in read_paper_percent().items()},
        title="surrogate (not Warsaw)",
        chance=find_chance_levels(patients=eyes.patients, glaucoma_rate=glaucoma),
        files=[file],
    )


def _read_numbers() -> dict[tuple[str, str], float]:
    return {(band.method, band.metric): band.paper for band in read_references()}
