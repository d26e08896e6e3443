"""Generator and discriminator of the evidence code: PPRL-VGAN's successor, without an encoder.

Ours. As in PPRL-VGAN (paper Figure 1) a decoder paints an image from a latent representation and a
class, and a discriminator has a head for each thing that the image is to show. What differs is what
goes in: the latent representation is drawn and never encoded from an image, and the class is a code
of the disease, where PPRL-VGAN has an identity. So an image can show nothing of its source but the
code.

The class scales and shifts every block's normalised features (conditional batch normalisation: De
Vries et al., "Modulating early visual processing by language", NeurIPS 2017; with the latent
representation too: Brock et al., BigGAN, ICLR 2019), and the discriminator's judgement of realism
is of image and code together (projection: Miyato and Koyama, ICLR 2018).

Images are gray: (H, W, 1) float32 in [-1, 1]; H and W are multiples of 16.
"""

from math import prod

import tensorflow as tf
from keras import Model, initializers, layers

LATENT_UNITS = 64
EMBEDDING_UNITS = 32
MOMENTUM = 0.9
SLOPE = 0.2
START_CHANNELS = 128
DECODER_FILTERS = (128, 64, 32, 16)
DISCRIMINATOR_FILTERS = (32, 64, 128, 128)
DENSE_UNITS = 128


def build_code_decoder(codes: int, image_shape: tuple[int, int, int], *, seed: int) -> Model:
    """Build the decoder: (latent representation, one-hot code) to image.

    A dense layer to 1/16 of the image's side, four blocks of conditional batch normalisation, ReLU
    and a transposed convolution with stride 2, then a convolution with tanh.

    Args:
        codes: number of codes, 0 among them.
        image_shape: (H, W, 1).
        seed: of the initial weights.

    Returns:
        A model from (N, 64) and (N, codes) to (N, H, W, 1) in [-1, 1].
    """
    make = _Layers(seed)
    height, width, channels = image_shape
    latent = layers.Input((LATENT_UNITS,), name="latent")
    code = layers.Input((codes,), name="code")
    embedded = make.dense(EMBEDDING_UNITS, "decoder_embedding", use_bias=False)(code)
    condition = layers.Concatenate(name="decoder_condition")([latent, embedded])
    start = (height // 16, width // 16, START_CHANNELS)
    x = make.dense(prod(start), "decoder_dense")(condition)
    x = layers.Reshape(start, name="decoder_reshape")(x)
    for block, filters in enumerate(DECODER_FILTERS, start=1):
        x = make.conditional_normalization(x, condition, f"decoder_norm{block}")
        x = layers.ReLU(name=f"decoder_relu{block}")(x)
        x = make.transposed(filters, f"decoder_conv{block}")(x)
    x = layers.ReLU(name="decoder_relu5")(x)
    image = make.convolution(channels, "released_image", kernel=3, stride=1, activation="tanh")(x)
    return Model([latent, code], image, name="decoder")


def build_code_discriminator(
    codes: int, identities: int, image_shape: tuple[int, int, int], *, seed: int
) -> Model:
    """Build the discriminator: (image, one-hot code) to realism, identity and code.

    Four convolutions with stride 2 and LeakyReLU, and a dense layer.

    Args:
        codes: number of codes, 0 among them.
        identities: number of training patients.
        image_shape: (H, W, 1).
        seed: of the initial weights.

    Returns:
        A model from (N, H, W, 1) and (N, codes) to (N, 1) realism, positive for real, (N,
        identities) and (N, codes) logits.
    """
    make = _Layers(seed)
    images = x = layers.Input(image_shape, name="images")
    code = layers.Input((codes,), name="code")
    for block, filters in enumerate(DISCRIMINATOR_FILTERS, start=1):
        x = make.convolution(filters, f"discriminator_conv{block}", kernel=4, stride=2)(x)
        x = layers.LeakyReLU(SLOPE, name=f"discriminator_relu{block}")(x)
    x = layers.Flatten(name="discriminator_flatten")(x)
    x = make.dense(DENSE_UNITS, "discriminator_dense")(x)
    x = layers.LeakyReLU(SLOPE, name="discriminator_relu5")(x)
    projected = layers.Dot(1, name="discriminator_projection")(
        [x, make.dense(DENSE_UNITS, "discriminator_embedding", use_bias=False)(code)]
    )
    real = layers.Add(name="real")([make.dense(1, "discriminator_real")(x), projected])
    identity = make.dense(identities, "identity")(x)
    shown = make.dense(codes, "shown_code")(x)
    return Model([images, code], [real, identity, shown], name="discriminator")


class _Layers:
    """Makes the layers of one network, each from a seed of its own."""

    def __init__(self, seed: int) -> None:
        self._seeds = iter(range(seed * 1000, (seed + 1) * 1000))

    def dense(self, units: int, name: str, **more) -> layers.Layer:
        return layers.Dense(units, kernel_initializer=self._initial(), name=name, **more)

    def convolution(
        self, filters: int, name: str, *, kernel: int, stride: int, **more
    ) -> layers.Layer:
        shape = {"kernel_size": kernel, "strides": stride, "padding": "same"}
        return layers.Conv2D(
            filters, **shape, kernel_initializer=self._initial(), name=name, **more
        )

    def transposed(self, filters: int, name: str) -> layers.Layer:
        shape = {"kernel_size": 4, "strides": 2, "padding": "same"}
        return layers.Conv2DTranspose(
            filters, **shape, kernel_initializer=self._initial(), name=name
        )

    def conditional_normalization(self, x: tf.Tensor, condition: tf.Tensor, name: str) -> tf.Tensor:
        """Normalise, then scale by 1 + a and shift by b, both linear in the condition."""
        channels = x.shape[-1]
        normal = layers.BatchNormalization(momentum=MOMENTUM, center=False, scale=False, name=name)(
            x
        )
        scale, shift = (
            layers.Reshape((1, 1, channels), name=f"{name}_{what}")(
                self.dense(channels, f"{name}_{what}_dense", bias_initializer=bias)(condition)
            )
            for what, bias in (("scale", "ones"), ("shift", "zeros"))
        )
        scaled = layers.Multiply(name=f"{name}_scaled")([normal, scale])
        return layers.Add(name=f"{name}_shifted")([scaled, shift])

    def _initial(self) -> initializers.Initializer:
        return initializers.GlorotUniform(next(self._seeds))
