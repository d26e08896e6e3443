"""The way back from what is linear is found; from noise there is none."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from fake_eyes import draw_noise, plant_eyes

from replication.attack.patient_privacy import Embeddings
from replication.attack.releases import Releases
from replication.attack.undo import LDA, NETWORK, WayBack
from replication.records import PrivatizedSet

PATIENTS = 12
TRAIN, VALIDATION, TEST = (plant_eyes(PATIENTS, n, noise=0.1, seed=n) for n in (12, 4, 6))


class Static:
    """Names the patient of the nearest mean original; knows nothing else."""

    means = np.array([TRAIN.images[TRAIN.identity == p].mean(axis=0) for p in range(PATIENTS)])

    def embed(self, images):
        distance = ((images[:, None] - self.means) ** 2).mean(axis=(2, 3, 4))
        weights = np.exp(-10 * distance)
        probabilities = weights / weights.sum(axis=1, keepdims=True)
        return Embeddings(None, None, None, probabilities)


def release(images, eyes):
    return Releases.of_sets([PrivatizedSet("m", 0, images, None)], eyes, PATIENTS)


def rate(method):
    releases = [release(method(eyes.images), eyes) for eyes in (TRAIN, VALIDATION, TEST)]
    way_back = WayBack(release(TRAIN.images, TRAIN), PATIENTS, Static())
    found = way_back.score(*releases, release(VALIDATION.images, VALIDATION))
    return {
        name: np.mean((one.test + one.log_priors).argmax(axis=1) == TEST.identity)
        for name, one in found.items()
    }


def mix_pixels(images):
    """Mix all pixels by one matrix that can be undone."""
    flat = images.mean(axis=-1).reshape(len(images), -1)
    mixing = np.random.default_rng(0).normal(size=(flat.shape[1],) * 2) / 60
    gray = np.clip(flat @ mixing, -1, 1).reshape(images.shape[:3]).astype(np.float32)
    return np.repeat(gray[..., None], 3, axis=-1)


def blur(images):
    return np.array([cv2.GaussianBlur(image, (5, 5), 0) for image in images])


@pytest.mark.parametrize("method", [mix_pixels, blur])
def test_what_is_linear_is_undone(method):
    rates = rate(method)
    assert rates[LDA] > 0.9 and rates[NETWORK] > 0.9
    asked = method(TEST.images)
    if method is mix_pixels:  # which the network alone can't read
        named = Static().embed(asked).probabilities.argmax(axis=1)
        assert np.mean(named == TEST.identity) < 0.4


def test_images_beyond_the_attackers_side_come_back_at_full_size():
    class LargeStatic(Static):
        def embed(self, images):
            assert images.shape[1:] == (128, 128, 3)
            return super().embed(images[:, 4::8, 4::8])

    large = [
        replace(eyes, images=eyes.images.repeat(8, axis=1).repeat(8, axis=2))
        for eyes in (TRAIN, VALIDATION, TEST)
    ]
    releases = [release(eyes.images, eyes) for eyes in large]
    way_back = WayBack(releases[0], PATIENTS, LargeStatic())
    assert releases[0].levels.shape[1:3] == (128, 128) and releases[0].shrunk.shape[1] == 32**2
    found = way_back.score(*releases, releases[1])
    named = (found[NETWORK].test + found[NETWORK].log_priors).argmax(axis=1)
    assert np.mean(named == TEST.identity) > 0.9


def test_of_noise_there_is_no_way_back():
    seeds = iter(range(3))
    rates = rate(lambda images: draw_noise(images, seed=next(seeds)))
    assert max(rates.values()) < 0.25
