import numpy as np
import pytest
import tensorflow as tf

from keras_models.optimizers import Adam, RMSprop
from keras_models.rates import choose_rate


def test_the_rate_is_constant_and_then_falls_in_a_straight_line():
    rate = choose_rate(0.4, updates=100, falling=0.5)
    rates = [float(rate(tf.constant(update))) for update in (0, 49, 50, 75, 99, 100, 200)]
    assert rates == pytest.approx([0.4, 0.4, 0.4, 0.2, 0.008, 0.0, 0.0], abs=1e-6)
    whole = choose_rate(1.0, updates=10, falling=1.0)
    assert [float(whole(update)) for update in range(4)] == pytest.approx([1, 0.9, 0.8, 0.7])


def test_without_a_fall_the_rate_is_a_number():
    assert choose_rate(0.4, updates=100, falling=0.0) == 0.4


@pytest.mark.parametrize("kind", [Adam, RMSprop])
def test_optimisers_follow_it_and_come_to_rest(kind):
    weight, moved = tf.Variable(1.0), []
    optimizer = kind(choose_rate(0.1, updates=4, falling=0.5), decay=1e-6)
    for _ in range(6):
        before = float(weight)
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
        moved.append(before - float(weight))
    assert np.all(np.array(moved[:3]) > 0)
    assert moved[3] < 0.6 * moved[2]
    assert moved[4:] == [0, 0]
