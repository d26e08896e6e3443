from dataclasses import replace

import numpy as np
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries
from latent_generator import STEP, LatentGenerator

from replication.privatize.methods import METHODS
from replication.records import PrivatizedSet, round_to_bytes
from replication.studies.departures import (
    PRIVATIZERS,
    evaluate_draws,
    evaluate_networks,
    measure_privatizers,
    measure_replacements,
)


def test_networks_are_judged_by_their_own_task():
    test = random_eyes([0, 1, 2, 2], [True, False, False, True], seed=0, prefix="t")
    networks = {
        "identity": lambda images: np.eye(3)[[0, 1, 2, 0]],
        "glaucoma": lambda images: np.eye(2)[[1, 1, 1, 1]],
    }
    assert evaluate_networks(test, networks) == {"identity": 0.75, "glaucoma": 0.5}


def test_sets_are_judged_by_the_mean_of_their_draws():
    test = random_eyes([0, 1], [True, False], seed=0, prefix="t")
    draws = [PrivatizedSet("m", n, test.images, np.array([[n], [1]])) for n in range(2)]
    networks = {
        "identity": lambda images: np.eye(2)[[0, 0]],
        "glaucoma": lambda images: np.eye(2)[[1, 0]],
    }
    assert evaluate_draws(test, draws, networks) == {
        "identity": 0.5,
        "glaucoma": 1.0,
        "replacement": 0.25,
    }
    blurred = PrivatizedSet("blur-3", 0, test.images, None)
    assert evaluate_draws(test, [blurred], networks) == {"identity": 0.5, "glaucoma": 1.0}


class UnevenGenerator(LatentGenerator):
    """Paints images whose levels lie a third above a byte's."""

    def decode(self, latent, identity):
        return super().decode(latent, identity) + np.float32(STEP / 3)


def measure(monkeypatch, *, draws):
    """Measure with networks that tell everybody's patient; return what they were shown, too."""
    test, gallery, shown = random_queries(), random_gallery(), []

    def see_the_patient(images):
        shown.append(images)
        return np.eye(12)[test.identity]

    networks = {
        "identity": see_the_patient,
        "glaucoma": lambda images: np.eye(2)[test.glaucoma.astype(int)],
    }
    names = [name for name in PRIVATIZERS if name.startswith(("blur-3", "pprl"))]
    few = {name: PRIVATIZERS[name] for name in names}
    monkeypatch.setattr("replication.studies.departures.PRIVATIZERS", few)
    given = {"gallery": gallery, "generator": UnevenGenerator(), "seed": 4, "draws": draws}
    measured = measure_privatizers(test, networks, **given)
    return dict(measured), shown


def test_each_choice_is_measured_beside_ours(monkeypatch):
    figures, shown = measure(monkeypatch, draws=1)
    shown = dict(zip(figures, shown, strict=True))
    for name in ("blur-3", "pprl-vgan-random"):
        (ours, other) = (f"{name}, {words}" for words in PRIVATIZERS[name])
        (registered,) = METHODS[name].privatize(
            random_queries(),
            gallery=random_gallery(),
            generator=UnevenGenerator(),
            seed=4,
            draws=1,
        )
        np.testing.assert_array_equal(shown[ours], registered.images)
        assert np.any(shown[other] != shown[ours])
        assert figures[ours]["identity"] == 1.0
    floats = shown["pprl-vgan-random, not rounded"]
    np.testing.assert_array_equal(round_to_bytes(floats), shown["pprl-vgan-random, ours"])


def test_pools_and_others_are_measured_as_they_are_called(monkeypatch):
    figures, _ = measure(monkeypatch, draws=20)
    own = {name: each.get("replacement") for name, each in figures.items()}
    # The patient of each query is seen, so these are the shares who may replace themselves.
    assert own["pprl-vgan-different-pathology, patients without the own label"] == 0
    assert own["pprl-vgan-different-pathology, patients with the other label"] > 0
    assert own["pprl-vgan-averaged-random, with five others"] == 0
    assert own["pprl-vgan-averaged-random, with five of all"] > 0


def test_k_same_select_is_measured_with_and_without_the_own_patient():
    gallery = random_eyes(list(range(14)), [True] * 14, seed=1, prefix="g")
    networks = {
        "identity": lambda images: np.eye(14),
        "glaucoma": lambda images: np.eye(2)[[1] * 14],
    }
    for words, arguments in PRIVATIZERS["k-same-3"].items():
        sets = METHODS["k-same-3"].privatize(
            gallery, gallery=gallery, generator=None, seed=0, draws=1, **arguments
        )
        replaced = evaluate_draws(gallery, sets, networks)["replacement"]
        assert replaced == {"without the own patient": 0.0, "with the own patient": 1.0}[words]


def test_ours_are_what_the_registry_does():
    for name, choices in PRIVATIZERS.items():
        bound = METHODS[name].privatize.keywords
        first = next(iter(choices.values()))
        assert {key: bound.get(key, value) for key, value in first.items()} == first


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
