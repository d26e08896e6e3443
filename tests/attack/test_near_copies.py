"""Distances to the training images: definitions with loops, planted copies, bad input."""

import numpy as np
import pytest
from fake_eyes import plant_eyes

from replication.attack import near_copies
from replication.attack.near_copies import (
    CopyLimits,
    TrainingDistances,
    chance_of_nearest_used,
    find_near_copies,
    find_nearest_used,
    measure_distances,
    set_limits,
)
from replication.attack.releases import mark_used
from replication.errors import DataError
from replication.records import EyeDataset

SIDE = 8
TRAINING, TEST = (plant_eyes(9, each, size_px=SIDE, seed=seed) for seed, each in ((0, 3), (1, 2)))
USED = np.random.default_rng(0).integers(0, 9, (len(TEST), 3))
MARKS = mark_used(USED, 9)


def slow_distances(image, training, used):
    by_row = [127.5 * np.sqrt(np.mean((image - other) ** 2)) for other in training.images]
    nearest = int(np.argmin(by_row))
    owners = training.identity.tolist()
    second = min(
        (d for d, o in zip(by_row, owners, strict=True) if o != owners[nearest]), default=np.inf
    )
    of_used = min((d for d, o in zip(by_row, owners, strict=True) if o in used), default=np.nan)
    return by_row[nearest], owners[nearest], second, of_used


@pytest.mark.parametrize(("k", "block"), [(1, 128), (3, 5)])
def test_distances_are_their_definition(k, block, monkeypatch):
    monkeypatch.setattr(near_copies, "BLOCK_IMAGES", block)
    used = USED[:, :k]
    found = measure_distances(TEST.images, TRAINING, used=mark_used(used, 9))
    slow = [slow_distances(i, TRAINING, set(u)) for i, u in zip(TEST.images, used, strict=True)]
    nearest, owner, second, of_used = zip(*slow, strict=True)
    np.testing.assert_allclose(found.nearest, nearest, rtol=1e-5)
    assert found.nearest_identity.tolist() == list(owner)
    np.testing.assert_allclose(found.second, second, rtol=1e-5)
    np.testing.assert_allclose(found.nearest_used, of_used, rtol=1e-5)
    np.testing.assert_allclose(found.ratio, found.nearest / found.second)


def test_a_tint_is_no_distance():
    tint = np.array([0.1, -0.1, 0], dtype=np.float32)
    tinted = measure_distances(TEST.images.clip(-0.9, 0.9) + tint, TRAINING)
    plain = measure_distances(TEST.images.clip(-0.9, 0.9), TRAINING)
    np.testing.assert_allclose(tinted.nearest, plain.nearest, rtol=1e-4)


def test_originals_of_their_patients_are_no_copies_and_a_planted_one_is():
    limits = set_limits(measure_distances(TEST.images, TRAINING))
    planted = TEST.images.copy()
    planted[4] = TRAINING.images[0]  # of patient 0, in the place of one of patient 2
    planted[6] = TRAINING.images[9]  # of patient 3, in the place of one of patient 3
    found = measure_distances(planted, TRAINING)
    assert found.nearest[4] == found.ratio[4] == 0
    copies = find_near_copies(found, limits, identity=TEST.identity)
    assert np.flatnonzero(copies).tolist() == [4]


def test_a_mean_of_two_patients_is_near_and_no_copy():
    """Two flat patients 8 apart, others far: the mean is 4 from both, as near as two shots are."""
    levels = np.array([0, 8, 100, -100]) / 127.5
    flat = np.broadcast_to(levels[:, None, None, None], (4, SIDE, SIDE, 1)).astype(np.float32)
    training = EyeDataset(flat, np.arange(4), np.zeros(4, dtype=bool), np.array(list("abcd")))
    found = measure_distances(flat[:2].mean(axis=0, keepdims=True), training)
    assert found.nearest == pytest.approx(4, rel=1e-5)
    assert found.ratio == pytest.approx(1, rel=1e-5)
    for ratio, copies in ((0.5, False), (1.0001, True)):
        limits = CopyLimits(5.0, ratio)
        assert find_near_copies(found, limits, identity=np.array([3])).tolist() == [copies]


def test_limits_are_below_one_original_in_twenty_and_need_some():
    originals = measure_distances(TEST.images, TRAINING)
    limits = set_limits(originals, below=0.25)
    assert np.mean(originals.nearest <= limits.distance) == pytest.approx(0.25, abs=0.06)
    assert np.mean(originals.ratio <= limits.ratio) == pytest.approx(0.25, abs=0.06)
    with pytest.raises(DataError, match="no original images"):
        set_limits(TrainingDistances(*[np.empty(0)] * 4))


def test_nearest_of_a_used_identity_and_its_chance():
    found = measure_distances(TEST.images, TRAINING, used=MARKS)
    nearest, own = found.nearest_identity, TEST.identity
    hits = find_nearest_used(found, MARKS)
    assert hits.tolist() == [n in u for n, u in zip(nearest, USED, strict=True)]
    slow = [np.mean([n in u for u in USED[own != o]]) for n, o in zip(nearest, own, strict=True)]
    np.testing.assert_allclose(chance_of_nearest_used(found, MARKS, identity=own), slow)


def test_used_identities_without_training_images_have_no_distance():
    found = measure_distances(TEST.images[:2], TRAINING, used=mark_used(np.array([[40], [0]]), 41))
    assert np.isnan(found.nearest_used).tolist() == [True, False]
    assert not find_nearest_used(found, mark_used(np.array([[40], [40]]), 41)).any()
    assert np.isnan(measure_distances(TEST.images[:2], TRAINING).nearest_used).all()


def test_one_image_one_patient_and_flat_images():
    alone = TRAINING.take(TRAINING.identity == 0)
    one = measure_distances(TEST.images[:1], alone)
    assert one.second == np.inf and one.ratio == 0
    assert np.isnan(chance_of_nearest_used(one, np.ones((1, 9), bool), identity=np.array([1])))
    flat = np.zeros((2, SIDE, SIDE, 3), dtype=np.float32)
    gallery = EyeDataset(flat, np.array([0, 1]), np.zeros(2, dtype=bool), np.array(["a", "b"]))
    same = measure_distances(flat, gallery)
    assert (same.nearest == 0).all() and (same.ratio == 0).all()


@pytest.mark.parametrize(
    ("images", "used", "message"),
    [
        (np.zeros((0, SIDE, SIDE, 3), np.float32), None, "one size"),
        (np.zeros((2, 4, 4, 3), np.float32), None, "one size"),
        (np.full((2, SIDE, SIDE, 3), np.nan, np.float32), None, "expected values"),
        (TEST.images[:2], np.zeros((3, 9), bool), r"\(2, P\)"),
        (TEST.images[:2], np.zeros((2, 8), bool), r"\(2, P\)"),
    ],
)
def test_what_does_not_fit_is_an_error(images, used, message):
    with pytest.raises(DataError, match=message):
        measure_distances(images, TRAINING, used=used)
