"""The worker itself, as the process that it is, against Deep Taylor written out slowly."""

import json

import numpy as np
import pytest
import tensorflow as tf
from own_networks import build_rows

from keras_models.evaluator import build_evaluator
from keras_models.explained_evaluator import fold_normalisations, put_log_odds
from keras_models.plain_network import build_network as build_plain_network
from keras_models.plain_network import copy_weights, describe_network
from replication.config import SMOKE
from replication.errors import ExplanationError
from replication.explain.client import ExplanationWorker
from replication.explain.exchange import RULES

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
    """Let both classes be predicted for some of the drawn images."""
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
    """The maps of glaucoma by every rule, of one worker."""
    folder = tmp_path_factory.mktemp("explained")
    network.save_weights(folder / "weights.h5")
    calls, maps = [], {}
    with ExplanationWorker(folder) as worker:
        for method in RULES:
            maps[method] = explain_by(
                worker,
                network,
                folder / "weights.h5",
                neuron="glaucoma",
                method=method,
                on_image=lambda: calls.append(1),
            )
    assert len(calls) == COUNT * len(RULES)
    return maps


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


def share_within_bounds(forward, kernel, inputs, relevance):
    """The z^B rule: x w - low w+ - high w-, for pixels from -1 to 1."""
    inputs = [inputs, -tf.ones_like(inputs), tf.ones_like(inputs)]
    kernels = [kernel, tf.maximum(kernel, 0), tf.minimum(kernel, 0)]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        own, low, high = (forward(x, k) for x, k in zip(inputs, kernels, strict=True))
        total = own - low - high
        held = tf.reduce_sum(total * tf.stop_gradient(tf.math.divide_no_nan(relevance, total)))
    own, low, high = tape.gradient(held, inputs)
    return inputs[0] * own + inputs[1] * low + inputs[2] * high


def convolve(x, kernel):
    return tf.nn.conv2d(x, kernel, 1, "SAME")


def share_log_odds(network, x):
    """Return glaucoma's log-odds and the relevance of the last layer's inputs."""
    kernel, bias = (array.numpy() for array in network.get_layer("dense2").weights)
    kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1] - bias[0]
    log_odds = (x @ kernel + bias)[:, 0]
    relevance = tf.maximum(log_odds, 0)[:, None]
    return log_odds.numpy(), share_by_positive_parts(tf.matmul, kernel, x, relevance)


def explain_slowly(network, images, share_first):
    """Deep Taylor as iNNvestigate runs it on this network, layer by layer from the last."""
    inputs, x = {}, tf.constant(images)
    for layer in network.layers[1:]:
        inputs[layer.name], x = x, layer(x, training=False)
    first = network.get_layer("dense1")
    log_odds, relevance = share_log_odds(network, inputs["dense2"])
    relevance = share_by_positive_parts(tf.matmul, first.kernel, inputs["dense1"], relevance)
    for layer in network.layers[network.layers.index(first) - 1 : 0 : -1]:
        if layer.name.startswith("conv"):
            share = share_first if layer.name == "conv1" else share_by_positive_parts
            relevance = share(convolve, layer.kernel, inputs[layer.name], relevance)
        else:
            relevance = pull_back(layer, inputs[layer.name], relevance)
    return log_odds, relevance.numpy().sum(axis=-1)


