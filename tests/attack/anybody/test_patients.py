"""Attackers who read blocks find what `attack_patients` finds in memory."""

import numpy as np
import pytest
from fake_eyes import plant_eyes

from replication.attack.anybody.parts import Look
from replication.attack.anybody.patients import (
    Cell,
    Tally,
    choose,
    fit_attackers,
    fit_static,
    read_blocks,
)
from replication.attack.patient_privacy import attack_patients
from replication.attack.releases import Releases
from replication.records import to_bytes

PATIENTS, DRAWS = 8, 3


def release(each, seed):
    eyes = plant_eyes(PATIENTS, each, noise=1.0, seed=seed)
    count = PATIENTS * each
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 40, (DRAWS * count, 16, 16, 3))
    levels = np.clip(np.tile(to_bytes(eyes.images), (DRAWS, 1, 1, 1)) + noise, 0, 255)
    return Releases(
        levels.astype(np.uint8),
        np.tile(eyes.identity, DRAWS),
        np.tile(np.arange(count), DRAWS),
        np.repeat(np.arange(DRAWS), count),
    )


LEARNED, VALIDATION, READ = release(6, 0), release(3, 1), release(4, 2)


def look(releases):
    return Look(releases, releases)


def read(releases, attackers, blocks=1):
    parts = np.array_split(np.arange(PATIENTS), blocks)
    labels = np.where(np.arange(100) % 2, 1, -1)
    looks = [look(releases.take(np.isin(releases.identity, part))) for part in parts]
    return read_blocks(attackers, looks, patients=PATIENTS, draws=DRAWS, labels=labels)


def test_blocks_give_what_all_at_once_gives():
    attackers = list(fit_attackers(look(LEARNED), PATIENTS))
    found = read(READ, attackers, blocks=3)
    whole = attack_patients(LEARNED, VALIDATION, READ, patients=PATIENTS)
    assert len(whole.cells) == len(found)
    for cell in whole.cells:
        key = Cell(cell.attacker, cell.learned, cell.read, cell.person)
        own = [np.mean(cell.hits[cell.named.identity == one]) for one in range(PATIENTS)]
        assert found[key].rates() == pytest.approx(own)


def test_the_choice_is_made_on_validation_releases():
    attackers = list(fit_attackers(look(LEARNED), PATIENTS))
    rated, found = read(VALIDATION, attackers), read(READ, attackers)
    best = choose(found, rated)
    assert not best.person
    assert np.mean(rated[best].rates()) == max(
        np.mean(tally.rates()) for cell, tally in rated.items() if not cell.person
    )
    assert choose(found, rated, attacker="nearest").attacker == "nearest"
    assert choose(found, rated, person=True).person
    assert choose(found, rated, attacker="nobody") is None


def test_labels_are_counted_apart():
    tally = Tally(3)
    tally.add(np.array([0, 0, 2]), np.array([True, False, True]), np.array([1, 0, -1]))
    assert tally.rates()[[0, 2]].tolist() == [0.5, 1] and np.isnan(tally.rates()[1])
    assert tally.rates(1)[0] == 1 and tally.rates(0)[0] == 0 and np.isnan(tally.rates(1)[2])


def test_who_learned_originals_reads_images_of_any_size():
    eyes = plant_eyes(PATIENTS, 6)
    originals = Releases(
        to_bytes(eyes.images),
        eyes.identity,
        np.arange(len(eyes)),
        np.zeros(len(eyes), int),
    )
    attackers = list(fit_static(look(originals), PATIENTS))
    large = Releases(
        np.repeat(np.repeat(originals.levels, 2, axis=1), 2, axis=2),
        originals.identity,
        originals.source,
        originals.draw,
    )
    found = read(large, attackers)
    assert all(np.nanmean(tally.rates()) == 1 for tally in found.values())
    assert {cell.attacker for cell in found} == {"static_lda", "static_nearest"}
