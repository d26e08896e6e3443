"""Keras's legacy optimisers without a memory leak; their numbers are the same.

Keras sums gradients over devices before each update. On one device that does nothing, but
TensorFlow 2.14 keeps every step that was traced with it in memory for good, 40 MB a training
(tensorflow/tensorflow#87414).
"""

from keras.optimizers import legacy


class _OneDevice:
    """Apply gradients as they are, without the sum over devices."""

    def apply_gradients(
        self, grads_and_vars, name: str | None = None, experimental_aggregate_gradients: bool = True
    ):
        """Update the variables."""
        return super().apply_gradients(grads_and_vars, name, False)


class Adam(_OneDevice, legacy.Adam):
    """Legacy Adam."""


class RMSprop(_OneDevice, legacy.RMSprop):
    """Legacy RMSprop."""
