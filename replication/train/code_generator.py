"""Stage 04: learn the disease code, and train the generator that draws it on an eye that is nobody's.

Writes, into the stage's folder: `code.npz`, the code (`replication.train.disease_code`); `code.json`,
how much it can hold and who shares it, in numbers; `decoder.h5` (legacy HDF5) and `history.csv`, the
losses every few steps. While it runs, a checkpoint holds networks, the average, both optimisers and
the step: a killed training resumes from there.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_models.code_model import CodedImages, CodeGan
from keras_models.rates import choose_rate
from replication.config import CodeSettings
from replication.records import EyeDataset, to_gray
from replication.store.files import write_json
from replication.train.disease_code import DiseaseCode
from replication.train.steps import train_by_steps

FACTS = "code.json"
DECODER = "decoder.h5"
WEIGHTS = ("averaging", "code_weight", "identity_weight", "penalty")


def train_code_generator(
    train: EyeDataset,
    axes: tuple[float, float],
    *,
    identities: int,
    settings: CodeSettings,
    seed: int,
    folder: Path,
    on_step: Callable[[], None] = lambda: None,
) -> None:
    """Learn the code, train its generator and keep both.

    Args:
        train: images to learn from, with their labels.
        axes: half-width and half-height of the iris, px.
        identities: number of patients.
        settings: of the training.
        seed: of the initial weights and everything that is drawn.
        folder: where code, generator and history go.
        on_step: called after each step.

    Raises:
        DataError: when the code would say nothing (`DiseaseCode.learn`).
        ReplicationError: when a loss is no longer a finite number.
    """
    tf.config.experimental.enable_op_determinism()
    code, found = DiseaseCode.learn(train, axes, settings.levels)
    shared = [len(code.list_behind(each)) for each in range(1, code.codes)]
    levels = [{"k": int(k), "patients": size} for k, size in zip(code.level, shared, strict=True)]
    write_json(folder / FACTS, {"detection": asdict(found), "codes": levels})
    code.save(folder)
    data = list_coded(train, code)
    falling = partial(choose_rate, updates=settings.steps, falling=settings.falling)
    build = partial(
        CodeGan,
        code.codes,
        identities,
        (*train.images.shape[1:3], 1),
        learning_rate=falling(settings.learning_rate),
        **{name: getattr(settings, name) for name in WEIGHTS},
        seed=seed,
    )
    model = train_by_steps(
        build,
        lambda model: model.train_step(data, settings.batch_size),
        _list_state,
        steps=settings.steps,
        name="evidence code",
        folder=folder,
        on_step=on_step,
    )
    model.settle()
    model.decoder.save_weights(str(folder / DECODER))


def list_coded(train: EyeDataset, code: DiseaseCode) -> CodedImages:
    """Return the training images with their codes, an ill patient's once for each level.

    Half of what is drawn is healthy. The other half is of all levels alike; there a code is drawn as
    often as the square root of its images, so that rare ones are seen often enough.
    """
    rows, codes = [np.flatnonzero(~train.glaucoma)], [np.zeros((~train.glaucoma).sum(), int)]
    ill = np.flatnonzero(train.glaucoma)
    for level in code.of_patient:
        if level.any():
            rows.append(ill)
            codes.append(level[train.identity[ill]])
    rows, codes = np.concatenate(rows), np.concatenate(codes)
    counts = np.bincount(codes, minlength=code.codes)
    shares = np.sqrt(counts[1:])
    for k in np.unique(code.level):
        shares[code.level == k] /= shares[code.level == k].sum()
    shares = np.concatenate([[1.0], shares / len(np.unique(code.level))])
    gray = to_gray(train.images)[..., None]
    return CodedImages(
        tf.constant(gray[rows]),
        tf.constant(train.identity[rows], tf.int32),
        tf.constant(codes, tf.int32),
        tf.constant(np.log(shares / counts)[codes], tf.float32),
    )


def _list_state(model: CodeGan) -> list[tf.Variable]:
    """Return all that a step changes; the optimisers have theirs from the first step on."""
    networks = [*model.decoder.weights, *model.discriminator.weights]
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    moments = [weight for each in optimizers for weight in each.weights]
    return [*networks, *model.average.variables, *moments, model.step]
