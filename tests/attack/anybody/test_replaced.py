"""Whom else releases show: naming the image's own patient is no hit; chance is known without an image."""

from dataclasses import replace

import numpy as np
import pytest

from replication.attack.anybody.figures import LEARNED_TOP1, SOLVED
from replication.attack.anybody.replaced import measure_used
from replication.attack.releases import Releases

PATIENTS, EACH = 12, 6
RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 256, (PATIENTS, 8, 8, 1)).astype(np.uint8)
IDENTITY = np.repeat(np.arange(PATIENTS), EACH)


def release(shown, used):
    rows = np.arange(len(IDENTITY))
    marks = np.zeros((len(rows), PATIENTS), bool)
    for row, who in enumerate(used):
        marks[row, who] = True
    levels = np.rint([FACES[who].mean(axis=0) for who in shown]).astype(np.uint8)
    return Releases(levels, IDENTITY, rows, np.zeros_like(rows), marks)


def draw_others(seed, count=2):
    rng = np.random.default_rng(seed)
    return [
        rng.choice(np.setdiff1d(np.arange(PATIENTS), [own]), count, replace=False)
        for own in IDENTITY
    ]


def find(releases, gallery=None):
    labels = np.full(len(IDENTITY), -1)
    figures = measure_used(*releases, labels=labels, gallery=gallery, of=4, seed=0)
    return {one.measure: one for one in figures if one is not None}


def test_who_is_shown_is_named_and_solved_for():
    used = [draw_others(seed) for seed in range(3)]
    releases = [release(who, who) for who in used]
    gallery = Releases(FACES, np.arange(PATIENTS), np.arange(PATIENTS), np.zeros(PATIENTS, int))
    found = find(releases, gallery)
    assert found[LEARNED_TOP1].value > 0.9 and found[LEARNED_TOP1].above
    assert found[SOLVED].value == 1 and found[SOLVED].above
    assert found[SOLVED].chance < 0.3


def test_naming_the_own_patient_is_no_hit():
    used = [draw_others(seed, count=1) for seed in range(3)]
    own = [[number] for number in IDENTITY]
    releases = [
        release(own, [np.append(who, mine) for who, mine in zip(one, own, strict=True)])
        for one in used
    ]
    found = find(releases)
    assert found[LEARNED_TOP1].value < 0.3 and not found[LEARNED_TOP1].above
    assert SOLVED not in found


def test_whom_a_method_always_uses_is_no_leak():
    hub = [np.array([0]) if own else np.array([1]) for own in IDENTITY]
    nobody = draw_others(9)
    releases = [release(nobody, hub) for _ in range(3)]
    found = find(releases)
    assert found[LEARNED_TOP1].value == pytest.approx(found[LEARNED_TOP1].chance)
    assert not found[LEARNED_TOP1].above


def test_images_that_used_nobody_are_not_counted():
    used = draw_others(0)
    releases = [release(used, used) for _ in range(3)]
    marks = releases[2].used.copy()
    marks[::2] = False
    found = find([*releases[:2], replace(releases[2], used=marks)])
    assert found[LEARNED_TOP1].images == len(IDENTITY) // 2
