"""Methods with a planted leak, each found by the attacker that is named beside it, and one without.

All draw an image that is nobody's and hide the patient in it in some way.
"""

import numpy as np
import pytest
from fake_eyes import plant_eyes
from scipy.ndimage import gaussian_filter
from scipy.stats import binom

from replication.attack.near_copies import find_near_copies, measure_distances, set_limits
from replication.attack.patient_privacy import attack_patients
from replication.attack.releases import Releases
from replication.attack.replaced_privacy import Gallery, guess_used, read_used, solve_used
from replication.records import PrivatizedSet, to_bytes, to_unit_range

PATIENTS, SIDE, CORNER = 12, 16, 6
TRAIN, VALIDATION, TEST = (plant_eyes(PATIENTS, n, seed=n) for n in (8, 4, 6))
KEY = np.random.default_rng(3).permutation(SIDE * SIDE)


def draw_nobody(count, rng):
    """Smooth images that show no one, (N, S, S, 3) in [-1, 1]."""
    fields = gaussian_filter(rng.standard_normal((count, SIDE, SIDE)), (0, 2, 2))
    fields *= 0.4 / fields.std()
    return np.repeat(np.clip(fields, -1, 1)[..., None], 3, axis=-1).astype(np.float32)


def write_number(eyes, nobody):
    """Write the patient's number into the lowest bits of the first pixels."""
    levels = to_bytes(nobody)
    flat = levels.reshape(len(levels), -1)
    for bit in range(4):
        flat[:, bit] = (flat[:, bit] & 0xFE) | (eyes.identity >> bit & 1)
    return to_unit_range(levels)


def keep_corner(eyes, nobody):
    nobody[:, :CORNER, :CORNER] = eyes.images[:, :CORNER, :CORNER]
    return nobody


def permute_pixels(eyes, nobody):
    flat = eyes.images.reshape(len(eyes), SIDE * SIDE, 3)
    return flat[:, KEY].reshape(eyes.images.shape)


def invert(eyes, nobody):
    return -eyes.images


def show_faintly(eyes, nobody):
    return np.clip(nobody + 0.1 * eyes.images, -1, 1)


def show_nobody(eyes, nobody):
    return nobody


def release(method, eyes, *, seed, draws=1):
    rng = np.random.default_rng([seed, len(eyes)])
    sets = (
        PrivatizedSet("planted", draw, method(eyes, draw_nobody(len(eyes), rng)), None)
        for draw in range(draws)
    )
    return Releases.of_sets(sets, eyes, PATIENTS)


def attack(method, *, seed=0, draws=1):
    releases = (release(method, eyes, seed=seed, draws=draws) for eyes in (TRAIN, VALIDATION, TEST))
    return attack_patients(*releases, patients=PATIENTS)


@pytest.mark.parametrize(
    ("method", "attacker"),
    [
        (write_number, "lowest_bit"),
        (keep_corner, "lda_image"),
        (permute_pixels, "nearest"),
        (invert, "nearest"),
    ],
)
def test_a_leak_in_one_release_is_found(method, attacker):
    findings = attack(method)
    assert findings.choose(attacker).hits.mean() > 0.6
    assert findings.choose().hits.mean() > 0.6


def test_a_leak_over_ten_releases_is_found_by_who_reads_ten():
    findings = attack(show_faintly, draws=10)
    best = findings.choose()
    assert best.read == 10 and best.hits.mean() > 0.8
    one = [cell for cell in findings.cells if cell.read == cell.learned == 1 and not cell.person]
    assert max(cell.hits.mean() for cell in one) < best.hits.mean() - 0.2


def use_others(eyes, *, seed, count=1):
    """Return, as what is shown, the mean of training images of others of the label, and who."""
    rng = np.random.default_rng([seed, len(eyes)])
    images, used = [], []
    for identity, glaucoma in zip(eyes.identity, eyes.glaucoma, strict=True):
        others = np.flatnonzero((TRAIN.glaucoma == glaucoma) & (TRAIN.identity != identity))
        patients = rng.choice(np.unique(TRAIN.identity[others]), count, replace=False)
        rows = [rng.choice(others[TRAIN.identity[others] == one]) for one in patients]
        images.append(TRAIN.images[rows].mean(axis=0))
        used.append(patients)
    shown = to_unit_range(to_bytes(np.array(images)))
    return PrivatizedSet("planted", 0, shown, np.array(used))


def test_a_copy_of_a_training_eye_is_a_near_copy():
    limits = set_limits(measure_distances(TEST.images, TRAIN))
    copied = use_others(TEST, seed=0)
    distances = measure_distances(copied.images, TRAIN)
    assert find_near_copies(distances, limits, identity=TEST.identity).all()
    nobody = draw_nobody(len(TEST), np.random.default_rng(0))
    distances = measure_distances(nobody, TRAIN)
    assert not find_near_copies(distances, limits, identity=TEST.identity).any()


@pytest.mark.parametrize("count", [1, 3])
def test_those_whose_images_went_in_are_read_and_solved_for(count):
    releases = [
        Releases.of_sets([use_others(eyes, seed=seed, count=count)], eyes, PATIENTS)
        for seed, eyes in enumerate((TRAIN, VALIDATION, TEST))
    ]
    best = read_used(*releases)[0]
    named = np.take_along_axis(releases[2].used, best.scores.argmax(axis=1)[:, None], axis=1)
    assert named.mean() > 0.9
    originals = PrivatizedSet("original", 0, TRAIN.images, None)
    gallery = Gallery(Releases.of_sets([originals], TRAIN, PATIENTS), PATIENTS)
    assert solve_used(releases[2], gallery).all()
    guesses = guess_used(releases[0], TRAIN.glaucoma, TEST.glaucoma)
    blind = np.take_along_axis(releases[2].used, guesses.argmax(axis=1)[:, None], axis=1)
    assert blind.mean() < 0.8


def test_those_who_were_not_shown_are_not_read():
    releases = []
    for seed, eyes in enumerate((TRAIN, VALIDATION, TEST)):
        used = use_others(eyes, seed=seed).used_identities
        nobody = draw_nobody(len(eyes), np.random.default_rng(seed))
        releases.append(
            Releases.of_sets([PrivatizedSet("planted", 0, nobody, used)], eyes, PATIENTS)
        )
    best = read_used(*releases)[0]
    named = np.take_along_axis(releases[2].used, best.scores.argmax(axis=1)[:, None], axis=1)
    assert named.mean() < 0.4
    originals = PrivatizedSet("original", 0, TRAIN.images, None)
    gallery = Gallery(Releases.of_sets([originals], TRAIN, PATIENTS), PATIENTS)
    assert solve_used(releases[2], gallery).mean() < 0.3


@pytest.mark.slow
def test_nobody_is_named_beyond_chance_where_nobody_is_shown():
    """Of 100 seeds at most five alarms are expected; 11 come once in a hundred times."""
    alarms = 0
    for seed in range(100):
        findings = attack(show_nobody, seed=seed, draws=3)
        hits = findings.choose().hits
        alarms += hits.sum() > binom.ppf(0.95, len(hits), 1 / PATIENTS)
    assert alarms <= binom.ppf(0.99, 100, 0.05)
