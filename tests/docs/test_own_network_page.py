"""The worked example of docs/own-network.md: its network is taken, and a run by it ends."""

import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from keras import layers
from places import ROOT

import cli as command_line
from keras_models.plain_network import VALUES
from replication.command_line import opening
from replication.store.files import read_json
from replication.train.own_network import find_own_network

PAGE = (ROOT / "docs" / "own-network.md").read_text(encoding="utf-8")
[CODE] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
LOADING = '    network.load_weights("mine.h5")\n'


@pytest.fixture
def module(tmp_path, monkeypatch, write_module):
    """The page's module with weights beside it, in the current folder."""
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    assert LOADING in CODE
    made = {}
    exec(CODE.replace(LOADING, ""), made)  # noqa: S102 - of our own page
    network = made["classify"]()
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if not isinstance(layer, layers.BatchNormalization):
            given = [rng.normal(0, 0.2, array.shape) for array in layer.get_weights()]
            layer.set_weights(given)
    network.save_weights("mine.h5")
    write_module(CODE)
    return network


def test_the_page_names_every_kind_of_layer_that_is_known():
    table = PAGE.partition("| layer | |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", table))
    assert named == {kind.__name__ for kind in VALUES} | {"Dropout"}


def test_the_example_is_a_network_that_can_be_explained(module):
    own = find_own_network("mine:classify", (64, 64, 3))
    images = np.random.default_rng(1).uniform(-1, 1, (5, 64, 64, 3)).astype(np.float32)
    expected = module(images, training=False)
    np.testing.assert_allclose(own.network(images, training=False), expected, atol=1e-6)


def test_studies_of_trained_networks_refuse_the_users(module):
    for command in ("measure-departures", "measure-frontier", "cross-validate"):
        given = [command, "--profile", "smoke", "--glaucoma-network", "mine:classify"]
        result = CliRunner().invoke(command_line.cli, given)
        assert result.exit_code == 3
        assert result.output.startswith("Error: --glaucoma-network: what is measured are")


@pytest.mark.slow
def test_a_smoke_run_by_it_ends_with_its_verdicts_and_its_name(module, tmp_path):
    given = ["replicate", "--method", "blur-9", "--profile", "smoke", "--run", "own"]
    result = CliRunner().invoke(command_line.cli, [*given, "--glaucoma-network", "mine:classify"])
    assert result.exit_code == 0, result.output
    run = tmp_path / "artifacts" / "runs" / "own"
    assert sorted(file.name for file in (run / "03_evaluators" / "glaucoma").iterdir()) == [
        "network.json",
        "stage.json",
        "weights.h5",
    ]
    rows = pd.read_csv(run / "06_evaluated" / "predictions.csv").query("method == 'original'")
    tests = pd.read_csv(run / "01_preprocessed" / "manifest.csv")
    images = np.load(run / "01_preprocessed" / "images.npy")[tests["subset"] == "test"]
    inputs = np.repeat(images[..., None] / np.float32(127.5) - 1, 3, axis=-1)
    expected = module.predict(inputs, verbose=0)[:, 1]
    np.testing.assert_allclose(rows["glaucoma_probability"], expected, atol=1e-5)
    words = "user's network mine:classify"
    for page in ("06_evaluated/table1.md", "07_attacked/table2.md", "08_explained/explanation.md"):
        assert words in (run / page).read_text(encoding="utf-8")
    assert "mine:classify" in (run / "09_report" / "index.html").read_text(encoding="utf-8")
    measures = {row["measure"] for row in read_json(run / "07_attacked" / "table2.json")["rows"]}
    assert "membership_identity" in measures and "membership_glaucoma" not in measures
