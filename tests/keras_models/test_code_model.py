import numpy as np
import pytest
import tensorflow as tf

from keras_models import code_model
from keras_models.code_model import CodedImages, CodeGan
from keras_models.code_networks import LATENT_UNITS

CODES, IDENTITIES, SHAPE = 3, 4, (16, 16, 1)
SETTINGS = {
    "learning_rate": 1e-3,
    "identity_weight": 0.1,
    "code_weight": 0.5,
    "penalty": 0.2,
    "averaging": 0.9,
}


def build(seed=0, **more):
    return CodeGan(CODES, IDENTITIES, SHAPE, **(SETTINGS | more), seed=seed)


def make_data(shares=(1, 1, 1)):
    rng, code = np.random.default_rng(0), np.arange(12) % CODES
    return CodedImages(
        tf.constant(rng.uniform(-1, 1, (12, *SHAPE)), tf.float32),
        tf.constant(np.arange(12) % IDENTITIES, tf.int32),
        tf.constant(code, tf.int32),
        tf.constant(np.log(np.array(shares, float) + 1e-30)[code], tf.float32),
    )


def weights(model):
    return [v.numpy() for v in (*model.decoder.weights, *model.discriminator.weights)]


@pytest.fixture(scope="module")
def stepped():
    """A model after a step, its weights before, and the losses of the step."""
    model = build()
    before = weights(model)
    losses = model.train_step(make_data(), 8)
    return model, before, {name: float(loss) for name, loss in losses.items()}


def test_a_step_updates_each_network_once(stepped):
    model, before, losses = stepped
    assert int(model.discriminator_optimizer.iterations) == 1
    assert int(model.generator_optimizer.iterations) == 1
    assert int(model.step) == 1
    assert all(np.isfinite(loss) for loss in losses.values())
    moved = [np.any(b != a) for b, a in zip(before, weights(model), strict=True) if b.ndim == 4]
    assert all(moved)


def test_the_same_seed_makes_the_same_step_and_another_seed_another(stepped):
    model, _, losses = stepped
    for seed, equal in ((0, True), (1, False)):
        other = build(seed)
        other.train_step(make_data(), 8)
        pairs = zip(weights(model), weights(other), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs) == equal
    assert losses["generator_identity"] >= -1e-6


def test_images_are_drawn_as_often_as_their_shares_say():
    model = build()
    batch = model._draw_batch(make_data(shares=(0.5, 0.25, 0.25)), 4000, what=0)
    counts = np.bincount(batch[2].numpy(), minlength=3) / 4000
    np.testing.assert_allclose(counts, [0.5, 0.25, 0.25], atol=0.03)
    only = model._draw_batch(make_data(shares=(0, 1, 0)), 100, what=0)
    assert set(only[2].numpy()) == {1}


def test_nobody_is_found_where_everybody_is_equally_likely(monkeypatch):
    """The identity's term is the distance from an even distribution, in nats, and 0 there."""
    model = build()
    identity = model.discriminator.get_layer("identity")
    zero = [np.zeros_like(weight) for weight in identity.get_weights()]
    identity.set_weights(zero)
    losses = model._update_generator(make_data(), 8)
    assert float(losses["generator_identity"]) == pytest.approx(0, abs=1e-6)


def test_the_gradient_on_real_images_is_held_down_every_eighth_update(monkeypatch):
    asked = []
    model = build()
    real = model._update_discriminator
    monkeypatch.setattr(model, "_update_discriminator", lambda *a: asked.append(a[2]) or real(*a))
    for _ in range(code_model.PENALTY_EVERY + 1):
        model.train_step(make_data(), 4)
    assert asked == [True, *[False] * 7, True]


def test_a_stronger_penalty_leaves_a_flatter_discriminator():
    slopes = []
    for penalty in (0.0, 100.0):
        model, data = build(penalty=penalty), make_data()
        for _ in range(10):
            model._update_discriminator(data, 8, True)
            model.step.assign_add(1)
        shown = tf.one_hot(data.code, CODES)
        with tf.GradientTape() as tape:
            tape.watch(data.images)
            found = model.discriminator([data.images, shown])[0]
        slopes.append(float(tf.norm(tape.gradient(found, data.images))))
    assert slopes[1] < slopes[0] / 2


def test_the_code_and_the_noise_both_change_the_image():
    decoder = build().decoder
    rng = np.random.default_rng(0)
    latent = tf.constant(rng.normal(size=(2, LATENT_UNITS)), tf.float32)
    same = decoder([latent, tf.one_hot([1, 1], CODES)]).numpy()
    other = decoder([latent[:1], tf.one_hot([2], CODES)]).numpy()
    assert same.shape == (2, *SHAPE)
    assert np.abs(same).max() <= 1
    assert np.abs(same[0] - same[1]).max() > 1e-3
    assert np.abs(same[0] - other[0]).max() > 1e-3
