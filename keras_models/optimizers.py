"""Keras's legacy Adam, but for what it keeps in memory."""

import tensorflow as tf
from keras.optimizers import legacy


class Adam(legacy.Adam):
    """Keras's legacy Adam, which on one device doesn't sum gradients over devices.

    The sum of one is nothing, but TensorFlow keeps every step that was traced with it in memory
    for good (tensorflow/tensorflow#87414).
    """

    def apply_gradients(
        self, grads_and_vars, name: str | None = None, experimental_aggregate_gradients: bool = True
    ):
        """Update the variables; the numbers are those of Keras's own method."""
        several = tf.distribute.get_strategy().num_replicas_in_sync > 1
        return super().apply_gradients(
            grads_and_vars, name, several and experimental_aggregate_gradients
        )
