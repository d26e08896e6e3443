"""Bytes and unit range, there and back; what a privatized set refuses."""

import numpy as np
import pytest

from replication.errors import DataError
from replication.records import PrivatizedSet, check_images, round_to_bytes, to_bytes, to_unit_range

ALL_BYTES = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)


def test_every_byte_comes_back() -> None:
    images = to_unit_range(ALL_BYTES)
    check_images("images", images)
    np.testing.assert_array_equal(to_bytes(images), ALL_BYTES)
    np.testing.assert_array_equal(round_to_bytes(images), images)


def test_the_ends_are_exact_and_the_steps_even() -> None:
    images = to_unit_range(ALL_BYTES).ravel()
    assert (images[0], images[-1]) == (-1, 1)
    np.testing.assert_allclose(np.diff(images), 2 / 255, rtol=1e-4)


def test_a_number_between_two_bytes_becomes_the_nearer() -> None:
    exact = to_unit_range(ALL_BYTES[:, :-1])
    images = exact + np.float32(0.003)  # a step is 0.0078
    np.testing.assert_array_equal(to_bytes(images), ALL_BYTES[:, :-1])
    np.testing.assert_array_equal(round_to_bytes(images), exact)


@pytest.mark.parametrize("code", [np.zeros(2, int), np.zeros((3, 1), int), np.zeros(3), ["a"] * 3])
def test_a_code_is_one_integer_for_each_image(code) -> None:
    images = np.zeros((3, 4, 4, 1), np.float32)
    assert PrivatizedSet("some", 0, images, None).code is None
    with pytest.raises(DataError, match=r"some code: expected \(3,\) integers, got"):
        PrivatizedSet("some", 0, images, None, np.asarray(code))
