import json
import statistics

import pytest

from replication.errors import SettingsError, StageNotRun
from replication.evaluate.table1 import build_table, to_json
from replication.records import Table1Row
from replication.results.seeds import read_seeds, summarise_seeds
from replication.store.run_folder import RunStore

CELL = ("original", "identity_accuracy")


def plant_run(root, seed, accuracy, *, draws=10, complete=True, **more):
    store = RunStore(root / f"seed-{seed}")
    store.open(
        {
            "source": {"kind": "surrogate", "name": "eyes"},
            "profile": {"name": "cpu"},
            "seed": seed,
            "split": "image",
            "draws": draws,
        }
        | more
    )
    if complete:
        table = build_table([Table1Row("original", True, accuracy, None, 0.5, 0.25)])
        with store.writing("06_evaluated", {}) as folder:
            (folder / "table1.json").write_text(to_json(table))
    return store


def test_mean_and_deviation_of_each_measured_number(tmp_path):
    values = {3: 0.875, 4: 0.5, 5: 0.75}
    stores = {seed: plant_run(tmp_path, seed, value) for seed, value in values.items()}
    spread = summarise_seeds(stores, tmp_path / "seeds")
    assert len(spread) == 3
    assert spread[CELL].mean == pytest.approx(statistics.mean(values.values()))
    assert spread[CELL].std == pytest.approx(statistics.stdev(values.values()))
    assert read_seeds(tmp_path / "seeds" / "seeds.json") == spread
    page = (tmp_path / "seeds" / "seeds.md").read_text()
    assert "On the embedded surrogate (synthetic eyes, not Warsaw). Seeds 3, 4, 5 on one" in page
    assert "| 70.83 ± 19.09 (" in page
    assert "| Blurring | Privatized set with kernel size 3 | not measured | - |" in page
    assert "original,glaucoma_f1,3,0.25,0.0" in (tmp_path / "seeds" / "seeds.csv").read_text()
    told = json.loads((tmp_path / "seeds" / "seeds.json").read_text())
    assert told["run"]["draws"] == 10
    assert told["numbers"]["4"]["original/identity_accuracy"] == 0.5
    assert len(told["made"]) == 3


def test_runs_that_differ_in_more_than_the_seed_are_refused(tmp_path):
    stores = {0: plant_run(tmp_path, 0, 0.5), 1: plant_run(tmp_path, 1, 0.5, draws=3)}
    with pytest.raises(SettingsError, match="more than the seed"):
        summarise_seeds(stores, tmp_path / "seeds")
    assert not (tmp_path / "seeds").exists()


def test_seeds_of_a_split_by_patient_say_so_and_make_no_bands(tmp_path):
    stores = {seed: plant_run(tmp_path, seed, 0.5, split="patient") for seed in (0, 1)}
    summarise_seeds(stores, tmp_path / "seeds")
    first = (tmp_path / "seeds" / "seeds.md").read_text().splitlines()[0]
    assert first.endswith("identity stays closed-set.")
    with pytest.raises(SettingsError, match=r"seeds\.json: .* with the split by image"):
        read_seeds(tmp_path / "seeds" / "seeds.json")


def test_a_run_that_is_not_complete_is_refused(tmp_path):
    stores = {0: plant_run(tmp_path, 0, 0.5), 1: plant_run(tmp_path, 1, 0.5, complete=False)}
    with pytest.raises(StageNotRun, match="06_evaluated: not complete"):
        summarise_seeds(stores, tmp_path / "seeds")
