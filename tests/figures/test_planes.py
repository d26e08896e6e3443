"""The plane of privacy and utility: points where the numbers are, names that can be read.

The plane of Table 2: the same bytes twice, and nothing where no sign's place is known.
"""

import numpy as np
import pytest

from replication.figures.planes import (
    STYLES,
    build_plane,
    draw_evidence_plane,
    find_chance_levels,
)
from replication.privatize.methods import BEYOND, ROWS
from replication.results.baseline import read_references
from validation.paper.numbers import read_paper_percent

OURS = {(band.method, band.metric): band.paper for band in read_references()}
PAPER = {cell: float(percent) / 100 for cell, percent in read_paper_percent().items()}
CHANCE = find_chance_levels(patients=4, glaucoma_rate=0.25, guesses=3)


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
    assert (CHANCE.one, CHANCE.any_used) == (0.25, 0.75)
    assert find_chance_levels(patients=4, glaucoma_rate=0.25, guesses=12).any_used == 1
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


def test_every_method_has_a_colour_and_a_marker_of_its_experiment():
    experiments = {row.experiment for row in (*ROWS, *BEYOND)}
    assert experiments == STYLES.keys()
    assert all(len(set(looks)) == len(experiments) for looks in zip(*STYLES.values(), strict=True))


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
