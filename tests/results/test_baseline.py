"""Keeping the reference weights, and refusing what is no reference."""

import json
from pathlib import Path

import pandas as pd
import pytest
from planted_predictions import Rates, plant_predictions
from planted_run import open_run

from replication.errors import SettingsError, StageNotRun
from replication.results.baseline import (
    WEIGHTS,
    copy_weights,
    describe_baseline,
    keep_baseline,
    read_references,
)
from replication.store.files import read_json, write_json
from replication.store.run_folder import RECORD


def plant_run(root, *, commits=(*("abc",) * 5, "def"), profile="cpu", **more):
    store = open_run(root, profile={"name": profile}, **more)
    predictions = plant_predictions({"original": Rates(1, None, 1, 0)})
    predictions = predictions.assign(identity_lead=0.5, replacement_lead=None)
    units = {str(Path(file).parent) for file in WEIGHTS.values()} | {"06_evaluated"}
    for unit, commit in zip(sorted(units), commits, strict=True):
        with store.writing(unit, {}) as folder:
            for kept, file in WEIGHTS.items():
                if file.startswith(unit):
                    (folder / file.rpartition("/")[2]).write_bytes(kept.encode())
            if unit == "06_evaluated":
                (folder / "table1.md").write_text("the table")
                predictions.to_csv(folder / "predictions.csv", index=False)
        record = read_json(store.folder(unit) / RECORD)
        write_json(store.folder(unit) / RECORD, record | {"commit": commit})
    return store


def test_weights_table_and_origin_are_kept(tmp_path):
    kept = tmp_path / "baseline"
    keep_baseline(plant_run(tmp_path / "run"), kept)
    assert (kept / "decoder.h5").read_bytes() == b"decoder.h5"
    assert (kept / "table1.md").read_text() == "the table"
    origin = json.loads((kept / "baseline.json").read_text())
    assert origin["commits"]["04_vgan"] == "abc"
    assert origin["commits"]["06_evaluated"] == "def"
    assert origin["run"]["seed"] == 0
    assert describe_baseline(kept) == origin["weights"]
    assert {band.paper for band in read_references(kept)} == {1.0}


def test_weights_go_back_where_training_leaves_them(tmp_path):
    keep_baseline(plant_run(tmp_path / "run"), tmp_path / "baseline")
    (tmp_path / "04_vgan").mkdir()
    copy_weights("04_vgan", tmp_path / "04_vgan", tmp_path / "baseline")
    assert sorted(f.name for f in (tmp_path / "04_vgan").iterdir()) == ["decoder.h5", "encoder.h5"]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "warsaw"}, "profile cpu on the surrogate"),
        ({"profile": "smoke"}, "profile cpu on the surrogate"),
        ({"split": "patient"}, "with the split by image"),
        ({"commits": (*("abc",) * 4, None, "abc")}, "04_vgan not made by a commit"),
    ],
)
def test_another_run_is_no_baseline(tmp_path, fault, sentence):
    with pytest.raises(SettingsError, match=sentence):
        keep_baseline(plant_run(tmp_path / "run", **fault), tmp_path / "baseline")
    assert not (tmp_path / "baseline").exists()


def test_what_the_kept_weights_give_today_is_kept_and_who_trained_them_stays(tmp_path):
    kept = tmp_path / "baseline"
    keep_baseline(plant_run(tmp_path / "run"), kept)
    weights = describe_baseline(kept)
    again = plant_run(tmp_path / "again", commits=("new",) * 6, baseline=weights)
    keep_baseline(again, kept)
    origin = read_json(kept / "baseline.json")
    assert origin["commits"] == dict.fromkeys(origin["commits"], "abc") | {"06_evaluated": "new"}
    assert "baseline" not in origin["run"] and describe_baseline(kept) == weights
    other = plant_run(tmp_path / "other", baseline=weights | {"decoder.h5": "0"})
    with pytest.raises(SettingsError, match="its weights are not those of"):
        keep_baseline(other, kept)
    assert read_json(kept / "baseline.json") == origin


def test_changed_weights_are_no_baseline(tmp_path):
    keep_baseline(plant_run(tmp_path / "run"), tmp_path / "baseline")
    (tmp_path / "baseline" / "encoder.h5").write_bytes(b"other")
    with pytest.raises(SettingsError, match="restore them with git"):
        describe_baseline(tmp_path / "baseline")
    with pytest.raises(StageNotRun, match="no baseline"):
        describe_baseline(tmp_path / "nowhere")


def test_methods_beyond_table_1_are_no_references(tmp_path):
    store = plant_run(tmp_path / "run")
    file = store.folder("06_evaluated") / "predictions.csv"
    predictions = pd.read_csv(file)
    more = predictions.assign(method="dp-pix-16")
    pd.concat([predictions, more]).to_csv(file, index=False)
    keep_baseline(store, tmp_path / "kept")
    assert {band.method for band in read_references(tmp_path / "kept")} == {"original"}
