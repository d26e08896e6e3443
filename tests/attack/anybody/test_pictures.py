"""Images of any size, gray or colour, 8 or 16 bits."""

import cv2
import numpy as np
import pytest

from replication.attack.anybody.pictures import read_first, read_pictures, reduce_pictures
from replication.errors import DataError


def write(folder, images, suffix=".png"):
    paths = [folder / f"{number}{suffix}" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image)
    return paths


def read(paths):
    first = read_first(paths.__getitem__, len(paths), str)
    return first, read_pictures(paths.__getitem__, np.arange(len(paths)), first, str)


def test_colours_are_read_as_they_are(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 10, 12, 3), dtype=np.uint8)
    first, levels = read(write(tmp_path, images))
    assert first == ((10, 12), 255, 3, False)
    assert (levels == images[..., ::-1]).all()  # OpenCV writes blue first


def test_gray_among_colours_has_three_equal_channels(tmp_path):
    images = [np.full((4, 4, 3), (10, 20, 30), np.uint8), np.full((4, 4), 7, np.uint8)]
    _, levels = read(write(tmp_path, images))
    assert (levels[1] == 7).all()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bits_are_scaled_by_the_highest_level_of_the_first_images(tmp_path, suffix):
    images = np.random.default_rng(0).integers(0, 4096, (3, 6, 6), dtype=np.uint16)
    images[0, 0, 0] = 4095
    paths = write(tmp_path, images, suffix)
    first, levels = read(paths)
    assert first.white == 4095 and levels.dtype == np.uint16
    small, exact = reduce_pictures(levels, first.white)
    assert np.abs(small[..., 0] - images / 4095 * 255).max() <= 0.5
    assert (exact[..., 0] == images & 0xFF).all()


def test_small_images_stay_as_they_are():
    levels = np.random.default_rng(0).integers(0, 256, (2, 95, 64, 1), dtype=np.uint8)
    small, exact = reduce_pictures(levels, 255)
    assert small is levels and exact is levels


def test_large_images_are_averaged_down_and_keep_their_corner():
    levels = np.random.default_rng(0).integers(0, 256, (2, 200, 131, 3), dtype=np.uint8)
    small, exact = reduce_pictures(levels, 255)
    assert small.shape == (2, 66, 65, 3)  # by 3 and by 2
    mean = levels[1, 3:6, 2:4].astype(float).mean(axis=(0, 1))
    assert np.abs(small[1, 1, 1] - mean).max() <= 0.51
    assert (exact == levels[:, :64, :64]).all()


def test_sixteen_bits_of_few_levels_are_read(tmp_path):
    images = np.arange(3 * 36, dtype=np.uint16).reshape(3, 6, 6)
    first, levels = read(write(tmp_path, images))
    assert first.white == 255 and levels.dtype == np.uint16
    small, exact = reduce_pictures(levels, first.white)
    assert (small[..., 0] == images).all() and (exact[..., 0] == images).all()


def test_colours_among_gray_are_refused(tmp_path):
    images = [np.full((4, 4), 7, np.uint8), np.full((4, 4, 3), (10, 20, 30), np.uint8)]
    with pytest.raises(DataError, match="1: has colours, the first image is gray"):
        read(write(tmp_path, images))
