"""A run checked from its files: planted runs for every verdict and exit code."""

import json
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from junitparser import JUnitXml
from left_files import leave_otherwise
from planted_predictions import BEYOND_HOLDS, EVERY_CLAIM_HOLDS, Rates, plant_predictions
from planted_relevance import plant_relevance
from planted_run import open_run, plant_evaluation
from planted_table2 import plant_attack

import cli as command_line
from replication.command_line import opening
from replication.command_line.printing import print_table2, print_verdict
from replication.errors import DataError, ReplicationError, SettingsError, StageNotRun
from replication.results import finished_run
from replication.results.baseline import keep_baseline
from replication.results.check import check_run, find_latest
from replication.results.export import Goods, measure_run
from replication.results.finished_run import FinishedRun
from replication.results.study import find_own_bands
from replication.store.files import write_json
from replication.store.run_folder import RunStore


def plant_run(root, rates=EVERY_CLAIM_HOLDS, *, explained=True, profile="cpu", **more):
    store = open_run(root, profile={"name": profile}, **more)
    plant_validation(store, success=True)
    plant_evaluation(store, plant_predictions(rates))
    if explained:
        with store.writing("08_explained", {}) as folder:
            plant_relevance().to_csv(folder / "relevance.csv", index=False)
    return store


def plant_validation(store, *, success):
    words = {"suite": "flip", "name": "mirrored", "meaning": "is mirrored"}
    with store.writing("02_validated", {}) as folder:
        write_json(folder / "validation.json", {"expectations": [words | {"success": success}]})


def end_run(store, *, whole):
    """Return the exit code of a command that made a run, of all methods or some."""
    data = SimpleNamespace(profile=SimpleNamespace(name="cpu"))
    return print_verdict(SimpleNamespace(store=store, data=data), whole=whole)


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path)
    return lambda *words: CliRunner().invoke(command_line.cli, ["check", *map(str, words)])


FAILING = EVERY_CLAIM_HOLDS | {"k-same-3": Rates(0.5, 0.6, 0.8, 0.1)}


