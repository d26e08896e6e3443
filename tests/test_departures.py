from dataclasses import replace

import numpy as np
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries
from test_pprl_vgan import LatentGenerator

from replication.departures import (
    measure_activations,
    measure_own_patient,
    measure_replacements,
    measure_rounding,
)
from replication.pixels import round_to_bytes
from replication.privatize import METHODS
from replication.records import PrivatizedSet


def test_each_activation_is_measured_for_each_task():
    test = random_eyes([0, 1, 2, 2], [True, False, False, True], seed=0, prefix="t")
    asked = []

    def train_and_predict(task, activation):
        asked.append((task, activation))
        seen = {"identity": [0, 1, 2, 0], "glaucoma": [1, 0, 1, 0]}[task]
        return np.eye(3)[seen if activation == "relu" else [2, 2, 2, 2]]

    measured = measure_activations(test, train_and_predict)
    assert measured == {
        "ReLU (ours)": {"identity": 0.75, "glaucoma": 0.5},
        "LeakyReLU 0.2 (reference)": {"identity": 0.5, "glaucoma": 0.0},
    }
    assert asked == [
        (task, activation)
        for activation in ("relu", "leaky_relu")
        for task in ("identity", "glaucoma")
    ]


def test_k_same_select_is_measured_with_and_without_the_own_patient():
    patients = np.arange(14)
    gallery = random_eyes(list(patients), [True] * 14, seed=1, prefix="g")
    test = type(gallery)(gallery.images, gallery.identity, gallery.glaucoma, gallery.image_id)
    measured = measure_own_patient(test, gallery, lambda images: np.eye(14))
    assert len(measured) == 8
    assert measured["k-same-3, with the own patient"] == {"identity": 1.0, "replacement": 1.0}
    assert measured["k-same-3, without the own patient"] == {"identity": 1.0, "replacement": 0.0}


def test_replacements_are_counted_each_way():
    test = random_eyes([0, 1, 2, 3], [True] * 4, seed=0, prefix="t")
    single = PrivatizedSet("single", 0, test.images, np.array([[0], [2], [3], [0]]))
    averaged = PrivatizedSet("averaged", 0, test.images, np.array([[1, 3]] * 4))
    again = replace(averaged, draw=1, used_identities=np.array([[0, 2]] * 4))
    seen = np.eye(4)[[0, 1, 3, 3]]
    assert measure_replacements(test, [single, averaged, again], lambda images: seen) == {
        "single, all images": {"identity": 0.75},
        "single, but for patients who replace themselves": {"identity": pytest.approx(2 / 3)},
        "averaged, the replacements count": {"replacement": 0.5},
        "averaged, the original counts too": {"replacement": 0.875},
    }


def test_rounding_is_measured_on_the_first_draw_of_the_run():
    test, gallery = random_queries(), random_gallery()
    generator, shown = LatentGenerator(), []

    def see(images):
        shown.append(images)
        return np.eye(12)[test.identity if len(shown) < 3 else (test.identity + 1) % 12]

    networks = {"identity": see, "glaucoma": lambda images: np.eye(2)[test.glaucoma.astype(int)]}
    measured = measure_rounding(test, gallery, generator, networks, seed=4)
    (drawn,) = METHODS["pprl-vgan-random"].privatize(
        test, gallery=gallery, generator=LatentGenerator(), seed=4, draws=1
    )
    rounded, floats = shown
    np.testing.assert_array_equal(rounded, drawn.images)
    np.testing.assert_array_equal(round_to_bytes(floats), rounded)
    own = float((drawn.used_identities[:, 0] == test.identity).mean())
    everyone = {"identity": 1.0, "glaucoma": 1.0, "replacement": own}
    assert measured["pprl-vgan-random, one draw, rounded"] == everyone
    assert list(measured) == [
        f"pprl-vgan-random, one draw, {words}rounded" for words in ("", "not ")
    ]
