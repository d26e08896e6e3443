"""A run judged from its files: the planted runs say everything that there is to say."""

import json

import pytest
from click.testing import CliRunner
from junitparser import JUnitXml
from left_files import leave_otherwise
from planted_predictions import EVERY_CLAIM_HOLDS, Rates, plant_predictions
from planted_relevance import plant_relevance
from planted_run import tabulate

import cli as command_line
from replication.command_line import opening
from replication.errors import DataError, ReplicationError, StageNotRun
from replication.evaluate.table1 import to_json
from replication.results.check import check_run, find_latest
from replication.store.files import write_json
from replication.store.run_folder import RunStore


def plant_run(
    root, seen, *, kind="surrogate", profile="cpu", expectations=(True,), explained=True, **more
):
    store = RunStore(root)
    source = {"kind": kind, "name": "eyes"}
    described = {"source": source, "profile": {"name": profile}}
    described |= {"seed": 0, "draws": 1, "split": "image"}
    store.open(described | more)
    record = {
        "expectations": [
            {"suite": "flip", "name": f"mirrored-{i}", "meaning": "is mirrored", "success": success}
            for i, success in enumerate(expectations)
        ]
    }
    with store.writing("02_validated", {}) as folder:
        write_json(folder / "validation.json", record)
    predictions = plant_predictions(seen)
    with store.writing("06_evaluated", {}) as folder:
        predictions.to_csv(folder / "predictions.csv", index=False)
        (folder / "table1.json").write_text(to_json(tabulate(predictions)))
    if explained:
        with store.writing("08_explained", {}) as folder:
            plant_relevance().to_csv(folder / "relevance.csv", index=False)
    return store


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path)
    return lambda *words: CliRunner().invoke(command_line.cli, ["check", *map(str, words)])


def test_on_the_surrogate_claims_and_data_are_enough(tmp_path, call):
    store = plant_run(tmp_path / "runs" / "mine", EVERY_CLAIM_HOLDS)
    result = call(store.root)
    assert result.exit_code == 0, result.output
    assert "Table 1: 51 not judged" in result.output
    assert "\nBLESSED\n" in result.output
    told = json.loads((store.root / "check.json").read_text())
    assert told["verdict"] == "BLESSED"
    assert (store.root / "check.md").read_text().startswith("# BLESSED")
    assert JUnitXml.fromfile(str(store.root / "check.xml")).skipped == 51


def test_without_a_name_the_latest_run_is_judged(tmp_path, call):
    plant_run(tmp_path / "runs" / "old", {**EVERY_CLAIM_HOLDS, "blur-21": Rates(0.9, None, 0.9, 0)})
    latest = plant_run(tmp_path / "runs" / "new", EVERY_CLAIM_HOLDS)
    assert find_latest(tmp_path / "runs") == latest.root
    assert call("--json").exit_code == 0
    assert json.loads(call("--json").output)["exit_code"] == 0


def test_a_failing_claim_ends_with_1_and_is_named(tmp_path, call):
    store = plant_run(
        tmp_path / "run", {**EVERY_CLAIM_HOLDS, "k-same-3": Rates(0.5, 0.6, 0.8, 0.1)}
    )
    result = call(store.root)
    assert result.exit_code == 1
    assert "NOT_BLESSED" in result.output
    assert "claims, fails: blur hides the patient least" in result.output


def test_on_warsaw_the_numbers_are_judged(tmp_path, call):
    result = call(plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS, kind="warsaw").root)
    assert result.exit_code == 1
    assert "Table 1, outside: " in result.output
    assert "inside" in result.output


def test_split_by_patient_the_numbers_are_not_judged_even_on_warsaw(tmp_path, call):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS, kind="warsaw", split="patient")
    result = call(store.root)
    assert result.exit_code == 0
    assert "Table 1: 51 not judged" in result.output
    page = (store.root / "check.md").read_text()
    assert "seed 0. Split by patient: the glaucoma network never saw the test patients;" in page


def test_a_missing_row_is_not_measured(tmp_path, call):
    seen = {name: share for name, share in EVERY_CLAIM_HOLDS.items() if name != "k-same-9"}
    result = call(plant_run(tmp_path / "run", seen).root)
    assert result.exit_code == 4
    assert "Table 1, not measured: k-same-9/identity_accuracy" in result.output
    assert "claims, not measured: " in result.output


@pytest.mark.parametrize("kind", ["surrogate", "warsaw"])
def test_a_smoke_run_is_never_blessed(tmp_path, call, kind):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS, kind=kind, profile="smoke")
    result = call(store.root)
    assert result.exit_code == 4
    assert "NOT_BLESSED" in result.output
    assert "claims: 13 not judged" in result.output


def test_data_that_failed_end_with_3_even_where_nothing_was_evaluated(tmp_path, call):
    store = RunStore(tmp_path / "run")
    source = {"kind": "folder", "name": "eyes"}
    rest = {"seed": 0, "draws": 1, "split": "image"}
    store.open({"source": source, "profile": {"name": "cpu"}} | rest)
    (store.root / "02_validated.partial").mkdir()
    expectation = {"suite": "flip", "name": "mirrored", "meaning": "is mirrored", "success": False}
    write_json(
        store.root / "02_validated.partial" / "validation.json", {"expectations": [expectation]}
    )
    result = call(store.root)
    assert result.exit_code == 3
    assert "data, fails: flip/mirrored" in result.output


def test_data_that_were_not_validated_bless_nothing(tmp_path):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS)
    (store.root / "02_validated" / "validation.json").unlink()
    assert check_run(store).exit_code == 4


def test_what_is_no_run_or_not_evaluated_is_told(tmp_path, call):
    assert call(tmp_path).exit_code == 4
    with pytest.raises(StageNotRun, match="not a run's folder"):
        check_run(RunStore(tmp_path))
    with pytest.raises(StageNotRun, match="no evaluated run"):
        find_latest(tmp_path / "runs")


@pytest.mark.parametrize("content", ["{}", '{"expectations": [3]}', '{"expectations": {}}', "[]"])
def test_a_broken_validation_is_told(tmp_path, content):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS)
    (store.root / "02_validated" / "validation.json").write_text(content)
    with pytest.raises(ReplicationError, match=r"validation\.json: not "):
        check_run(store)


def test_predictions_of_an_older_version_are_told(tmp_path):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS)
    leave_otherwise(store.root / "06_evaluated", "predictions.csv", "method\noriginal\n")
    with pytest.raises(DataError, match=r"predictions.csv: .*no column"):
        check_run(store)


def test_maps_that_were_not_explained_bless_nothing(tmp_path, call):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS, explained=False)
    result = call(store.root)
    assert result.exit_code == 4
    assert "claims, not measured: relevance stays where it was" in result.output


def test_a_table_of_maps_of_an_older_version_is_told(tmp_path):
    store = plant_run(tmp_path / "run", EVERY_CLAIM_HOLDS)
    leave_otherwise(store.root / "08_explained", "relevance.csv", "method\noriginal\n")
    with pytest.raises(DataError, match=r"relevance.csv: no column"):
        check_run(store)
