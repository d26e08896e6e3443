"""The plane of privacy and utility: points where the numbers are, names that can be read.

The plane of Table 2: the same bytes twice, and nothing where no sign's place is known.
"""

import numpy as np
import pytest

from replication.figures import planes
from replication.figures.planes import build_plane, draw_evidence_plane, find_chance_levels
from replication.privatize.methods import ROWS
from replication.results.baseline import read_references
from validation.paper.numbers import read_paper_percent

OURS = {(band.method, band.metric): band.paper for band in read_references()}
PAPER = {cell: float(percent) / 100 for cell, percent in read_paper_percent().items()}
CHANCE = find_chance_levels(patients=4, glaucoma_rate=0.25)


@pytest.fixture(scope="module")
def panels():
    figure = build_plane(OURS, PAPER, title="drawn eyes", chance=CHANCE)
    figure.draw_without_rendering()
    return figure.axes


def points(axes):
    lines = [line for line in axes.lines if not line.get_label().startswith("_")]
    return sorted((x, y) for line in lines for x, y in zip(*line.get_data(), strict=True))


def test_chance_levels_are_of_answers_that_look_at_no_image():
    # Four patients and one image in four with glaucoma: called so all, 2 TP / (2 TP + FP) = 2 / 5.
    assert CHANCE.one == 0.25
    assert CHANCE.all_glaucoma == pytest.approx(0.4)


def test_every_method_stands_where_its_numbers_are(panels):
    for axes, numbers in zip(panels, (OURS, PAPER), strict=True):
        assert points(axes) == sorted(
            (numbers[row.name, "identity_accuracy"], numbers[row.name, "glaucoma_f1"])
            for row in ROWS
        )


def test_a_panel_says_what_its_numbers_were_measured_on(panels):
    assert [axes.get_title() for axes in panels] == ["ours, drawn eyes", "paper, Warsaw"]


def test_names_cover_neither_each_other_nor_the_frame(panels):
    for axes in panels:
        names = [text for text in axes.texts if text.get_text() in {row.short for row in ROWS}]
        assert len(names) == len(ROWS)
        boxes = [name.get_window_extent() for name in names]
        frame = axes.get_window_extent()
        assert all(frame.x0 < box.x0 and box.x1 < frame.x1 for box in boxes)
        assert not [
            (first, second)
            for i, first in enumerate(boxes)
            for second in boxes[:i]
            if first.overlaps(second)
        ]


def test_what_was_not_measured_is_left_out():
    some = {cell: value for cell, value in OURS.items() if cell[0] in ("original", "blur-9")}
    axes, _ = build_plane(some, PAPER, title="some", chance=CHANCE).axes
    assert len(points(axes)) == 2
    axes, _ = build_plane({}, PAPER, title="none", chance=CHANCE).axes
    assert points(axes) == []


def plant_rows(measures):
    places = np.linspace(0.1, 0.9, len(ROWS))
    return [
        {"method": row.name, "measure": name, "value": at, "low": low, "high": at, "chance": 0.01}
        for row, at in zip(ROWS, places, strict=True)
        for name in measures
        for low in [at - 0.05 if row.name != "blur-3" else None]
    ]


def test_it_is_drawn_with_the_same_bytes_twice(tmp_path):
    rows = plant_rows(("identity_best", "sign_kind_auc"))
    drawn = []
    for name in ("one", "other"):
        files = [tmp_path / f"{name}{ending}" for ending in (".png", ".pdf")]
        assert draw_evidence_plane(rows, title="drawn eyes", files=files)
        drawn.append([file.read_bytes() for file in files])
    assert drawn[0] == drawn[1]


def test_without_a_known_sign_there_is_none(tmp_path):
    rows = plant_rows(("identity_best",))
    assert not draw_evidence_plane(rows, title="eyes", files=[tmp_path / "plane.png"])
    assert not list(tmp_path.iterdir())


@pytest.fixture
def drawn_evidence(monkeypatch):
    """Draw rows and return the figure instead of files."""
    figures = []
    monkeypatch.setattr(planes, "save_figure", lambda figure, files: figures.append(figure))

    def draw(rows):
        draw_evidence_plane(rows, title="eyes", files=[])
        return figures[-1]

    return draw


def test_names_stand_beside_intervals_where_there_is_room(drawn_evidence):
    """Crosses of intervals, each 20 points long, on a diagonal: no name touches any."""
    rows = [
        {"method": row.name, "measure": name, "value": at, "low": 0.97 * at, "high": 1.03 * at}
        | {"chance": 0.01}
        for row, at in zip(ROWS, np.geomspace(0.28, 0.95, len(ROWS)), strict=True)
        for name in ("identity_best", "sign_kind_auc")
    ]
    axes = drawn_evidence(rows).axes[0]
    names = [text for text in axes.texts if text.get_text() in {row.short for row in ROWS}]
    reaches = [
        line.get_window_extent()
        for line in axes.lines
        if line.get_linestyle() == "-"
        and len(line.get_xdata()) == 2
        and line.get_label().startswith("_")
    ]
    assert len(names) == len(ROWS) and len(reaches) == 2 * len(ROWS)
    struck = [
        name.get_text()
        for name in names
        for reach in reaches
        if name.get_window_extent().padded(-1).overlaps(reach)
    ]
    assert struck == []


def test_no_letter_is_struck_through_by_an_interval_below_it(drawn_evidence):
    """With all points in one place, names have to lie on intervals: the letters are as without."""
    ends = {"value": 0.5, "low": 0.3, "high": 0.9, "chance": 0.01}
    rows = [
        {"method": row.name, "measure": name, **ends}
        for row in ROWS
        for name in ("identity_best", "sign_kind_auc")
    ]
    figure = drawn_evidence(rows)
    axes = figure.axes[0]
    lines = [line for line in axes.lines if line.get_label().startswith("_")]

    def draw():
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)

    with_lines = draw()
    for line in lines:
        line.set_visible(False)
    without = draw()
    for name in (text for text in axes.texts if text.get_text() in {row.short for row in ROWS}):
        name.set_visible(False)
    bare = draw()
    letters = np.abs(without - bare).max(axis=-1) > 100
    crossed = np.abs(with_lines - without).max(axis=-1) > 0
    assert letters.sum() > 500 and crossed.sum() > 500
    assert not (letters & crossed).any()
