"""Two devices draw and normalise what one does, each its rows of it."""

import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from two_devices import call_with_devices, list_processors

from keras_models.replicas import SynchronizedNormalization, build_normalization, own_rows
from keras_models.vgan_networks import CountedDropout

ROWS = 8
CALLS = 3


def measure(count: int) -> dict:
    """Return what each of so many devices has of a batch, by name, and the layers' state."""
    names = list_processors()[:count]
    strategy = tf.distribute.MirroredStrategy(names) if count > 1 else tf.distribute.get_strategy()
    images, weights = np.random.default_rng(0).normal(2, 3, (2, ROWS, 3, 3, 2)).astype(np.float32)
    with strategy.scope():
        dropout = CountedDropout(0.5, 7, name="dropout")
        norm = build_normalization(momentum=0.8, dtype="float32", name="norm")
        norm.build(images.shape)

    def compute():
        own = own_rows(tf.constant(images))
        with tf.GradientTape() as tape:
            tape.watch(own)
            normalised = norm(own, training=True)
            loss = tf.reduce_sum(tf.square(normalised) * own_rows(tf.constant(weights)))
        return {
            "rows": own_rows(tf.range(ROWS)),
            "dropped": dropout(tf.ones_like(own), training=True),
            "normalised": normalised,
            "gradient": tape.gradient(loss, own),
            "predicted": norm(own, training=False),
        }

    call = tf.function(lambda: strategy.run(compute))
    for _ in range(CALLS):
        parts = {
            name: [part.numpy() for part in strategy.experimental_local_results(value)]
            for name, value in call().items()
        }
    state = [weight.numpy() for weight in (*norm.weights, dropout.calls)]
    return {"parts": parts, "state": state, "kind": type(norm)}


@pytest.fixture(scope="module")
def one():
    return measure(1)


@pytest.fixture(scope="module")
def two():
    return call_with_devices(2, measure, 2)


def test_one_device_has_all_rows_and_keras_s_own_layer(one):
    assert one["kind"] is layers.BatchNormalization
    assert [len(part) for part in one["parts"]["rows"]] == [ROWS]


def test_two_devices_have_half_of_the_rows_each(two):
    assert two["kind"] is SynchronizedNormalization
    assert [part.tolist() for part in two["parts"]["rows"]] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_dropout_differs_between_the_devices_and_is_that_of_one(one, two):
    first, second = two["parts"]["dropped"]
    assert np.any(first != second)
    np.testing.assert_array_equal(np.concatenate([first, second]), one["parts"]["dropped"][0])


@pytest.mark.parametrize("name", ["normalised", "gradient", "predicted"])
def test_images_are_normalised_as_on_one_device(one, two, name):
    together = np.concatenate(two["parts"][name])
    np.testing.assert_allclose(together, one["parts"][name][0], rtol=1e-4, atol=1e-5)


def test_running_statistics_and_calls_are_those_of_one_device(one, two):
    for alone, shared in zip(one["state"], two["state"], strict=True):
        np.testing.assert_allclose(shared, alone, rtol=1e-5)
    assert two["state"][-1] == CALLS
