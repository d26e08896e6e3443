"""Stage 03: train the identity network and the glaucoma network on original images (paper §2.3).

Writes, into the stage's folder: `weights.h5` (legacy HDF5, which Deep Taylor's process can read) of
the epoch that was best on the validation subset, and `history.csv`, one row per epoch. While it
runs, a checkpoint holds the network, its optimiser, the random states and what was best so far: a
killed training resumes from there and ends with the same weights.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
from keras import Model, backend, utils

from keras_models.evaluator import build_evaluator, list_random_states
from keras_models.optimizers import Adam
from replication.config import EvaluatorSettings
from replication.errors import ReplicationError
from replication.records import EyeDataset
from replication.store.run_folder import CHECKPOINT
from replication.store.tables import write_table
from replication.train.checkpoint import resume_training, save_checkpoint

WEIGHTS = "weights.h5"
HISTORY = "history.csv"
MONITOR = "val_loss"
CHECKPOINT_EVERY_S = 20.0


def train_evaluator(
    train: EyeDataset,
    validation: EyeDataset,
    *,
    task: str,
    classes: int,
    settings: EvaluatorSettings,
    seed: int,
    folder: Path,
    activation: str = "relu",
    keep_last: bool = False,
    on_epoch: Callable[[], None] = lambda: None,
) -> None:
    """Train one evaluation network and keep its best weights.

    Steps: build; fit with Adam, the images in an order that follows from the seed and the epoch;
    after each epoch keep the weights if the validation loss fell; stop when it has not fallen for
    `patience` epochs.

    Args:
        train: images to learn from.
        validation: images that choose the epoch.
        task: "identity" or "glaucoma", the field of the data set that is learned.
        classes: of the softmax.
        settings: of the training.
        seed: of the initial weights, dropout and the order of images.
        folder: where the weights and the history go.
        activation: of the network; another than ReLU can't be explained by Deep Taylor.
        keep_last: whether the last weights are kept, as the reference does, and not the best.
        on_epoch: called after each epoch.

    Raises:
        ReplicationError: when no epoch gave a validation loss to keep weights by.
    """
    tf.config.experimental.enable_op_determinism()
    targets, expected = (
        utils.to_categorical(getattr(subset, task), classes) for subset in (train, validation)
    )

    def build() -> Model:
        model = build_evaluator(
            classes, train.images.shape[1:], **settings.dropout, seed=seed, activation=activation
        )
        optimizer = Adam(settings.learning_rate, decay=settings.decay)
        model.compile(optimizer, "categorical_crossentropy", metrics=_metrics(task, classes))
        return model

    def fit(model: Model, rows: np.ndarray) -> dict[str, float]:
        """Train on these images in this order; return the epoch's scores."""
        scores = model.fit(
            train.images[rows],
            targets[rows],
            validation_data=(validation.images, expected),
            batch_size=settings.batch_size,
            shuffle=False,
            verbose=0,
        ).history
        # A score given per class is that of the last, glaucoma.
        return {name: float(np.ravel(value[-1])[-1]) for name, value in scores.items()}

    model, best, facts = resume_training(
        build,
        partial(fit, rows=np.arange(1)),
        _list_state,
        folder / CHECKPOINT,
        more=lambda model: model.get_weights(),
    )
    progress = _Progress()
    if facts:
        progress = _Progress(facts["scores"], best if facts["found"] else None, facts["waited"])
    saved = time.monotonic()
    for epoch in range(len(progress.scores) + 1, settings.epochs(len(train)) + 1):
        if progress.waited == settings.patience:
            break
        order = np.random.default_rng([seed, epoch]).permutation(len(train))
        progress.add({"epoch": epoch} | fit(model, order), model)
        on_epoch()
        if time.monotonic() - saved > CHECKPOINT_EVERY_S:
            _save(model, progress, folder / CHECKPOINT)
            saved = time.monotonic()
    if progress.best is None:
        raise ReplicationError(
            f"{task} network: no epoch gave a finite {MONITOR}; weights not kept"
        )
    if not keep_last:
        model.set_weights(progress.best)
    model.save_weights(str(folder / WEIGHTS))
    history = pd.DataFrame(progress.scores)
    history["best"] = history["epoch"] == history.loc[history[MONITOR].idxmin(), "epoch"]
    write_table(history, folder / HISTORY)
    # Every call of `fit` left the kernels of its input pipeline in TensorFlow's cache, half a MiB.
    backend.clear_session()


@dataclass
class _Progress:
    """How far a training is."""

    scores: list[dict[str, float]] = field(default_factory=list)  # of each epoch
    best: list[np.ndarray] | None = None  # weights of the lowest validation loss so far
    waited: int = 0  # epochs since then

    def add(self, scores: dict[str, float], model: Model) -> None:
        """Record an epoch that the model has just been through."""
        lowest = np.nanmin([np.inf, *(before[MONITOR] for before in self.scores)])
        self.scores.append(scores)
        self.waited += 1
        if scores[MONITOR] < lowest:
            self.best, self.waited = model.get_weights(), 0


def _save(model: Model, progress: _Progress, file: Path) -> None:
    state = [variable.numpy() for variable in _list_state(model)]
    found = progress.best is not None
    facts = {"scores": progress.scores, "waited": progress.waited, "found": found}
    save_checkpoint(file, [*state, *(progress.best or model.get_weights())], facts)


def _list_state(model: Model) -> list[tf.Variable]:
    """Return all that an epoch changes; the optimiser has its variables from the first on."""
    return [*model.weights, *model.optimizer.weights, *list_random_states(model)]


def _metrics(task: str, classes: int) -> list:
    """Return accuracy, and for the unbalanced task the F1 score of the positive class."""
    if task != "glaucoma":
        return ["accuracy"]
    with warnings.catch_warnings():
        # The package warns at import that its development has ended; docs/architecture.md has more.
        warnings.simplefilter("ignore", UserWarning)
        from tensorflow_addons.metrics import F1Score

    return ["accuracy", F1Score(classes, name="f1")]
