import numpy as np
import pytest
import tensorflow as tf

from keras_models import vgan_model
from keras_models.vgan_losses import realism_loss
from keras_models.vgan_model import (
    PprlVgan,
    TrainingImages,
    measure_capacity,
    standard_deviation,
)

IDENTITIES = 4


def build(seed=0, dtype="float32", **more):
    return PprlVgan(
        IDENTITIES,
        (16, 16, 3),
        units=16,
        kernel_size=4,
        learning_rates=(3e-4, 3e-4),
        decay=1e-6,
        generator_weights=(0.5, 0.5, 0.5, 0.002),
        discriminator_weights=(0.25, 0.5, 0.25),
        dtype=dtype,
        seed=seed,
        **more,
    )


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return TrainingImages(
        tf.constant(rng.uniform(-1, 1, (12, 16, 16, 3)), tf.float32),
        tf.constant(np.arange(12) % IDENTITIES, tf.int32),
        tf.constant(np.arange(12) % 2, tf.int32),
    )


@pytest.fixture(scope="module")
def stepped(data):
    """A model after one step, its weights before, and the losses of the step."""
    model = build()
    before = [v.numpy() for v in (*model.generator_variables, *model.discriminator.variables)]
    losses = model.train_step(data, 4)
    return model, before, {name: float(loss) for name, loss in losses.items()}


def test_a_step_updates_the_discriminator_and_the_generator_twice_each(stepped):
    model, before, losses = stepped
    after = [v.numpy() for v in (*model.generator_variables, *model.discriminator.variables)]
    assert int(model.discriminator_optimizer.iterations) == 2
    assert int(model.generator_optimizer.iterations) == 2
    assert int(model.step) == 1
    moved = [np.any(b != a) for b, a in zip(before, after, strict=True) if b.ndim > 1]
    assert all(moved)
    assert all(np.isfinite(loss) for loss in losses.values())


def test_the_generators_loss_is_its_terms_with_the_papers_weights(stepped):
    losses = stepped[2]
    names = ("realism", "identity", "task", "latent")
    terms = [losses[f"generator_{name}"] for name in names]
    assert losses["generator"] == pytest.approx(np.dot((0.5, 0.5, 0.5, 0.002), terms), rel=1e-5)


def test_equation_2_as_written_wants_the_same_of_the_same_heads(data):
    judged = tf.constant([[0.4], [0.9]]), tf.constant([[0.5, 0.2, 0.2, 0.1]] * 2)
    judged = (*judged, tf.constant([[0.3, 0.7]] * 2))
    batch = TrainingImages(None, None, tf.constant([1, 0]))
    wanted = tf.constant([0, 3]), batch, None
    terms = build(saturating=True)._miss(judged, *wanted).values()
    seen = [(0.4, 0.9), (0.5, 0.1), (0.7, 0.3)]
    assert [float(term) for term in terms] == pytest.approx(
        [np.log(1 - np.array(pair)).mean() for pair in seen], rel=1e-5
    )
    usual = build()._miss(judged, *wanted).values()
    assert [float(term) for term in usual] == pytest.approx(
        [-np.log(pair).mean() for pair in seen], rel=1e-5
    )
    model = build(saturating=True)
    before = model.encoder.get_weights()[0]
    assert float(model._update_generator(data, 4, 1)["generator_realism"]) < 0
    assert np.any(model.encoder.get_weights()[0] != before)


