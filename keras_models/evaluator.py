"""The evaluation CNN, which predicts identity or glaucoma in privatized images.

Follows the PPRL-VGAN reference's `Privacy_vs_Utility_check.py` (paper §2.3).

Departure: ReLU, fused into each convolution, instead of LeakyReLU(0.2): iNNvestigate's Deep
Taylor refuses LeakyReLU and gives a linear layer before a ReLU layer another rule. The first
author's later evaluator does the same.
"""

import tensorflow as tf
from keras import Model, initializers, layers

BLOCK_KERNELS = (5, 5, 3, 3)
FILTERS = 32
DENSE_UNITS = 32


def build_evaluator(
    classes: int,
    image_shape: tuple[int, int, int],
    *,
    block_dropout: float,
    dense_dropout: float,
    seed: int,
    activation: str = "relu",
) -> Model:
    """Build the evaluation CNN, untrained.

    Four blocks of convolution → batch normalisation → 3x3 max pooling with stride 2 → dropout,
    then a dense layer of 32 and the softmax. Every layer is named.

    Args:
        classes: number of classes of the softmax.
        image_shape: (H, W, C) of an image; images are float32 in [-1, 1].
        block_dropout: dropout rate after each block (0 in the reference).
        dense_dropout: dropout rate before the softmax.
        seed: of the initial weights and of dropout.
        activation: of the convolutions and the dense layer; anything but "relu" can't be
            explained by Deep Taylor.

    Returns:
        A model from (N, H, W, C) images to (N, classes) probabilities.
    """
    seeds = iter(range(seed * 100, seed * 100 + 100))
    images = x = layers.Input(image_shape, name="images")
    for block, kernel in enumerate(BLOCK_KERNELS, start=1):
        x = layers.Conv2D(
            FILTERS,
            kernel,
            padding="same",
            activation=activation,
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            name=f"conv{block}",
        )(x)
        x = layers.BatchNormalization(name=f"norm{block}")(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"pool{block}")(x)
        x = _build_dropout(block_dropout, next(seeds), name=f"dropout{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    initial = initializers.GlorotUniform(next(seeds))
    x = layers.Dense(DENSE_UNITS, activation, kernel_initializer=initial, name="dense1")(x)
    x = _build_dropout(dense_dropout, next(seeds), name="dropout5")(x)
    initial = initializers.GlorotUniform(next(seeds))
    probabilities = layers.Dense(classes, "softmax", kernel_initializer=initial, name="dense2")(x)
    return Model(images, probabilities, name="evaluator")


def list_random_states(network: Model) -> list[tf.Variable]:
    """Return the states of a network's dropout generators; a checkpoint needs them too."""
    # Keras keeps these states out of the weights, on purpose, and has no other way to them.
    dropouts = [layer for layer in network.layers if isinstance(layer, layers.Dropout)]
    return [dropout._random_generator._generator.state for dropout in dropouts]


def seed_dropout(network: Model, seed: int) -> None:
    """Reset the dropout generators of a network to a seed."""
    for number, state in enumerate(list_random_states(network)):
        state.assign(tf.random.Generator.from_seed(100 * seed + number).state)


def _build_dropout(rate: float, seed: int, *, name: str) -> layers.Dropout:
    """Build Keras's dropout with a random state that can be read and set."""
    return layers.Dropout(rate, seed=seed, force_generator=True, name=name)
