"""Bytes and unit range, there and back."""

from __future__ import annotations

import numpy as np
import pytest

from replication.pixels import to_bytes, to_unit_range
from replication.records import check_images

ALL_BYTES = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_byte_comes_back(channels: int) -> None:
    images = to_unit_range(ALL_BYTES, channels)
    assert images.shape == (1, 16, 16, channels)
    check_images("images", images)
    np.testing.assert_array_equal(to_bytes(images), ALL_BYTES)


def test_the_ends_are_exact_and_channels_equal() -> None:
    images = to_unit_range(ALL_BYTES, 3)
    assert (images.min(), images.max()) == (-1, 1)
    assert (images[..., 0] == images[..., 1]).all()
    assert (images[..., 0] == images[..., 2]).all()


def test_a_number_between_two_bytes_becomes_the_nearer() -> None:
    images = to_unit_range(ALL_BYTES, 1) + np.float32(0.3 / 127.5)
    np.testing.assert_array_equal(to_bytes(np.minimum(images, 1)), ALL_BYTES)
