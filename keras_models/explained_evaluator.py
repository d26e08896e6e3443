"""A two-class network in forms that Deep Taylor can explain; what it computes stays the same.

- The last layer as log-odds: its softmax sees nothing but the difference of its two outputs, so the
  outputs themselves mean nothing. One unit of weights w1 - w0 and bias b1 - b0 is all of it; its
  negative, beside it, has class 0's.
- Each ReLU as part of the layer of weights that it stands behind, with a batch normalisation
  between the two: a layer of weights without a ReLU would get another rule. A mean over all places
  as part of the dense layer behind it.
- Each other batch normalisation folded forward, into the layer behind it: the rules of Deep Taylor
  (Montavon et al., Pattern Recognition 65, 2017) have none for a normalisation, and those for the
  layer behind it need inputs that aren't negative. What is left is ReLU layers and max-pooling.
"""

from dataclasses import dataclass, field

import numpy as np
from keras import Model, activations, layers

LOG_ODDS = "log_odds"
# They change nothing of a trained network, or stand for what a block of weights is made of anyway.
PASSED = (layers.InputLayer, layers.Dropout, layers.Softmax)
Weighted = layers.Conv2D | layers.Dense


class PlacedConv2D(layers.Conv2D):
    """A convolution over (N, H, W, C) whose bias has a value at each place of its output.

    A constant added to all inputs adds less to the outputs at the border, where zeros are padded:
    a bias alone can't hold it.
    """

    def build(self, input_shape: tuple) -> None:
        """Make the (k, k, C, filters) kernel and the (H', W', filters) bias."""
        use_bias, self.use_bias = self.use_bias, False
        super().build(input_shape)
        self.use_bias = use_bias
        if use_bias:
            self.bias = self.add_weight("bias", self.compute_output_shape(input_shape)[1:])

    def call(self, inputs):
        """Return (N, H', W', filters) outputs."""
        outputs = self.convolution_op(inputs, self.kernel)
        return self.activation(outputs + self.bias if self.use_bias else outputs)


@dataclass
class _Block:
    """A layer of weights, and what stands between it and the one before it."""

    between: list[layers.Layer]
    layer: Weighted
    kernel: np.ndarray
    bias: np.ndarray
    activation: object
    averaged: bool = field(init=False)  # whether it reads the means over all places

    def __post_init__(self) -> None:
        kinds = [type(layer) for layer in self.between]
        self.averaged = layers.GlobalAveragePooling2D in kinds
        if self.averaged:  # a flattening of means does nothing
            kept = (layers.BatchNormalization, layers.MaxPooling2D)
            self.between = [layer for layer in self.between if type(layer) in kept]

    @property
    def is_open(self) -> bool:
        """Whether no ReLU stands behind it so far."""
        return self.activation is activations.linear


def put_log_odds(network: Model) -> Model:
    """Return a network with the log-odds of each of its two classes instead of the softmax.

    Output c is z_c - z_other, the logarithm of p_c / p_other.

    Raises:
        ValueError: when layers follow each other otherwise than Deep Taylor can explain.
    """
    blocks = _list_blocks(network)
    last = blocks[-1]
    last.kernel, last.bias = last.kernel - last.kernel[:, ::-1], last.bias - last.bias[::-1]
    images = x = layers.Input(network.input_shape[1:], name="images")
    weights = []
    for block in blocks:
        for layer in block.between:
            copy = type(layer).from_config(layer.get_config())
            x = copy(x)
            weights.append((copy, layer.get_weights()))
        kernel = block.kernel
        if block.averaged:
            kernel = _average(kernel, places=x.shape[1] * x.shape[2])
            x = layers.Flatten(name=f"flat_{block.layer.name}")(x)
        x, own = _put(block, x, is_last=block is last)
        weights.append((own, [kernel, block.bias]))
    return _give(Model(images, x, name=network.name), weights)


def fold_normalisations(network: Model) -> Model:
    """Return the same network without its batch normalisations.

    Behind a normalisation, a channel is scale * x + shift of what comes out of the layer before it;
    scale goes into the next layer's weights and shift into its bias. Max-pooling may stand between
    them, which a positive scale passes through.

    Args:
        network: of `put_log_odds`.

    Raises:
        ValueError: when a scale before max-pooling isn't positive.
    """
    images = x = layers.Input(network.input_shape[1:], name="images")
    blocks, weights = _list_blocks(network), []
    for block in blocks:
        scale, shift, norm = np.ones(x.shape[-1]), np.zeros(x.shape[-1]), None
        for layer in block.between:
            if isinstance(layer, layers.BatchNormalization):
                norm, (own_scale, own_shift) = layer, _read_normalisation(layer)
                scale, shift = scale * own_scale, shift * own_scale + own_shift
                continue
            if isinstance(layer, layers.MaxPooling2D):
                _check_passed(scale, norm)
            places = x.shape[1] * x.shape[2]
            x = type(layer).from_config(layer.get_config())(x)
            if isinstance(layer, layers.Flatten):
                scale, shift = np.tile(scale, places), np.tile(shift, places)
        if isinstance(block.layer, layers.Dense):
            bias = block.bias + shift @ block.kernel
            kernel = block.kernel * scale[:, None]
        else:
            bias = block.bias + _sum_shift(block.layer, block.kernel, shift, side=x.shape[1:3])
            kernel = block.kernel * scale[:, None]
        x, own = _put(block, x, is_last=block is blocks[-1], placed=True)
        weights.append((own, [kernel, bias]))
    return _give(Model(images, x, name=network.name), weights)


