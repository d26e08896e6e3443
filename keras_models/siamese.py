"""The Siamese network that compares two images' patients, and its loss.

The paper proposes one (§4): a classifier of identities is hard to train with few images of each,
and a network of pairs is not. Both sides share the evaluator's convolutions and, on top of them,
the projection built here. The loss is the contrastive one of Hadsell, Chopra and LeCun
("Dimensionality reduction by learning an invariant mapping", CVPR 2006, Equation 4).
"""

import tensorflow as tf
from keras import Model, Sequential, initializers, layers

HIDDEN_UNITS = 128
EMBEDDING_UNITS = 32


def build_projection(features: int, *, seed: int) -> Model:
    """Build the projection of convolutional features to an embedding of length one.

    Args:
        features: D.
        seed: of the initial weights.

    Returns:
        A model from (N, D) features to (N, 32) embeddings.
    """
    hidden, embedding = (initializers.GlorotUniform(seed * 100 + place) for place in (1, 2))
    return Sequential(
        [
            layers.Input((features,)),
            layers.Dense(HIDDEN_UNITS, "relu", kernel_initializer=hidden, name="project1"),
            layers.Dense(EMBEDDING_UNITS, kernel_initializer=embedding, name="project2"),
            layers.UnitNormalization(name="unit"),
        ],
        name="projection",
    )


def contrastive_loss(
    first: tf.Tensor, second: tf.Tensor, same: tf.Tensor, *, margin: float
) -> tf.Tensor:
    """Return the contrastive loss of all pairs of two batches.

    A pair of one patient costs half its squared distance, a pair of two patients half the squared
    shortfall of its distance from the margin. The means over the two kinds of pairs are added:
    of all pairs few are of one patient.

    Args:
        first: (A, E) embeddings.
        second: (B, E) embeddings.
        same: (A, B) bool, whether a pair is of one patient.
        margin: distance from which two patients are far enough apart.
    """
    gaps = first[:, None] - second[None]
    # The root has no slope at 0, where a pair of one image with itself would be.
    distance = tf.sqrt(tf.reduce_sum(gaps**2, axis=-1) + 1e-12)
    together = tf.cast(same, distance.dtype)
    near = _mean_where(distance**2, together)
    far = _mean_where(tf.maximum(margin - distance, 0.0) ** 2, 1 - together)
    return 0.5 * (near + far)


def _mean_where(values: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(tf.reduce_sum(values * chosen), tf.reduce_sum(chosen))
