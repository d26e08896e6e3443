"""The trained networks, read back from their stages' folders, as plain functions of arrays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from keras import Model

from keras_models.evaluator import build_evaluator
from keras_models.vgan_model import standard_deviation
from keras_models.vgan_networks import build_decoder, build_encoder
from replication.config import EvaluatorSettings, VganSettings
from replication.train.weights import load_weights

BATCH = 512  # below 128, the decoder's last bits depend on it; larger ones are faster


class TrainedEvaluator:
    """A trained evaluation network: its `weights.h5`, and what it was built and trained with."""

    def __init__(
        self,
        weights: Path,
        classes: int,
        image_shape: tuple[int, int, int],
        settings: EvaluatorSettings,
        *,
        activation: str = "relu",
    ) -> None:
        model = build_evaluator(
            classes, image_shape, **settings.dropout, seed=0, activation=activation
        )
        load_weights(model, weights)
        self._predict = compile_network(model)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return (N, classes) probabilities for (N, H, W, C) images in [-1, 1]."""
        return self._predict(images)[0]


class TrainedGenerator:
    """The trained encoder and decoder of PPRL-VGAN in their stage's folder, in float32."""

    def __init__(
        self,
        folder: Path,
        identities: int,
        image_shape: tuple[int, int, int],
        settings: VganSettings,
    ) -> None:
        sizes = {"units": settings.units, "kernel_size": settings.kernel_size, "seed": 0}
        encoder = build_encoder(image_shape, **sizes)
        decoder = build_decoder(identities, image_shape, **sizes)
        load_weights(encoder, folder / "encoder.h5")
        load_weights(decoder, folder / "decoder.h5")
        self._encode, self._decode = compile_network(encoder), compile_network(decoder)
        self._identities = identities

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation (N, 128) of the latent representation f(I)."""
        mean, log_variance = self._encode(images)
        return mean, standard_deviation(tf.constant(log_variance)).numpy()

    def decode(self, latent: np.ndarray, identity: np.ndarray) -> np.ndarray:
        """Return (N, H, W, C) images in [-1, 1] of these latents with these identities."""
        one_hot = np.eye(self._identities, dtype=np.float32)[identity]
        return self._decode(latent, one_hot)[0]


def compile_network(network: Model) -> Callable[..., list[np.ndarray]]:
    """Return a network as a function of arrays, `Model.predict` without its cost per call.

    Args:
        network: with all its weights.

    Returns:
        A function that takes an array of N rows per input and returns one per output.
    """
    shapes = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in network.inputs]

    @tf.function(input_signature=shapes)
    def run_batch(*inputs: tf.Tensor) -> list[tf.Tensor]:
        return tf.nest.flatten(network(list(inputs), training=False))

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        starts = range(0, len(inputs[0]), BATCH)
        batches = [run_batch(*(rows[start : start + BATCH] for rows in inputs)) for start in starts]
        return [np.concatenate(output) for output in zip(*batches, strict=True)]

    return run
