"""The projection's embeddings and the contrastive loss, by loops."""

import numpy as np
import pytest
import tensorflow as tf

from keras_models.siamese import EMBEDDING_UNITS, build_projection, contrastive_loss


def embed_at_random(rows, seed):
    return tf.constant(np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32))


def test_the_loss_by_loops():
    first, second = embed_at_random(4, 0), embed_at_random(5, 1)
    same = np.random.default_rng(2).random((4, 5)) < 0.4
    near, far = [], []
    for i in range(4):
        for j in range(5):
            distance = np.sqrt(sum((first[i] - second[j]).numpy() ** 2))
            if same[i, j]:
                near.append(distance**2 / 2)
            else:
                far.append(max(0, 2.0 - distance) ** 2 / 2)
    found = contrastive_loss(first, second, tf.constant(same), margin=2.0)
    assert found.numpy() == pytest.approx(np.mean(near) + np.mean(far), rel=1e-5)


@pytest.mark.parametrize("same", [True, False])
def test_pairs_of_one_kind_and_of_one_image_have_finite_loss_and_slope(same):
    points = tf.Variable(embed_at_random(3, 0))
    with tf.GradientTape() as tape:
        loss = contrastive_loss(points, points, tf.fill((3, 3), same), margin=1.0)
    assert np.isfinite(loss.numpy())
    assert np.isfinite(tape.gradient(loss, points).numpy()).all()


def test_embeddings_have_length_one_and_the_seed_decides_them():
    features = np.random.default_rng(0).normal(size=(6, 20)).astype(np.float32)
    found, again, other = (build_projection(20, seed=seed)(features).numpy() for seed in (1, 1, 2))
    assert found.shape == (6, EMBEDDING_UNITS)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(found, again)
    assert not np.allclose(found, other)
