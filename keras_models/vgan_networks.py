"""Encoder, decoder and discriminator of PPRL-VGAN (paper Figure 1; reference `train.py`).

Departure: every network takes the kernel size and the width as arguments; the reference has
kernel 8 and 256 units, which the `paper` profile uses.
"""

from collections.abc import Iterator

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
        rate: share of the inputs that are set to zero.
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
        image_shape: (H, W, C); images are float32 in [-1, 1].
        units: width of the last convolution, a multiple of 8.
        kernel_size: of all convolutions, in pixels.
        dropout: rate after each normalisation.
        dtype: Keras dtype policy, "float32" or "mixed_bfloat16"; outputs are float32.
        seed: of the initial weights and of dropout.

    Returns:
        A model from (N, H, W, C) to two (N, 128) arrays.
    """
    seeds = _seeds(seed)
    images = layers.Input(image_shape, name="images")
    x = images
    for block, share in enumerate((8, 4, 2, 1), start=1):
        x = layers.Conv2D(
            units // share,
            kernel_size,
            strides=2,
            padding="same",
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            dtype=dtype,
            name=f"encoder_conv{block}",
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, dtype=dtype, name=f"encoder_norm{block}")(
            x
        )
        x = CountedDropout(dropout, next(seeds), name=f"encoder_dropout{block}")(x)
        x = _leaky_relu(f"encoder_relu{block}")(x)
    x = layers.Flatten(dtype=dtype, name="encoder_flatten")(x)
    mean, log_variance = (
        layers.Dense(
            LATENT_UNITS,
            activation=activation,
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            dtype="float32",
            name=f"encoder_{name}",
        )(x)
        for name, activation in (("mean", None), ("log_variance", "sigmoid"))
    )
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

    A dense layer to 1/16 of the image's side with 128 channels, three transposed convolutions
    (units, units/2, units/2) with ReLU and batch normalisation, and a last one with tanh.

    Args:
        identities: number of patients, the length of the one-hot replacement identity c.
        image_shape: (H, W, C), H and W multiples of 16.
        units: width of the first transposed convolution.
        kernel_size: of all transposed convolutions, in pixels.
        dtype: Keras dtype policy; the image is float32.
        seed: of the initial weights.

    Returns:
        A model from (N, 128) and (N, identities) to (N, H, W, C) in [-1, 1].
    """
    seeds = _seeds(seed)
    height, width, channels = image_shape
    latent = layers.Input((LATENT_UNITS,), name="latent")
    identity = layers.Input((identities,), name="replacement_identity")
    x = layers.Concatenate(name="decoder_concat")([latent, identity])
    x = layers.Dense(
        height // 16 * (width // 16) * 128,
        activation="relu",
        kernel_initializer=initializers.GlorotUniform(next(seeds)),
        dtype=dtype,
        name="decoder_dense",
    )(x)
    x = layers.Reshape((height // 16, width // 16, 128), name="decoder_reshape")(x)
    for block, share in enumerate((1, 2, 2), start=1):
        x = layers.Conv2DTranspose(
            units // share,
            kernel_size,
            strides=2,
            padding="same",
            activation="relu",
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            dtype=dtype,
            name=f"decoder_conv{block}",
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, dtype=dtype, name=f"decoder_norm{block}")(
            x
        )
    x = layers.Conv2DTranspose(
        channels,
        kernel_size,
        strides=2,
        padding="same",
        kernel_initializer=initializers.GlorotUniform(next(seeds)),
        dtype=dtype,
        name="decoder_conv4",
    )(x)
    image = layers.Activation("tanh", dtype="float32", name="privatized_image")(x)
    return Model([latent, identity], image, name="decoder")


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
        identities: number of patients.
        image_shape: (H, W, C); images are float32 in [-1, 1].
        task_classes: classes of the task; glaucoma has two.
        kernel_size: of all convolutions, in pixels.
        dropout: rate before the heads.
        dtype: Keras dtype policy; the heads are float32.
        seed: of the initial weights and of dropout.

    Returns:
        A model from (N, H, W, C) to [(N, 1), (N, identities), (N, task_classes)] probabilities.
    """
    seeds = _seeds(seed)
    images = layers.Input(image_shape, name="images")
    x = images
    for block, filters in enumerate((32, 64, 128, 256), start=1):
        x = layers.Conv2D(
            filters,
            kernel_size,
            strides=2,
            padding="same",
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            dtype=dtype,
            name=f"discriminator_conv{block}",
        )(x)
        x = _leaky_relu(f"discriminator_relu{block}")(x)
    x = layers.Flatten(dtype=dtype, name="discriminator_flatten")(x)
    x = layers.Dense(
        256,
        kernel_initializer=initializers.GlorotUniform(next(seeds)),
        dtype=dtype,
        name="discriminator_dense",
    )(x)
    x = _leaky_relu("discriminator_relu5")(x)
    x = CountedDropout(dropout, next(seeds), name="discriminator_dropout")(x)
    heads = [
        layers.Dense(
            classes,
            activation=activation,
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            dtype="float32",
            name=f"discriminator_{name}",
        )(x)
        for name, classes, activation in (
            ("real", 1, "sigmoid"),
            ("identity", identities, "softmax"),
            ("task", task_classes, "softmax"),
        )
    ]
    return Model(images, heads, name="discriminator")


def _seeds(seed: int) -> Iterator[int]:
    """Yield a seed for each layer of a network; networks of other seeds share none."""
    return iter(range(seed * 1000, (seed + 1) * 1000))


def _leaky_relu(name: str) -> layers.LeakyReLU:
    """Return the activation in float32: TensorFlow's bfloat16 gradient of it is 7 times slower."""
    return layers.LeakyReLU(SLOPE, dtype="float32", name=name)
