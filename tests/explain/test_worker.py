"""The worker itself, as the process that it is, against Deep Taylor written out slowly."""

import numpy as np
import pytest
import tensorflow as tf

from keras_models.evaluator import build_evaluator
from replication.config import SMOKE
from replication.errors import ExplanationError
from replication.explain.client import ExplanationWorker

SHAPE = (16, 16, 3)
COUNT = 70  # more than one batch
CONSTANT = 69  # the row of an image that is one gray


def build_network(activation="relu", *, seed=1):
    """Return an evaluator with statistics, scales and biases that are all somebody's."""
    network = build_evaluator(
        2, SHAPE, block_dropout=0.5, dense_dropout=0.5, seed=seed, activation=activation
    )
    rng = np.random.default_rng(2)
    for block in range(1, 5):
        gamma, variance = rng.uniform(0.5, 1.5, (2, 32))
        beta, mean = rng.normal(0, 0.1, (2, 32))
        network.get_layer(f"norm{block}").set_weights([gamma, beta, mean, variance])
    network.get_layer("dense1").bias.assign(rng.normal(0, 0.1, 32))
    centre_logits(network)
    return network


def centre_logits(network):
    """Let half of the drawn images have a positive logit of each class."""
    before, last = network.get_layer("dropout5").output, network.get_layer("dense2")
    features = tf.keras.Model(network.input, before)(draw_images(), training=False)
    last.bias.assign(-np.median(features @ last.kernel, axis=0))


def draw_images():
    images = np.random.default_rng(0).uniform(-1, 1, (COUNT, *SHAPE)).astype(np.float32)
    images[CONSTANT] = 0.5
    return images


def explain(folder, network, weights, **changes):
    with ExplanationWorker(folder) as worker:
        return explain_by(worker, network, weights, **changes)


def explain_by(worker, network, weights, **changes):
    """Explain the drawn images by a worker."""
    images = draw_images()
    request = {
        "weights": weights,
        "classes": 2,
        "settings": SMOKE.evaluator,
        "predictions": network(images, training=False).numpy(),
        "neuron": "predicted",
    }
    return worker.explain(images, **request | changes)


@pytest.fixture(scope="module")
def network():
    return build_network()


