"""What the README shows of the reference run: Table 1 between two marks, and pictures.

The table comes from `artifacts/baselines/seeds.json`, plane and contact sheet from
`artifacts/baselines/surrogate-cpu` and the surrogate alone; the picture of the report is that of a run
from the baseline. `cli.py readme` puts them there after new seeds or a new baseline, and tests hold the
committed ones against them.
"""

import hashlib
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from replication.config import CPU
from replication.data.sources import draw_surrogate, find_source
from replication.errors import DataError, SettingsError
from replication.evaluate.table1 import EVALUATED, PAGE, SHORT, write_rows
from replication.figures.planes import draw_plane, find_chance_levels
from replication.privatize.methods import ROWS
from replication.results.baseline import BASELINE, REFERENCES, read_references
from replication.results.seeds import write_spread
from replication.results.study import KEPT, read_numbers
from replication.store.files import write_text
from replication.store.run_folder import RunStore
from replication.store.tables import lay_out_table
from replication.surrogate.synthesize import draw_contact_sheet
from replication.system.browser import drive_browser, find_browser
from replication.system.progress import Track
from replication.system.provenance import count_cores
from validation.paper.numbers import read_paper_percent
from validation.statistics.spread import measure_spread

REPLACED = "pprl-vgan-random"
BEGIN, END = "<!-- table 1: begin -->", "<!-- table 1: end -->"
PICTURES = Path("docs") / "images"
PLANE = PICTURES / "plane-surrogate-cpu.png"
SHEET_SEED = 1  # whose eyes
SHEET = PICTURES / "surrogate-contact-sheet.png"
REPORT = PICTURES / "report.png"
NUMBERS = "Numbers"  # text of a picture: SHA-256 of the baseline's numbers
WINDOW, ZOOM, COLOURS = (1100, 1439), 0.8, 64  # down to a line between two rows of Table 1


def write_readme(root: Path, *, artifacts: Path, track: Track) -> None:
    """Put the table over seeds into README.md, the baseline's plane and the contact sheet beside it.

    Args:
        root: the project's folder.
        artifacts: where the surrogate is, or is drawn.
        track: opens a progress bar.

    Raises:
        DataError: when the README lacks the marks.
    """
    page = root / "README.md"
    write_text(page, fill_table(page.read_text(encoding="utf-8"), lay_out_seeds()))
    draw_baseline(root / PLANE)
    eyes = find_source(None, None, CPU.surrogate, artifacts)
    draw_surrogate(eyes, CPU.surrogate, workers=count_cores(), track=track)
    draw_contact_sheet(eyes.path, root / SHEET, seed=SHEET_SEED)


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


def lay_out_seeds(file: Path = KEPT) -> str:
    """Return Table 1 of the committed seeds in Markdown, and what the cpu profile does not reach.

    Each cell has mean and standard deviation over the seeds, in percent, the paper's number in
    brackets.
    """
    run, numbers = read_numbers(file)
    spread, paper = measure_spread(numbers.values()), read_paper_percent()
    cells = write_rows(lambda cell: f"{write_spread(spread[cell])} ({paper[cell]})")
    rows = [
        (experiment, row.short, *values)
        for row, (experiment, _, *values) in zip(ROWS, cells, strict=True)
    ]
    shown = REPLACED, "replacement_accuracy"
    sentence = (
        f"Means and standard deviations of {len(numbers)} trainings with profile "
        f"`{run['profile']['name']}`, whose PPRL-VGAN is small and trained for "
        f"{run['profile']['vgan']['steps']:,} steps to fit two processor cores. What it doesn't reach: "
        f"the identity of a random replacement is recognised in {write_spread(spread[shown])}% of "
        f"its images, in the paper's in {paper[shown]}%."
    )
    table = lay_out_table(("Method", "", *SHORT), rows, words=2)
    return "\n".join([*table, "", *textwrap.wrap(sentence, 100)])


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


def picture_report(store: RunStore, page: Path, file: Path) -> None:
    """Picture the top of a report by a browser, and note in the picture whose numbers it shows.

    Args:
        store: of a run whose Table 1 is the baseline's.
        page: its report.
        file: a PNG.

    Raises:
        SettingsError: when the run has another Table 1, or there is no browser or no picture by it.
    """
    table = store.folder(EVALUATED) / PAGE
    if table.read_bytes() != (BASELINE / PAGE).read_bytes():
        raise SettingsError(
            f"{table}: not the baseline's; picture a run of `replicate --all --from-baseline`"
        )
    browser = find_browser("a picture of the report")
    with TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        size = f"--window-size={WINDOW[0]},{WINDOW[1]}"
        zoom = f"--force-device-scale-factor={ZOOM}"
        drive_browser(browser, page, shot, size, zoom, f"--screenshot={shot}")
        try:
            picture = Image.open(shot).convert("RGB").quantize(COLOURS)
        except OSError as error:
            raise SettingsError(f"{page}: {browser} made no picture of it ({error})") from error
        note = PngInfo()
        note.add_text(NUMBERS, hash_numbers())
        picture.save(file, optimize=True, pnginfo=note)


def hash_numbers() -> str:
    """Return the SHA-256 of the baseline's numbers."""
    return hashlib.sha256((BASELINE / REFERENCES).read_bytes()).hexdigest()


def _read_numbers() -> dict[tuple[str, str], float]:
    return {(band.method, band.metric): band.paper for band in read_references()}
