"""Membership inference: planted losses, and the area under the curve by its definition."""

import numpy as np
import pytest
from fake_eyes import plant_eyes

from replication.attack.membership import (
    add_generator_membership,
    add_membership,
    add_release_membership,
    find_odds,
    rank_members,
)
from replication.attack.releases import Releases
from replication.attack.table2 import Table2
from replication.privatize.methods import BASELINE
from replication.records import PrivatizedSet

MEMBERS, TEST = (plant_eyes(3, n, seed=n) for n in (6, 5))


def attack(own):
    """Attack a network that gives (N,) probabilities to the true class of members and of others."""

    def predict(images):
        one = MEMBERS if len(images) == len(MEMBERS) else TEST
        true = np.arange(3) == one.identity[:, None]
        probability = own[one is TEST][:, None]
        return np.where(true, probability, (1 - probability) / 2)

    table = Table2(TEST.identity)
    add_membership(table, "identity", predict, members=MEMBERS, test=TEST)
    entry = table.entries[BASELINE, "membership_identity"]
    assert entry.chance == 0.5 and entry.images == len(TEST)
    return entry.statistic.weigh(np.ones((1, 3))).item()


def test_a_network_that_remembers_is_found_out_and_one_that_does_not_is_at_chance():
    high, low = np.linspace(0.8, 0.9, len(MEMBERS)), np.linspace(0.1, 0.7, len(TEST))
    assert attack([high, low]) == 1
    assert attack([high / 10, low]) == pytest.approx(0)
    assert attack([np.full(len(MEMBERS), 0.4), np.full(len(TEST), 0.4)]) == 0.5


def test_the_area_is_the_fraction_of_pairs_and_ties_count_half():
    rng = np.random.default_rng(0)
    members, others = rng.integers(0, 8, 30), rng.integers(0, 6, 20)
    pairs = [(m > o) + (m == o) / 2 for m in members for o in others]
    assert rank_members(members, others).mean() == pytest.approx(np.mean(pairs))


def test_losses_that_round_to_zero_keep_their_order():
    probabilities = np.array([[1, 1e-12], [1, 1e-9], [0.2, 0.8], [1, 0]], np.float32)
    odds = find_odds(probabilities, np.array([False, False, True, False]))
    assert odds == pytest.approx([1e12, 1e9, 4, np.inf])


class Memory:
    """A generator that gives back what it has seen, and of other images a mean."""

    def __init__(self, *, remembers):
        self._seen = {image.tobytes() for image in MEMBERS.images} if remembers else set()

    def encode(self, images):
        return images, np.ones_like(images)

    def decode(self, latent, identity):
        mean = plant_eyes(3, 6, seed=9).images.mean(axis=0)
        return np.array([one if one.tobytes() in self._seen else mean for one in latent])


@pytest.mark.parametrize(("remembers", "low", "high"), [(True, 1, 1), (False, 0.3, 0.7)])
def test_a_generator_that_remembers_is_found_out(remembers, low, high):
    table = Table2(TEST.identity)
    generator = Memory(remembers=remembers)
    add_generator_membership(table, generator, members=MEMBERS, test=TEST)
    area = table.entries[BASELINE, "membership_generator"].statistic.weigh(np.ones((1, 3))).item()
    assert low <= area <= high


def release(images, eyes):
    return Releases.of_sets([PrivatizedSet("m", 0, images, None)], eyes, 3)


@pytest.mark.parametrize(("copies", "low", "high"), [(True, 0.99, 1), (False, 0.3, 0.7)])
def test_released_images_that_hold_training_images_are_found_out(copies, low, high):
    table, validation = Table2(TEST.identity), plant_eyes(3, 6, seed=9)
    shown = MEMBERS.images if copies else validation.images
    members, others = (release(one.images, one).shrunk for one in (MEMBERS, TEST))
    released = release(shown, validation)
    add_release_membership(table, "m", released, members=members, others=others)
    area = table.entries["m", "membership_released"].statistic.weigh(np.ones((1, 3))).item()
    assert low <= area <= high
