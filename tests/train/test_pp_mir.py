"""PP-MIR's training: its files are read back, and its cost is PPRL-VGAN's."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from keras_models.evaluator import build_evaluator
from replication.config import PP_MIR_WEIGHTS, PROFILES, SMOKE
from replication.records import EyeDataset
from replication.train.pp_mir import train_pp_mir
from replication.train.trained import TrainedGenerator

SETTINGS = replace(SMOKE.pp_mir, units=16, batch_size=4, steps=3, mixed_bfloat16=False)
SHAPE = (16, 16, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The images and the folder of a short training."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("pp-mir")
    images = rng.uniform(-1, 1, (12, *SHAPE)).astype(np.float32)
    train = EyeDataset(images, np.arange(12) % 3, np.arange(12) % 2 == 0, np.arange(12).astype(str))
    dropout = SMOKE.evaluator.dropout
    identify, diagnose = (
        SimpleNamespace(model=build_evaluator(classes, SHAPE, **dropout, seed=0))
        for classes in (3, 2)
    )
    given = {"identify": identify, "diagnose": diagnose, "settings": SETTINGS, "seed": 0}
    train_pp_mir(train, rng.random((12, 16, 16)) < 0.3, **given, folder=folder)
    return images, folder


def test_its_networks_are_read_back_and_paint_nobody(trained):
    images, folder = trained
    generator = TrainedGenerator(folder, 0, SHAPE, SETTINGS)
    mean, std = generator.encode(images)
    assert mean.shape == (12, 128) and np.all(std >= 1)
    drawn = generator.decode(mean)
    assert drawn.shape == images.shape and np.abs(drawn).max() <= 1
    assert np.any(drawn[0] != drawn[1])


def test_the_history_has_its_terms(trained):
    history = pd.read_csv(trained[1] / "history.csv")
    assert {"generator_iris", "generator_identity", "discriminator_real"} <= set(history)
    assert "discriminator_identity" not in history


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_it_has_pprl_vgans_networks_steps_and_rates_and_its_own_weights(profile):
    assert asdict(profile.pp_mir) == asdict(profile.vgan) | PP_MIR_WEIGHTS
    # pp-mir.py: 0.4, 1, 0.001 and 0.002 as means; 0.002 of a sum over batches of 64 images.
    assert profile.pp_mir.generator_weights == pytest.approx((0.4, 1, 0.001, 0.128, 0.002))
