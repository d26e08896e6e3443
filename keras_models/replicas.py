"""What each device draws and measures when several train on one batch, a part of it each.

Under `tf.distribute.MirroredStrategy` every device has a replica of the networks and an equal part
of the batch's rows. All draw for the whole batch, from the same seeds, and take their rows; so what
is drawn for a row doesn't depend on how many devices there are. Where there is one, its rows are
all rows.
"""

import tensorflow as tf
from keras import layers


def all_rows(shape: tf.Tensor) -> tf.Tensor:
    """Return the shape of the whole batch.

    Args:
        shape: (rank,) of this replica's part of it, rows first.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return shape if replicas == 1 else tf.concat([shape[:1] * replicas, shape[1:]], axis=0)


def own_rows(drawn: tf.Tensor) -> tf.Tensor:
    """Return this replica's rows of what was drawn for the whole batch.

    Args:
        drawn: (N, ...), N a multiple of the number of replicas.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return drawn
    return tf.split(drawn, context.num_replicas_in_sync)[
        tf.get_static_value(context.replica_id_in_sync_group)
    ]


def mean_over_replicas(gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the mean of every replica's gradients, the same on all of them."""
    context = tf.distribute.get_replica_context()
    # TensorFlow's reduction keeps every step that was traced with it in memory for good
    # (tensorflow/tensorflow#87414), 40 MB a training, so there is none where it does nothing.
    if context.num_replicas_in_sync == 1:
        return gradients
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)


def build_normalization(*, momentum: float, dtype: str, name: str) -> layers.Layer:
    """Build batch normalisation over the rows of all replicas; Keras's own where there is one."""
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    kind = layers.BatchNormalization if replicas == 1 else SynchronizedNormalization
    return kind(momentum=momentum, dtype=dtype, name=name)


class SynchronizedNormalization(layers.BatchNormalization):
    """Batch normalisation by the mean and variance of all replicas' rows.

    Keras's layer with `synchronized=True` follows another variance than the same layer on one
    device, where TensorFlow's fused kernel multiplies what it follows by n / (n - 1), the unbiased
    estimate from n values. So does this one, and both end with the same weights.

    Args:
        momentum: share of the running mean and variance that a batch leaves as it was.
        dtype: Keras dtype policy.
        name: of the layer.
    """

    def __init__(self, *, momentum: float, dtype: str, name: str) -> None:
        super().__init__(momentum=momentum, synchronized=True, dtype=dtype, name=name)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the inputs (N, ..., C), each channel normalised."""
        if not training:
            return super().call(inputs, training=False)
        before = tf.identity(self.moving_variance)
        outputs = super().call(inputs, training=True)
        moved = self.moving_variance - self.momentum * before
        values = tf.reduce_prod(all_rows(tf.shape(inputs))[:-1])
        self.moving_variance.assign_add(moved / tf.cast(values - 1, moved.dtype))
        return outputs
