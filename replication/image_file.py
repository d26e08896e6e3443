"""Read one image file as gray bytes, or say why it can't be read.

OpenCV fills the missing part of a truncated file with gray and says nothing, and takes any size
that a header claims; so the file's own header and end are looked at first. Understood are BMP,
JPEG and PNG: Warsaw-BioBase holds the first two.
"""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from replication.errors import DataError

MOST_PIXELS = 40_000_000  # ours: far beyond any iris camera, far below what memory can't hold
JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # ITU T.81 table B.1
JPEG_SCAN = 0xDA
JPEG_END = b"\xff\xd9"
PNG_END = b"IEND\xaeB`\x82"


def read_gray(path: Path) -> np.ndarray:
    """Read an image file whole.

    Returns:
        (H, W) uint8.

    Raises:
        DataError: when the file is missing, of another kind, truncated, too large or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name}: can't be opened ({error.strerror})") from error
    look_at = _LOOKS.get(content[:2])
    if look_at is None:
        raise DataError(f"{path.name}: is no BMP, JPEG or PNG image")
    try:
        width, height, whole = look_at(content)
    except (struct.error, IndexError):
        whole = False
    if not whole:
        raise DataError(f"{path.name}: is truncated")
    if not 0 < width * height <= MOST_PIXELS:
        raise DataError(f"{path.name}: expected at most {MOST_PIXELS} px, got {width}x{height}")
    gray = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise DataError(f"{path.name}: is damaged")
    return gray


def _look_at_bmp(content: bytes) -> tuple[int, int, bool]:
    """Look at a Windows bitmap: rows of whole 4 bytes from a stated place, unless compressed."""
    start, _, width, height = struct.unpack_from("<IIii", content, 10)
    bits, compression, stored = struct.unpack_from("<HII", content, 28)
    rows = abs(height) * ((abs(width) * bits + 31) // 32 * 4)
    compressed = compression in (1, 2)
    return abs(width), abs(height), len(content) >= start + (stored if compressed else rows)


def _look_at_jpeg(content: bytes) -> tuple[int, int, bool]:
    """Look at a JPEG: segments up to the scan; in a scan the end marker can't occur by chance."""
    width = height = 0
    place = 2
    while content[place + 1] != JPEG_SCAN:
        marker, length = struct.unpack_from(">xBH", content, place)
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
        place += 2 + length
    return width, height, content.find(JPEG_END, place) >= 0


def _look_at_png(content: bytes) -> tuple[int, int, bool]:
    """Look at a PNG: its first chunk holds the size, its last is empty and always the same."""
    width, height = struct.unpack_from(">II", content, 16)
    return width, height, PNG_END in content


# Each returns the width and height that the header claims and whether the file's end is there;
# struct.error or IndexError says that the header itself is cut off.
_LOOKS = {b"BM": _look_at_bmp, b"\xff\xd8": _look_at_jpeg, b"\x89P": _look_at_png}
