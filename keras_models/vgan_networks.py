"""Encoder, decoder and discriminator of PPRL-VGAN (paper Figure 1; reference `train.py`).

Departure: every network takes the kernel size and the width as arguments; the reference has
kernel 8 and 256 units, which the `paper` profile uses.

Images are (H, W, C) float32 in [-1, 1]. All networks take `kernel_size`, of every convolution, in
pixels; `dtype`, a Keras policy ("float32" or "mixed_bfloat16"; outputs are float32); and `seed`, of
the initial weights and of dropout.
"""

from math import prod

import tensorflow as tf
from keras import Model, initializers, layers

LATENT_UNITS = 128
MOMENTUM = 0.8
SLOPE = 0.2


class CountedDropout(layers.Layer):
    """Dropout whose masks follow from its seed and from how often it was called in training.

    The count is a weight, so that a training resumed from a checkpoint draws what it would have;
    the state of Keras's own dropout is in no checkpoint. Works in float32.

    Args:
        rate: fraction of the inputs that are set to zero.
        seed: of the masks.
        name: of the layer.
    """

    def __init__(self, rate: float, seed: int, *, name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self._rate = rate
        self._seed = seed
        self.calls = tf.Variable(0, dtype=tf.int64, trainable=False, name="calls")

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the inputs, in training with some at zero and the others scaled up."""
        if not training:
            return inputs
        seed = tf.stack([tf.constant(self._seed, tf.int64), self.calls])
        self.calls.assign_add(1)
        drawn = tf.random.stateless_uniform(tf.shape(inputs), seed)
        return tf.where(drawn >= self._rate, inputs / (1 - self._rate), 0.0)


def build_encoder(
    image_shape: tuple[int, int, int],
    *,
    units: int,
    kernel_size: int,
    dropout: float = 0.3,
    dtype: str = "float32",
    seed: int,
) -> Model:
    """Build the encoder: image → (mean, log-variance) of the latent representation f(I).

    Four convolutions with stride 2 (units/8, /4, /2, units), each followed by batch
    normalisation, dropout and LeakyReLU. The second output passes a sigmoid, so the
    log-variance lies in (0, 1), as in the reference.

    Args:
        image_shape: (H, W, C).
        units: width of the last convolution, a multiple of 8.
        dropout: rate after each normalisation.

    Returns:
        A model from (N, H, W, C) to two (N, 128) arrays.
    """
    make = _Layers(seed, kernel_size=kernel_size, dtype=dtype)
    images = x = layers.Input(image_shape, name="images")
    for block, divisor in enumerate((8, 4, 2, 1), start=1):
        x = make.convolution(units // divisor, f"encoder_conv{block}")(x)
        x = make.normalization(f"encoder_norm{block}")(x)
        x = make.dropout(dropout, f"encoder_dropout{block}")(x)
        x = _leaky_relu(f"encoder_relu{block}")(x)
    x = layers.Flatten(dtype=dtype, name="encoder_flatten")(x)
    latent = {"units": LATENT_UNITS, "dtype": "float32"}
    mean = make.dense(name="encoder_mean", **latent)(x)
    log_variance = make.dense(name="encoder_log_variance", activation="sigmoid", **latent)(x)
    return Model(images, [mean, log_variance], name="encoder")


def build_decoder(
    identities: int,
    image_shape: tuple[int, int, int],
    *,
    units: int,
    kernel_size: int,
    dtype: str = "float32",
    seed: int,
) -> Model:
    """Build the decoder: (latent representation, replacement identity) → privatized image.

    Without identities its one input is the latent representation.

    A dense layer to 1/16 of the image's side with 128 channels, three transposed convolutions
    (units, units/2, units/2) with ReLU and batch normalisation, and a last one with tanh.

    Args:
        identities: number of patients, the length of the one-hot replacement identity c, or 0.
        image_shape: (H, W, C), H and W multiples of 16.
        units: width of the first transposed convolution.

    Returns:
        A model from (N, 128) and, if any, (N, identities) to (N, H, W, C) in [-1, 1].
    """
    make = _Layers(seed, kernel_size=kernel_size, dtype=dtype)
    height, width, channels = image_shape
    inputs = [x := layers.Input((LATENT_UNITS,), name="latent")]
    if identities:
        inputs.append(layers.Input((identities,), name="replacement_identity"))
        x = layers.Concatenate(name="decoder_concat")(inputs)
    start = (height // 16, width // 16, 128)
    x = make.dense(prod(start), "decoder_dense", activation="relu")(x)
    x = layers.Reshape(start, name="decoder_reshape")(x)
    for block, divisor in enumerate((1, 2, 2), start=1):
        x = make.transposed(units // divisor, f"decoder_conv{block}", activation="relu")(x)
        x = make.normalization(f"decoder_norm{block}")(x)
    x = make.transposed(channels, "decoder_conv4")(x)
    image = layers.Activation("tanh", dtype="float32", name="privatized_image")(x)
    return Model(inputs, image, name="decoder")


def build_discriminator(
    identities: int,
    image_shape: tuple[int, int, int],
    *,
    task_classes: int = 2,
    kernel_size: int,
    dropout: float = 0.5,
    dtype: str = "float32",
    seed: int,
) -> Model:
    """Build the discriminator with its three heads D1, D2 and D3.

    Four convolutions with stride 2 (32, 64, 128, 256) and LeakyReLU, a dense layer of 256 with
    LeakyReLU and dropout, then the probability of being real, of each identity and of each
    class of the task.

    Args:
        identities: number of patients; with 0 there is the first head alone.
        image_shape: (H, W, C).
        task_classes: classes of the task; glaucoma has two.
        dropout: rate before the heads.

    Returns:
        A model from (N, H, W, C) to [(N, 1), (N, identities), (N, task_classes)] probabilities, or
        to the first of them.
    """
    make = _Layers(seed, kernel_size=kernel_size, dtype=dtype)
    images = x = layers.Input(image_shape, name="images")
    for block, filters in enumerate((32, 64, 128, 256), start=1):
        x = make.convolution(filters, f"discriminator_conv{block}")(x)
        x = _leaky_relu(f"discriminator_relu{block}")(x)
    x = layers.Flatten(dtype=dtype, name="discriminator_flatten")(x)
    x = make.dense(256, "discriminator_dense")(x)
    x = _leaky_relu("discriminator_relu5")(x)
    x = make.dropout(dropout, "discriminator_dropout")(x)
    heads = [
        make.dense(classes, f"discriminator_{name}", activation=activation, dtype="float32")(x)
        for name, classes, activation in (
            ("real", 1, "sigmoid"),
            ("identity", identities, "softmax"),
            ("task", task_classes, "softmax"),
        )
        if identities or name == "real"
    ]
    return Model(images, heads, name="discriminator")


class _Layers:
    """Makes the layers of one network, each from a seed of its own.

    Networks of other seeds have other seeds in all layers; convolutions have stride 2.
    """

    def __init__(self, seed: int, *, kernel_size: int, dtype: str) -> None:
        self._seeds = iter(range(seed * 1000, (seed + 1) * 1000))
        self._kernel = {"kernel_size": kernel_size, "strides": 2, "padding": "same"}
        self._dtype = dtype

    def convolution(self, filters: int, name: str) -> layers.Layer:
        return layers.Conv2D(filters, **self._kernel, **self._share(name))

    def transposed(self, filters: int, name: str, **more) -> layers.Layer:
        return layers.Conv2DTranspose(filters, **self._kernel, **self._share(name), **more)

    def dense(self, units: int, name: str, **more) -> layers.Layer:
        return layers.Dense(units, **self._share(name) | more)

    def normalization(self, name: str) -> layers.Layer:
        return layers.BatchNormalization(momentum=MOMENTUM, dtype=self._dtype, name=name)

    def dropout(self, rate: float, name: str) -> layers.Layer:
        return CountedDropout(rate, next(self._seeds), name=name)

    def _share(self, name: str) -> dict:
        initial = initializers.GlorotUniform(next(self._seeds))
        return {"kernel_initializer": initial, "dtype": self._dtype, "name": name}


def _leaky_relu(name: str) -> layers.LeakyReLU:
    """Return the activation in float32: TensorFlow's bfloat16 gradient of it is 7 times slower."""
    return layers.LeakyReLU(SLOPE, dtype="float32", name=name)
