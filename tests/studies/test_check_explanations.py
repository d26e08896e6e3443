"""A tiny run checked, with a stand-in for the explanations, and once with the worker itself."""

import json
from contextlib import nullcontext
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import cli as command_line
from replication.config import SMOKE
from replication.errors import StageNotRun
from replication.records import RelevanceMaps
from replication.store.arrays import save_preprocessed
from replication.store.run_folder import RunStore
from replication.studies import check_explanations as checked
from replication.studies.untrained_networks import build_network, get_weights

SIDE = 32
SHAPE = (SIDE, SIDE, 3)
RUN_SEED = 3
TESTED = 16


@pytest.fixture
def store(tmp_path):
    """A run of 16 test and 4 training eyes, 5 patients, its glaucoma network as initialised."""
    store = RunStore(tmp_path / "run")
    source = {"kind": "surrogate", "name": "eyes"}
    more = {"seed": RUN_SEED, "draws": 1, "split": "image"}
    store.open({"source": source, "profile": asdict(SMOKE)} | more)
    number = np.arange(TESTED + 4)
    table = pd.DataFrame({"image_id": [f"eye-{n}" for n in number], "patient_id": number % 5})
    table["identity"], table["glaucoma"] = number % 5, number % 2 == 0
    table["subset"] = np.where(number < TESTED, "test", "train")
    noise = np.random.default_rng(0).integers(0, 256, (len(number) + 1, SIDE, SIDE))
    levels = ((noise[1:] + noise[0]) // 2).astype(np.uint8)  # any two eyes are half alike
    with store.writing("01_preprocessed", {}) as folder:
        save_preprocessed(folder, levels, table)
    with store.writing("03_evaluators/glaucoma", {}) as folder:
        network = build_network(SHAPE, SMOKE.evaluator, seed=RUN_SEED)
        network.save_weights(str(folder / "weights.h5"))
    return store


@pytest.fixture
def explain(monkeypatch):
    """Put a stand-in in the worker's place; gives its requests: images, neuron, network."""

    def use(draw_maps):
        explained = []

        def stand_in(_, images, *, weights, predictions, neuron, method, on_image, **__):
            network = build_network(SHAPE, SMOKE.evaluator, seed=0)
            network.load_weights(str(weights))
            np.testing.assert_allclose(network(images, training=False), predictions, atol=1e-5)
            explained.append((len(images), neuron.value, method, network))
            for _ in images:
                on_image()
            rows = np.arange(1, len(images) + 1)
            return RelevanceMaps(draw_maps(images, network), rows, rows.astype(float))

        monkeypatch.setattr(checked.ExplanationWorker, "explain", stand_in)
        return explained

    return use


def follow_the_image(images, network):
    """Maps that don't depend on the network."""
    return images.mean(axis=-1) + np.float32(1)


def follow_the_network(images, network):
    """Maps that are the image's as long as the first layer is that of the run."""
    own = get_weights(build_network(SHAPE, SMOKE.evaluator, seed=RUN_SEED))["conv1"][0]
    if (network.get_layer("conv1").get_weights()[0] == own).all():
        return follow_the_image(images, network)
    return np.random.default_rng(0).random(images.shape[:3], dtype=np.float32)


def check(store, images=12):
    done, total = [], []

    def track(_, pieces):
        total.append(pieces)
        return nullcontext(lambda: done.append(1))

    page = checked.check_explanations(store, images=images, seed=0, track=track)
    assert total == [len(done)]
    assert (store.root / "explanation_sanity.md").read_text() == page
    return json.loads((store.root / "explanation_sanity.json").read_text())


def test_maps_that_need_the_trained_layers_hold(store, explain):
    explain(follow_the_network)
    found = check(store)["randomisation"]
    *kept, last = (row["rank_correlation"] for row in found["levels"])
    assert kept == [1.0] * 5
    assert last < 0.1 < found["other_images"]["rank_correlation"]
    assert found["finding"] == "holds"


def test_each_network_explains_its_images(store, explain):
    explained = explain(follow_the_image)
    settings = check(store)["settings"]
    rules = ["deep_taylor.folded", "deep_taylor.bounded", "deep_taylor"]
    assert [method for *_, method, _ in explained] == [rules[0]] * 2 + rules * 7
    counts, neurons, _, networks = zip(*explained[:2], *explained[2::3], strict=True)
    assert counts == (TESTED, TESTED, 12 + len(checked.GRAYS), *[12] * 6)
    assert neurons == ("predicted", *["glaucoma"] * 8)
    assert [net.get_layer("dense2").bias.numpy().tolist() for net in networks] == (
        [[0, 0]] * 2 + [[0, 50]] * 7
    )
    first = get_weights(build_network(SHAPE, SMOKE.evaluator, seed=RUN_SEED))
    # A normalisation starts the same with every seed.
    kernels = [
        [
            (kernel == first[name][0]).all()
            for name, (kernel, *_) in weights.items()
            if "norm" not in name
        ]
        for weights in map(get_weights, networks)
    ]
    assert [sum(kept) for kept in kernels] == [6, 6, 6, 5, 4, 3, 2, 1, 0]
    assert settings["sample"].startswith("12 of 16 test originals")
    assert settings["untrained_seed"] != RUN_SEED


def test_without_another_patient_nothing_is_measured(store, explain):
    explain(follow_the_image)
    found = check(store, images=1)["randomisation"]
    assert found["finding"] == "not measured"
    assert found["other_images"]["compared"] == 0


def test_an_untrained_run_is_refused(store, explain):
    (store.root / "03_evaluators/glaucoma/stage.json").unlink()
    with pytest.raises(StageNotRun, match="03_evaluators/glaucoma: not complete"):
        check(store)
    assert not (store.root / "explanation_sanity.json").exists()


def test_maps_that_know_nothing_of_the_network_fail_and_the_command_ends_with_0(store, explain):
    explain(follow_the_image)
    words = ["check-explanations", str(store.root), "--images", "12"]
    result = CliRunner().invoke(command_line.cli, words)
    assert result.exit_code == 0, result.output
    assert "Randomisation destroys the map: **fails**" in result.output
    found = json.loads((store.root / "explanation_sanity.json").read_text())["randomisation"]
    assert found["finding"] == "fails"
    assert {row["rank_correlation"] for row in found["levels"]} == {1.0}
    nothing = CliRunner().invoke(command_line.cli, ["check-explanations", str(store.root.parent)])
    assert nothing.exit_code == 4
    assert nothing.stderr.startswith("Error: ") and "not a run's folder" in nothing.stderr


@pytest.mark.slow
def test_the_worker_explains_every_network(store):
    found = check(store)
    assert [row["compared"] for row in found["randomisation"]["levels"]] == [12] * 6
    assert found["randomisation"]["finding"] in ("holds", "fails")
    assert found["structure"]["finding"] in ("holds", "fails")
    assert found["logit"]["glaucoma"]["smallest"] == 0
    assert found["rules"]["deep_taylor"]["randomisation"]["finding"] in ("holds", "fails")
    assert found["own_output"]["with_glaucoma"] == TESTED / 2
    assert found["speed"]["images_per_second"] is None  # one batch
