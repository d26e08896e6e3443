"""The trained networks, read back from their stages' folders, as plain functions of arrays."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from keras import Model

from keras_models.code_networks import LATENT_UNITS, build_code_decoder
from keras_models.evaluator import build_evaluator
from keras_models.plain_network import build_network
from keras_models.vgan_model import standard_deviation
from keras_models.vgan_networks import build_decoder, build_encoder
from replication.config import EvaluatorSettings, VganSettings
from replication.records import NOBODY, judge_ill
from replication.train.disease_code import DiseaseCode
from replication.train.weights import load_weights

DRAWN = 8  # ours: the most images drawn for one that is released
WITH_PLACES = 4  # dimensions of outputs that are (N, h, w, D)
BATCH = 512  # below 128, the decoder's last bits depend on it; larger ones are faster
# Of an evaluator at once: for the activations of more, memory is mapped anew each time, which took
# a third of its processor time.
EVALUATED = 32


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
        layers: str | None = None,  # of a user's network in the evaluator's place, as JSON
    ) -> None:
        self.model = model = (
            build_network(image_shape, json.loads(layers))
            if layers
            else build_evaluator(
                classes, image_shape, **settings.dropout, seed=0, activation=activation
            )
        )
        load_weights(model, weights)
        self._predict = compile_network(model, batch=EVALUATED)
        placed = [layer.output for layer in model.layers if len(layer.output.shape) == WITH_PLACES]
        self._embed = compile_network(Model(model.input, placed[-1]), batch=EVALUATED)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return (N, classes) probabilities for (N, H, W, C) images in [-1, 1]."""
        return self._predict(images)[0]

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Return the last outputs by place, of the evaluator (N, H/16, W/16, 32), for such images."""
        return self._embed(images)[0]


class TrainedGenerator:
    """The trained encoder and decoder of PPRL-VGAN in their stage's folder, in float32.

    PP-MIR's are the same with 0 identities.
    """

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

    def decode(self, latent: np.ndarray, identity: np.ndarray | None = None) -> np.ndarray:
        """Return (N, H, W, C) images in [-1, 1] of these latents with these identities."""
        if identity is None:
            return self._decode(latent)[0]
        one_hot = np.eye(self._identities, dtype=np.float32)[identity]
        return self._decode(latent, one_hot)[0]


class TrainedCodeGenerator:
    """The disease code and its trained generator in their stage's folder, and the verdict's network."""

    def __init__(
        self,
        folder: Path,
        image_shape: tuple[int, int, int],
        predict_glaucoma: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self._code = DiseaseCode.load(folder)
        self._image_shape = height, width, _ = image_shape
        decoder = build_code_decoder(self._code.codes, (height, width, 1), seed=0)
        load_weights(decoder, folder / "decoder.h5")
        self._decode, self._predict = compile_network(decoder), predict_glaucoma

    def read_codes(self, images: np.ndarray, identity: np.ndarray, *, k: int) -> np.ndarray:
        """Return the (N,) codes of images, by the network's verdict on them (`DiseaseCode.read`)."""
        return self._code.read(images, identity, judge_ill(self._predict(images)), k=k)

    def list_behind(self, codes: np.ndarray) -> np.ndarray:
        """Return (N, K) training patients who share each code, ascending, then NOBODY."""
        behind = {int(code): self._code.list_behind(code) for code in np.unique(codes)}
        most = max(map(len, behind.values()), default=0)
        used = np.full((len(codes), most), NOBODY)
        for row, code in zip(used, codes, strict=True):
            row[: len(behind[int(code)])] = behind[int(code)]
        return used

    def draw_images(
        self, codes: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, H, W, C) images in [-1, 1] of these codes, and the latents, each drawn anew.

        One of which the network's verdict is not that of its code is drawn again, at most `DRAWN`
        times in all; which one is released follows from code and draws alone.
        """
        images = np.empty((len(codes), *self._image_shape), np.float32)
        latent = np.empty((len(codes), LATENT_UNITS), np.float32)
        wrong = np.arange(len(codes))
        for _ in range(DRAWN):
            latent[wrong] = rng.standard_normal((len(wrong), LATENT_UNITS), dtype=np.float32)
            drawn = self.show_codes(latent[wrong], codes[wrong])
            images[wrong] = drawn
            wrong = wrong[judge_ill(self._predict(drawn)) != (codes[wrong] != 0)]
            if not len(wrong):
                break
        return images, latent

    def show_codes(self, latent: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return (N, H, W, C) images in [-1, 1] of these latents and codes."""
        one_hot = np.eye(self._code.codes, dtype=np.float32)[codes]
        return np.repeat(self._decode(latent, one_hot)[0], self._image_shape[-1], axis=-1)


def compile_network(network: Model, *, batch: int | None = None) -> Callable[..., list[np.ndarray]]:
    """Return a network as a function of arrays, `Model.predict` without its cost per call.

    Args:
        network: with all its weights.
        batch: rows that it takes at once, BATCH of them where None; the last bits depend on it.

    Returns:
        A function that takes an array of N rows per input and returns one per output.
    """
    shapes = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in network.inputs]

    @tf.function(input_signature=shapes)
    def run_batch(*inputs: tf.Tensor) -> list[tf.Tensor]:
        return tf.nest.flatten(network(list(inputs), training=False))

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        size = batch or BATCH
        starts = range(0, len(inputs[0]), size)
        batches = [run_batch(*(rows[start : start + size] for rows in inputs)) for start in starts]
        return [np.concatenate(output) for output in zip(*batches, strict=True)]

    return run
