"""What the README shows is what the code gives: table, plane and contact sheet."""

import cv2
import numpy as np
import pytest
from places import ROOT

from replication.config import CPU
from replication.data.sources import SURROGATE_SEED
from replication.errors import DataError
from replication.results.readme import (
    BEGIN,
    END,
    PLANE,
    draw_baseline,
    fill_table,
    lay_out_baseline,
)
from replication.surrogate import synthesize as surrogate
from replication.surrogate.plan import ORIGIN_FILE, write_origin

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGED = "run `python cli.py readme`"


def test_the_table_is_the_baseline_s():
    assert fill_table(README, lay_out_baseline()) == README, CHANGED


def test_the_table_has_the_paper_s_digits_beside_the_baseline_s():
    rows = [line.split(" | ") for line in lay_out_baseline().splitlines()[2:]]
    assert len(rows) == 14
    kept = (ROOT / "artifacts/baselines/surrogate-cpu/table1.md").read_text(encoding="utf-8")
    printed = [line.split(" | ") for line in kept.splitlines() if "(" in line and "|" in line]
    assert [row[2:] for row in rows] == [row[2:] for row in printed[-14:]]


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{END}"])
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
    (root / ORIGIN_FILE).write_text(write_origin(CPU.surrogate, seed=SURROGATE_SEED))
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
    surrogate.draw_contact_sheet(root, sheet, seed=1)
    kept = cv2.imread(str(ROOT / "docs/images/surrogate-contact-sheet.png"))
    drawn = cv2.imread(str(sheet))
    assert kept.shape == drawn.shape
    assert np.abs(kept.astype(int) - drawn).mean() < 0.01, "run `cli.py data contact-sheet`"
