"""The model cards have the baseline's numbers, and no others."""

import csv
import re

import h5py
import pytest
from places import ROOT

from replication.privatize.methods import ROWS
from replication.records import TABLE1_METRICS
from replication.results.baseline import BASELINE, read_references

PAGE = (ROOT / "docs" / "model-cards.md").read_text(encoding="utf-8")
MEASURED = {(band.method, band.metric): 100 * band.paper for band in read_references()}
SEEDS = {
    (row["method"], row["metric"]): (100 * float(row["mean"]), 100 * float(row["std"]))
    for row in csv.DictReader(
        (ROOT / "artifacts/baselines/seeds.csv").read_text(encoding="utf-8").splitlines()
    )
}


def spread(cell):
    return "{:.2f} ± {:.2f}".format(*SEEDS[cell])


@pytest.mark.parametrize(
    ("heading", "metric", "words"),
    [
        ("Identity evaluator", "identity_accuracy", "test accuracy on originals"),
        ("Glaucoma evaluator", "glaucoma_accuracy", "test accuracy on originals"),
        ("Glaucoma evaluator", "glaucoma_f1", "F1 of glaucoma on originals"),
    ],
)
def test_a_card_has_its_network_s_numbers(heading, metric, words):
    card = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cell = ("original", metric)
    assert f"| {words} | {MEASURED[cell]:.2f}%; over seeds {spread(cell)}% |" in card


@pytest.mark.parametrize("row", [row for row in ROWS if row.experiment == "PPRL-VGAN"])
def test_the_card_of_pprl_vgan_has_its_rows(row):
    cells = [(row.name, metric) for metric in TABLE1_METRICS]
    numbers = " | ".join(f"{MEASURED[cell]:.2f}% ({spread(cell)})" for cell in cells)
    assert f"| {row.short} | {numbers} |" in PAGE


def test_the_luck_of_training_is_told_as_measured():
    told = f"kernel 9 runs to {spread(('blur-9', 'identity_accuracy'))}%"
    assert told in " ".join(PAGE.split())


@pytest.mark.parametrize(
    "name",
    [
        *("identity", "glaucoma", "encoder", "decoder"),
        *("pp-mir-encoder", "pp-mir-decoder", "code-decoder"),
    ],
)
def test_the_files_are_as_large_as_told(name):
    sizes = []
    with h5py.File(BASELINE / f"{name}.h5") as file:
        file.visititems(lambda _, item: sizes.append(getattr(item, "size", 0)))
    told = re.search(rf"`{name}\.h5`(?:,| \() ?([\d,]+)", PAGE)
    assert int(told[1].replace(",", "")) == sum(sizes)
