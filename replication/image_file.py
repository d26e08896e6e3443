"""Read an image file's header alone, or the whole file as gray bytes, or say why it can't be read.

OpenCV fills the missing part of a truncated file with gray and says nothing, and takes any size
that a header claims; so Pillow looks at the file first. Understood are BMP, JPEG and PNG:
Warsaw-BioBase holds the first two.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from replication.errors import DataError

FORMATS = ("BMP", "JPEG", "PNG")
JPEG_END = b"\xff\xd9"
MOST_PIXELS = 40_000_000  # ours: far beyond any iris camera, far below what memory can't hold
BROKEN = (OSError, ValueError, SyntaxError)  # what Pillow raises for files that it can't read


def open_image(stream: BinaryIO) -> Image.Image | None:
    """Read an image file's header without decoding the image; None where there is none."""
    try:
        return Image.open(stream, formats=FORMATS)
    except (*BROKEN, Image.DecompressionBombError):
        return None


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
    image = open_image(BytesIO(content))
    if image is None:
        raise DataError(f"{path.name}: has no readable header of a BMP, JPEG or PNG image")
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{path.name}: expected at most {MOST_PIXELS} px, got {width}x{height}")
    whole = _ends_as_jpeg(image, content) or _is_whole(image)
    gray = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if whole else None
    if gray is None:
        raise DataError(f"{path.name}: is truncated or damaged")
    return gray


def _ends_as_jpeg(image: Image.Image, content: bytes) -> bool:
    """Tell whether a file ends with a JPEG image's end, which no decoding has to find out.

    Behind a scan's start those two bytes mean nothing else (ITU-T T.81, B.1.1.5), and a file cut
    before it has no readable header.
    """
    return image.format == "JPEG" and content.endswith(JPEG_END)


def _is_whole(image: Image.Image) -> bool:
    """Go through a file to its end; a JPEG at an eighth of its size, the quickest way."""
    image.draft("L", (1, 1))
    try:
        image.load()
    except BROKEN:
        return False
    return True
