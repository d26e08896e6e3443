"""What convolutions cost: those of a training step, and one that the machine does best."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import tensorflow as tf
from keras import layers

from keras_models.vgan_model import GENERATOR_UPDATES, PprlVgan

IMAGES, SIDE_PX, CHANNELS, KERNEL_PX = 32, 32, 128, 3
KINDS = (layers.Conv2D, layers.Conv2DTranspose)
_draw = partial(tf.random.normal, seed=0)


class Passes(NamedTuple):
    """How often a training step makes one of its convolutions.

    Args:
        forward: to the layer's output.
        by_input: backwards, to the gradient by the layer's input.
        by_kernel: backwards, to the gradient by its kernel.
    """

    forward: int
    by_input: int
    by_kernel: int


def list_passes(model: PprlVgan) -> Iterator[tuple[layers.Layer, Passes]]:
    """Yield every convolution of the networks with its passes in a training step.

    The generator goes once forwards for the discriminator, which goes forwards and backwards on
    reals and on fakes; then, in each of the generator's updates, the generator goes forwards and
    backwards, and the discriminator forwards and backwards to its input.
    """
    updates = GENERATOR_UPDATES
    generator = Passes(1 + updates, updates, updates)
    for network, passes, by_images in (
        (model.encoder, generator, 0),
        (model.decoder, generator, updates),  # takes no images in: its first layer is as any
        (model.discriminator, Passes(2 + updates, 2 + updates, 2), updates),
    ):
        first, *others = (layer for layer in network.layers if isinstance(layer, KINDS))
        yield first, passes._replace(by_input=by_images)
        yield from ((layer, passes) for layer in others)


def count_step_operations(model: PprlVgan, batch_size: int) -> float:
    """Return the multiplications and additions of all convolutions in one training step."""
    return batch_size * sum(
        sum(passes) * _count_layer(layer) for layer, passes in list_passes(model)
    )


def build_step_convolutions(model: PprlVgan, batch_size: int) -> Callable[[], None]:
    """Return a function that makes all convolutions of a training step, one after the other."""
    planned = [
        (run, times)
        for layer, passes in list_passes(model)
        for run, times in zip(_build_passes(layer, batch_size), passes, strict=True)
    ]

    def make_all() -> None:
        for run, times in planned:
            for _ in range(times):
                run()

    return make_all


def build_convolution(dtype: str) -> tuple[Callable[[], object], float]:
    """Return one convolution of a shape that suits processors, and its operations.

    Args:
        dtype: "float32" or "bfloat16".
    """
    images = tf.cast(_draw((IMAGES, SIDE_PX, SIDE_PX, CHANNELS)), dtype)
    kernel = tf.cast(_draw((KERNEL_PX, KERNEL_PX, CHANNELS, CHANNELS)), dtype)
    run = tf.function(lambda: tf.nn.conv2d(images, kernel, 1, "SAME"))
    return run, 2.0 * IMAGES * SIDE_PX**2 * KERNEL_PX**2 * CHANNELS**2


def _count_layer(layer: layers.Layer) -> float:
    """Return a layer's operations on one image: every weight once per place it is laid on."""
    transposed = isinstance(layer, layers.Conv2DTranspose)
    _, height, width, _ = layer.input_shape if transposed else layer.output_shape
    return 2.0 * height * width * layer.kernel.shape.num_elements()


def _build_passes(layer: layers.Layer, batch_size: int) -> list[Callable[[], tf.Tensor]]:
    """Return a layer's convolution forwards, to its input and to its kernel, on noise."""
    transposed = isinstance(layer, layers.Conv2DTranspose)
    shapes = [layer.input_shape, layer.output_shape][:: -1 if transposed else 1]
    large, small, kernel = (
        tf.cast(_draw(shape), layer.compute_dtype)
        for shape in (*((batch_size, *shape[1:]) for shape in shapes), layer.kernel.shape)
    )
    laid = {"strides": [1, *layer.strides, 1], "padding": "SAME"}
    ops = tf.raw_ops
    down = partial(ops.Conv2D, input=large, filter=kernel, **laid)
    up = partial(
        ops.Conv2DBackpropInput, input_sizes=large.shape, filter=kernel, out_backprop=small, **laid
    )
    by_kernel = partial(
        ops.Conv2DBackpropFilter,
        input=large,
        filter_sizes=kernel.shape,
        out_backprop=small,
        **laid,
    )
    passes = (up, down, by_kernel) if transposed else (down, up, by_kernel)
    return [tf.function(run) for run in passes]
