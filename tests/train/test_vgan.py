from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
from kept_graphs import count_kept_graphs

from replication.config import SMOKE
from replication.errors import ReplicationError
from replication.records import EyeDataset
from replication.train import steps as loop
from replication.train import vgan as stage
from replication.train.vgan import processor_has_bfloat16, train_vgan

SIZES = {"units": 16, "batch_size": 4, "steps": 7}
SETTINGS = replace(SMOKE.vgan, **SIZES, mixed_bfloat16=False, falling=0.5, averaging=0.9)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def train():
    rng = np.random.default_rng(0)
    return EyeDataset(
        rng.uniform(-1, 1, (12, 16, 16, 3)).astype(np.float32),
        np.arange(12) % 3,
        np.arange(12) % 2 == 0,
        np.array([f"eye-{i}" for i in range(12)]),
    )


def run(train, folder, settings=SETTINGS, **options):
    folder.mkdir(exist_ok=True)
    train_vgan(train, identities=3, settings=settings, seed=0, folder=folder, **options)


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """The folder of a training that nothing disturbed, and how often it called back."""
    folder, steps = tmp_path_factory.mktemp("whole"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "HISTORY_EVERY_STEPS", 2)
        run(train, folder, on_step=lambda: steps.append(1))
    return folder, len(steps)


def test_it_leaves_its_networks_and_the_history(whole):
    folder, steps = whole
    networks = {"decoder.h5", "discriminator.h5", "encoder.h5"}
    written = {file.name for file in folder.iterdir()}
    assert written == networks | {"history.csv", "training.checkpoint"}
    assert steps == 7
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 4, 6, 7]


def test_no_traced_step_stays_in_memory(train, whole, tmp_path):
    kept = count_kept_graphs()
    run(train, tmp_path / "second", replace(SETTINGS, steps=1))
    assert count_kept_graphs() <= kept


@pytest.mark.parametrize("broken", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_killed_training_resumes_and_ends_with_the_same_networks(
    train, whole, tmp_path, monkeypatch, broken
):
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(loop, "HISTORY_EVERY_STEPS", 2)
    undisturbed, killed, made = whole[0], tmp_path / "killed", []

    def die_after_three():
        made.append(1)
        if len(made) == 4:
            raise Killed

    with pytest.raises(Killed):
        run(train, killed, on_step=die_after_three)
    if broken:
        (killed / "training.checkpoint").write_bytes(b"broken")
    again = []
    run(train, killed, on_step=lambda: again.append(1))
    assert len(again) == (7 if broken else 4)
    for name in stage.NETWORKS:
        assert (undisturbed / f"{name}.h5").read_bytes() == (killed / f"{name}.h5").read_bytes()
    assert (undisturbed / "history.csv").read_text() == (killed / "history.csv").read_text()


def read_decoder(train, folder, **settings):
    run(train, folder, replace(SETTINGS, **settings))
    with h5py.File(folder / "decoder.h5") as file:
        return np.array(file["decoder_dense/decoder_dense/kernel:0"])


@pytest.mark.slow
def test_the_decoder_written_is_the_average_and_the_rate_falls(train, tmp_path):
    found = {
        name: read_decoder(train, tmp_path / name, **settings)
        for name, settings in {
            "start": {"steps": 1, "learning_rate": 0.0},
            "last": {"averaging": 0.0, "falling": 0.0},
            "fallen": {"averaging": 0.0},
            "average": {"falling": 0.0},
        }.items()
    }
    moved = {name: np.abs(each - found["start"]).mean() for name, each in found.items()}
    assert moved["start"] == 0
    assert moved["fallen"] < moved["last"]
    assert moved["average"] < moved["last"]


def test_a_training_that_explodes_is_an_error(train, tmp_path):
    with pytest.raises(ReplicationError, match="not finite at step"):
        run(train, tmp_path / "run", replace(SETTINGS, learning_rate=1e30))


@pytest.mark.parametrize(
    ("flags", "has"), [("fpu avx512f avx512_bf16", True), ("amx_bf16", True), ("fpu avx2", False)]
)
def test_bfloat16_is_used_where_the_processor_has_it(tmp_path, flags, has):
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
    assert processor_has_bfloat16(tmp_path / "cpuinfo") is has
    assert not processor_has_bfloat16(tmp_path / "absent")
