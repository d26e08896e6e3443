"""Stage 03: train the identity network and the glaucoma network on original images (paper §2.3).

Writes, into the stage's folder: `weights.h5` (legacy HDF5, which Deep Taylor's process can read) of
the epoch that was best on the validation subset, and `history.csv`, one row per epoch. While it
runs, a checkpoint holds the network, its optimiser, the random states and what was best so far: a
killed training resumes from there and ends with the same weights.

A network for patients unseen (`EvaluatorSettings.for_unseen_patients`) is trained otherwise, since few patients
are many images: augmented, or it knows the patients by their pixels; with both classes weighing the
same; and kept at the epoch that ranks the validation patients best, whatever their loss.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
from keras import Model, backend, callbacks, utils
from sklearn import metrics

from keras_models.augmentation import augment
from keras_models.averaging import MovingAverage
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
MONITOR, AREA = "val_loss", "val_auc"
CHECKPOINT_EVERY_S = 20.0
AT_ONCE = 256  # images that are augmented or judged in one go
MOST_EPOCHS = 100_000
WORST = (-np.inf, -np.inf)


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
    after each epoch keep the weights if the validation loss fell (for unseen patients: if the area
    under the ROC curve rose, or stayed while the loss fell); stop when it has not for as many
    epochs as the settings wait.
    Where an average of the weights is kept, it is what is validated and kept.

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

    epochs = settings.epochs(len(train))

    def build() -> _Learner:
        model = build_evaluator(
            classes, train.images.shape[1:], **settings.dropout, seed=seed, activation=activation
        )
        optimizer = Adam(settings.learning_rate, decay=settings.decay)
        model.compile(optimizer, "categorical_crossentropy", metrics=_metrics(task, classes))
        kept = settings.averaging
        return _Learner(model, MovingAverage(model.weights, kept=kept) if kept else None)

    def fit(learner: _Learner, rows: np.ndarray, epoch: int) -> dict[str, float]:
        """Train on these images in this order; return the epoch's scores on them."""
        images, weights = train.images[rows], None
        if settings.for_unseen_patients:
            images, weights = _augment_all(images, seed=seed, epoch=epoch), _balance(targets)
        history = learner.model.fit(
            images,
            targets[rows],
            batch_size=settings.batch_size,
            class_weight=weights,
            shuffle=False,
            verbose=0,
            callbacks=learner.callbacks,
        ).history
        return {name: _take_last(value[-1]) for name, value in history.items()}

    def validate(model: Model) -> dict[str, float]:
        """Return the network's scores on the validation images."""
        options = {"batch_size": AT_ONCE, "verbose": 0}
        found = model.evaluate(validation.images, expected, **options, return_dict=True)
        scores = {f"val_{name}": _take_last(value) for name, value in found.items()}
        if settings.for_unseen_patients:
            ranked = model.predict(validation.images, **options)
            scores[AREA] = float(metrics.roc_auc_score(validation.glaucoma, ranked[:, 1]))
        return scores

    learner, best, facts = resume_training(
        build,
        partial(fit, rows=np.arange(1), epoch=0),
        _list_state,
        folder / CHECKPOINT,
        more=lambda learner: learner.model.get_weights(),
    )
    model = learner.model
    progress = _Progress()
    if facts:
        progress = _Progress(facts["scores"], best if facts["found"] else None, facts["waited"])
    saved = time.monotonic()
    for epoch in range(len(progress.scores) + 1, epochs + 1):
        if progress.waited == settings.epochs_waited(len(train)):
            break
        order = np.random.default_rng([seed, epoch]).permutation(len(train))
        scores = {"epoch": epoch} | fit(learner, order, epoch)
        with learner.settled():
            progress.add(scores | validate(model), model)
        on_epoch()
        if time.monotonic() - saved > CHECKPOINT_EVERY_S:
            _save(learner, progress, folder / CHECKPOINT)
            saved = time.monotonic()
    if progress.best is None:
        raise ReplicationError(
            f"{task} network: no epoch gave a finite {MONITOR}; weights not kept"
        )
    if not keep_last:
        model.set_weights(progress.best)
    model.save_weights(str(folder / WEIGHTS))
    history = pd.DataFrame(progress.scores)
    history["best"] = history["epoch"] == max(progress.scores, key=_rank)["epoch"]
    write_table(history, folder / HISTORY)
    # Every call of `fit` left the kernels of its input pipeline in TensorFlow's cache, half a MiB.
    backend.clear_session()


