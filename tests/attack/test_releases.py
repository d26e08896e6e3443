"""Releases and how their scores are pooled: definitions with loops, bad input."""

import numpy as np
import pytest
from fake_eyes import random_eyes
from skimage.transform import downscale_local_mean

from replication.attack.releases import (
    Releases,
    fit_side,
    mark_used,
    pool_by_patient,
    pool_by_source,
)
from replication.errors import DataError
from replication.records import PrivatizedSet, to_bytes


def draw_releases(counts=(4, 1, 3, 6), identity=(2, 0, 2, 1), *, seed=0):
    """So many releases of each source, in any order."""
    rng = np.random.default_rng(seed)
    source = np.repeat(np.arange(len(counts)), counts)
    draw = np.concatenate([np.arange(count) for count in counts])
    order = rng.permutation(len(source))
    levels = rng.integers(0, 256, (len(source), 4, 4, 1), dtype=np.uint8)
    return Releases(levels, np.array(identity)[source][order], source[order], draw[order])


def test_draws_of_a_method_are_releases_of_its_sources():
    eyes = random_eyes([2, 0, 1], [True, False, False], seed=0, prefix="e")
    used = [np.array([[0, 1], [1, 2], [0, 2]]), np.array([[1, 1], [2, 2], [0, 0]])]
    sets = [PrivatizedSet("m", d, eyes.images[::-1] if d else eyes.images, used[d]) for d in (0, 1)]
    releases = Releases.of_sets(sets, eyes, 4)
    assert releases.identity.tolist() == [2, 0, 1] * 2
    assert releases.source.tolist() == [0, 1, 2] * 2
    assert releases.draw.tolist() == [0] * 3 + [1] * 3 and releases.draws == 2
    np.testing.assert_array_equal(releases.levels[3:], to_bytes(eyes.images[::-1]))
    np.testing.assert_array_equal(releases.used, mark_used(np.concatenate(used), 4))
    first = releases.first(1)
    np.testing.assert_array_equal(first.images, eyes.images)
    assert first.used.sum() == 6


@pytest.mark.parametrize("read", [1, 2, 3])
def test_scores_of_one_source_are_added_by_whole_groups(read):
    releases = draw_releases()
    scores = np.random.default_rng(1).normal(size=(len(releases), 3))
    pooled = pool_by_source(scores, releases, read)
    expected = {}
    for row in range(len(releases)):
        key = releases.source[row], releases.draw[row] // read
        expected.setdefault(key, []).append(row)
    whole = {key: rows for key, rows in expected.items() if len(rows) == read}
    assert list(zip(pooled.source, pooled.number, strict=True)) == sorted(whole)
    for place, key in enumerate(sorted(whole)):
        rows = whole[key]
        np.testing.assert_allclose(pooled.scores[place], scores[rows].sum(axis=0))
        assert {pooled.identity[place]} == set(releases.identity[rows])


@pytest.mark.parametrize("read", [1, 3])
def test_scores_of_all_images_of_a_patient_are_added(read):
    releases = draw_releases()
    scores = np.random.default_rng(1).normal(size=(len(releases), 3))
    pooled = pool_by_patient(scores, releases, read)
    assert pooled.identity.tolist() == [0, 1, 2]
    for patient in range(3):
        rows = (releases.identity == patient) & (releases.draw < read)
        np.testing.assert_allclose(pooled.scores[patient], scores[rows].sum(axis=0))


def test_patients_without_a_score_stay_without_one():
    releases = draw_releases()
    scores = np.zeros((len(releases), 3))
    scores[:, 1] = -np.inf
    assert np.isneginf(pool_by_patient(scores, releases, 1).scores[:, 1]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"levels": np.zeros((2, 4, 4, 1))}, "uint8"),
        ({"levels": np.zeros((0, 4, 4, 1), np.uint8)}, "uint8"),
        ({"identity": np.zeros(3, int)}, "identity of releases: expected .2,."),
        ({"source": np.zeros(2)}, "source of releases"),
        ({"used": np.zeros((3, 4), bool)}, "used of releases"),
    ],
)
def test_what_does_not_fit_is_an_error(change, message):
    given = {"levels": np.zeros((2, 4, 4, 1), np.uint8), "used": None}
    given |= {name: np.zeros(2, int) for name in ("identity", "source", "draw")} | change
    with pytest.raises(DataError, match=message):
        Releases(**given)


@pytest.mark.parametrize("shape", [(6, 8, 3), (7, 5, 1), (150, 131, 3)])
def test_the_half_size_is_that_of_scikit_image_at_odd_sides_too(shape):
    levels = np.random.default_rng(4).integers(0, 256, (2, *shape), dtype=np.uint8)
    none = np.zeros(2, dtype=int)
    releases = Releases(levels, none, np.arange(2), none)
    gray = levels.sum(axis=-1).astype(np.float32) / np.float32(127.5 * shape[-1]) - np.float32(1)
    np.testing.assert_array_equal(releases.gray, gray)
    theirs = downscale_local_mean(fit_side(gray), (1, 2, 2)).reshape(2, -1)
    np.testing.assert_array_equal(releases.shrunk, theirs)


def test_the_first_releases_are_the_same_whoever_asks():
    releases = draw_releases()
    assert releases.first(2) is releases.first(2)
    assert releases.first(2).draw.max() == 1 and releases.first(1).draw.max() == 0
    assert releases.first(6) is releases
