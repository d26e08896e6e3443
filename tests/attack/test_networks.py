"""The networks of the attack on a few planted patients."""

import subprocess
import sys

import numpy as np
import pytest
import siamese_attacker
import tensorflow as tf
from fake_eyes import draw_noise, plant_eyes
from keras import Model
from places import ROOT

from keras_models.evaluator import build_evaluator
from replication.attack.networks import (
    IdentityNetwork,
    SiameseAttacker,
    draw_batches,
)
from replication.attack.verification import Area, count_scores
from replication.config import AttackSettings, EvaluatorSettings

PATIENTS, SHAPE = 4, (32, 32, 3)
SETTINGS = AttackSettings(siamese_updates=60)
TRAIN, TEST = (plant_eyes(PATIENTS, 8, size_px=32, seed=seed) for seed in (0, 1))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    file = tmp_path_factory.mktemp("identity") / "weights.h5"
    network = build_evaluator(PATIENTS, SHAPE, block_dropout=0.0, dense_dropout=0.5, seed=3)
    network.save_weights(str(file))
    return file


@pytest.fixture(scope="module")
def network(weights):
    return IdentityNetwork(weights, PATIENTS, SHAPE, evaluator=EvaluatorSettings())


def test_its_second_block_is_averaged_by_squares(weights, network):
    whole = build_evaluator(PATIENTS, SHAPE, block_dropout=0.0, dense_dropout=0.5, seed=3)
    whole.load_weights(str(weights))
    block = Model(whole.input, whole.get_layer("dropout2").output)(TEST.images).numpy()
    rows, side = len(block), block.shape[1] // 2
    means = block.reshape(rows, side, 2, side, 2, -1).mean(axis=(2, 4)).reshape(rows, -1)
    np.testing.assert_allclose(network.embed(TEST.images).blocks, means, atol=1e-5)


def test_it_learns_the_same_in_a_process_that_has_trained_before_and_in_one_that_has_not(
    capsys,
):
    process = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "siamese_attacker.py"], stdout=subprocess.PIPE
    )
    tf.config.experimental.enable_op_determinism()
    siamese_attacker.main()
    here, alone = capsys.readouterr().out, process.communicate()[0].decode()
    assert len(alone) > 1000
    assert alone == here


def test_it_gives_features_embeddings_of_length_one_and_probabilities(network):
    embedded = network.embed(TEST.images)
    assert embedded.features.shape == (len(TEST), network.features)
    assert np.linalg.norm(embedded.embedding, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedded.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def verify(siamese, features, privatized):
    """The area of test features against those of the training originals."""
    pairs = count_scores(
        siamese.embed(privatized) @ siamese.embed(features).T,
        identity=TEST.identity,
        original_identity=TRAIN.identity,
    )
    return Area(pairs).weigh(np.ones((1, PATIENTS))).item()


def test_the_siamese_network_finds_planted_patients_and_none_in_noise():
    siamese = SiameseAttacker(64, settings=SETTINGS)
    train, test = (data.images[:, ::4, ::4, 0].reshape(len(data), 64) for data in (TRAIN, TEST))
    siamese.train(train, train, TRAIN.identity, seed=0)
    assert verify(siamese, train, test) > 0.95
    first = siamese.embed(test)
    noise = draw_noise(train, seed=4)
    siamese.train(noise, train, TRAIN.identity, seed=0)
    assert abs(verify(siamese, train, draw_noise(test, seed=6)) - 0.5) < 0.2
    siamese.train(train, train, TRAIN.identity, seed=0)
    np.testing.assert_array_equal(siamese.embed(test), first)


def test_no_row_comes_twice_in_a_pass_and_batches_have_one_size():
    batches = list(draw_batches(12, 4, 7, seed=0))
    assert [len(batch) for batch in batches] == [4] * 7
    for start in (0, 3):
        assert sorted(np.concatenate(batches[start : start + 3])) == list(range(12))
    np.testing.assert_array_equal(list(draw_batches(12, 4, 7, seed=0)), batches)
    # What fills no batch is drawn in another pass.
    assert {row for batch in draw_batches(5, 4, 20, seed=0) for row in batch} == set(range(5))
