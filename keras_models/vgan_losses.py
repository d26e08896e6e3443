"""The terms of the paper's Equations 1 and 2, one function each; all are means over the batch.

The paper writes log(1 - D) for the generator; the reference's `train.py`, and ours, minimises
the cross-entropy against the wanted target (the non-saturating form). `saturating_loss` is the
paper's, to measure what the other costs.
"""

import tensorflow as tf
from keras import backend, losses


def realism_loss(target: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    """Return the binary cross-entropy of D1, the first term of Equations 1 and 2.

    Args:
        target: (N, 1) in [0, 1], soft labels allowed.
        real: (N, 1) probability of being real.
    """
    return tf.reduce_mean(losses.binary_crossentropy(target, real))


def class_loss(target: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of D2 or D3, the second and third term of Equations 1 and 2.

    Args:
        target: (N,) integer classes: the identity, the replacement identity or the pathology.
        probabilities: (N, classes).
    """
    return tf.reduce_mean(losses.sparse_categorical_crossentropy(target, probabilities))


def even_loss(probabilities: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy with the even distribution over the classes, less its minimum.

    Args:
        probabilities: (N, classes), of an identity network that is to find nobody.
    """
    classes = probabilities.shape[-1]
    even = tf.ones_like(probabilities) / classes
    missed = losses.categorical_crossentropy(even, probabilities)
    return tf.reduce_mean(missed) - tf.math.log(float(classes))


def agreement_loss(wanted: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy with what a network predicts of the originals.

    Args:
        wanted, probabilities: (N, classes), of the originals and of what became of them.
    """
    return tf.reduce_mean(losses.categorical_crossentropy(wanted, probabilities))


def iris_loss(images: tf.Tensor, privatized: tf.Tensor, iris: tf.Tensor) -> tf.Tensor:
    """Return the squared difference of gray, summed over each image's iris.

    Args:
        images, privatized: (N, H, W, C).
        iris: (N, H, W) bool; an image without an iris costs nothing.
    """
    difference = tf.reduce_mean(tf.square(images - privatized), axis=-1)
    inside = tf.cast(iris, difference.dtype)
    return tf.reduce_mean(tf.reduce_sum(difference * inside, axis=(1, 2)))


def saturating_loss(wanted: tf.Tensor) -> tf.Tensor:
    """Return log(1 - D), the first three terms of Equation 2 as they are written.

    Args:
        wanted: (N,) probability that D gives to what the generator wants.
    """
    return tf.reduce_mean(tf.math.log(tf.maximum(1 - wanted, backend.epsilon())))


def latent_loss(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Return KL(q(f(I)|I) || N(0, 1)), the fourth term of Equation 2, summed over the latent.

    Args:
        mean: (N, 128).
        log_variance: (N, 128).
    """
    divergence = 1 + log_variance - tf.square(mean) - tf.exp(log_variance)
    return tf.reduce_mean(-0.5 * tf.reduce_sum(divergence, axis=-1))