def _list_blocks(network: Model) -> list[_Block]:
    """Return the layers of weights in their order, each with the ReLU that stands behind it."""
    blocks, between = [], []
    for layer in network.layers:
        if isinstance(layer, PASSED) or _is_softmax(layer):
            continue
        behind = blocks[-1] if blocks and blocks[-1].is_open and not between else None
        if isinstance(layer, layers.ReLU | layers.Activation):
            if behind is None:
                raise ValueError(
                    f"layer {layer.name!r}: expected a convolution or dense layer right before it, "
                    "with nothing but a batch normalisation between them"
                )
            behind.activation = activations.relu
        elif behind and isinstance(layer, layers.BatchNormalization):
            scale, shift = _read_normalisation(layer)
            behind.kernel, behind.bias = behind.kernel * scale, behind.bias * scale + shift
        elif behind:
            raise ValueError(
                f"layer {behind.layer.name!r}: expected a ReLU behind it, before {layer.name!r}"
            )
        elif isinstance(layer, layers.Conv2D | layers.Dense):
            kernel, *bias = layer.get_weights()
            bias = bias[0] if bias else np.zeros(kernel.shape[-1], np.float32)
            blocks.append(_Block(between, layer, kernel, bias, layer.activation))
            between = []
        else:
            between.append(layer)
    return blocks


def _is_softmax(layer: layers.Layer) -> bool:
    """Return whether a layer is a softmax and nothing else."""
    return isinstance(layer, layers.Activation) and layer.activation is activations.softmax


def _put(
    block: _Block, x: object, *, is_last: bool, placed: bool = False
) -> tuple[object, layers.Layer]:
    """Return the outputs of a block's layer of weights built anew, and the layer."""
    layer = block.layer
    if isinstance(layer, layers.Dense):
        name = LOG_ODDS if is_last else layer.name
        activation = None if is_last else block.activation
        own = layers.Dense(block.kernel.shape[-1], activation, name=name)
    else:
        own = (PlacedConv2D if placed else layers.Conv2D)(
            layer.filters,
            layer.kernel_size,
            strides=layer.strides,
            padding=layer.padding,
            activation=block.activation,
            name=layer.name,
        )
    return own(x), own


def _give(network: Model, weights: list[tuple[layers.Layer, list[np.ndarray]]]) -> Model:
    for layer, arrays in weights:
        layer.set_weights(arrays)
    return network


def _average(kernel: np.ndarray, *, places: int) -> np.ndarray:
    """Return the (places * C, units) kernel that reads all places as (C, units) reads their mean."""
    return np.tile(kernel.astype(np.float64), (places, 1)) / places


def _read_normalisation(layer: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """Return each channel's scale and shift, float64."""
    arrays = iter(layer.get_weights())
    gamma = next(arrays).astype(np.float64) if layer.scale else 1.0
    beta = next(arrays).astype(np.float64) if layer.center else 0.0
    mean, variance = (array.astype(np.float64) for array in arrays)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return scale, beta - scale * mean


def _check_passed(scale: np.ndarray, layer: layers.BatchNormalization | None) -> None:
    if layer is not None and not (scale > 0).all():
        raise ValueError(
            f"{layer.name}: {(scale <= 0).sum()} of {len(scale)} channels have a scale (gamma) that "
            "isn't positive, which max-pooling doesn't pass on"
        )


def _sum_shift(
    layer: layers.Conv2D, kernel: np.ndarray, shift: np.ndarray, *, side: tuple[int, int]
) -> np.ndarray:
    """Return what a constant in each channel adds to a convolution's outputs.

    Args:
        layer: with its strides and padding.
        kernel: (k, k', channels, filters).
        shift: (channels,) the constants.
        side: (H, W) of the inputs.

    Returns:
        (H', W', filters) float64.
    """
    inside = np.ones(side)
    if layer.padding == "same":
        sizes = zip(side, kernel.shape[:2], layer.strides, strict=True)
        inside = np.pad(inside, [_pad(*each) for each in sizes])
    windows = np.lib.stride_tricks.sliding_window_view(inside, kernel.shape[:2])
    windows = windows[:: layer.strides[0], :: layer.strides[1]]
    return np.einsum("yxij,ijco,c->yxo", windows, kernel, shift, optimize=True)


def _pad(side: int, size: int, stride: int) -> tuple[int, int]:
    """Return how many zeros TensorFlow pads before and behind a side: an odd one goes behind."""
    zeros = max((-(-side // stride) - 1) * stride + size - side, 0)
    return zeros // 2, zeros - zeros // 2
