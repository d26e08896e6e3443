"""Networks of images of 128 px and of one channel: they build, train and can be explained."""

from dataclasses import replace

import numpy as np
import pytest

from keras_models.code_networks import build_code_decoder, build_code_discriminator
from keras_models.evaluator import build_evaluator
from keras_models.explained_evaluator import fold_normalisations, put_log_odds
from keras_models.vgan_networks import build_decoder, build_discriminator, build_encoder
from replication.config import SMOKE
from replication.records import EyeDataset
from replication.train.trained import TrainedGenerator
from replication.train.vgan import train_vgan

SHAPES = [(128, 128, 1), (64, 64, 1), (128, 128, 3)]


def draw_noise(count: int, shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_networks_build(shape):
    sizes = {"kernel_size": 4, "seed": 0}
    assert build_encoder(shape, units=32, **sizes).output_shape == [(None, 128)] * 2
    assert build_decoder(5, shape, units=32, **sizes).output_shape == (None, *shape)
    assert build_discriminator(5, shape, **sizes).input_shape == (None, *shape)
    gray = (*shape[:2], 1)
    assert build_code_decoder(4, gray, seed=0).output_shape == (None, *gray)
    assert build_code_discriminator(4, 5, gray, seed=0).input_shape[0] == (None, *gray)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_explained_computes_what_the_network_does(shape):
    network = build_evaluator(2, shape, block_dropout=0.0, dense_dropout=0.5, seed=0)
    images, log_odds = draw_noise(3, shape), put_log_odds(network)
    expected = log_odds.predict(images, verbose=0)
    folded = fold_normalisations(log_odds).predict(images, verbose=0)
    np.testing.assert_allclose(folded, expected, atol=1e-4)
    probabilities = network.predict(images, verbose=0)
    ratio = np.log(probabilities[:, 1] / probabilities[:, 0])
    np.testing.assert_allclose(expected[:, 1], ratio, atol=1e-4)


def test_pprl_vgan_trains_two_steps_of_large_images_of_one_channel(tmp_path):
    shape, settings = (128, 128, 1), replace(SMOKE.vgan, batch_size=4, steps=2)
    names = np.array([f"image-{number}" for number in range(8)])
    data = EyeDataset(draw_noise(8, shape), np.arange(8) % 3, np.arange(8) % 2 == 0, names)
    train_vgan(data, identities=3, settings=settings, seed=0, folder=tmp_path)
    generator = TrainedGenerator(tmp_path, 3, shape, settings)
    mean, _ = generator.encode(data.images)
    drawn = generator.decode(mean, data.identity)
    assert drawn.shape == data.images.shape and np.abs(drawn).max() <= 1
