import json
import re

import pytest
from left_files import leave_otherwise
from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions
from planted_relevance import plant_relevance

from replication.errors import DataError, StageNotRun
from replication.evaluate.table1 import build_table, to_json, to_markdown
from replication.records import Table1Row
from replication.results.page import write_results
from replication.store.run_folder import RunStore
from validation.paper.numbers import read_paper_percent


@pytest.fixture
def run(tmp_path):
    store = RunStore(tmp_path / "mine")
    store.open(
        {
            "source": {"kind": "surrogate", "name": "eyes"},
            "profile": {"name": "cpu", "evaluator": {"epochs": 3}, "vgan": {"steps": 7}},
            "seed": 4,
            "draws": 10,
        }
    )
    table = build_table(
        [
            Table1Row("original", True, 0.9, None, 0.8, 0.7),
            Table1Row("blur-3", True, 0.5, None, 1, 1),
        ]
    )
    with store.writing("06_evaluated", {}) as folder:
        (folder / "table1.json").write_text(to_json(table))
        text = to_markdown(table, paper_percent=read_paper_percent())
        (folder / "table1.md").write_text(f"On what it was measured\n\n{text}")
        blurred = {
            name: EVERY_CLAIM_HOLDS[name] for name in EVERY_CLAIM_HOLDS if "vgan" not in name
        }
        plant_predictions(blurred).to_csv(folder / "predictions.csv", index=False)
    return store.root


def test_maps_that_were_not_made_are_not_measured(run, tmp_path):
    write_results([run], tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "Relevance maps: not measured." in page
    assert "Whether maps depend on what was learned: not measured." in page


def test_a_split_by_patient_is_in_the_heading(run, tmp_path):
    described = json.loads((run / "run.json").read_text())
    write_results([run], tmp_path / "by-image.md")
    (run / "run.json").write_text(json.dumps(described | {"split": "patient"}))
    write_results([run], tmp_path / "by-patient.md")
    heading = "## The surrogate (not Warsaw): profile cpu, seed 4"
    assert f"{heading}\n" in (tmp_path / "by-image.md").read_text()
    assert f"{heading}, split by patient\n" in (tmp_path / "by-patient.md").read_text()


def test_checks_of_maps_are_told_even_without_stage_07(run, tmp_path):
    (run / "explanation_sanity.md").write_text("Randomisation destroys the map: **fails**.")
    write_results([run], tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "Randomisation destroys the map: **fails**." in page
    assert "what was learned: not measured" not in page


@pytest.mark.parametrize(("kind", "copies"), [("surrogate", 1), ("folder", 0)])
def test_the_page_has_the_maps_and_pictures_of_drawn_eyes_alone(run, tmp_path, kind, copies):
    told = json.loads((run / "run.json").read_text())
    told["source"]["kind"] = kind
    (run / "run.json").write_text(json.dumps(told))
    with RunStore(run).writing("08_explained", {}) as folder:
        plant_relevance().to_csv(folder / "relevance.csv", index=False)
        (folder / "explanation.md").write_text("What came of the maps.")
        (folder / "figure5.png").write_bytes(b"a picture")
    write_results([run], tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "**relevance stays where it was: holds.**" in page
    assert "What came of the maps." in page
    pictures = list(tmp_path.glob("images/*"))
    assert len(pictures) == page.count("images/figure5-mine.png") == copies
    assert [file.read_bytes() for file in pictures] == [b"a picture"] * copies


def test_the_page_has_table_claims_settings_and_versions(run, tmp_path):
    write_results([run], tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "## The surrogate (not Warsaw): profile cpu, seed 4" in page
    assert "| Baseline | Original test set | 90.00 (90.00) |" in page
    assert "epochs 3" in page and "steps 7" in page and "numpy" in page
    assert "departures cost on this data: not measured" in page


def test_each_claim_is_told_with_its_margins_and_its_place(run, tmp_path):
    write_results([run], tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert (
        "- **blur hides the patient by degrees: holds.** Identity accuracy falls from the original "
        "to the largest kernel, and with no larger kernel does it rise. "
        'Paper, §3, on blurring: "As the degree of blurring increases'
    ) in page
    assert re.search(
        r"- identity accuracy: original over blur-3: \+20\.00 \(\+1\d.* to \+2\d", page
    )
    assert "- **PPRL-VGAN hides the patient: not measured.**" in page
    assert "- identity accuracy: pprl-vgan-random under 5%: not measured" in page


def test_predictions_without_the_truth_are_refused(run, tmp_path):
    columns = "method,draw,image_id,predicted_identity,glaucoma_probability\n"
    leave_otherwise(run / "06_evaluated", "predictions.csv", columns)
    with pytest.raises(DataError, match="predictions.csv: .*no column identity, glaucoma"):
        write_results([run], tmp_path / "results.md")
    assert not (tmp_path / "results.md").exists()


def test_measured_departures_are_told(run, tmp_path):
    costs = {"ours": {"identity": 0.25}, "theirs": {"glaucoma": 1.0, "identity": 0.5}}
    (run / "departures.json").write_text(json.dumps(costs))
    write_results([run], tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "| choice | glaucoma | identity |\n|---|---:|---:|\n" in page
    assert "\n| ours | - | 25.00 |\n| theirs | 100.00 | 50.00 |\n" in page


def test_a_run_that_is_not_evaluated_is_refused(tmp_path):
    store = RunStore(tmp_path / "empty")
    store.open({"seed": 0})
    with pytest.raises(StageNotRun, match="06_evaluated: not complete"):
        write_results([store.root], tmp_path / "results.md")
    assert not (tmp_path / "results.md").exists()
