"""The figures that docs/departures.md gives as costs are those of docs/results."""

import re

import pytest
from places import DOCS

from replication.report.stage import read_departures
from replication.results.page import read_sections

SURROGATE, REAL = "surrogate", "real-eyes"
NETWORKS = "evaluation networks"
RANDOM, SAME = "pprl-vgan-random", "pprl-vgan-same-pathology"
DIFFERENT = "pprl-vgan-different-pathology"
AVERAGED, AVERAGED_SAME = "pprl-vgan-averaged-random", "pprl-vgan-averaged-same-pathology"
HOUGH = "centred by a Hough circle (later code)"
SIGMAS = ("sigma of OpenCV", "sigma a sixth of the kernel")
COUNT, COUNT_TOO = "the replacements count", "the original counts too"
ALL, OTHERS = "all images", "but for patients who replace themselves"
OWN = ("without the own patient", "with the own patient")
REAL_TOO = "Real eyes:"  # in a cost, before the figures of the same choice on them


def list_pairs(method: str, words: tuple[str, str], kinds: tuple[str, ...]) -> list:
    """List the figures of ours and of the other choice, kind by kind."""
    return [(f"{method}, {each}", kind) for kind in kinds for each in words]


def list_originals(words: str) -> list:
    return list_pairs(NETWORKS, ("ours", words), ("identity", "glaucoma"))


# Of each row, by the start of its first cell: what its figures are, in their order.
QUOTED = {
    "evaluators not described": list_originals("LeakyReLU 0.2 (reference)"),
    "evaluator training": list_originals("trained as in the later code"),
    "best weights": list_originals("last weights (reference)"),
    "PPRL-VGAN's network sizes": list_pairs(
        RANDOM,
        ("ours", "kernel 8 and 256 units (reference)"),
        ("replacement", "identity", "glaucoma"),
    ),
    "PPRL-VGAN's length": list_pairs(
        RANDOM, ("ours", "300 epochs (reference)"), ("replacement", "identity", "glaucoma")
    ),
    "Equation 2": list_pairs(
        RANDOM, ("ours", "Equation 2 as written"), ("replacement", "identity", "glaucoma")
    ),
    "iris centred": [
        *list_originals(HOUGH),
        *list_pairs(NETWORKS, ("ours", HOUGH), ("iris found",)),
    ],
    "65/15/20": list_originals("split by the next seed"),
    "resizing": list_originals("images resized bilinearly"),
    "kernel sizes": [
        (f"blur-{kernel_px}, {words}", "identity")
        for words in SIGMAS
        for kernel_px in (3, 9, 15, 21)
    ],
    "K-Same-Select: whether": [
        (f"k-same-{k}, {words}", "identity") for words in OWN for k in (3, 6, 9, 12)
    ],
    "averaged images: whose": list_pairs(
        AVERAGED, ("with five others", "with five of all"), ("identity", "replacement")
    ),
    '"a different pathology"': list_pairs(
        DIFFERENT,
        ("patients without the own label", "patients with the other label"),
        ("glaucoma", "identity", "replacement"),
    ),
    "not stated whether privatized": list_pairs(
        RANDOM, ("ours", "not rounded"), ("identity", "glaucoma", "replacement")
    ),
    'averaged images: "any of the used': [
        (f"{name}, {words}", "replacement")
        for name in (AVERAGED, AVERAGED_SAME)
        for words in (COUNT, COUNT_TOO)
    ],
    "replacement identities:": [
        (f"{name}, {words}", "identity") for name in (RANDOM, SAME) for words in (ALL, OTHERS)
    ],
}


def read_cost(start: str) -> str:
    (row,) = [row for row in read_departures() if row["paper"].startswith(start)]
    return row["what it costs"]


def read_figures(cost: str) -> list[str]:
    """Return the figures of ours; those that the paper printed are said to be."""
    return re.findall(r"\d+\.\d+", re.sub(r"\(printed[^)]*\)", "", cost))


def read_run(data: str) -> str:
    """Return the section of one run."""
    return read_sections(DOCS / "results" / f"{data}.md")["Split by image: profile cpu, seed 0"]


def read_choices(run: str) -> dict[tuple[str, str], str]:
    """Return the accuracies measured on a run's data by choice and kind, in percent as printed."""
    table = read_run(run).split("Ours and the other choice", 1)[1].split("\n\n")[1]
    (_, *kinds), _, *rows = (
        [cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()
    )
    return {
        (choice, kind): figure
        for choice, *figures in rows
        for kind, figure in zip(kinds, figures, strict=True)
    }


@pytest.mark.parametrize("run", [SURROGATE, REAL])
@pytest.mark.parametrize("start", QUOTED)
def test_costs_are_those_that_measure_departures_found(start: str, run: str) -> None:
    choices, parts = read_choices(run), read_cost(start).split(REAL_TOO)
    assert len(parts) == 2
    expected = [choices.get(each) for each in QUOTED[start]]
    if run == REAL and None in expected:
        assert parts[run == REAL].strip() == "not measured"
    else:
        assert read_figures(parts[run == REAL]) == expected


@pytest.mark.parametrize("start", ["averaged images: whose", "not stated whether privatized"])
def test_what_is_said_to_cost_little_does(start: str) -> None:
    assert read_cost(start).startswith("a tenth of a point at most")
    cost = read_cost(start).split(REAL_TOO)[0]
    figures = [float(figure) for figure in read_figures(cost)]
    for ours, other in zip(figures[::2], figures[1::2], strict=True):
        assert abs(ours - other) < 0.1
