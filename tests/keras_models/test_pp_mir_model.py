"""PP-MIR's step: four terms by their definitions, and what it changes."""

import numpy as np
import pytest
import tensorflow as tf
from keras import initializers, layers, models

from keras_models.pp_mir_model import IrisImages, PpMir
from keras_models.vgan_losses import agreement_loss, even_loss, iris_loss

WEIGHTS = (0.4, 1.0, 0.001, 0.128, 0.002)
SHAPE = (16, 16, 3)
TERMS = ("realism", "identity", "task", "iris", "latent")


def build_judge(classes, seed):
    """Return a trained network's stand-in: softmax of a fixed linear function of the pixels."""
    initial = initializers.GlorotUniform(seed)
    last = layers.Dense(classes, "softmax", kernel_initializer=initial)
    return models.Sequential([layers.Input(SHAPE), layers.Flatten(), last])


def build(**more):
    return PpMir(
        0,
        SHAPE,
        units=16,
        kernel_size=4,
        learning_rates=(3e-4, 3e-4),
        decay=1e-6,
        generator_weights=WEIGHTS,
        discriminator_weights=(1.0,),
        dtype="float32",
        seed=0,
        identify=build_judge(4, 1),
        diagnose=build_judge(2, 2),
        **more,
    )


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return IrisImages(
        tf.constant(rng.uniform(-1, 1, (12, *SHAPE)), tf.float32),
        tf.constant(rng.random((12, 16, 16)) < 0.3),
    )


@pytest.fixture(scope="module")
def stepped(data):
    """A model after one step, all its weights before and after, and the step's losses."""
    model = build()
    parts = ("encoder", "decoder", "discriminator", "_identify", "_diagnose")
    before = {name: getattr(model, name).get_weights() for name in parts}
    losses = model.train_step(data, 4)
    after = {name: getattr(model, name).get_weights() for name in parts}
    return model, before, after, {name: float(loss) for name, loss in losses.items()}


def test_an_even_prediction_costs_nothing_and_a_sure_one_the_more_the_surer():
    even, leaning, sure = (
        float(even_loss(tf.constant([row, row])))
        for row in ([0.25] * 4, [0.4, 0.2, 0.2, 0.2], [0.97, 0.01, 0.01, 0.01])
    )
    assert even == pytest.approx(0, abs=1e-6)
    assert leaning == pytest.approx(-np.mean(np.log([0.4, 0.2, 0.2, 0.2])) - np.log(4), rel=1e-5)
    assert 0 < leaning < sure


def test_what_a_network_predicts_of_the_originals_is_wanted():
    wanted, found = np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([[0.7, 0.3], [0.2, 0.8]])
    expected = -(wanted * np.log(found)).sum(axis=1).mean()
    assert float(agreement_loss(tf.constant(wanted), tf.constant(found))) == pytest.approx(expected)


def test_only_the_iris_has_to_be_the_originals():
    images, privatized = np.zeros((2, 4, 4, 3), np.float32), np.ones((2, 4, 4, 3), np.float32)
    iris = np.zeros((2, 4, 4), bool)
    iris[0, 1:3, 1:3] = True  # the second image has none
    privatized[0, 1, 1] = -0.5
    expected = (3 * 1**2 + 0.5**2) / 2
    assert float(iris_loss(images, privatized, iris)) == pytest.approx(expected)


def test_the_generators_loss_is_its_terms_with_their_weights(stepped):
    losses = stepped[-1]
    terms = [losses[f"generator_{name}"] for name in TERMS]
    assert losses["generator"] == pytest.approx(np.dot(WEIGHTS, terms), rel=1e-5)
    assert not {"discriminator_identity", "discriminator_task"} & losses.keys()


def test_a_step_changes_generator_and_discriminator_and_not_the_trained_networks(stepped):
    model, before, after, _ = stepped
    for name, weights in before.items():
        changed = [np.any(b != a) for b, a in zip(weights, after[name], strict=True) if b.ndim > 1]
        assert all(changed) if not name.startswith("_") else not any(changed)
    assert [int(model.generator_optimizer.iterations), int(model.step)] == [2, 1]


def test_the_terms_are_of_what_the_trained_networks_predict(data):
    model = build()
    privatized = -0.5 * data.images
    heads = [tf.fill((12, 1), 0.8)]
    terms = model._miss(heads, None, data, privatized)
    who, which = (net.predict(privatized, verbose=0) for net in (model._identify, model._diagnose))
    of_originals = model._diagnose.predict(data.images, verbose=0)
    expected = {
        "realism": -np.log(0.8),
        "identity": -np.log(who).mean() - np.log(4),
        "task": -(of_originals * np.log(which)).sum(axis=1).mean(),
        "iris": float(iris_loss(data.images, privatized, data.iris)),
    }
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)


def test_what_is_decoded_follows_the_latent_alone():
    model = build()
    latent = tf.random.stateless_normal((2, 128), (0, 0))
    first, second = model._decode(latent, None, training=False).numpy()
    assert first.shape == SHAPE and np.any(first != second)
    assert len(model.decoder.inputs) == 1
