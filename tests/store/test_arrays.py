import numpy as np
import pandas as pd
import pytest

from replication.errors import DataError
from replication.records import PrivatizedSet, Splits
from replication.store.arrays import (
    load_preprocessed,
    load_privatized,
    save_preprocessed,
    save_privatized,
)


def test_a_preprocessed_data_set_comes_back_as_it_was(tmp_path):
    levels = np.arange(4 * 16, dtype=np.uint8).reshape(4, 4, 4) * 4
    table = pd.DataFrame(
        {
            "image_id": ["a", "b", "c", "d"],
            "patient_id": ["0001", "0001", "0002", "0002"],
            "identity": [0, 0, 1, 1],
            "glaucoma": [False, True, True, True],
            "subset": ["train", "test", "validation", "train"],
        }
    )
    save_preprocessed(tmp_path, levels, table)
    dataset, splits = load_preprocessed(tmp_path, 3)
    assert dataset.images.shape == (4, 4, 4, 3)
    np.testing.assert_allclose(dataset.images[..., 2], levels / 127.5 - 1, atol=1e-6)
    assert dataset.glaucoma.tolist() == [False, True, True, True]
    assert splits.train.tolist() == [0, 3]
    assert splits.test.tolist() == [1]
    assert splits.enrolment.tolist() == []
    assert splits.known.tolist() == [0, 3]
    assert [subset.value for subset, _ in splits.items()] == ["train", "validation", "test"]


def test_enrolled_images_are_known_by_and_in_no_other_subset(tmp_path):
    table = pd.DataFrame({"image_id": list("abcd"), "identity": [0, 0, 1, 1], "glaucoma": True})
    table["patient_id"], table["subset"] = "p", ["enrolment", "test", "train", "validation"]
    save_preprocessed(tmp_path, np.zeros((4, 4, 4), np.uint8), table)
    _, splits = load_preprocessed(tmp_path, 1)
    assert splits.enrolment.tolist() == [0]
    assert splits.known.tolist() == [0, 2]
    assert [rows.tolist() for _, rows in splits.items()] == [[2], [3], [1], [0]]
    with pytest.raises(DataError, match="an image is in two subsets"):
        Splits(splits.train, splits.validation, splits.test, splits.test)


def test_privatized_sets_come_back_in_the_order_of_their_draws(tmp_path):
    rng = np.random.default_rng(0)
    sets = []
    for draw in range(11):
        levels = rng.integers(0, 256, (2, 4, 4, 3)).astype(np.float32)
        images = levels / np.float32(127.5) - np.float32(1)
        used = rng.integers(0, 9, (2, 5)) if draw else None  # blurring uses nobody else's
        code = np.array([draw, -1]) if draw % 2 else None
        sets.append(PrivatizedSet("some", draw, images, used, code))
    save_privatized(tmp_path, sets)
    for before, after in zip(sets, load_privatized(tmp_path, "some"), strict=True):
        assert before.draw == after.draw
        np.testing.assert_array_equal(before.images, after.images)
        if before.draw == 0:
            assert after.used_identities is None
        else:
            np.testing.assert_array_equal(before.used_identities, after.used_identities)
        if before.draw % 2:
            np.testing.assert_array_equal(before.code, after.code)
        else:
            assert after.code is None  # as of runs that were stored before there were codes
