"""The split: exact sizes, nobody twice, everybody in training, no order but the ids'."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from replication.config import SplitSettings
from replication.errors import DataError, SettingsError
from replication.preprocess.split import split_dataset, take_spare
from replication.records import Splits

SETTINGS = SplitSettings()


@st.composite
def identities(draw: st.DrawFn) -> np.ndarray:
    """Draw the identity of each of 4 to 120 images, enough of them to spare."""
    counts = draw(st.lists(st.integers(1, 20), min_size=1, max_size=12))
    identity = np.repeat(np.arange(len(counts)), counts)
    size = len(identity)
    held_out = round(0.2 * size) + round(0.15 * size)
    assume(size >= 4 and size <= 120 and held_out <= size - len(counts))
    return identity[np.array(draw(st.permutations(range(size))))]


def name_images(count: int) -> np.ndarray:
    return np.array([f"image-{number:03d}" for number in range(count)])


def name_subsets(image_id: np.ndarray, splits: Splits) -> dict[str, set[str]]:
    return {subset.value: set(image_id[rows].tolist()) for subset, rows in splits.items()}


@given(identity=identities(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_sizes_are_exact_nobody_is_lost_and_everyone_is_trained_on(
    identity: np.ndarray, seed: int
) -> None:
    count = len(identity)
    splits = split_dataset(name_images(count), identity, replace(SETTINGS, seed=seed))
    assert len(splits.test) == round(0.2 * count)
    assert len(splits.validation) == round(0.15 * count)
    assert abs(len(splits.train) - 0.65 * count) <= 1
    rows = np.concatenate([splits.train, splits.validation, splits.test])
    assert sorted(rows.tolist()) == list(range(count))
    assert set(identity[splits.train]) == set(identity)
    for rows in (splits.train, splits.validation, splits.test):
        assert np.all(np.diff(rows) > 0)


@given(identity=identities(), seed=st.integers(0, 2**32 - 1), data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_files_and_the_classes_numbers_do_not_matter(
    identity: np.ndarray, seed: int, data: st.DataObject
) -> None:
    image_id = name_images(len(identity))
    order = np.array(data.draw(st.permutations(range(len(identity)))))
    straight = split_dataset(image_id, identity, replace(SETTINGS, seed=seed))
    shuffled = split_dataset(image_id[order], 99 - identity[order], replace(SETTINGS, seed=seed))
    assert name_subsets(image_id, straight) == name_subsets(image_id[order], shuffled)


def test_sizes_at_the_papers_count() -> None:
    identity = np.arange(1795) % 115
    splits = split_dataset(name_images(1795), identity, SETTINGS)
    assert [len(rows) for _, rows in splits.items()] == [1167, 269, 359]


def test_the_seed_decides() -> None:
    identity = np.repeat(np.arange(10), 10)
    first, again, other = (
        split_dataset(name_images(100), identity, replace(SETTINGS, seed=seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.test, again.test)
    assert np.array_equal(first.validation, again.validation)
    assert not np.array_equal(first.test, other.test)


def test_every_image_is_tested_on_as_often_as_its_share_says() -> None:
    identity = np.repeat(np.arange(5), 8)
    tested = np.zeros(40)
    for seed in range(2000):
        tested[split_dataset(name_images(40), identity, replace(SETTINGS, seed=seed)).test] += 1
    # A binomial frequency of 2,000 draws at 0.2 strays 0.009; five of these for forty images.
    assert np.abs(tested / 2000 - 0.2).max() < 0.045


def test_an_only_image_is_never_held_out() -> None:
    identity = np.array([0, 1, 2, *[3] * 17])
    for seed in range(50):
        splits = split_dataset(name_images(20), identity, replace(SETTINGS, seed=seed))
        assert {0, 1, 2} <= set(splits.train.tolist())


def test_spare_rows_are_taken_in_order_and_the_last_of_an_identity_stays() -> None:
    identity = np.array([7, 7, 8, 9, 9, 9])
    taken = take_spare(np.array([5, 1, 0, 2, 4, 3]), identity, size=3)
    assert taken.tolist() == [5, 1, 4]


def test_labels_may_be_any_strings() -> None:
    identity = np.array(["ann", "bob"] * 10, dtype=object)
    image_id = name_images(20).astype(object)
    splits = split_dataset(image_id, identity, replace(SETTINGS, seed=3))
    assert [len(rows) for _, rows in splits.items()] == [13, 3, 4]


@pytest.mark.parametrize(
    ("identity", "sentence"),
    [
        ([], "too few"),
        ([0, 0], "too few"),
        (list(range(20)), "only 0 can leave training"),
        ([0, 0, 0, *range(1, 18)], "only 2 can leave training"),
    ],
)
def test_an_impossible_split_is_refused(identity: list[int], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        split_dataset(name_images(len(identity)), np.array(identity), SETTINGS)


def test_ids_that_come_twice_are_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        split_dataset(np.array(["a"] * 20), np.arange(20) % 2, SETTINGS)


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.3), (0.8, 0.2, 0.0), (1.1, 0.1, -0.2)])
def test_shares_that_make_no_whole_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(SettingsError, match="sum to 1"):
        split_dataset(name_images(20), np.arange(20) % 2, SplitSettings(*shares))
