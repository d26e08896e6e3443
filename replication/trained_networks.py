"""The trained networks, read back from their stages' folders, as plain functions of arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_models.evaluator import build_evaluator
from keras_models.vgan_model import standard_deviation
from keras_models.vgan_networks import build_decoder, build_encoder
from replication.config import EvaluatorSettings, VganSettings

BATCH = 256


class TrainedEvaluator:
    """A trained evaluation network.

    Args:
        weights: its `weights.h5`.
        classes: of its softmax.
        image_shape: (H, W, C).
        settings: with which it was trained.
        activation: with which it was trained.
    """

    def __init__(
        self,
        weights: Path,
        classes: int,
        image_shape: tuple[int, int, int],
        settings: EvaluatorSettings,
        *,
        activation: str = "relu",
    ) -> None:
        self.model = build_evaluator(
            classes,
            image_shape,
            block_dropout=settings.block_dropout,
            dense_dropout=settings.dense_dropout,
            seed=0,
            activation=activation,
        )
        self.model.load_weights(str(weights))

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return (N, classes) probabilities for (N, H, W, C) images in [-1, 1]."""
        return self.model.predict(images, batch_size=BATCH, verbose=0)


class TrainedGenerator:
    """The trained encoder and decoder of PPRL-VGAN, in float32.

    Args:
        folder: of the stage that trained them.
        identities: number of patients.
        image_shape: (H, W, C).
        settings: with which they were trained.
    """

    def __init__(
        self,
        folder: Path,
        identities: int,
        image_shape: tuple[int, int, int],
        settings: VganSettings,
    ) -> None:
        sizes = {"units": settings.units, "kernel_size": settings.kernel_size, "seed": 0}
        self._encoder = build_encoder(image_shape, **sizes)
        self._decoder = build_decoder(identities, image_shape, **sizes)
        self._encoder.load_weights(str(folder / "encoder.h5"))
        self._decoder.load_weights(str(folder / "decoder.h5"))
        self._identities = identities

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation (N, 128) of the latent representation f(I)."""
        mean, log_variance = self._encoder.predict(images, batch_size=BATCH, verbose=0)
        return mean, standard_deviation(tf.constant(log_variance)).numpy()

    def decode(self, latent: np.ndarray, identity: np.ndarray) -> np.ndarray:
        """Return (N, H, W, C) images in [-1, 1] of these latents with these identities."""
        one_hot = np.eye(self._identities, dtype=np.float32)[identity]
        return self._decoder.predict([latent, one_hot], batch_size=BATCH, verbose=0)
