"""An attacker's queries: who is shown as they are is found, whoever is hidden is not."""

import numpy as np
import pytest
from fake_eyes import draw_noise, plant_eyes

from replication.cases.gate import Refusal
from replication.cases.membership import ATTACKS, query_cases, rank_controls
from replication.cases.released import ReleasedCases
from replication.cases.table3 import Answering, Asked
from replication.records import round_to_bytes

QUERIES = plant_eyes(24, 2, seed=3)
GALLERY = plant_eyes(24, 4).take(np.flatnonzero(plant_eyes(24, 4).identity % 2 == 0))
MEMBER = QUERIES.identity % 2 == 0
EVERY = np.ones(len(QUERIES), dtype=bool)


def embed(images):
    return images.reshape(len(images), 4, 4, 4, 4, 3).mean(axis=(2, 4, 5))[..., None]


def ask(images, refusal=Refusal.NONE):
    count = len(GALLERY)
    released = ReleasedCases(
        round_to_bytes(images),
        np.zeros(count, int),
        np.full(count, refusal, dtype="U99"),
        np.ones(count, int),
        np.arange(count),
    )
    known = plant_eyes(24, 1, seed=5)
    weights = np.full((len(QUERIES), 4, 4), 1 / 16)
    no_kinds = np.zeros((len(QUERIES), 0), bool)
    asked = Asked(
        QUERIES,
        QUERIES.glaucoma,
        embed(QUERIES.images),
        weights,
        known,
        embed(known.images),
        no_kinds,
    )
    answering = Answering(
        GALLERY, released, embed(images), np.ones(count, bool), np.zeros((count, 0), bool)
    )
    return query_cases(asked, answering, count=3)


def find_areas(scores):
    return {
        name: counted.mean()
        for name, (_, counted) in rank_controls(scores, MEMBER, EVERY, EVERY).items()
    }


def test_whoever_is_shown_as_they_are_is_found():
    areas = find_areas(ask(GALLERY.images))
    assert areas["distance"] > 0.9 and areas["picture"] > 0.9


def test_of_noise_nothing_is_learned():
    areas = find_areas(ask(draw_noise(GALLERY.images, seed=1)))
    assert all(abs(area - 0.5) < 0.2 for area in areas.values())


def test_where_nothing_may_be_shown_all_are_alike():
    scores = ask(GALLERY.images, Refusal.CROWD)
    assert find_areas(scores) == dict.fromkeys(ATTACKS, 0.5)


def test_an_area_is_the_share_of_pairs_that_are_ordered_right():
    rng = np.random.default_rng(0)
    scores = {"one": rng.integers(0, 5, len(QUERIES)).astype(float)}
    counted = np.arange(len(QUERIES)) < 30
    (area, each) = rank_controls(scores, MEMBER, ~counted, counted)["one"]
    for rows, found in ((counted, each.mean()), (~counted, area)):
        pairs = [
            (scores["one"][a] > scores["one"][b]) + 0.5 * (scores["one"][a] == scores["one"][b])
            for a in np.flatnonzero(rows & MEMBER)
            for b in np.flatnonzero(rows & ~MEMBER)
        ]
        assert found == pytest.approx(np.mean(pairs))
    assert len(each) == (counted & ~MEMBER).sum()
