"""The networks of the attack on a few planted patients."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import retrained_attacker
import tensorflow as tf
from fake_eyes import draw_noise, plant_eyes
from places import ROOT

from keras_models.evaluator import build_evaluator
from replication.attack.networks import (
    IdentityNetwork,
    RetrainedNetwork,
    SiameseAttacker,
    draw_batches,
)
from replication.attack.verification import Area, count_pairs
from replication.config import AttackSettings, EvaluatorSettings

PATIENTS, SHAPE = 4, (32, 32, 3)
SETTINGS = AttackSettings(updates=60, batch_size=16, learning_rate=1e-3, siamese_updates=60)
TRAIN, TEST = (plant_eyes(PATIENTS, 8, size_px=32, seed=seed) for seed in (0, 1))
# So few updates find brightness; patterns take the network a training of its own.
LEVELS = np.linspace(-0.7, 0.7, PATIENTS, dtype=np.float32)[:, None, None, None]
BRIGHT = [np.float32(0.3) * data.images + LEVELS[data.identity] for data in (TRAIN, TEST)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    file = tmp_path_factory.mktemp("identity") / "weights.h5"
    network = build_evaluator(PATIENTS, SHAPE, block_dropout=0.0, dense_dropout=0.5, seed=3)
    network.save_weights(str(file))
    return file


@pytest.fixture(scope="module")
def network(weights):
    return IdentityNetwork(weights, PATIENTS, SHAPE, evaluator=EvaluatorSettings())


@pytest.fixture(scope="module")
def retrained(weights):
    settings = {"evaluator": EvaluatorSettings(), "settings": SETTINGS}
    return RetrainedNetwork(weights, PATIENTS, SHAPE, **settings)


# From untrained weights, 60 updates find all four patients with some seeds and not with others.
def test_it_learns_planted_patients_and_begins_anew_each_time(network, retrained):
    train, noise, test = (
        network.embed(images).blocks
        for images in (BRIGHT[0], draw_noise(TRAIN.images, seed=1), BRIGHT[1])
    )
    retrained.retrain(train, TRAIN.identity, seed=1)
    first = retrained.recognise(test)
    assert np.mean(first.argmax(axis=1) == TEST.identity) > 0.9
    retrained.retrain(noise, TRAIN.identity, seed=1)
    assert not np.allclose(retrained.recognise(test), first)
    retrained.retrain(train, TRAIN.identity, seed=1)
    np.testing.assert_array_equal(retrained.recognise(test), first)


def test_before_it_learns_it_recognises_as_the_run_s_network(weights, network):
    settings = {"evaluator": EvaluatorSettings(), "settings": replace(SETTINGS, updates=0)}
    unchanged = RetrainedNetwork(weights, PATIENTS, SHAPE, **settings)
    unchanged.retrain(network.embed(TRAIN.images).blocks, TRAIN.identity, seed=0)
    embedded = network.embed(TEST.images)
    found = unchanged.recognise(embedded.blocks)
    np.testing.assert_allclose(found, embedded.probabilities, atol=1e-6)


def test_retraining_changes_nothing_of_the_run_s_network(network, retrained):
    before = network.embed(TEST.images)
    retrained.retrain(before.blocks, TEST.identity, seed=0)
    np.testing.assert_array_equal(network.embed(TEST.images).probabilities, before.probabilities)


def test_it_learns_the_same_in_a_process_that_has_trained_before_and_in_one_that_has_not(
    capsys,
):
    process = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "retrained_attacker.py"], stdout=subprocess.PIPE
    )
    tf.config.experimental.enable_op_determinism()
    retrained_attacker.main()
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
    pairs = count_pairs(
        siamese.embed(privatized),
        siamese.embed(features),
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


def test_fewer_rows_than_a_batch_are_learned_together(network, retrained):
    few = np.arange(0, len(TRAIN), 4)
    retrained.retrain(network.embed(TRAIN.images[few]).blocks, TRAIN.identity[few], seed=0)
    found = retrained.recognise(network.embed(TEST.images).blocks)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
