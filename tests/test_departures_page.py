"""The figures that docs/departures.md gives as costs are those of docs/results.md."""

import re
from pathlib import Path

import pytest

from replication.departures_table import read_departures

RESULTS = Path(__file__).parents[1] / "docs" / "results.md"
SURROGATE = "The surrogate (not Warsaw): profile cpu, seed 0"
REAL = "real-eyes: profile cpu, seed 0"
RELU, LEAKY = "ReLU (ours)", "LeakyReLU 0.2 (reference)"
RANDOM, SAME = "pprl-vgan-random", "pprl-vgan-same-pathology"
AVERAGED, AVERAGED_SAME = "pprl-vgan-averaged-random", "pprl-vgan-averaged-same-pathology"
COUNT, COUNT_TOO = "the replacements count", "the original counts too"
ALL, OTHERS = "all images", "but for patients who replace themselves"
# Of each row, by the start of its first cell: what its figures are, in their order.
QUOTED = {
    "evaluators not described": [
        (name, task) for task in ("identity", "glaucoma") for name in (RELU, LEAKY)
    ],
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
    return re.findall(r"\d+\.\d+", cost)


def read_run(heading: str) -> str:
    """Return the section of one run."""
    (text,) = re.findall(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)",
        RESULTS.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    return text


def read_choices() -> dict[tuple[str, str], str]:
    """Return the measured accuracies by choice and task, in percent as printed."""
    lines = read_run(SURROGATE).split("Departures and their other choice", 1)[1].splitlines()
    found = {}
    for name, figures in re.findall(r"^- (.*?): (.*)$", "\n".join(lines), flags=re.MULTILINE):
        found |= {(name, task): figure for task, figure in re.findall(r"(\w+) ([\d.]+)%", figures)}
    return found


@pytest.mark.parametrize("start", QUOTED)
def test_costs_are_those_that_measure_departures_found(start: str) -> None:
    choices = read_choices()
    assert read_figures(read_cost(start)) == [choices[each] for each in QUOTED[start]]


def test_rounding_costs_nothing_as_the_page_says() -> None:
    assert "nothing" in read_cost("not stated whether privatized images are rounded")
    choices = read_choices()
    for task in ("identity", "glaucoma", "replacement"):
        rounded, floats = (
            choices[f"{RANDOM}, one draw, {words}", task] for words in ("rounded", "not rounded")
        )
        assert rounded == floats


def test_the_split_by_patient_costs_what_the_runs_say() -> None:
    expected, chance = [], []
    for run in (SURROGATE, REAL):
        for heading in (run, f"{run}, split by patient"):
            text = read_run(heading)
            (baseline,) = re.findall(r"^\| Baseline .*$", text, flags=re.MULTILINE)
            expected += re.findall(r"([\d.]+) \(", baseline)[-2:]
        evidence = text.split("**Explanatory evidence.**", 1)[1]
        (original,) = re.findall(
            r"^\| original .*$", evidence.split("**Intelli", 1)[0], re.MULTILINE
        )
        chance.append(original.split("|")[3].split("/")[1].strip())
    assert read_figures(read_cost("the same patients in training")) == expected + chance
