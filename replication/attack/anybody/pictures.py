"""Anybody's image files as arrays: gray or colour, 8 or 16 bits, any size that all of a folder share.

Attackers read two things of an image: a `small` one, averaged down to sides of about 64 px, and the
`exact` values, whose lowest bits no eye sees; of an image with longer sides those of its upper left
corner alone, so that a large image takes no more memory than a small one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from replication.attack.releases import SIDE_PX
from replication.data.image_file import ImageHeader, find_white, read_levels
from replication.errors import DataError, Sentence

FIRST_IMAGES = 64  # ours: whose highest level gives white, where a camera uses a part of 16 bits
OPENCV_COLOURS = ("PNG", "JPEG", "BMP")  # colours of others, and of turned images, are read as gray

Place = Callable[[int], str]
FileOf = Callable[[int], Path]


class First(NamedTuple):
    """What the first image of a collection shows, and all others have to share.

    Args:
        size_px: height and width.
        white: the level of white.
        channels: 3 where the first image has colours.
        deep: whether files have 16 bits, however few of their levels are used.
    """

    size_px: tuple[int, int]
    white: int
    channels: int
    deep: bool


def read_first(file_of: FileOf, count: int, place: Place) -> First:
    """Look at the first images of a collection.

    Args:
        file_of: the file of a row.
        count: of the images.
        place: where a row stands, for errors.

    Raises:
        DataError: when the first image can't be read.
    """
    levels, header = _read(file_of, 0, place)
    white = header.white
    if white > 255:
        some = range(min(FIRST_IMAGES, count))
        white = find_white(white, max(int(_read(file_of, row, place)[0].max()) for row in some))
    return First(levels.shape, white, 3 if _has_colours(header) else 1, header.white > 255)


def read_pictures(file_of: FileOf, rows: np.ndarray, first: First, place: Place) -> np.ndarray:
    """Read images whole.

    Args:
        file_of: the file of a row.
        rows: (R,) which ones.
        first: what they have to share.
        place: where a row stands, for errors.

    Returns:
        (R, H, W, C) uint8, or uint16 where files have more bits; colours are red, green, blue.

    Raises:
        DataError: when an image can't be read, is of another size or depth than the first, or has
            colours where the first has none.
    """
    kind = np.uint16 if first.deep else np.uint8
    pictures = np.empty((len(rows), *first.size_px, first.channels), kind)
    for number, row in enumerate(rows):
        levels, header = _read(file_of, row, place)
        if levels.shape != first.size_px:
            (height, width), (high, wide) = levels.shape, first.size_px
            raise DataError(
                f"{place(row)}: {width}x{height} px, the first image has {wide}x{high}; give all "
                "images of a manifest one size"
            )
        if levels.dtype != kind:
            raise DataError(f"{place(row)}: another depth than the first image, save all with one")
        whole = levels[..., None]
        if _has_colours(header):
            if first.channels == 1:
                raise DataError(
                    f"{place(row)}: has colours, the first image is gray; save all alike"
                )
            whole = cv2.imdecode(np.fromfile(file_of(row), np.uint8), cv2.IMREAD_COLOR_RGB)
        pictures[number] = whole
    return pictures


def reduce_pictures(levels: np.ndarray, white: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what attackers read of images.

    Args:
        levels: (R, H, W, C) uint8 or uint16.
        white: the level of white.

    Returns:
        small: (R, h, w, C) uint8, sides of H and W averaged down by whole factors, the same images
            where no side is above SIDE_PX by half;
        exact: (R, h', w', C) uint8, the lowest byte of each value in the upper left corner.
    """
    factors = [max(1, round(side / SIDE_PX)) for side in levels.shape[1:3]]
    exact = levels
    if factors != [1, 1]:
        exact = levels[:, :SIDE_PX, :SIDE_PX]
    if levels.dtype == np.uint16:
        exact = (exact & 0xFF).astype(np.uint8)
    small = to_eight_bits(levels, white)
    if factors != [1, 1]:
        high, wide = (
            side // factor for side, factor in zip(levels.shape[1:3], factors, strict=True)
        )
        small = resize_pictures(small[:, : high * factors[0], : wide * factors[1]], (high, wide))
        exact = np.ascontiguousarray(exact)
    return small, exact


def to_eight_bits(levels: np.ndarray, white: int) -> np.ndarray:
    """Return levels as uint8: those of uint16 scaled so that white is 255, uint8 as they are."""
    if levels.dtype == np.uint8:
        return levels
    scaled = levels.astype(np.uint32) * 255 + white // 2
    return np.minimum(scaled // white, 255).astype(np.uint8)


def resize_pictures(levels: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """Return (R, h, w, C) uint8, (R, H, W, C) uint8 resized by the area of pixels."""
    if levels.shape[1:3] == size_px:
        return levels
    high, wide = size_px
    out = np.empty((len(levels), high, wide, levels.shape[-1]), np.uint8)
    for row, image in enumerate(levels):
        out[row] = cv2.resize(
            np.ascontiguousarray(image), (wide, high), interpolation=cv2.INTER_AREA
        ).reshape(high, wide, -1)
    return out


def _has_colours(header: ImageHeader) -> bool:
    return header.colours and header.kind in OPENCV_COLOURS and header.turn == 1


def _read(file_of: FileOf, row: int, place: Place) -> tuple[np.ndarray, ImageHeader]:
    try:
        return read_levels(file_of(row))
    except DataError as error:
        sentence = Sentence(f"{place(row)}: {{}} {error}", repr(str(file_of(row))), "the image")
        raise DataError(sentence) from error
