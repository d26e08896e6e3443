"""A stroke laid over a few rows is the same as one laid over the whole picture."""

import cv2
import numpy as np
import pytest

from replication.surrogate.paint import SUBPIXEL_BITS, cover_rows, fix_point, soften

SIZE = (160, 120)


def draw_spot(row: int) -> np.ndarray:
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(mask, (50, row), 4, 255, -1, cv2.LINE_AA)
    return mask


@pytest.mark.parametrize("sigma_px", [0.8, 1.0, 1.7, 10 / 3, 4.5])
@pytest.mark.parametrize("row", [-3, 0, 3, 9, 60, 117, 122])
def test_a_few_rows_blurred_are_those_of_the_whole_mask_blurred(row: int, sigma_px: float) -> None:
    mask = draw_spot(row)
    rows, soft = soften(mask, sigma_px)
    whole = np.zeros(mask.shape, np.float32)
    whole[rows] = soft
    np.testing.assert_array_equal(whole, cv2.GaussianBlur(mask, (0, 0), sigma_px))
    assert soft.size < mask.size
    assert soft.max() > 0


def test_an_empty_mask_covers_nothing() -> None:
    rows, soft = soften(np.zeros(SIZE[::-1], np.uint8), 2.0)
    scene = np.full(SIZE[::-1], 7, np.float32)
    np.testing.assert_array_equal(cover_rows(scene, rows, soft, 200), scene)


def test_a_cover_mixes_the_scene_with_its_gray_and_leaves_the_original_alone() -> None:
    scene = np.full((6, 2), 100, np.float32)
    covered = cover_rows(scene, slice(2, 4), np.float32([[0, 0.5], [1, 0.25]]), 200)
    assert covered.tolist() == [[100, 100]] * 2 + [[100, 150], [200, 125]] + [[100, 100]] * 2
    assert (scene == 100).all()


def test_paths_become_fixed_point_numbers() -> None:
    paths = np.array([[[1.0, 2.5], [0.03, -1.04]], [[0, 0], [10, 20]]])
    points = fix_point(paths)
    assert points.shape == (2, 2, 1, 2)
    assert points.dtype == np.int32
    assert points[0].tolist() == [[[16, 40]], [[0, -17]]]
    np.testing.assert_allclose(points[:, :, 0] / 2**SUBPIXEL_BITS, paths, atol=0.5 / 16)
