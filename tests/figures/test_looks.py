"""One look for each experiment: apart from all others, and from the page in both schemes."""

import re
from dataclasses import replace

import pytest
from places import ROOT

from replication.figures import looks
from replication.figures.charts import PAGE, VARIABLES
from replication.figures.looks import ALL_ROWS, BY_EXPERIMENT, LOOKS, ORIGINAL, OTHER, find_look

STYLE = (ROOT / "replication" / "report" / "templates" / "report.css").read_text(encoding="utf-8")
PAGES = re.findall(r"--page: (#\w{6})", STYLE)
NAMES = {variable: colour for colour, variable in VARIABLES.items()}


def measure_contrast(*colours):
    """WCAG 2.1: (L1 + 0.05) / (L2 + 0.05) of relative luminances."""
    linear = [
        [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        for channels in (
            [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours
        )
    ]
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (high + 0.05) / (low + 0.05)


def test_every_experiment_of_the_registry_has_a_look_of_its_own():
    assert list(BY_EXPERIMENT) == list(dict.fromkeys(row.experiment for row in ALL_ROWS))
    all_looks = [ORIGINAL, OTHER, *LOOKS]
    for part in ("colour", "marker"):
        assert len({getattr(look, part) for look in all_looks}) == len(all_looks)
    assert [find_look(row.name) for row in ALL_ROWS] == [
        BY_EXPERIMENT[r.experiment] for r in ALL_ROWS
    ]
    assert find_look("noise") == OTHER


def test_one_more_experiment_gets_the_next_look_and_changes_no_other(monkeypatch):
    more = replace(ALL_ROWS[-1], name="pixelation-4", experiment="Pixelation")
    monkeypatch.setattr(looks, "ALL_ROWS", (*ALL_ROWS, more))
    assert looks.assign_looks() == {**BY_EXPERIMENT, "Pixelation": LOOKS[len(BY_EXPERIMENT) - 1]}


@pytest.mark.parametrize("page", PAGES)
def test_looks_stand_out_from_the_page_in_both_schemes(page):
    assert len(PAGES) == 2 and PAGES[0] == PAGE
    own = [look.colour for look in LOOKS]
    assert min(measure_contrast(colour, page) for colour in own) >= 3
    assert {ORIGINAL.colour, OTHER.colour} == {NAMES["ink"], NAMES["muted"]}
