"""PPRL-VGAN trained by two devices is PPRL-VGAN trained by one, but for rounding."""

import logging
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from two_devices import call_with_devices, list_processors

from replication.config import SMOKE
from replication.records import EyeDataset
from replication.train import vgan as stage
from replication.train.vgan import choose_strategy, copy_to_devices, list_gpus

SETTINGS = replace(SMOKE.vgan, units=16, batch_size=4, steps=6, mixed_bfloat16=False)
IDENTITIES = 3
ROUNDING = 1e-5  # relative, of a loss
# A gradient that is rounding alone becomes a step as large as any, for RMSprop divides by its size:
# now and then a weight's, always those of biases that batch normalisation takes away again.
CLOSE, STRAY_SHARE = 1e-5, 1e-3
WITHOUT_EFFECT = re.compile(r"encoder_(conv|norm)\d/(bias|moving_mean)")


class Killed(Exception):
    pass


def make_eyes() -> EyeDataset:
    rng = np.random.default_rng(0)
    return EyeDataset(
        rng.uniform(-1, 1, (12, 16, 16, 3)).astype(np.float32),
        np.arange(12) % IDENTITIES,
        np.arange(12) % 2 == 0,
        np.array([f"eye-{i:02}" for i in range(12)]),
    )


@pytest.mark.parametrize(
    ("gpus", "batch_size", "used"), [(3, 6, 3), (3, 32, 2), (3, 5, 1), (2, 32, 2), (1, 32, 1)]
)
def test_as_many_gpus_train_as_divide_the_batch(gpus, batch_size, used, monkeypatch):
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", list)
    names = [f"GPU:{number}" for number in range(gpus)]
    one = tf.distribute.get_strategy()
    assert choose_strategy(names, batch_size=batch_size) == (names[:used] if used > 1 else one)


def test_without_gpus_training_is_as_ever(caplog):
    caplog.set_level(logging.INFO)
    assert choose_strategy(list_gpus()[:1], batch_size=4) is tf.distribute.get_strategy()
    assert not caplog.text


def test_gpus_that_train_are_logged_and_idle_ones_are_a_warning(caplog, monkeypatch):
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", list)
    caplog.set_level(logging.INFO)
    choose_strategy(["GPU:0", "GPU:1"], batch_size=4)
    choose_strategy(["GPU:0", "GPU:1", "GPU:2"], batch_size=4)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert "on 2 of 3 GPUs, as many as divide its batches of 4: GPU:0, GPU:1" in caplog.text


def step_once(count: int) -> tuple[dict, list[np.ndarray], list[str]]:
    """Make one step op by op, which takes less time than to compile it for two devices."""
    tf.config.run_functions_eagerly(True)
    strategy = choose_strategy(list_processors()[:count], batch_size=SETTINGS.batch_size)
    eyes = make_eyes()
    kinds = (tf.float32, tf.int32, tf.int32)
    arrays = (eyes.images, eyes.identity, eyes.glaucoma)
    data = stage.TrainingImages(*map(tf.constant, arrays, kinds))
    data = copy_to_devices(data, strategy)
    with strategy.scope():
        model = stage.build_vgan(IDENTITIES, eyes.images.shape[1:], SETTINGS, seed=0)
    losses = model.train_step(data, SETTINGS.batch_size)
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    squares = [weight.numpy() for each in optimizers for weight in each.weights]
    places = [part.device for part in strategy.experimental_local_results(data.images)]
    return {name: float(loss) for name, loss in losses.items()}, squares, places


def step_with_one_and_two() -> list[tuple]:
    return [step_once(1), step_once(2)]


def test_a_step_has_the_losses_and_gradients_of_one_device():
    (alone, squares_alone, _), (shared, squares, places) = call_with_devices(
        2, step_with_one_and_two
    )
    assert [place[-5:] for place in places] == ["CPU:0", "CPU:1"]
    assert shared == pytest.approx(alone, rel=ROUNDING)
    # RMSprop's means of squared gradients: the sum of two devices' would be four times as large.
    for one, two in zip(squares_alone, squares, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-2, atol=1e-9)


def train(folder: Path, count: int, kill_after: int | None = None) -> None:
    """Run the stage on so many devices, with a checkpoint after every step."""
    made = []

    def count_step():
        made.append(1)
        if len(made) == kill_after:
            raise Killed

    stage.list_gpus = lambda: list_processors()[:count]
    stage.CHECKPOINT_EVERY_S, stage.HISTORY_EVERY_STEPS = 0.0, 1
    folder.mkdir(exist_ok=True)
    try:
        stage.train_vgan(
            make_eyes(),
            identities=IDENTITIES,
            settings=SETTINGS,
            seed=0,
            folder=folder,
            on_step=count_step,
        )
    except Killed:
        return


def train_in_all_ways(root: Path) -> None:
    for count in (1, 2):
        train(root / f"on-{count}", count)
        train(root / f"killed-on-{count}", count, kill_after=4)
    shutil.copytree(root / "killed-on-1", root / "from-1-to-2")
    shutil.copytree(root / "killed-on-2", root / "from-2-to-1")
    train(root / "killed-on-2", 2)
    train(root / "from-1-to-2", 2)
    train(root / "from-2-to-1", 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    call_with_devices(2, train_in_all_ways, root)
    return root


def read_model(folder: Path) -> stage.PprlVgan:
    model = stage.build_vgan(IDENTITIES, (16, 16, 3), SETTINGS, seed=9)
    for name in stage.NETWORKS:
        getattr(model, name).load_weights(str(folder / f"{name}.h5"))
    return model


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    model = read_model(folder)
    return {
        f"{name} {number} {weight.name}": weight.numpy()
        for name in stage.NETWORKS
        for number, weight in enumerate(getattr(model, name).weights)
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["on-2", "from-1-to-2", "from-2-to-1"])
def test_two_devices_train_as_one_but_for_rounding(trained, name):
    histories = [pd.read_csv(trained / each / "history.csv") for each in ("on-1", name)]
    assert len(histories[0]) == SETTINGS.steps
    np.testing.assert_allclose(histories[1], histories[0], rtol=ROUNDING)
    alone, shared = read_weights(trained / "on-1"), read_weights(trained / name)
    acting = [weight for weight in alone if not WITHOUT_EFFECT.search(weight)]
    apart = [np.ravel(np.abs(alone[weight] - shared[weight])) for weight in acting]
    assert np.mean(np.concatenate(apart) > CLOSE) < STRAY_SHARE
    for one, two in zip(
        read_model(trained / "on-1").encoder(make_eyes().images),
        read_model(trained / name).encoder(make_eyes().images),
        strict=True,
    ):
        np.testing.assert_allclose(two, one, atol=1e-3)


@pytest.mark.slow
def test_a_killed_training_goes_on_on_two_devices_with_the_same_bits(trained):
    whole, killed = (read_weights(trained / name) for name in ("on-2", "killed-on-2"))
    for weight, value in whole.items():
        np.testing.assert_array_equal(killed[weight], value, err_msg=weight)
    histories = [(trained / name / "history.csv").read_text() for name in ("on-2", "killed-on-2")]
    assert histories[0] == histories[1]
