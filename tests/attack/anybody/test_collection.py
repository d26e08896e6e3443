"""Collections of arrays check themselves."""

import numpy as np
import pytest

from replication.attack.anybody.collection import Collection
from replication.errors import DataError

LEVELS = np.random.default_rng(0).integers(0, 256, (4, 5, 6), dtype=np.uint8)


def test_gray_arrays_have_one_channel_and_rows_are_their_names():
    images = Collection.of_arrays("eyes", LEVELS, ["a", "a", "b", "b"], source=[3, 2, 1, 0])
    assert len(images) == 4 and images.size_px == (5, 6) and images.white == 255
    assert (images.load(np.array([2, 0]))[..., 0] == LEVELS[[2, 0]]).all()
    assert images.source == ["3", "2", "1", "0"] and images.rows["3"] == 3
    assert (images.disease == -1).all() and images.locate(2) == "row 2"


def test_white_of_sixteen_bits_is_what_their_highest_level_needs():
    deep = np.full((2, 3, 3), 900, np.uint16)
    assert Collection.of_arrays("eyes", deep, ["a", "b"]).white == 1023


@pytest.mark.parametrize(
    ("levels", "patients", "columns", "words"),
    [
        (LEVELS.astype(float), 4, {}, "expected .N, H, W, C. uint8"),
        (LEVELS, 3, {}, "as many images"),
        (np.zeros((4, 5, 6, 2), np.uint8), 4, {}, "1 or 3 channels"),
        (LEVELS, 4, {"disease": [1]}, "expected 4 cells of disease, got 1"),
        (LEVELS, 4, {"source": [0, 1]}, "expected 4 cells of source, got 2"),
        (LEVELS[:0], 0, {}, "no images"),
    ],
)
def test_what_does_not_fit_is_refused(levels, patients, columns, words):
    with pytest.raises(DataError, match=f"eyes: .*{words}|eyes: {words}"):
        Collection.of_arrays("eyes", levels, ["a"] * patients, **columns)
