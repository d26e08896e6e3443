"""A sheet of drawn eyes: all of them, numbered, marked where they are patients'."""

from pathlib import Path

import numpy as np
import pytest
from drawn_eyes import draw_eye

from replication.figures import contact_sheet
from replication.figures.charts import PRIVATE
from replication.figures.contact_sheet import draw_contact_sheet


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Draw a sheet and return its figure."""
    figures = []
    save = contact_sheet.save_figure
    monkeypatch.setattr(
        contact_sheet, "save_figure", lambda f, files: (figures.append(f), save(f, files))
    )

    def draw(frames: list, *, private: bool):
        draw_contact_sheet(frames, tmp_path / "sheet.png", title="eyes", private=private)
        assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
        return figures[-1]

    return draw


@pytest.mark.parametrize("count", [1, 8, 11, 40])
def test_each_frame_has_its_number(drawn, count: int) -> None:
    eye = draw_eye(size=(400, 240), centre=(200, 120), radius_px=60)
    figure = drawn([(7 * number, eye) for number in range(count)], private=False)
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == [str(7 * number) for number in range(count)]
    assert PRIVATE not in [text.get_text() for text in figure.texts]


def test_frames_keep_their_aspect_and_gray_and_bear_the_mark(drawn) -> None:
    figure = drawn([(1, draw_eye()), (2, np.full((900, 30), 99, np.uint8))], private=True)
    shown = [axes.images[0] for axes in figure.axes if axes.images]
    assert [image.get_array().shape for image in shown] == [(150, 200), (150, 5)]
    assert all(image.get_clim() == (0, 255) for image in shown)
    assert PRIVATE in [text.get_text() for text in figure.texts]