def explain_folded_slowly(network, images):
    """The same without normalisations: what each does to a channel is part of the next layer.

    Behind a normalisation a channel is scale * x + shift, so the next layer's weights for x are
    scaled; its shifts, like its bias, take no relevance.
    """
    bare = normalised = tf.constant(images)
    scale, steps = np.ones(3, np.float32), []
    for block in range(1, 5):
        conv, norm, pool = (network.get_layer(f"{n}{block}") for n in ("conv", "norm", "pool"))
        outputs = conv(normalised)
        steps.append((conv.kernel * scale[:, None], bare, outputs, pool))
        bare, normalised = pool(outputs), pool(norm(outputs, training=False))
        scale = (norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)).numpy()
    dense1 = network.get_layer("dense1")
    flat, given = (tf.reshape(x, (len(images), -1)) for x in (bare, normalised))
    log_odds, relevance = share_log_odds(network, dense1(given))
    kernel = dense1.kernel * np.tile(scale, flat.shape[1] // len(scale))[:, None]
    relevance = share_by_positive_parts(tf.matmul, kernel, flat, relevance)
    relevance = tf.reshape(relevance, bare.shape)
    for kernel, inputs, outputs, pool in reversed(steps):
        relevance = pull_back(pool, outputs, relevance)
        first = inputs is steps[0][1]
        share = share_within_bounds if first else share_by_positive_parts
        relevance = share(convolve, kernel, inputs, relevance)
    return log_odds, relevance.numpy().sum(axis=-1)


SLOWLY = {
    "deep_taylor": lambda *given: explain_slowly(*given, share_by_positive_parts),
    "deep_taylor.bounded": lambda *given: explain_slowly(*given, share_within_bounds),
    "deep_taylor.folded": explain_folded_slowly,
}


@pytest.mark.parametrize("method", RULES)
def test_the_maps_are_deep_taylor_written_out_slowly(network, explained, method):
    log_odds, maps = SLOWLY[method](network, draw_images())
    assert 5 < (log_odds > 0).sum() < COUNT - 5
    np.testing.assert_allclose(explained[method].logit, log_odds, atol=1e-5)
    np.testing.assert_allclose(explained[method].maps, maps, rtol=1e-3, atol=1e-5 * maps.max())


def test_maps_are_empty_exactly_where_the_log_odds_are_not_positive(explained):
    for relevance in explained.values():
        assert (relevance.neuron == 1).all()
        np.testing.assert_array_equal(relevance.empty, relevance.logit <= 0)


def test_folded_maps_sum_to_the_log_odds(explained):
    relevance = explained["deep_taylor.folded"]
    sums = relevance.maps.sum(axis=(1, 2))
    np.testing.assert_allclose(sums, np.maximum(relevance.logit, 0), rtol=1e-4, atol=1e-6)
    shown = relevance.logit > 0
    plain = explained["deep_taylor"].maps.sum(axis=(1, 2))[shown]
    assert np.abs(plain / relevance.logit[shown] - 1).min() > 0.1


def test_the_predicted_class_always_has_a_map(network, explained, tmp_path):
    network.save_weights(tmp_path / "weights.h5")
    relevance = explain(tmp_path, network, tmp_path / "weights.h5")
    probabilities = network(draw_images(), training=False).numpy()
    np.testing.assert_array_equal(relevance.neuron, probabilities.argmax(axis=1))
    assert set(relevance.neuron) == {0, 1} and not relevance.empty.any()
    expected = np.abs(np.log(probabilities[:, 1] / probabilities[:, 0]))
    np.testing.assert_allclose(relevance.logit, expected, rtol=1e-3, atol=1e-5)
    sick = relevance.neuron == 1
    glaucoma = explained["deep_taylor.folded"].maps
    np.testing.assert_allclose(relevance.maps[sick], glaucoma[sick], rtol=1e-4, atol=1e-7)


def test_a_scale_that_is_not_positive_is_refused(network, tmp_path):
    turned = build_network(seed=1)
    gamma, *others = turned.get_layer("norm2").get_weights()
    gamma[3] = -0.5
    turned.get_layer("norm2").set_weights([gamma, *others])
    turned.save_weights(tmp_path / "weights.h5")
    with pytest.raises(ExplanationError, match=r"norm2: 1 of 32 channels have a scale .* seed"):
        explain(tmp_path, turned, tmp_path / "weights.h5")


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
    with pytest.raises(ExplanationError, match="activations; train it with 'relu'.*only supports"):
        explain(tmp_path, leaky, tmp_path / "weights.h5", activation="leaky_relu")


def explain_network(folder, network, **changes):
    """Explain the drawn images by a user's network, kept as a run keeps it."""
    built = build_plain_network(SHAPE, describe_network(network))
    copy_weights(network, built)
    built.save_weights(folder / "weights.h5")
    layers = json.dumps(describe_network(network))
    return explain(folder, network, folder / "weights.h5", layers=layers, **changes)


@pytest.mark.parametrize("method", RULES)
def test_the_evaluator_as_somebodys_own_network_has_the_same_maps(
    network, explained, tmp_path, method
):
    own = explain_network(tmp_path, network, neuron="glaucoma", method=method)
    np.testing.assert_array_equal(own.maps, explained[method].maps)
    np.testing.assert_array_equal(own.logit, explained[method].logit)


def test_maps_of_somebodys_own_layers_are_deep_taylor_written_out_slowly(tmp_path):
    own = explain_network(tmp_path, build_rows(), neuron="glaucoma")
    folded = fold_normalisations(put_log_odds(build_rows()))
    inputs, x = {}, tf.constant(draw_images())
    for layer in folded.layers[1:]:
        inputs[layer.name], x = x, layer(x)
    np.testing.assert_allclose(own.logit, x[:, 1], rtol=1e-4, atol=1e-5)
    relevance, first = tf.maximum(x, 0) * [0.0, 1.0], folded.layers[1]
    for layer in reversed(folded.layers[1:]):
        if hasattr(layer, "kernel"):
            share = share_within_bounds if layer is first else share_by_positive_parts
            relevance = share(forward_of(layer), layer.kernel, inputs[layer.name], relevance)
        else:
            relevance = pull_back(layer, inputs[layer.name], relevance)
    maps = relevance.numpy().sum(axis=-1)
    assert 5 < (own.logit > 0).sum() < COUNT - 5
    np.testing.assert_allclose(own.maps, maps, rtol=1e-3, atol=1e-5 * maps.max())
    sums = np.maximum(own.logit, 0)
    np.testing.assert_allclose(own.maps.sum(axis=(1, 2)), sums, rtol=1e-3, atol=1e-5)


def forward_of(layer):
    """Return what a layer does to its inputs by a kernel, without bias and ReLU."""
    if not hasattr(layer, "padding"):
        return tf.matmul
    return lambda x, kernel: tf.nn.conv2d(x, kernel, layer.strides, layer.padding.upper())


def test_weights_of_another_network_than_the_layers_are_refused(network, tmp_path):
    network.save_weights(tmp_path / "weights.h5")
    layers = json.dumps(describe_network(build_rows()))
    with pytest.raises(ExplanationError, match=r"weights\.h5: not the weights") as caught:
        explain(tmp_path, network, tmp_path / "weights.h5", layers=layers)
    assert caught.value.exit_code == 5