@pytest.fixture(scope="module")
def explained(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    network.save_weights(folder / "weights.h5")
    calls = []
    relevance = explain(
        folder, network, folder / "weights.h5", neuron="glaucoma", on_image=lambda: calls.append(1)
    )
    assert len(calls) == COUNT
    return relevance


def share_by_positive_parts(forward, kernel, inputs, relevance):
    """The alpha1-beta0 rule: each input's share of the positive contributions to each output."""
    parts = [(tf.maximum(inputs, 0), tf.maximum(kernel, 0))]
    parts += [(tf.minimum(inputs, 0), tf.minimum(kernel, 0))]
    with tf.GradientTape() as tape:
        values = [value for value, _ in parts]
        tape.watch(values)
        total = tf.add_n([forward(value, part) for value, part in parts])
        held = tf.reduce_sum(total * tf.stop_gradient(tf.math.divide_no_nan(relevance, total)))
    return tf.add_n([v * g for v, g in zip(values, tape.gradient(held, values), strict=True)])


def pull_back(layer, inputs, relevance):
    """Relevance times the layer's gradient: pooling, flattening and batch normalisation."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=False)
    return tape.gradient(outputs, inputs, relevance)


def explain_slowly(network, images, neuron):
    """Deep Taylor as iNNvestigate runs it on this network, layer by layer from the last."""
    inputs, x = {}, tf.constant(images)
    for layer in network.layers[1:]:
        inputs[layer.name], x = x, layer(x, training=False)
    last, first = network.get_layer("dense2"), network.get_layer("dense1")
    logit = (inputs["dense2"] @ last.kernel + last.bias)[:, neuron]
    relevance = tf.maximum(logit, 0)[:, None] * tf.one_hot(neuron, 2)
    for layer in (last, first):
        relevance = share_by_positive_parts(tf.matmul, layer.kernel, inputs[layer.name], relevance)
    for layer in network.layers[network.layers.index(first) - 1 : 0 : -1]:
        if layer.name.startswith("conv"):
            relevance = share_by_positive_parts(
                lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME"),
                layer.kernel,
                inputs[layer.name],
                relevance,
            )
        else:
            relevance = pull_back(layer, inputs[layer.name], relevance)
    return logit.numpy(), relevance.numpy().sum(axis=-1)


def test_the_maps_are_deep_taylor_written_out_slowly(network, explained):
    logit, maps = explain_slowly(network, draw_images(), 1)
    assert 5 < (logit > 0).sum() < COUNT - 5
    np.testing.assert_allclose(explained.logit, logit, atol=1e-5)
    np.testing.assert_allclose(explained.maps, maps, rtol=1e-3, atol=1e-5 * maps.max())


def test_maps_are_empty_exactly_where_the_logit_is_not_positive(explained):
    assert (explained.neuron == 1).all()
    np.testing.assert_array_equal(explained.empty, explained.logit <= 0)


@pytest.mark.slow
def test_where_normalisation_changes_nothing_relevance_sums_to_the_logit(tmp_path):
    network = build_network()
    for block in range(1, 5):
        layer = network.get_layer(f"norm{block}")
        ones, zeros = np.ones(32), np.zeros(32)
        layer.set_weights([ones, zeros, zeros, ones - layer.epsilon])
    centre_logits(network)
    network.save_weights(tmp_path / "weights.h5")
    relevance = explain(tmp_path, network, tmp_path / "weights.h5", method="deep_taylor.bounded")
    predicted = network(draw_images(), training=False).numpy().argmax(axis=1)
    np.testing.assert_array_equal(relevance.neuron, predicted)
    assert 0 < (~relevance.empty).sum()
    sums = relevance.maps.sum(axis=(1, 2))
    np.testing.assert_allclose(sums, np.maximum(relevance.logit, 0), rtol=1e-3)


@pytest.mark.slow
def test_one_worker_explains_network_after_network_each_as_its_own(tmp_path):
    networks = [build_network(seed=seed) for seed in (1, 3)]
    maps = []
    with ExplanationWorker(tmp_path) as worker:
        for number in (0, 1, 0):
            weights = tmp_path / f"network-{number}.h5"
            networks[number].save_weights(weights)
            maps.append(explain_by(worker, networks[number], weights))
    first, other, again = (relevance.maps for relevance in maps)
    np.testing.assert_allclose(again, first, rtol=1e-4, atol=1e-6 * first.max())
    assert np.abs(other - first).max() > 0.1 * first.max()


def test_weights_that_load_as_nothing_are_refused(network, tmp_path):
    weights = tmp_path / "glaucoma.weights.h5"
    network.save_weights(weights)
    with pytest.raises(ExplanationError, match=r"glaucoma\.weights\.h5: .*predicts otherwise"):
        explain(tmp_path, network, weights)
    assert sorted(tmp_path.iterdir()) == [weights]


@pytest.mark.slow
def test_weights_of_another_network_or_none_are_refused(network, tmp_path):
    other = build_evaluator(5, SHAPE, block_dropout=0, dense_dropout=0, seed=0)
    other.save_weights(tmp_path / "identity.h5")
    (tmp_path / "notes.h5").write_text("no weights")
    for name in ("identity", "notes"):
        with pytest.raises(ExplanationError, match=rf"{name}\.h5: not the weights .* of 2 classes"):
            explain(tmp_path, network, tmp_path / f"{name}.h5")


def test_an_evaluator_with_leaky_relu_is_refused_by_innvestigate(tmp_path):
    leaky = build_network("leaky_relu")
    leaky.save_weights(tmp_path / "weights.h5")
    with pytest.raises(ExplanationError, match="'leaky_relu'; train it with 'relu'.*only supports"):
        explain(tmp_path, leaky, tmp_path / "weights.h5", activation="leaky_relu")
