"""Keras's legacy optimisers, but for what they keep in memory.

Their sum of the gradients over devices holds on to every traced step for good, 40 MB a training of
PPRL-VGAN (tensorflow/tensorflow#87414). On a single device there is nothing to sum.
"""

from __future__ import annotations

import tensorflow as tf
from keras.optimizers import legacy


class _SumOnlyOverSeveral:
    def apply_gradients(
        self, grads_and_vars, name: str | None = None, experimental_aggregate_gradients: bool = True
    ):
        """Update the variables; the numbers are those of Keras's own method."""
        several = tf.distribute.get_strategy().num_replicas_in_sync > 1
        return super().apply_gradients(
            grads_and_vars, name, several and experimental_aggregate_gradients
        )


class RMSprop(_SumOnlyOverSeveral, legacy.RMSprop):
    """Keras's legacy RMSprop."""


class Adam(_SumOnlyOverSeveral, legacy.Adam):
    """Keras's legacy Adam."""
