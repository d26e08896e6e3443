"""What the README shows is what the code gives: table, plane and contact sheet."""

import json
import shutil
import statistics
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from places import ROOT

from replication.config import CPU
from replication.data.sources import SURROGATE_SEED
from replication.errors import DataError, SettingsError
from replication.evaluate.table1 import EVALUATED, PAGE
from replication.results.baseline import BASELINE
from replication.results.readme import (
    BEGIN,
    END,
    NUMBERS,
    PLANE,
    REPORT,
    SHEET,
    SHEET_SEED,
    draw_baseline,
    fill_table,
    hash_numbers,
    lay_out_seeds,
    picture_report,
)
from replication.store.run_folder import RunStore
from replication.surrogate import synthesize as surrogate
from replication.surrogate.plan import ORIGIN_FILE, write_origin
from replication.system.browser import BROWSERS

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGED = "run `python cli.py readme`"


def test_the_table_is_that_of_the_committed_seeds():
    assert fill_table(README, lay_out_seeds()) == README, CHANGED


def test_the_table_has_mean_and_deviation_with_the_paper_s_digits():
    lines = lay_out_seeds().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")][1:]
    assert len(rows) == 14
    numbers = json.loads((ROOT / "artifacts/baselines/seeds.json").read_text())["numbers"]
    values = [100 * table["blur-9/identity_accuracy"] for table in numbers.values()]
    kernel_9 = next(row for row in rows if row[1] == "kernel 9")
    expected = f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f} (31.76)"
    assert kernel_9[2] == expected
    assert kernel_9[3] == "-"
    sentence = " ".join(lines[lines.index("") :])
    assert f"of {len(numbers)} trainings with profile `cpu`" in sentence
    assert sentence.endswith("in the paper's in 74.68%.")


@pytest.mark.parametrize(
    "page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{END}", f"{BEGIN}{BEGIN}{END}"]
)
def test_a_page_without_the_marks_is_refused(page):
    with pytest.raises(DataError, match="each once"):
        fill_table(page, "table")


def test_the_plane_is_the_baseline_s(tmp_path):
    draw_baseline(tmp_path / "plane.png")
    kept, drawn = (cv2.imread(str(file)) for file in (ROOT / PLANE, tmp_path / "plane.png"))
    assert kept.shape == drawn.shape, CHANGED
    assert np.abs(kept.astype(int) - drawn).mean() < 0.01, CHANGED


def test_the_contact_sheet_is_the_surrogate_s(tmp_path, monkeypatch):
    root, sheet = tmp_path / "eyes", tmp_path / "sheet.png"
    root.mkdir()
    (root / ORIGIN_FILE).write_text(
        write_origin(CPU.surrogate, seed=SURROGATE_SEED, files_sha256="")
    )
    draw_row = surrogate._draw_sheet_row

    def draw_files_and_row(root, planned):
        """Draw what the row shows, instead of all images of the surrogate."""
        folder = root / "images-NIR" / planned.folder
        folder.mkdir(parents=True)
        shown = np.linspace(1, planned.images, surrogate.SHEET_COLUMNS).round().astype(int)
        for image in shown.tolist():
            name = planned.name_file(image)
            frame = surrogate.draw_twin(root, name, with_signs=True)
            (folder / name).write_bytes(cv2.imencode(".png", frame)[1].tobytes())
        return draw_row(root, planned)

    monkeypatch.setattr(surrogate, "_draw_sheet_row", draw_files_and_row)
    surrogate.draw_contact_sheet(root, sheet, seed=SHEET_SEED)
    kept = cv2.imread(str(ROOT / SHEET))
    drawn = cv2.imread(str(sheet))
    assert kept.shape == drawn.shape
    assert np.abs(kept.astype(int) - drawn).mean() < 0.01, CHANGED


def test_the_picture_of_the_report_shows_the_baseline_s_numbers():
    with Image.open(ROOT / REPORT) as picture:
        assert picture.text[NUMBERS] == hash_numbers(), "run `make pictures`"


def test_every_picture_of_the_pages_is_one_that_a_command_makes():
    made = {PLANE, SHEET, REPORT, Path("docs/images/rooms.svg")}
    made.add(Path("docs/images/frontier.png"))
    assert {file.relative_to(ROOT) for file in (ROOT / "docs/images").iterdir()} == made


@pytest.fixture
def run_of_the_baseline(tmp_path):
    """A run with the baseline's Table 1, and its page."""
    store, page = RunStore(tmp_path / "run"), tmp_path / "page.html"
    with store.writing(EVALUATED, {}) as folder:
        shutil.copyfile(BASELINE / PAGE, folder / PAGE)
    page.write_text("<p>94.15")
    return store, page


def plant_browser(folder: Path, script: str) -> str:
    browser = folder / BROWSERS[0]
    browser.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    browser.chmod(0o755)
    return str(folder)


def test_a_picture_notes_whose_numbers_it_shows(run_of_the_baseline, tmp_path, monkeypatch):
    script = (
        "from PIL import Image\n"
        "[shot] = [word for word in sys.argv if word.startswith('--screenshot=')]\n"
        "Image.new('RGB', (8, 6), 'white').save(shot.partition('=')[2])"
    )
    monkeypatch.setenv("PATH", plant_browser(tmp_path, script))
    picture_report(*run_of_the_baseline, tmp_path / "report.png")
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.size == (8, 6)
        assert picture.text == {NUMBERS: hash_numbers()}


@pytest.mark.parametrize(
    ("path", "changed", "sentence"),
    [
        ("none", "", "needs a browser: chromium"),
        ("fails", "", r"page.html: .*chromium made nothing of it .*exit status 3"),
        ("none", "another number", "table1.md: not the baseline's; .*--from-baseline"),
    ],
)
def test_a_picture_that_cannot_be_made_is_refused(
    run_of_the_baseline, tmp_path, monkeypatch, path, changed, sentence
):
    store, page = run_of_the_baseline
    if changed:
        with store.writing(EVALUATED, {}) as folder:
            (folder / PAGE).write_text(changed)
    empty = str(tmp_path / "empty")
    bin_of_ours = plant_browser(tmp_path, "sys.exit(3)") if path == "fails" else empty
    monkeypatch.setenv("PATH", bin_of_ours)
    with pytest.raises(SettingsError, match=sentence):
        picture_report(store, page, tmp_path / "report.png")
    assert not (tmp_path / "report.png").exists()
