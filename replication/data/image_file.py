"""Read an image file's header alone, or the whole file as gray bytes, or return why it can't be read.

OpenCV fills the missing part of a truncated file with gray without an error, and takes any size
that a header claims; so Pillow looks at the file first. Understood are BMP, JPEG and PNG:
Warsaw-BioBase holds the first two.
"""

import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from replication.errors import DataError

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
JPEG_END = b"\xff\xd9"
# Named one by one: `Image.open` prints a warning for sizes that are refused here in a sentence.
KINDS = {b"BM": BmpImageFile, b"\xff\xd8": JpegImageFile, b"\x89PNG": PngImageFile}
MOST_PIXELS = 40_000_000  # ours: far beyond any iris camera, far below what memory can't hold
MOST_BYTES = 8 * MOST_PIXELS  # ours: four channels of two bytes, not compressed
# What Pillow raises for files that it can't read.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)


def open_image(stream: BinaryIO) -> ImageFile | None:
    """Read an image file's header without decoding the image; None where there is none."""
    stream.seek(0)
    start = stream.read(max(map(len, KINDS)))
    stream.seek(0)
    for signature, kind in KINDS.items():
        if start.startswith(signature):
            with suppress(*BROKEN):
                return kind(stream)
    return None


def read_gray(path: Path) -> np.ndarray:
    """Read an image file whole.

    Returns:
        (H, W) uint8.

    Raises:
        DataError: when the file is missing, of another kind, truncated, too large or damaged.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path.name}: expected at most {MOST_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name}: can't be opened ({error.strerror})") from error
    image = open_image(BytesIO(content))
    if image is None:
        if content.startswith(LFS_POINTER):
            raise DataError(f"{path.name}: is a Git LFS pointer, get the image by `git lfs pull`")
        raise DataError(f"{path.name}: has no readable header of a BMP, JPEG or PNG image")
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{path.name}: expected at most {MOST_PIXELS} px, got {width}x{height}")
    whole = _ends_as_jpeg(image, content) or _is_whole(image)
    gray = _decode(content) if whole else None
    if gray is None:
        raise DataError(f"{path.name}: is truncated or damaged")
    return gray


def _decode(content: bytes) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None


def _ends_as_jpeg(image: ImageFile, content: bytes) -> bool:
    """Return whether a file ends with a JPEG image's end, which no decoding has to find out.

    Behind a scan's start those two bytes mean nothing else (ITU-T T.81, B.1.1.5), and a file cut
    before it has no readable header.
    """
    return image.format == "JPEG" and content.endswith(JPEG_END)


def _is_whole(image: ImageFile) -> bool:
    """Go through a file to its end; a JPEG at an eighth of its size, the quickest way."""
    image.draft("L", (1, 1))
    try:
        image.load()
    except BROKEN:
        return False
    return True
