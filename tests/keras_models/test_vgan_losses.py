import numpy as np
import pytest
import tensorflow as tf

from keras_models.vgan_losses import class_loss, latent_loss, realism_loss, saturating_loss


def test_realism_is_the_mean_binary_cross_entropy_with_soft_targets():
    target, real = np.float32([[1.0], [0.95], [0.05]]), np.float32([[0.8], [0.5], [0.3]])
    by_hand = -np.mean(target * np.log(real) + (1 - target) * np.log(1 - real))
    assert float(realism_loss(target, real)) == pytest.approx(by_hand, rel=1e-5)


def test_a_class_loss_is_the_mean_negative_log_of_the_wanted_class():
    probabilities = np.float32([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
    by_hand = -(np.log(0.2) + np.log(0.3)) / 2
    assert float(class_loss(np.array([1, 2]), probabilities)) == pytest.approx(by_hand, rel=1e-5)


def test_the_saturating_loss_is_the_mean_log_of_what_is_not_wanted_yet():
    by_hand = (np.log(0.3) + np.log(0.9)) / 2
    assert float(saturating_loss(np.float32([0.7, 0.1]))) == pytest.approx(by_hand, rel=1e-5)
    assert np.isfinite(float(saturating_loss(np.float32([1.0]))))


def test_the_latent_loss_is_the_divergence_from_the_standard_normal():
    mean, log_variance = np.float32([[1.0, -2.0], [0.0, 0.5]]), np.float32([[0.2, 0.9], [0.0, 0.4]])
    total = 0.0
    for m, s in zip(mean.ravel(), log_variance.ravel(), strict=True):
        total += 0.5 * (m**2 + np.exp(s) - s - 1)
    assert float(latent_loss(mean, log_variance)) == pytest.approx(total / 2, rel=1e-5)
    assert float(latent_loss(tf.zeros((3, 4)), tf.zeros((3, 4)))) == 0
