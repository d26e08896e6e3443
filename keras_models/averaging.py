"""The moving average of a network's weights over the updates of its training.

Ours: at a constant learning rate the last weights are wherever the last batches sent them; their
average lies nearer to what all batches agree on (Polyak and Juditsky 1992; for GANs Yazici et al.,
"The unusual effectiveness of averaging in GAN training", ICLR 2019).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf


class MovingAverage:
    """An exponential moving average; the first updates, which know little, count less.

    Args:
        weights: of the networks; those of floating type are averaged, moving means of
            normalisations among them.
        kept: how much of the average each update keeps, in [0, 1).
    """

    def __init__(self, weights: Sequence[tf.Variable], *, kept: float) -> None:
        self._weights = [weight for weight in weights if weight.dtype.is_floating]
        self._averages = [tf.Variable(weight) for weight in self._weights]
        self._updates = tf.Variable(0, dtype=tf.int64)
        self._kept = kept

    @property
    def variables(self) -> list[tf.Variable]:
        """All that an update changes."""
        return [*self._averages, self._updates]

    @tf.function
    def update(self) -> None:
        """Move the averages towards the weights."""
        before = tf.cast(self._updates.assign_add(1), tf.float32) - 1
        kept = tf.minimum(self._kept, (1 + before) / (10 + before))
        for weight, average in zip(self._weights, self._averages, strict=True):
            average.assign_add((1 - kept) * (weight - average))

    def settle(self) -> None:
        """Give the networks the averages."""
        for weight, average in zip(self._weights, self._averages, strict=True):
            weight.assign(average)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the networks the averages for as long, and then their weights again."""
        weights = [weight.numpy() for weight in self._weights]
        self.settle()
        yield
        for weight, value in zip(self._weights, weights, strict=True):
            weight.assign(value)