def test_the_generators_updates_leave_the_discriminator_alone(data):
    model = build()
    before = [v.numpy() for v in model.discriminator.trainable_variables]
    model._update_generator(data, 4, 1)
    for variable, value in zip(model.discriminator.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_the_same_seed_trains_the_same_and_another_begins_otherwise(data, stepped):
    same, other = build(), build(1)
    assert np.any(same.decoder.get_weights()[0] != other.decoder.get_weights()[0])
    same.train_step(data, 4)
    for ours, theirs in zip(stepped[0].decoder.weights, same.decoder.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_a_step_draws_follows_the_seed(data):
    first, same, other = (build(seed) for seed in (1, 1, 2))
    for draw in (
        lambda model: model._draw_batch(data, 8, 0)[0],
        lambda model: model._draw_identities(40, 0),
        lambda model: model._draw_targets(8, 0.0, 1.0, what=3),
        lambda model: model._privatize(data.images, [0] * 12, stream=0, training=False)[0],
    ):
        np.testing.assert_array_equal(draw(first), draw(same))
        other.encoder.set_weights(first.encoder.get_weights())
        other.decoder.set_weights(first.decoder.get_weights())
        assert np.any(draw(first) != draw(other))


def test_real_and_privatized_images_have_soft_labels_the_generator_hard_ones(data, monkeypatch):
    labels = []

    def keep(target, real):
        labels.append(np.asarray(target))
        return realism_loss(target, real)

    monkeypatch.setattr(vgan_model, "realism_loss", keep)
    model = build()
    model._update_discriminator(data, 12)
    model._update_generator(data, 12, 1)
    real, privatized, wanted = labels
    assert 0.9 <= real.min() < 0.95 < real.max() <= 1
    assert 0 <= privatized.min() < 0.05 < privatized.max() <= 0.1
    assert (wanted == 1).all()
    assert {label.shape for label in labels} == {(12, 1)}


def test_batches_have_no_image_twice_and_change_from_step_to_step(data):
    model = build()
    drawn = [model._draw_batch(data, 8, stream)[0].numpy() for stream in (0, 1)]
    for images in drawn:
        assert len(np.unique(images.reshape(8, -1), axis=0)) == 8
    model.step.assign_add(1)
    assert np.any(drawn[0] != model._draw_batch(data, 8, 0)[0].numpy())
    assert np.any(drawn[0] != drawn[1])


def test_replacement_identities_are_uniform_over_the_patients(data):
    counts = np.bincount(build()._draw_identities(4000, 0), minlength=IDENTITIES)
    assert counts.sum() == 4000
    assert np.all(np.abs(counts - 1000) < 150)


def test_the_latent_noise_follows_the_references_training_formula():
    np.testing.assert_allclose(
        standard_deviation(tf.constant([0.0, 0.5, 1.0])), np.exp([0, 0.125, 0.5])
    )


def test_a_code_without_signal_carries_nothing_and_one_of_noises_variance_half_a_bit_a_unit():
    sure = np.zeros((4, 128), np.float32)
    alternating = np.tile([[1.0], [-1.0]], (2, 128)).astype(np.float32)
    assert float(measure_capacity(sure, sure)) == pytest.approx(0, abs=1e-4)
    assert float(measure_capacity(alternating, sure)) == pytest.approx(64, rel=1e-5)
    assert float(measure_capacity(3 * alternating, sure)) == pytest.approx(
        64 * np.log2(10), rel=1e-5
    )
    # The noise of log-variance 1 has the variance e.
    noisy = float(measure_capacity(alternating, sure + 1))
    assert noisy == pytest.approx(64 * np.log2(1 + 1 / np.e), rel=1e-5)


def test_a_step_reports_what_the_code_carries(stepped):
    assert 0 < stepped[2]["latent_capacity_bits"] < 128


def list_generator(model):
    """Return the generator's weights but for what counts the calls of dropout."""
    weights = model.encoder.weights + model.decoder.weights
    return [weight.numpy() for weight in weights if weight.dtype.is_floating]


def test_the_generators_average_moves_with_each_step_and_settles_into_the_networks(data):
    model, usual = build(averaging=0.5), build()
    expected = list_generator(model)
    for step in range(1, 12):
        usual.train_step(data, 4)
        model.train_step(data, 4)
        kept = min(0.5, step / (step + 9))  # (1 + t) / (10 + t), t from 0
        pairs = zip(expected, list_generator(model), strict=True)
        expected = [kept * average + (1 - kept) * weight for average, weight in pairs]
    for ours, theirs in zip(list_generator(model), list_generator(usual), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    moving = [weight.name for weight in model.decoder.weights if "moving_mean" in weight.name]
    assert len(moving) == 3
    model.settle()
    for settled, average in zip(list_generator(model), expected, strict=True):
        np.testing.assert_allclose(settled, average, rtol=1e-4, atol=1e-6)


def test_without_an_average_the_last_weights_stay(data):
    model = build()
    model.train_step(data, 4)
    before = list_generator(model)
    model.settle()
    assert model.average is None
    for ours, theirs in zip(before, list_generator(model), strict=True):
        np.testing.assert_array_equal(ours, theirs)
