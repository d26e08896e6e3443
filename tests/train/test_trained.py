from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from keras_models.evaluator import build_evaluator
from keras_models.vgan_networks import build_decoder, build_encoder
from replication.config import SMOKE
from replication.train import trained as trained_networks
from replication.train.trained import TrainedEvaluator, TrainedGenerator, compile_network

SHAPE = (16, 16, 3)
SIZES = {"units": 16, "kernel_size": 4, "seed": 3}
EXACT = {"rtol": 0, "atol": 1e-6}


def draw_images(count):
    return np.random.default_rng(0).uniform(-1, 1, (count, *SHAPE)).astype(np.float32)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    for name in ("BATCH", "EVALUATED"):
        monkeypatch.setattr(trained_networks, name, 4)


def test_an_evaluator_sees_what_its_network_predicts(tmp_path):
    rates = {"block_dropout": 0.5, "dense_dropout": 0.5}
    trained = build_evaluator(5, SHAPE, seed=1, **rates)
    trained.save_weights(tmp_path / "weights.h5")
    evaluator = TrainedEvaluator(tmp_path / "weights.h5", 5, SHAPE, SMOKE.evaluator)
    for count in (1, 4, 11):
        images = draw_images(count)
        seen = evaluator.predict(images)
        assert seen.shape == (count, 5)
        np.testing.assert_allclose(seen, trained.predict(images, verbose=0), **EXACT)


def test_a_generator_encodes_and_decodes_as_its_networks_predict(tmp_path):
    encoder, decoder = build_encoder(SHAPE, **SIZES), build_decoder(3, SHAPE, **SIZES)
    encoder.save_weights(tmp_path / "encoder.h5")
    decoder.save_weights(tmp_path / "decoder.h5")
    settings = replace(SMOKE.vgan, units=SIZES["units"], kernel_size=SIZES["kernel_size"])
    generator = TrainedGenerator(tmp_path, 3, SHAPE, settings)
    mean, spread = generator.encode(draw_images(9))
    wanted_mean, log_variance = encoder.predict(draw_images(9), verbose=0)
    np.testing.assert_allclose(mean, wanted_mean, **EXACT)
    np.testing.assert_allclose(spread, np.exp(log_variance**2 / 2), **EXACT)
    identity = np.arange(9) % 3
    wanted = decoder.predict([mean, np.eye(3)[identity]], verbose=0)
    np.testing.assert_allclose(generator.decode(mean, identity), wanted, **EXACT)
    assert np.abs(generator.decode(mean, identity[::-1]) - wanted).max() > 1e-4


def test_a_smaller_last_batch_compiles_nothing_anew():
    traced = []

    class Doubled(tf.keras.layers.Layer):
        def call(self, inputs):
            traced.append(inputs.shape[0])
            return 2 * inputs

    numbers = tf.keras.Input((2,))
    run = compile_network(tf.keras.Model(numbers, Doubled()(numbers)))
    traced.clear()
    rows = np.arange(18, dtype=np.float32).reshape(9, 2)
    for count in (9, 3, 9):
        np.testing.assert_array_equal(run(rows[:count])[0], 2 * rows[:count])
    assert traced == [None]
