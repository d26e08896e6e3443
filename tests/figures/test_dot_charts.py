"""Charts of Table 2: rows in its order, points, intervals and chance where the numbers are."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from replication.figures import dot_charts
from replication.figures.charts import MUTED, PAGE
from replication.figures.dot_charts import CONTROLS, LEAST, Dot, Scale, Series, draw_dots, list_rows
from replication.figures.looks import ALL_ROWS, find_look
from replication.privatize.methods import find_method

METHODS = ("noise", "k-same-3", "original", "blur-21", "blur-3")
ROW_OF = {"original": 1, "noise": 2, "blur-3": 4, "blur-21": 5, "k-same-3": 7}
FIRST = Series(
    "the best",
    {
        "original": Dot(0.9, 0.8, 0.95, 0.01),
        "noise": Dot(0.0, 0.0, 0.02, 0.01),
        "blur-21": Dot(0.25, None, None, None),
    },
)
SECOND = Series("the static", {"original": Dot(0.5, 0.4, 0.6, 0.02)})


@pytest.fixture
def draw(monkeypatch):
    """Draw series and return the chart's axes."""
    monkeypatch.setattr(dot_charts, "save_chart", lambda figure, *_, **__: figure)

    def draw_one(*series, scale=Scale.PERCENT):
        how = {"scale": scale, "unit": "%", "level": "chance", "folder": None}
        figure = draw_dots("chart", METHODS, series, **how)
        figure.canvas.draw()
        return figure.axes[0]

    return draw_one


def list_points(axes):
    """Return x, y, colour, face and marker of each."""
    return [
        (
            *line.get_xydata()[0],
            line.get_markeredgecolor(),
            line.get_markerfacecolor(),
            line.get_marker(),
        )
        for line in axes.lines
        if line.get_marker() != "None"
    ]


def list_lines(axes):
    """Return both ends' x and y, and the colour of each."""
    return {
        (*map(tuple, line.get_xydata().tolist()), to_hex(line.get_color()))
        for line in axes.lines
        if line.get_marker() == "None"
    }


def test_rows_stand_in_table_1_s_order_below_the_controls():
    assert list_rows(METHODS) == [
        (None, CONTROLS),
        ("original", "original"),
        ("noise", "noise"),
        (None, "Blurring"),
        ("blur-3", "kernel 3"),
        ("blur-21", "kernel 21"),
        (None, "K-Same-Select"),
        ("k-same-3", "K = 3"),
    ]
    names = [name for name, _ in list_rows(row.name for row in ALL_ROWS[::-1]) if name]
    assert names == [row.name for row in ALL_ROWS]
    assert list_rows(["dp-pix-16"]) == [
        (None, "DP-Pix"),
        ("dp-pix-16", find_method("dp-pix-16").short),
    ]
    assert list_rows(["blur-3"])[0] == (None, "Blurring")


def test_points_intervals_and_chance_are_where_the_numbers_are(draw):
    axes = draw(FIRST)
    assert axes.get_ylim() == (7.5, -0.5)
    points = list_points(axes)
    expected = {method: 100 * dot.value for method, dot in FIRST.dots.items()}
    assert {(x, y) for x, y, *_ in points} == {(x, ROW_OF[m]) for m, x in expected.items()}
    looks = {y: (colour, face, marker) for _, y, colour, face, marker in points}
    for method in expected:
        colour, marker, _ = find_look(method)
        assert looks[ROW_OF[method]] == (colour, colour, marker)
    lines = list_lines(axes)
    assert ((80.0, 1.0), (95.0, 1.0), find_look("original").colour) in lines
    assert ((1.0, 0.7), (1.0, 1.3), MUTED) in lines
    assert len(lines) == 4  # the third has neither interval nor chance


def test_two_measures_are_apart_and_the_second_is_hollow(draw):
    (first, second) = (p for p in list_points(draw(FIRST, SECOND)) if p[1] < 1.5)
    assert first[:2] == pytest.approx((90, 0.8)) and second[:2] == pytest.approx((50, 1.2))
    assert first[3] == first[2] == second[2] and second[3] == PAGE


def test_a_method_that_a_measure_does_not_apply_to_has_a_dash(draw):
    dashes = [text.xy[1] for text in draw(FIRST).texts if text.get_text() == "–"]
    assert sorted(dashes) == [ROW_OF["blur-3"], ROW_OF["k-same-3"]]


@pytest.mark.parametrize("scale", Scale)
def test_every_scale_has_room_for_all_that_is_drawn(draw, scale):
    axes = draw(
        Series("a", {"blur-3": Dot(0.05, 0.02, 1.0, 0.5), "noise": Dot(1, 1, 1, 1)}), scale=scale
    )
    low, high = axes.get_xlim()
    drawn = np.concatenate([line.get_xdata() for line in axes.lines])
    assert low <= drawn.min() and drawn.max() <= high
    assert len([tick for tick in axes.get_xticks() if low <= tick <= high]) >= 3


def test_a_ratio_of_thousands_has_ticks_that_can_be_told_apart(draw):
    axes = draw(Series("a", {"blur-3": Dot(3e4, 2e4, 4e4, 1.0)}), scale=Scale.LOG)
    low, high = axes.get_xlim()
    shown = [label for label in axes.get_xticklabels() if low <= label.get_position()[0] <= high]
    boxes = [label.get_window_extent() for label in shown]
    assert len(boxes) >= 3
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def test_nothing_of_a_ratio_stands_at_the_end_of_its_logarithmic_axis(draw):
    axes = draw(Series("a", {"blur-3": Dot(0.0, 0.0, 0.5, 1.0)}), scale=Scale.LOG)
    [(x, *_)] = list_points(axes)
    assert x == LEAST and axes.get_xlim()[0] == pytest.approx(LEAST / 1.1)


def test_words_overlap_neither_each_other_nor_points(draw):
    axes = draw(FIRST, SECOND)
    names = [label.get_window_extent() for label in axes.get_yticklabels()]
    headings = [text.get_window_extent() for text in axes.texts if text.get_weight() == "bold"]
    legend = axes.figure.legends[0].get_window_extent()
    boxes = [*names, *headings, legend]
    assert len(boxes) == 5 + 3 + 1
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.padded(-1).overlaps(b)]
    assert max(box.x1 for box in names) < axes.get_window_extent().x0 - find_look("noise").size
    assert min(box.x0 for box in boxes) >= 0


def test_the_same_chart_has_the_same_bytes_and_says_what_it_shows(tmp_path):
    how = {"scale": Scale.PERCENT, "unit": "%", "level": "chance"}
    charts = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        charts.append(draw_dots("chart", METHODS, [FIRST, SECOND], folder=tmp_path / name, **how))
    assert charts[0] == charts[1]
    for ending in (".png", ".pdf"):
        one, other = (
            (tmp_path / name / f"chart{ending}").read_bytes() for name in ("one", "other")
        )
        assert one == other
    words = "the best, from 0.0% (noise) to 90.0% (original); the static, from 50.0% (original)"
    assert words in charts[0].alternative
    for colour in (MUTED, PAGE):
        assert colour not in charts[0].svg
