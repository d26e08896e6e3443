"""Stage 04: train PP-MIR (`keras_models.pp_mir_model`) on PPRL-VGAN's training images.

Writes, into the stage's folder, what `replication.train.vgan` writes.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_models.pp_mir_model import IrisImages, PpMir
from replication.config import VganSettings
from replication.records import EyeDataset
from replication.train.trained import TrainedEvaluator
from replication.train.vgan import build_vgan, train_networks


def train_pp_mir(
    train: EyeDataset,
    irises: np.ndarray,
    *,
    identify: TrainedEvaluator,
    diagnose: TrainedEvaluator,
    settings: VganSettings,
    seed: int,
    folder: Path,
    on_step: Callable[[], None] = lambda: None,
) -> None:
    """Train PP-MIR and keep its networks.

    Args:
        train: images to learn from; their labels are not looked at.
        irises: (N, H, W) bool, the pixels of each image's iris.
        identify, diagnose: the trained networks of identity and of glaucoma.
        settings: of the networks and the training (`Profile.pp_mir`).
        seed: of the initial weights and everything that is drawn.
        folder: where the networks and the history go.
        on_step: called after each step.

    Raises:
        ReplicationError: when a loss is no longer a finite number.
    """
    data = IrisImages(tf.constant(train.images), tf.constant(irises))
    kind = partial(PpMir, identify=identify.model, diagnose=diagnose.model)
    build = partial(build_vgan, 0, train.images.shape[1:], settings, seed=seed, kind=kind)
    train_networks(build, data, settings, name="PP-MIR", folder=folder, on_step=on_step)
