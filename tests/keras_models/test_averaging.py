import numpy as np
import pytest
import tensorflow as tf

from keras_models.averaging import MovingAverage


def test_the_average_follows_the_weights_and_the_first_updates_count_less():
    weight, count = tf.Variable([1.0, 2.0]), tf.Variable(5)
    average = MovingAverage([weight, count], kept=0.5)
    expected = weight.numpy()
    for update in range(12):
        weight.assign_add([1.0, -3.0])
        average.update()
        kept = min(0.5, (1 + update) / (10 + update))
        expected = kept * expected + (1 - kept) * weight.numpy()
    np.testing.assert_allclose(average.variables[0], expected, rtol=1e-6)
    average.settle()
    np.testing.assert_allclose(weight, expected, rtol=1e-6)
    assert int(count) == 5


def test_in_place_for_as_long_and_then_the_weights_again():
    weight = tf.Variable(0.0)
    average = MovingAverage([weight], kept=0.9)
    weight.assign(1.0)
    average.update()
    with average.in_place():
        assert float(weight) == pytest.approx(0.9)
    assert float(weight) == 1.0
