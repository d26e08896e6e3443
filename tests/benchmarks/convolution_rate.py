"""How many operations convolutions do: those of a training step, and what the machine reaches."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from keras import Model, layers

from keras_models.vgan_model import GENERATOR_UPDATES, PprlVgan

IMAGES, SIDE_PX, CHANNELS, KERNEL_PX = 32, 32, 128, 3
KINDS = (layers.Conv2D, layers.Conv2DTranspose)


def count_step_operations(model: PprlVgan, batch_size: int) -> float:
    """Return the multiplications and additions of all convolutions in one training step.

    The passes of a step: the generator once forwards for the discriminator; the discriminator
    forwards and backwards (twice a forward's operations) on reals and on fakes; then, in each of
    the generator's updates, the generator forwards and backwards and the discriminator forwards
    and backwards to its input (once a forward's).
    """
    generator = _count_forward(model.encoder) + _count_forward(model.decoder)
    discriminator = _count_forward(model.discriminator)
    # Nobody asks for gradients by the images of the two networks that take images in.
    spared = _count_first(model.encoder) * GENERATOR_UPDATES + 2 * _count_first(model.discriminator)
    own = generator + 2 * 3 * discriminator
    return batch_size * (own + GENERATOR_UPDATES * (3 * generator + 2 * discriminator) - spared)


def build_convolution(dtype: str) -> tuple[Callable[[], object], float]:
    """Return one convolution of a shape that suits processors, and its operations.

    Args:
        dtype: "float32" or "bfloat16".
    """
    images = tf.cast(tf.random.normal((IMAGES, SIDE_PX, SIDE_PX, CHANNELS)), dtype)
    kernel = tf.cast(tf.random.normal((KERNEL_PX, KERNEL_PX, CHANNELS, CHANNELS)), dtype)
    run = tf.function(lambda: tf.nn.conv2d(images, kernel, 1, "SAME"))
    return run, 2.0 * IMAGES * SIDE_PX**2 * KERNEL_PX**2 * CHANNELS**2


def _count_forward(network: Model) -> float:
    return sum(_count_layer(layer) for layer in network.layers if isinstance(layer, KINDS))


def _count_first(network: Model) -> float:
    return _count_layer(next(layer for layer in network.layers if isinstance(layer, KINDS)))


def _count_layer(layer: layers.Layer) -> float:
    """Return a layer's operations on one image: every weight once per place it is laid on."""
    transposed = isinstance(layer, layers.Conv2DTranspose)
    _, height, width, _ = layer.input_shape if transposed else layer.output_shape
    return 2.0 * height * width * layer.kernel.shape.num_elements()
