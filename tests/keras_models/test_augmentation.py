import numpy as np
import pytest
import tensorflow as tf

from keras_models import augmentation
from keras_models.augmentation import augment

STRENGTHS = ("SHIFT_PX", "TURN_DEGREES", "GAIN", "BRIGHTNESS")


def draw(images, *, monkeypatch, blurred=False, **strengths):
    """Augment with these strengths alone, all others at none."""
    for name in STRENGTHS:
        monkeypatch.setattr(augmentation, name, strengths.get(name, 0.0))
    if not blurred:
        monkeypatch.setattr(tf.nn, "avg_pool2d", lambda images, *_: images)
    return augment(tf.constant(images), tf.constant([0, 1])).numpy()


def make_dots(count, *, size=33, row=16, column=16):
    """Make dark images with one bright patch of 3x3 pixels."""
    images = np.full((count, size, size, 1), -1.0, np.float32)
    images[:, row - 1 : row + 2, column - 1 : column + 2] = 1.0
    return images


def find_centres(images):
    """Return the (N,) rows and columns of the centres of light."""
    light = images[..., 0] + 1
    total = light.sum(axis=(1, 2))
    places = np.arange(images.shape[1])
    return (light.sum(axis=2) @ places) / total, (light.sum(axis=1) @ places) / total


def test_without_strength_nothing_changes(monkeypatch):
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(draw(images, monkeypatch=monkeypatch), images, atol=1e-6)


def test_images_are_shifted_by_up_to_three_pixels_each_by_its_own(monkeypatch):
    rows, columns = find_centres(draw(make_dots(400), monkeypatch=monkeypatch, SHIFT_PX=3.0))
    for moved in (rows - 16, columns - 16):
        assert np.abs(moved).max() <= 3.001
        assert moved.min() < -2.5 and moved.max() > 2.5
        assert abs(moved.mean()) < 0.3
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2


def test_images_are_turned_about_their_centre_by_up_to_twelve_degrees(monkeypatch):
    dots = make_dots(400, row=16, column=28)
    rows, columns = find_centres(draw(dots, monkeypatch=monkeypatch, TURN_DEGREES=12.0))
    turned = np.degrees(np.arctan2(rows - 16, columns - 16))
    assert np.abs(turned).max() <= 12.1
    assert turned.min() < -10 and turned.max() > 10
    np.testing.assert_allclose(np.hypot(rows - 16, columns - 16), 12, atol=0.2)


def test_light_is_scaled_and_added_to(monkeypatch):
    flat = np.zeros((400, 8, 8, 1), np.float32)
    scaled = draw(flat, monkeypatch=monkeypatch, GAIN=0.2)[:, 0, 0, 0]
    assert -0.2 <= scaled.min() < -0.18 and 0.18 < scaled.max() <= 0.2
    dark = np.full((400, 8, 8, 1), -1.0, np.float32)
    assert (draw(dark, monkeypatch=monkeypatch, GAIN=0.2) == -1).all()
    added = draw(flat, monkeypatch=monkeypatch, BRIGHTNESS=0.1)[:, 0, 0, 0]
    assert -0.1 <= added.min() < -0.08 and 0.08 < added.max() <= 0.1


def test_blur_is_at_most_the_mean_of_nine_pixels(monkeypatch):
    dots = np.full((400, 9, 9, 1), -1.0, np.float32)
    dots[:, 4, 4] = 1.0
    blurred = draw(dots, monkeypatch=monkeypatch, blurred=True)
    centre = blurred[:, 4, 4, 0] + 1
    assert 2 / 9 - 1e-6 <= centre.min() < 0.3 and 1.9 < centre.max() <= 2
    np.testing.assert_allclose((blurred + 1).sum(axis=(1, 2, 3)), 2, atol=1e-5)


@pytest.mark.parametrize("other", [[0, 2], [1, 1]])
def test_a_seed_draws_the_same_and_another_does_not(other):
    images = tf.random.stateless_uniform((4, 16, 16, 3), [0, 0], -1.0, 1.0)
    first, same, different = (augment(images, seed).numpy() for seed in ([0, 1], [0, 1], other))
    np.testing.assert_array_equal(first, same)
    assert (first != different).any()
    assert np.abs(first).max() <= 1


def test_by_whole_pixels_every_pixel_is_one_of_the_image():
    images = np.random.default_rng(0).uniform(-0.5, 0.5, (8, 16, 16, 1)).astype(np.float32)
    seen = augment(tf.constant(images), tf.constant([0, 1]), whole_pixels=True).numpy()
    for before, after in zip(images[..., 0], seen[..., 0], strict=True):
        # Gain and brightness are one straight line of each image; what is left is where pixels are.
        fits = []
        for down in range(-3, 4):
            for right in range(-3, 4):
                inside = np.s_[3:13, 3:13]
                moved = np.roll(before, (down, right), (0, 1))[inside].ravel()
                line = np.polyfit(moved, after[inside].ravel(), 1)
                fits.append(np.abs(np.polyval(line, moved) - after[inside].ravel()).max())
        assert min(fits) < 1e-5
