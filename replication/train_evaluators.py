"""Stage 03: train the identity network and the glaucoma network on original images (paper §2.3).

Leaves, in the stage's folder: `weights.h5` (legacy HDF5, which Deep Taylor's process can read) of
the epoch that was best on the validation subset, and `history.csv`, one row per epoch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from keras import callbacks, optimizers, utils

from keras_models.evaluator import build_evaluator
from replication.config import EvaluatorSettings
from replication.csv_table import write_table
from replication.errors import ReplicationError
from replication.records import EyeDataset

WEIGHTS = "weights.h5"
HISTORY = "history.csv"
MONITOR = "val_loss"


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
    on_epoch: Callable[[], None] = lambda: None,
) -> None:
    """Train one evaluation network and keep its best weights.

    Steps: build; fit with Adam; after each epoch keep the weights if the validation loss fell;
    stop when it has not fallen for `patience` epochs.

    Args:
        train: images to learn from.
        validation: images that choose the epoch.
        task: "identity" or "glaucoma", the field of the data set that is learned.
        classes: of the softmax.
        settings: of the training.
        seed: of the initial weights, dropout and the order of images.
        folder: where the weights and the history are left.
        activation: of the network; another than ReLU can't be explained by Deep Taylor.
        on_epoch: called after each epoch.

    Raises:
        ReplicationError: when no epoch gave a validation loss to keep weights by.
    """
    utils.set_random_seed(seed)
    model = build_evaluator(
        classes,
        train.images.shape[1:],
        block_dropout=settings.block_dropout,
        dense_dropout=settings.dense_dropout,
        seed=seed,
        activation=activation,
    )
    model.compile(
        optimizers.legacy.Adam(settings.learning_rate, decay=settings.decay),
        "categorical_crossentropy",
        metrics=_metrics(task, classes),
    )
    history = model.fit(
        train.images,
        _one_hot(train, task, classes),
        validation_data=(validation.images, _one_hot(validation, task, classes)),
        batch_size=settings.batch_size,
        epochs=settings.epochs(len(train)),
        verbose=0,
        callbacks=[
            callbacks.ModelCheckpoint(
                str(folder / WEIGHTS),
                monitor=MONITOR,
                save_best_only=True,
                save_weights_only=True,
            ),
            callbacks.EarlyStopping(monitor=MONITOR, patience=settings.patience),
            callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: on_epoch()),
        ],
    ).history
    if not (folder / WEIGHTS).exists():
        raise ReplicationError(
            f"{task} network: no epoch gave a finite {MONITOR}; weights not kept"
        )
    _write_history(history, folder / HISTORY)


def _one_hot(dataset: EyeDataset, task: str, classes: int) -> np.ndarray:
    return utils.to_categorical(getattr(dataset, task), classes)


def _metrics(task: str, classes: int) -> list:
    """Return accuracy, and for the unbalanced task the F1 score of the positive class."""
    if task != "glaucoma":
        return ["accuracy"]
    with warnings.catch_warnings():
        # The package says at import that its development has ended; docs/architecture.md knows.
        warnings.simplefilter("ignore", UserWarning)
        from tensorflow_addons.metrics import F1Score

    return ["accuracy", F1Score(classes, name="f1")]


def _write_history(history: dict, file: Path) -> None:
    """Write one row per epoch; a score given per class is that of the last, glaucoma."""
    table = pd.DataFrame(
        {name: [float(np.ravel(value)[-1]) for value in values] for name, values in history.items()}
    )
    table.insert(0, "epoch", np.arange(1, len(table) + 1))
    table["best"] = table["epoch"] == table.loc[table[MONITOR].idxmin(), "epoch"]
    write_table(table, file)
