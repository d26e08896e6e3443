"""The evaluator in the forms that Deep Taylor explains: what it computes stays the same."""

import numpy as np
import pytest
import tensorflow as tf

from keras_models.evaluator import build_evaluator
from keras_models.explained_evaluator import PlacedConv2D, fold_normalisations, put_log_odds

SHAPE = (24, 20, 3)


@pytest.fixture(scope="module")
def network():
    """An evaluator whose normalisations shift every channel."""
    network = build_evaluator(2, SHAPE, block_dropout=0.5, dense_dropout=0.5, seed=1)
    rng = np.random.default_rng(2)
    for block in range(1, 5):
        gamma, variance = rng.uniform(0.5, 1.5, (2, 32))
        beta, mean = rng.normal(0, 0.3, (2, 32))
        network.get_layer(f"norm{block}").set_weights([gamma, beta, mean, variance])
    for name in ("conv1", "conv2", "dense1", "dense2"):
        layer = network.get_layer(name)
        layer.bias.assign(rng.normal(0, 0.1, layer.bias.shape))
    return network


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (12, *SHAPE)).astype(np.float32)


def test_log_odds_are_the_logarithm_of_what_the_softmax_makes(network, images):
    probabilities = network(images, training=False).numpy().astype(np.float64)
    found = put_log_odds(network)(images, training=False).numpy()
    expected = np.log(probabilities / probabilities[:, ::-1])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found[:, 1]) > 0.1


def test_the_folded_network_computes_the_same_at_the_border_too(network, images):
    log_odds = put_log_odds(network)
    folded = fold_normalisations(log_odds)
    kinds = {type(layer) for layer in folded.layers}
    assert tf.keras.layers.BatchNormalization not in kinds and PlacedConv2D in kinds
    expected = log_odds(images, training=False).numpy()
    # float32 rounds in four blocks.
    np.testing.assert_allclose(folded(images), expected, rtol=1e-5, atol=1e-5)
    # A bias that is the same everywhere isn't enough: at the border fewer pixels are shifted.
    for layer in folded.layers:
        if isinstance(layer, PlacedConv2D):
            kernel, bias = layer.get_weights()
            middle = bias[bias.shape[0] // 2, bias.shape[1] // 2]
            layer.set_weights([kernel, np.broadcast_to(middle, bias.shape)])
    assert np.abs(folded(images) - expected).max() > 1e-3


@pytest.mark.parametrize("gamma", [0.0, -0.3])
def test_a_scale_that_pooling_does_not_pass_on_is_refused(images, gamma):
    turned = build_evaluator(2, SHAPE, block_dropout=0, dense_dropout=0, seed=1)
    weights = turned.get_layer("norm3").get_weights()
    weights[0][[4, 9]] = gamma
    turned.get_layer("norm3").set_weights(weights)
    with pytest.raises(ValueError, match="norm3: 2 of 32 channels have a scale"):
        fold_normalisations(put_log_odds(turned))
