"""Bytes and unit range, there and back."""

import numpy as np

from replication.records import check_images, round_to_bytes, to_bytes, to_unit_range

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
