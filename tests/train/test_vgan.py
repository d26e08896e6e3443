from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from kept_graphs import count_kept_graphs

from replication.config import SMOKE
from replication.errors import ReplicationError
from replication.records import EyeDataset
from replication.train import vgan as stage
from replication.train.vgan import processor_has_bfloat16, train_vgan

SETTINGS = replace(SMOKE.vgan, units=16, batch_size=4, steps=6, mixed_bfloat16=False)


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


def test_it_leaves_its_networks_and_the_history(train, tmp_path):
    steps = []
    run(train, tmp_path / "run", on_step=lambda: steps.append(1))
    networks = {"decoder.h5", "discriminator.h5", "encoder.h5"}
    written = {file.name for file in (tmp_path / "run").iterdir()}
    assert written == networks | {"history.csv", "training.checkpoint"}
    assert len(steps) == 6
    assert pd.read_csv(tmp_path / "run" / "history.csv")["step"].tolist() == [6]


def test_no_traced_step_stays_in_memory(train, tmp_path):
    short = replace(SETTINGS, steps=1)
    run(train, tmp_path / "first", short)
    kept = count_kept_graphs()
    run(train, tmp_path / "second", short)
    assert count_kept_graphs() <= kept


@pytest.mark.parametrize("broken", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_killed_training_resumes_and_ends_with_the_same_networks(
    train, tmp_path, monkeypatch, broken
):
    monkeypatch.setattr(stage, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(stage, "HISTORY_EVERY_STEPS", 1)
    whole, killed = tmp_path / "undisturbed", tmp_path / "killed"
    run(train, whole)
    made = []

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
    assert len(again) == (6 if broken else 3)
    for name in stage.NETWORKS:
        assert (whole / f"{name}.h5").read_bytes() == (killed / f"{name}.h5").read_bytes()
    assert (whole / "history.csv").read_text() == (killed / "history.csv").read_text()


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