@dataclass(frozen=True)
class _Learner:
    """A network that is trained, and the average of its weights where one is kept."""

    model: Model
    average: MovingAverage | None

    @property
    def callbacks(self) -> list[callbacks.Callback]:
        """What Keras calls while it trains: the average follows each update."""
        if self.average is None:
            return []
        return [callbacks.LambdaCallback(on_train_batch_end=lambda *_: self.average.update())]

    def settled(self) -> AbstractContextManager[None]:
        """Give the network its average for as long."""
        return self.average.in_place() if self.average else nullcontext()


@dataclass
class _Progress:
    """How far a training is."""

    scores: list[dict[str, float]] = field(default_factory=list)  # of each epoch
    best: list[np.ndarray] | None = None  # weights of the lowest validation loss so far
    waited: int = 0  # epochs since then

    def add(self, scores: dict[str, float], model: Model) -> None:
        """Record an epoch that the model has just been through."""
        highest = max(map(_rank, self.scores), default=WORST)
        self.scores.append(scores)
        self.waited += 1
        if _rank(scores) > highest:
            self.best, self.waited = model.get_weights(), 0


def _rank(scores: dict[str, float]) -> tuple[float, float]:
    """Return what is highest in the best epoch; without a finite loss there is nothing worse."""
    loss = scores[MONITOR]
    return (scores.get(AREA, 0.0), -loss) if np.isfinite(loss) else WORST


def _augment_all(images: np.ndarray, *, seed: int, epoch: int) -> np.ndarray:
    """Augment the images of an epoch, by draws of that epoch alone: a training resumes alike."""
    starts = range(0, len(images), AT_ONCE)
    parts = [
        augment(tf.constant(images[start : start + AT_ONCE]), (seed * MOST_EPOCHS + epoch, start))
        for start in starts
    ]
    return np.concatenate([part.numpy() for part in parts])


def _balance(targets: np.ndarray) -> dict[int, float]:
    """Return a weight of each class with which all classes weigh the same, the mean image 1."""
    counts = targets.sum(axis=0, dtype=np.float64)
    return dict(enumerate(len(targets) / (len(counts) * np.maximum(counts, 1))))


def _save(learner: _Learner, progress: _Progress, file: Path) -> None:
    state = [variable.numpy() for variable in _list_state(learner)]
    found = progress.best is not None
    facts = {"scores": progress.scores, "waited": progress.waited, "found": found}
    save_checkpoint(file, [*state, *(progress.best or learner.model.get_weights())], facts)


def _list_state(learner: _Learner) -> list[tf.Variable]:
    """Return all that an epoch changes; the optimiser has its variables from the first on."""
    model, averages = learner.model, learner.average.variables if learner.average else []
    return [*model.weights, *averages, *model.optimizer.weights, *list_random_states(model)]


def _take_last(score: float | Sequence[float]) -> float:
    """Return a score as a number; one given per class is that of the last, glaucoma."""
    return float(np.ravel(score)[-1])


def _metrics(task: str, classes: int) -> list:
    """Return accuracy, and for the unbalanced task the F1 score of the positive class."""
    if task != "glaucoma":
        return ["accuracy"]
    with warnings.catch_warnings():
        # The package warns at import that its development has ended; docs/architecture.md has more.
        warnings.simplefilter("ignore", UserWarning)
        from tensorflow_addons.metrics import F1Score

    return ["accuracy", F1Score(classes, name="f1")]
