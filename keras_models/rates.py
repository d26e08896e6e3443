"""Learning rates that fall to zero at the end of a training.

Ours: at a constant rate the last weights are wherever the last batches sent them; as the rate falls,
a network comes to rest, and trainings from several seeds differ less.
"""

import tensorflow as tf
from keras.optimizers import schedules


class FallingRate(schedules.LearningRateSchedule):
    """A rate that is constant, and falls to zero in a straight line over the end.

    Args:
        rate: at the start.
        updates: of the whole training.
        falling: share of the updates, the last ones, over which it falls; in (0, 1].
    """

    def __init__(self, rate: float, *, updates: int, falling: float) -> None:
        super().__init__()
        self._rate = rate
        self._updates = updates
        self._falling = falling

    def __call__(self, update: tf.Tensor) -> tf.Tensor:
        """Return the rate of an update, counted from 0."""
        left = 1 - tf.cast(update, tf.float32) / self._updates
        return self._rate * tf.clip_by_value(left / self._falling, 0.0, 1.0)

    def get_config(self) -> dict:
        """Return the arguments."""
        return {"rate": self._rate, "updates": self._updates, "falling": self._falling}


def choose_rate(rate: float, *, updates: int, falling: float) -> float | FallingRate:
    """Return a rate that falls over this share of the updates, or the rate itself without one."""
    return FallingRate(rate, updates=updates, falling=falling) if falling else rate
