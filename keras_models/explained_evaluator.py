"""The two-class evaluator in forms that Deep Taylor can explain; what it computes stays the same.

- The last layer as log-odds: its softmax sees nothing but the difference of its two outputs, so the
  outputs themselves mean nothing. One unit of weights w1 - w0 and bias b1 - b0 is all of it; its
  negative, beside it, has class 0's.
- Each batch normalisation folded forward, into the layer behind it: the rules of Deep Taylor
  (Montavon et al., Pattern Recognition 65, 2017) have none for a normalisation, and those for the
  layer behind it need inputs that aren't negative. What is left is ReLU layers and max-pooling.
"""

import numpy as np
from keras import Model, layers

from keras_models.evaluator import BLOCK_KERNELS, DENSE_UNITS, FILTERS

LOG_ODDS = "log_odds"


class PlacedConv2D(layers.Conv2D):
    """A convolution over (N, H, W, C) whose bias has a value at each place of its output.

    A constant added to all inputs adds less to the outputs at the border, where zeros are padded:
    a bias alone can't hold it.
    """

    def build(self, input_shape: tuple) -> None:
        """Make the (k, k, C, filters) kernel and the (H, W, filters) bias."""
        use_bias, self.use_bias = self.use_bias, False
        super().build(input_shape)
        self.use_bias = use_bias
        if use_bias:
            self.bias = self.add_weight("bias", (*input_shape[1:3], self.filters))

    def call(self, inputs):
        """Return (N, H, W, filters) outputs."""
        outputs = self.convolution_op(inputs, self.kernel)
        return self.activation(outputs + self.bias if self.use_bias else outputs)


def put_log_odds(network: Model) -> Model:
    """Return the evaluator with the log-odds of each of its two classes instead of the softmax.

    Its other layers are the network's own. Output c is z_c - z_other, the logarithm of p_c / p_other.
    """
    last = layers.Dense(2, name=LOG_ODDS)
    model = Model(network.input, last(network.get_layer("dense2").input), name=network.name)
    kernel, bias = network.get_layer("dense2").get_weights()
    last.set_weights([kernel - kernel[:, ::-1], bias - bias[::-1]])
    return model


def fold_normalisations(network: Model) -> Model:
    """Return the same network without its batch normalisations.

    Behind block b, a channel is scale * x + shift of what comes out of the convolution; scale goes
    into the next layer's weights and shift into its bias. Between them stands max-pooling, which a
    positive scale passes through.

    Args:
        network: of `put_log_odds`.

    Raises:
        ValueError: when a scale isn't positive.
    """
    images = x = layers.Input(network.input_shape[1:], name="images")
    scale, shift = np.ones(x.shape[-1]), np.zeros(x.shape[-1])
    weights = {}
    for block, size in enumerate(BLOCK_KERNELS, start=1):
        kernel, bias = network.get_layer(f"conv{block}").get_weights()
        name = f"folded{block}"
        weights[name] = [
            kernel * scale[:, None],
            bias + _sum_shift(kernel, shift, side=tuple(x.shape[1:3])),
        ]
        activation = network.get_layer(f"conv{block}").activation
        x = PlacedConv2D(FILTERS, size, padding="same", activation=activation, name=name)(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"pool{block}")(x)
        scale, shift = _read_normalisation(network.get_layer(f"norm{block}"))
    kernel, bias = network.get_layer("dense1").get_weights()
    places = len(kernel) // FILTERS
    weights["dense1"] = [
        kernel * np.tile(scale, places)[:, None],
        bias + np.tile(shift, places) @ kernel,
    ]
    weights[LOG_ODDS] = network.get_layer(LOG_ODDS).get_weights()
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(DENSE_UNITS, network.get_layer("dense1").activation, name="dense1")(x)
    model = Model(images, layers.Dense(2, name=LOG_ODDS)(x), name=network.name)
    for name, arrays in weights.items():
        model.get_layer(name).set_weights(arrays)
    return model


def _read_normalisation(layer: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """Return each channel's scale and shift, float64."""
    gamma, beta, mean, variance = (array.astype(np.float64) for array in layer.get_weights())
    scale = gamma / np.sqrt(variance + layer.epsilon)
    if not (scale > 0).all():
        raise ValueError(
            f"{layer.name}: {(scale <= 0).sum()} of {len(scale)} channels have a scale (gamma) that "
            "isn't positive, which max-pooling doesn't pass on"
        )
    return scale, beta - scale * mean


def _sum_shift(kernel: np.ndarray, shift: np.ndarray, *, side: tuple[int, int]) -> np.ndarray:
    """Return what a constant in each channel adds to a zero-padded convolution's outputs.

    Args:
        kernel: (k, k, channels, filters), k odd.
        shift: (channels,) the constants.
        side: (H, W) of inputs and outputs.

    Returns:
        (H, W, filters) float64.
    """
    size = kernel.shape[0]
    inside = np.pad(np.ones(side), size // 2)
    windows = np.lib.stride_tricks.sliding_window_view(inside, (size, size))
    return np.einsum("yxij,ijco,c->yxo", windows, kernel, shift, optimize=True)
