"""Networks of somebody's own: layers in a row, as hospitals have them."""

import numpy as np
import tensorflow as tf
from keras import Sequential, layers

SHAPE = (16, 16, 3)
COUNT = 40


def build_rows(shape=SHAPE, *, seed=1):
    """Return a network whose normalisations stand before ReLU and behind, and that takes a mean."""
    network = Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(6, 3, strides=2, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(8, (3, 2), padding="same", activation="relu", use_bias=False),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Conv2D(9, (2, 3), strides=(1, 2), padding="same"),
            layers.Activation("relu"),
            layers.BatchNormalization(scale=False),
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation="relu"),
            layers.BatchNormalization(),
            layers.Dense(2),
            layers.Softmax(),
        ]
    )
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            size = layer.moving_mean.shape
            given = [rng.uniform(0.5, 1.5, size)] if layer.scale else []
            given += [rng.normal(0, 0.2, size) for _ in range(2)] + [rng.uniform(0.5, 1.5, size)]
            layer.set_weights(given)
        else:
            layer.set_weights([rng.normal(0, 0.4, array.shape) for array in layer.get_weights()])
    # Both classes are predicted for some of the drawn images.
    last = network.layers[-2]
    before = tf.keras.Model(network.input, last.input)(draw_images(shape), training=False)
    last.bias.assign(-np.median(before @ last.kernel, axis=0))
    return network


def draw_images(shape=SHAPE):
    return np.random.default_rng(0).uniform(-1, 1, (COUNT, *shape)).astype(np.float32)
