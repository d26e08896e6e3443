"""The networks of the attack: the run's identity network, and a Siamese network above its features.

An attacker with original images has both. The Siamese network is built once and reset for every
method, since building it takes longer than training it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from keras import Model, layers

from keras_models.evaluator import build_evaluator
from keras_models.optimizers import Adam
from keras_models.siamese import build_projection, contrastive_loss
from replication.attack.patient_privacy import Embeddings
from replication.config import AttackSettings, EvaluatorSettings
from replication.train.trained import EVALUATED, compile_network
from replication.train.weights import load_weights

BLOCKS, FEATURES, EMBEDDING, OUTPUT = "dropout2", "flatten", "dense1", "dense2"  # of the evaluator


class IdentityNetwork:
    """The run's identity network (paper §2.3), as it is.

    Args:
        weights: trained on originals.
        classes: patients.
        image_shape: (H, W, C).
        evaluator: settings that it was built with.
    """

    def __init__(
        self,
        weights: Path,
        classes: int,
        image_shape: tuple[int, int, int],
        *,
        evaluator: EvaluatorSettings,
    ) -> None:
        _make_deterministic()
        network = build_evaluator(classes, image_shape, **evaluator.dropout, seed=0)
        load_weights(network, weights)
        blocks = layers.AveragePooling2D(name="squares")(network.get_layer(BLOCKS).output)
        outputs = [
            layers.Flatten(name="flat_squares")(blocks),
            *(network.get_layer(name).output for name in (FEATURES, EMBEDDING, OUTPUT)),
        ]
        self.features = outputs[1].shape[-1]
        self._run = compile_network(Model(network.input, outputs), batch=EVALUATED)

    def embed(self, images: np.ndarray) -> Embeddings:
        """Return the network's outputs for (N, H, W, C) images in [-1, 1]."""
        blocks, features, embedded, probabilities = self._run(images)
        length = np.linalg.norm(embedded, axis=1, keepdims=True)
        # An image that moves no unit has no direction; it stays at 0, as far from all others.
        embedding = embedded / np.maximum(length, np.finfo(np.float32).tiny)
        return Embeddings(blocks, features, embedding, probabilities)


class SiameseAttacker:
    """A projection of the evaluator's convolutional features, trained on pairs of images.

    Args:
        features: D, of `Embeddings`.
        settings: of the attack.
    """

    def __init__(self, features: int, *, settings: AttackSettings) -> None:
        _make_deterministic()
        self._settings = settings
        self._projection = build_projection(features, seed=0)
        self._initial = self._projection.get_weights()
        self._optimizer = Adam(settings.siamese_learning_rate)
        self._step = self._compile_step()
        self._run = compile_network(self._projection)

    def train(
        self, privatized: np.ndarray, originals: np.ndarray, identity: np.ndarray, *, seed: int
    ) -> None:
        """Learn from (N, D) features which privatized image and which original are of one patient.

        Row i of both is of the patient `identity[i]`; the seed is that of the pairs.
        """
        self._projection.set_weights(self._initial)
        _reset(self._optimizer)
        batch = min(self._settings.siamese_batch_size, len(identity))
        sides = (
            draw_batches(len(identity), batch, self._settings.siamese_updates, seed=[seed, side])
            for side in (0, 1)
        )
        for mine, theirs in zip(*sides, strict=True):
            same = identity[mine][:, None] == identity[theirs]
            self._step(privatized[mine], originals[theirs], same)

    def embed(self, features: np.ndarray) -> np.ndarray:
        """Return (N, 32) embeddings of length one of (N, D) features."""
        return self._run(features)[0]

    def _compile_step(self) -> Callable[..., None]:
        @tf.function(reduce_retracing=True)
        def step(privatized: tf.Tensor, originals: tf.Tensor, same: tf.Tensor) -> None:
            with tf.GradientTape() as tape:
                loss = contrastive_loss(
                    self._projection(privatized),
                    self._projection(originals),
                    same,
                    margin=self._settings.margin,
                )
            weights = self._projection.trainable_variables
            self._optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

        return step


def draw_batches(
    rows: int, batch: int, updates: int, *, seed: int | list[int]
) -> Iterator[np.ndarray]:
    """Yield `updates` batches of `batch` row numbers, none twice in a pass over all the rows."""
    rng = np.random.default_rng(seed)
    whole = rows // batch
    for update in range(updates):
        if update % whole == 0:
            order = rng.permutation(rows)
        start = update % whole * batch
        yield order[start : start + batch]


def _make_deterministic() -> None:
    """Make TensorFlow compute as in the processes of stages 03 and 04.

    A process in which nothing was trained would else end with other weights after the same updates.
    """
    tf.config.experimental.enable_op_determinism()


def _reset(optimizer: Adam) -> None:
    for variable in optimizer.variables():
        variable.assign(tf.zeros_like(variable))
