"""What is left for a user whose irises aren't found: a sheet, a list and a sentence."""

from pathlib import Path

import pandas as pd
import pytest
from drawn_eyes import write_eyes

from replication.pipeline import uncentred
from replication.pipeline.uncentred import show_uncentred
from replication.store.tables import read_table


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> list:
    """Return the numbers, title and mark of each sheet that is drawn."""
    drawn = []

    def draw(frames, file, *, title, private) -> None:
        drawn.append(([number for number, _ in frames], title, private))
        file.touch()

    monkeypatch.setattr(uncentred, "draw_contact_sheet", draw)
    return drawn


def test_the_list_has_all_and_the_sheet_the_first_forty(tmp_path: Path, sheets: list) -> None:
    paths = write_eyes(tmp_path, 45)["path"]
    images = pd.DataFrame({"row": range(3, 48), "path": paths})
    (tmp_path / paths[1]).unlink()
    for _ in range(2):  # the second takes the place of the first
        ways = show_uncentred(images, tmp_path / "02", root=tmp_path, white=255, private=True)
    place = tmp_path / "02" / "uncentred"
    listed = read_table(place / "images.csv", text=("path",))
    assert listed["row"].tolist() == list(range(3, 48))
    assert listed["path"].tolist() == paths.tolist()
    title = "39 of 45 images without a centred iris, by row"
    assert sheets == [([3, *range(5, 43)], title, True)] * 2
    for part in (str(place / "sheet.png"), "centre_x, centre_y, radius", "--max-uncentred SHARE"):
        assert part in ways
    assert "eye0" not in ways
