"""Call a function where TensorFlow sees the processor as several devices.

It must be told before it starts, so this is a process of its own. The devices share the cores: they
show what many GPUs would compute, not how fast.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import tensorflow as tf


def call_with_devices(count: int, function: Callable, *args: Any) -> Any:
    """Return what a function of a module returns in a process with so many devices."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_split_processor, initargs=(count,)
    ) as process:
        return process.submit(function, *args).result()


def list_processors() -> list[str]:
    """Return the names of the devices, as `training_devices.list_gpus` does with GPUs."""
    return [device.name for device in tf.config.list_logical_devices("CPU")]


def _split_processor(count: int) -> None:
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * count
    )
    tf.config.experimental.enable_op_determinism()