def plant_study(file, store, *, off=0.0, **more):
    """Write a study over seeds whose numbers lie around a run's, or so far off."""
    rng = np.random.default_rng(0)
    numbers = FinishedRun(store).numbers
    tables = {
        seed: {
            "/".join(cell): float(np.clip(value + off + rng.normal(0, 0.02), 0, 1))
            for cell, value in numbers.items()
        }
        for seed in range(8)
    }
    run = json.loads((store.root / "run.json").read_text()) | {"seed": None} | more
    write_json(file, {"run": run, "made": {}, "numbers": tables})


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Where the study over seeds is looked for."""
    file = tmp_path / "seeds.json"
    monkeypatch.setattr(finished_run, "find_own_bands", partial(find_own_bands, file=file))
    return file


def test_on_the_surrogate_numbers_are_held_against_other_seeds(tmp_path, call, study):
    store = plant_run(tmp_path / "runs" / "mine", FAILING)
    plant_study(study, store)
    result = call(store.root)
    assert result.exit_code == 0, result.output
    assert "Table 1: 51 inside" in result.output
    assert "\nBLESSED\n" in result.output
    assert "Table 1 is held against 8 trainings on the embedded surrogate" in result.output
    assert "claims (findings that decide nothing): " in result.output and " fails" in result.output
    read = json.loads((store.root / "check.json").read_text())
    assert (read["verdict"], read["exit_code"]) == ("BLESSED", 0)
    assert read["held_against"].startswith("Table 1 is held against 8 trainings")
    assert (store.root / "check.md").read_text().startswith("# BLESSED")
    assert JUnitXml.fromfile(str(store.root / "check.xml")).failures == 0


def test_numbers_that_left_their_band_are_named(tmp_path, call, study):
    store = plant_run(tmp_path / "runs" / "mine")
    plant_study(study, store, off=0.3)
    result = call(store.root)
    assert result.exit_code == 1
    assert "NOT_BLESSED" in result.output
    assert "Table 1, outside: " in result.output


@pytest.mark.parametrize(
    ("holds", "profile", "code"),
    [(True, "cpu", 0), (None, "cpu", 0), (False, "cpu", 1), (False, "smoke", 1)],
)
def test_an_attacker_who_names_more_than_is_proven_fails_any_run(
    tmp_path, call, study, capsys, holds, profile, code
):
    store = plant_run(tmp_path / "runs" / "mine", profile=profile)
    cell = {"method": "k-same-grouped-3", "measure": "proven_identity_at_most"}
    bound = cell | {"holds": holds, "sentence": "the patient is named, something leaks"}
    plant_attack(store, "Table 2.", [], proven=[bound])
    result = call(store.root)
    assert result.exit_code == code, result.output
    reason = "proven bounds, exceeded: k-same-grouped-3/proven_identity_at_most"
    assert (reason in " ".join(result.output.split())) == (holds is False)
    assert "| the patient is named, something leaks |" in (store.root / "check.md").read_text()
    # That nobody leaks past a bound is no result for which a run is blessed.
    assert "\nBLESSED\n" not in result.output
    print_table2(SimpleNamespace(store=store))
    leak = "Leak: the patient is named, something leaks.\n"
    assert (leak in capsys.readouterr().out) == (holds is False)


def test_a_table_2_of_before_there_were_bounds_is_no_fault(tmp_path, call, study):
    store = plant_run(tmp_path / "runs" / "mine")
    plant_attack(store, "Table 2.", [])
    result = call(store.root)
    assert result.exit_code == 0 and "proven" not in result.output
    print_table2(SimpleNamespace(store=store))


@pytest.mark.parametrize(
    "other",
    [
        {"draws": 10},
        {"split": "patient"},
        {"source": {"kind": "folder", "name": "eyes"}},
        {"profile": {"name": "cpu", "vgan": {"steps": 9}}},
    ],
)
def test_seeds_of_other_settings_or_data_judge_nothing(tmp_path, call, study, other):
    store = plant_run(tmp_path / "runs" / "mine", FAILING)
    plant_study(study, store, off=0.3, **other)
    result = call(store.root)
    assert result.exit_code == 0, result.output
    assert "\nMEASURED\n" in result.output
    assert "seeds.json has no trainings with these settings and data." in " ".join(
        result.output.split()
    )
    assert JUnitXml.fromfile(str(store.root / "check.xml")).skipped == 51 + 13


def test_settings_of_the_attack_move_no_number_of_table_1(tmp_path, call, study):
    store = plant_run(tmp_path / "runs" / "mine")
    plant_study(study, store, profile={"name": "cpu", "attack": {"updates": 1}})
    assert "\nBLESSED\n" in call(store.root).output


def test_without_the_study_a_sentence_names_it(tmp_path, call, study):
    result = call(plant_run(tmp_path / "runs" / "mine").root)
    assert result.exit_code == 0
    said = " ".join(result.output.split())
    assert f"Table 1 is not judged: {study} is missing; `make seeds` makes it." in said


def test_a_study_that_is_none_is_an_error(tmp_path, study):
    store = plant_run(tmp_path / "run")
    study.write_text("{}")
    with pytest.raises(ReplicationError, match=r"seeds\.json: not what"):
        check_run(store)


@pytest.mark.parametrize("kind", ["folder", "manifest"])
def test_your_own_data_are_measured_whatever_the_claims(tmp_path, call, kind):
    store = plant_run(tmp_path / "run", FAILING, kind=kind)
    assert end_run(store, whole=True) == 0
    result = call(store.root)
    assert result.exit_code == 0
    assert "\nMEASURED\n" in result.output
    assert "Table 1: 51 not judged" in result.output


def test_without_a_name_the_latest_run_is_checked(tmp_path, call):
    plant_run(tmp_path / "runs" / "old", EVERY_CLAIM_HOLDS | {"blur-21": Rates(0.9, None, 0.9, 0)})
    latest = plant_run(tmp_path / "runs" / "new")
    assert find_latest(tmp_path / "runs") == latest.root
    result = call("--json")
    assert result.exit_code == json.loads(result.output)["exit_code"] == 0


def test_on_warsaw_a_failing_claim_ends_with_1_and_is_named(tmp_path, call):
    store = plant_run(tmp_path / "run", FAILING, kind="warsaw", split="patient")
    assert end_run(store, whole=False) == 1
    result = call(store.root)
    assert result.exit_code == 1
    assert "NOT_BLESSED" in result.output
    assert "claims, fails: blur hides the patient least" in result.output


def test_on_warsaw_the_numbers_are_judged(tmp_path, call):
    known = EVERY_CLAIM_HOLDS | {"pprl-vgan-random": Rates(0.9, 0.8, 0.7, 0.2)}
    result = call(plant_run(tmp_path / "run", known, kind="warsaw").root)
    assert result.exit_code == 1
    assert "Table 1, outside: pprl-vgan-random/identity_accuracy" in result.output
    assert "inside" in result.output
    assert "Table 1 is held against the paper's bands" in " ".join(result.output.split())


def test_split_by_patient_the_numbers_are_not_judged_even_on_warsaw(tmp_path, call):
    store = plant_run(tmp_path / "run", kind="warsaw", split="patient")
    result = call(store.root)
    assert result.exit_code == 0
    assert "Table 1: 51 not judged" in result.output
    page = (store.root / "check.md").read_text()
    assert "seed 0. Split by patient: the glaucoma network never saw the test patients;" in page


@pytest.mark.parametrize("kind", ["surrogate", "warsaw"])
def test_with_the_users_network_nothing_of_table_1_is_judged_and_no_claim_decides(
    tmp_path, call, study, kind
):
    own = {"glaucoma_network": {"name": "mine:classify", "sha256": "0"}}
    store = plant_run(tmp_path / "runs" / "mine", FAILING, kind=kind, **own)
    if kind == "surrogate":
        plant_study(study, store)
    result = call(store.root)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "Table 1 is not judged: its glaucoma network is the user's, mine:classify." in said
    assert "Table 1: 51 not judged" in result.output
    assert "is the user's network mine:classify" in (store.root / "check.md").read_text()


def test_the_users_limit_of_uncentred_images_is_on_the_page(tmp_path, call):
    store = plant_run(tmp_path / "run", max_uncentred=0.25)
    assert call(store.root).exit_code == 0
    assert "Up to 25% of the images may be without" in (store.root / "check.md").read_text()


def test_the_glaucoma_probability_is_the_second_of_two(tmp_path):
    finished = FinishedRun(plant_run(tmp_path / "run"))
    own = finished.predictions.query("method == 'blur-9' and draw == 0")["glaucoma_probability"]
    found = finished.glaucoma_probabilities["blur-9", 0]
    np.testing.assert_allclose(found, np.column_stack([1 - own, own]), rtol=1e-6)


def test_a_missing_row_is_not_measured(tmp_path, call):
    rates = {name: rates for name, rates in EVERY_CLAIM_HOLDS.items() if name != "k-same-9"}
    store = plant_run(tmp_path / "run", rates)
    assert [end_run(store, whole=whole) for whole in (True, False)] == [4, 0]
    result = call(store.root)
    assert result.exit_code == 4
    assert "Table 1, not measured: k-same-9/identity_accuracy" in result.output
    assert "claims, not measured: " in result.output


@pytest.mark.parametrize("kind", ["surrogate", "warsaw"])
def test_a_smoke_run_is_never_blessed(tmp_path, call, kind):
    store = plant_run(tmp_path / "run", kind=kind, profile="smoke")
    result = call(store.root)
    assert result.exit_code == 4
    assert "NOT_BLESSED" in result.output
    assert "claims: 13 not judged" in result.output


def test_data_that_failed_end_with_3_even_where_nothing_was_evaluated(tmp_path, call):
    store = open_run(tmp_path / "run", kind="folder")
    plant_validation(store, success=False)
    (store.root / "02_validated").rename(store.root / "02_validated.partial")
    result = call(store.root)
    assert result.exit_code == 3
    assert "data, fails: flip/mirrored" in result.output


def test_data_that_were_not_validated_bless_nothing(tmp_path):
    store = plant_run(tmp_path / "run")
    (store.root / "02_validated" / "validation.json").unlink()
    assert check_run(store).exit_code == 4


def test_what_is_no_run_or_not_evaluated_is_an_error(tmp_path, call):
    assert call(tmp_path).exit_code == 4
    with pytest.raises(StageNotRun, match="not a run's folder"):
        check_run(RunStore(tmp_path))
    with pytest.raises(StageNotRun, match="no evaluated run"):
        find_latest(tmp_path / "runs")


@pytest.mark.parametrize("content", ["{}", '{"expectations": [3]}', '{"expectations": {}}', "[]"])
def test_a_broken_validation_is_an_error(tmp_path, content):
    store = plant_run(tmp_path / "run")
    (store.root / "02_validated" / "validation.json").write_text(content)
    with pytest.raises(ReplicationError, match=r"validation\.json: not "):
        check_run(store)


@pytest.mark.parametrize(
    ("unit", "name"), [("06_evaluated", "predictions.csv"), ("08_explained", "relevance.csv")]
)
def test_a_table_without_its_columns_is_an_error(tmp_path, unit, name):
    store = plant_run(tmp_path / "run")
    leave_otherwise(store.root / unit, name, "method\noriginal\n")
    with pytest.raises(DataError, match=rf"{name}: .*no column"):
        check_run(store)


def test_maps_that_were_not_explained_bless_nothing(tmp_path, call):
    result = call(plant_run(tmp_path / "run", explained=False).root)
    assert result.exit_code == 4
    assert "claims, not measured: relevance stays where it was" in result.output


def test_methods_beyond_the_paper_are_no_part_of_the_check(tmp_path):
    """Neither their numbers nor their absence: of 51 numbers and the paper's claims none changes."""
    stores = [
        plant_run(tmp_path / name, rates)
        for name, rates in (
            ("without", EVERY_CLAIM_HOLDS),
            ("with", EVERY_CLAIM_HOLDS | BEYOND_HOLDS),
        )
    ]
    without, further = (check_run(store) for store in stores)
    assert without == further
    assert [len(FinishedRun(store).table.beyond) for store in stores] == [0, 4]


def test_the_users_network_is_no_weights_of_ours(tmp_path):
    own = {"glaucoma_network": {"name": "mine:classify", "sha256": "0"}}
    store = plant_run(tmp_path / "run", **own)
    words = "its glaucoma network is the user's, mine:classify"
    with pytest.raises(SettingsError, match=words):
        measure_run(FinishedRun(store), Goods.WEIGHTS, ())
    with pytest.raises(SettingsError, match=words):
        keep_baseline(store, tmp_path / "baseline")
    assert not (tmp_path / "baseline").exists()
