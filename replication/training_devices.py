"""Which devices a training runs on: all GPUs that divide its batch, the processor where none is.

PPRL-VGAN on several devices is the same training as on one, but for rounding
(`keras_models.replicas`), so nobody is asked; a checkpoint of either goes on on the other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import tensorflow as tf

from keras_models.vgan_model import TrainingImages

_LOG = logging.getLogger(__name__)


def list_gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow sees."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


def choose_strategy(gpus: Sequence[str], *, batch_size: int) -> tf.distribute.Strategy:
    """Choose how many of the GPUs train, and say it in the log.

    Parts of a batch are of one size, or the mean over devices would not be the mean over images.
    So as many GPUs train as divide the batch; another batch would be another training.

    Args:
        gpus: names of the devices.
        batch_size: images of a batch, on all devices together.

    Returns:
        A mirrored strategy of two GPUs or more; else TensorFlow's default, whose one device is the
        first GPU or the processor.
    """
    used = next((count for count in range(len(gpus), 1, -1) if batch_size % count == 0), 1)
    if len(gpus) > 1:
        level = logging.INFO if used == len(gpus) else logging.WARNING
        words = "training on %s of %s GPUs, as many as divide its batches of %s: %s"
        _LOG.log(level, words, used, len(gpus), batch_size, ", ".join(gpus[:used]))
    return tf.distribute.MirroredStrategy(gpus[:used]) if used > 1 else tf.distribute.get_strategy()


def copy_to_devices(data: TrainingImages, strategy: tf.distribute.Strategy) -> TrainingImages:
    """Return the training set with a copy on each device, so that no step has to move it."""
    if strategy.num_replicas_in_sync == 1:
        return data

    @tf.function
    def copy(arrays: TrainingImages) -> TrainingImages:
        return strategy.run(tf.nest.map_structure, args=(tf.identity, arrays))

    return copy(data)
