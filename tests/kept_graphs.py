"""How many of TensorFlow's traced graphs are still in memory."""

import gc

import tensorflow as tf


def count_kept_graphs():
    gc.collect()
    return sum(isinstance(kept, tf.Graph) for kept in gc.get_objects())
