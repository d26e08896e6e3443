import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from coded_eyes import AXES, draw_eyes

from replication.config import SMOKE
from replication.records import NOBODY
from replication.train import steps as loop
from replication.train.code_generator import list_coded, train_code_generator
from replication.train.disease_code import DiseaseCode
from replication.train.trained import DRAWN, TrainedCodeGenerator

SETTINGS = replace(SMOKE.code, steps=5, batch_size=4, levels=(3, 5))


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def eyes():
    return draw_eyes()


def run(eyes, folder, **options):
    folder.mkdir(exist_ok=True)
    train_code_generator(
        eyes, AXES, identities=24, settings=SETTINGS, seed=0, folder=folder, **options
    )


@pytest.fixture(scope="module")
def whole(eyes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run(eyes, folder)
    return folder


def test_it_leaves_code_generator_facts_and_history(whole):
    written = {file.name for file in whole.iterdir()}
    assert written == {
        "code.npz",
        "code.json",
        "decoder.h5",
        "history.csv",
        "training.checkpoint",
    }
    facts = json.loads((whole / "code.json").read_text())
    assert facts["codes"] == [
        {"k": 3, "patients": 4},
        {"k": 3, "patients": 4},
        {"k": 5, "patients": 8},
    ]
    assert 0.85 < facts["detection"]["auc"] <= 1
    assert pd.read_csv(whole / "history.csv")["step"].tolist() == [5]


def test_a_killed_training_resumes_and_ends_with_the_same_generator(
    eyes, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    made = []

    def die_after_two():
        made.append(1)
        if len(made) == 3:
            raise Killed

    with pytest.raises(Killed):
        run(eyes, tmp_path / "killed", on_step=die_after_two)
    again = []
    run(eyes, tmp_path / "killed", on_step=lambda: again.append(1))
    assert len(again) == 3
    for name in ("decoder.h5", "history.csv"):
        assert (whole / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()


def test_half_of_what_is_drawn_is_healthy_and_levels_are_alike(eyes, whole):
    code = DiseaseCode.load(whole)
    data = list_coded(eyes, code)
    shares = np.bincount(data.code.numpy(), np.exp(data.log_share.numpy()))
    np.testing.assert_allclose(shares / shares.sum(), [0.5, 0.125, 0.125, 0.25], rtol=1e-5)
    assert len(data.code) == (~eyes.glaucoma).sum() + 2 * eyes.glaucoma.sum()


class Judge:
    """Calls every n-th image that it is shown ill, whatever it shows; of 0, none."""

    def __init__(self, every):
        self.every, self.shown = every, []

    def __call__(self, images):
        self.shown.append(len(images))
        ill = np.zeros(len(images), np.float32)
        if self.every:
            ill[:: self.every] = 1
        return np.column_stack([1 - ill, ill])


def test_an_image_whose_verdict_is_not_its_codes_is_drawn_again(whole):
    judge = Judge(every=2)
    generator = TrainedCodeGenerator(whole, (64, 64, 3), judge)
    images, latent = generator.draw_images(np.ones(8, int), np.random.default_rng(0))
    assert images.shape == (8, 64, 64, 3) and len(latent) == 8
    assert judge.shown == [8, 4, 2, 1]
    stubborn = Judge(every=0)
    TrainedCodeGenerator(whole, (64, 64, 3), stubborn).draw_images(
        np.ones(3, int), np.random.default_rng(0)
    )
    assert len(stubborn.shown) == DRAWN


def test_what_is_drawn_follows_from_code_and_noise(whole):
    generator = TrainedCodeGenerator(whole, (64, 64, 3), Judge(every=1))
    codes = np.array([1, 1, 2])
    one, two = (generator.draw_images(codes, np.random.default_rng(3))[0] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one[0] != one[1]).any()


@pytest.mark.parametrize("every", [1, 2, 0])
def test_an_image_is_that_of_its_own_latent_however_often_it_was_drawn(whole, every):
    generator = TrainedCodeGenerator(whole, (64, 64, 3), Judge(every=every))
    codes = np.array([1, 0, 2, 1, 1])
    images, latent = generator.draw_images(codes, np.random.default_rng(3))
    np.testing.assert_allclose(generator.show_codes(latent, codes), images, atol=1e-5)
    others = generator.show_codes(latent, np.zeros(5, int))
    differs = np.abs(others - images).max(axis=(1, 2, 3)) > 1e-4
    np.testing.assert_array_equal(differs, codes != 0)


def test_codes_are_read_by_the_verdict_and_not_by_a_label(eyes, whole):
    generator = TrainedCodeGenerator(whole, (64, 64, 3), Judge(every=1))
    read = generator.read_codes(eyes.images[:4], np.full(4, 20), k=3)
    assert set(read) == {int(DiseaseCode.load(whole).of_patient[0, 20])}
    behind = generator.list_behind(np.array([0, 1]))
    assert (behind[0] == NOBODY).all()
    assert len(set(behind[1]) - {NOBODY}) == 4
