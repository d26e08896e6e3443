"""All bytes of 200 cards: no original, no near one, no id, path or date."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from searched_cards import MOST_SIMILAR, search_cards, search_words

import cli as command_line
from replication.command_line import opening

CARDS = 200


@pytest.mark.slow
def test_of_200_cards_no_byte_is_a_patients(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    words = ["--profile", "smoke", "--method", "k-same-grouped-3", "--run", "whole"]

    def call(*given):
        result = CliRunner().invoke(command_line.cli, ["explain-case", *given, *words])
        assert result.exit_code == 0, result.output

    preprocessed = CliRunner().invoke(
        command_line.cli, ["preprocess", "--profile", "smoke", "--run", "whole"]
    )
    assert preprocessed.exit_code == 0, preprocessed.output
    stage = tmp_path / "artifacts" / "runs" / "whole" / "01_preprocessed"
    table = pd.read_csv(stage / "manifest.csv", dtype=str)
    (images,) = (tmp_path / "artifacts" / "surrogate").glob("*/images-NIR")
    manifest = tmp_path / "many.csv"
    (tmp_path / "Qeyes").symlink_to(images.parent)
    rows = table.head(CARDS).assign(path="Qeyes/" + table["path"])
    rows[["path", "eye", "patient_id"]].to_csv(manifest, index=False)
    call("--queries", str(manifest), "--out", str(tmp_path / "cards"))

    originals = np.load(stage / "images.npy")
    names = [*table["image_id"], *table["patient_id"], *table["path"], tmp_path.name, "Qeyes"]
    names += [path.rpartition("/")[2] for path in table["path"]]
    found = search_cards(tmp_path / "cards", originals, sorted(set(names)))
    assert found["cards"] >= 0.95 * CARDS and found["pictures"] > CARDS
    assert found["copies"] == found["words"] == 0
    assert found["likeness"] < MOST_SIMILAR
    ledger = (stage.parent / "ledger.jsonl").read_text()
    assert not search_words([ledger], names)
    assert all(len(json.loads(line)) == 5 for line in ledger.splitlines())
