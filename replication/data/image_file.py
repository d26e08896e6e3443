"""Read an image file's header, or the whole file as gray levels, or raise why it can't be read.

Errors don't name the file, whose name is a patient's: who reads it knows which one it is.

Size, depth and turn come from one reader, and the pixels are held against them. OpenCV decodes BMP,
JPEG and PNG, as ever; it fills the missing part of a truncated file with gray without an error, and
takes any size that a header claims, so Pillow looks at these files first. Pillow decodes TIFF and
JPEG 2000 (ISO/IEC 19794-6 stores irises so); PGM is read here, as Pillow stretches its levels; and
DICOM by `replication.data.dicom_file`.
"""

import re
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.Image import Exif
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from replication.data.dicom_file import (
    Frame,
    decode_frame,
    describe_frame,
    is_dicom,
    read_elements,
)
from replication.data.jpeg_end import JPEG_END, ends_early
from replication.errors import DataError

KINDS = "PNG, JPEG, BMP, TIFF, JPEG 2000, PGM or DICOM"
SUFFIXES = frozenset((".bmp", ".dcm", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff")) | {
    ".j2c",
    ".j2k",
    ".jp2",
    ".jpc",
}
# Named one by one: `Image.open` prints a warning for sizes that are refused here in a sentence.
OPENERS = {
    b"BM": BmpImageFile,
    b"\xff\xd8": JpegImageFile,
    b"\x89PNG": PngImageFile,
    b"II*\0": TiffImageFile,
    b"MM\0*": TiffImageFile,
    b"\0\0\0\x0cjP  \r\n\x87\n": Jpeg2KImageFile,
    b"\xff\x4f\xff\x51": Jpeg2KImageFile,
}
# Levels that all of 16 bits could hold: how many of them a camera uses no header says.
FULL_WHITE = 65535
DICOM = "DICOM"  # the kind
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
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
    Warning,
    struct.error,
    zlib.error,
)

_PGM = re.compile(rb"P5" + rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})" * 3 + rb"\s")
_HEADER_BYTES = 65536  # ours: of a file's start, in which a PGM's or JPEG 2000's size stands
_DICOM_BYTES = 132  # preamble and prefix (PS3.10, 7.1)
_TURNS = {
    2: lambda levels: levels[:, ::-1],
    3: lambda levels: levels[::-1, ::-1],
    4: lambda levels: levels[::-1],
    5: lambda levels: levels.T,
    6: lambda levels: levels.T[:, ::-1],
    7: lambda levels: levels[::-1, ::-1].T,
    8: lambda levels: levels.T[::-1],
}


class ImageHeader(NamedTuple):
    """What a file's header says of the pixels that `read_levels` returns of it.

    Args:
        kind: of file, such as PNG.
        size_px: width and height, after the turn.
        white: the level that stands for white: 255 of 8 bits, 65535 of 16, a PGM's maxval, as many
            bits as a DICOM file stores.
        turn: EXIF's orientation, 1 to 8; 1 where pixels are stored as they are to be seen.
        colours: whether pixels have them, which `read_levels` makes gray.
    """

    kind: str
    size_px: tuple[int, int]
    white: int = 255
    turn: int = 1
    colours: bool = False


def read_header(stream: BinaryIO) -> ImageHeader:
    """Read an image file's header without decoding the image.

    Raises:
        DataError: why the file can't be read.
    """
    return _open(stream)[0]


def read_levels(path: Path) -> tuple[np.ndarray, ImageHeader]:
    """Read an image file whole, turned as its header says.

    Returns:
        (H, W) uint8, or uint16 where white is beyond 255, and the header.

    Raises:
        DataError: when the file is missing, of another kind, truncated, too large or damaged, or
            holds what isn't gray or colour of 8 bits or gray of 16: alpha, floats, several pages.
    """
    try:
        status = path.stat()
        if not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):
            raise DataError("is no file")  # a pipe would be waited for
        if status.st_size > MOST_BYTES:
            raise DataError(f"expected at most {MOST_BYTES} bytes")
        with path.open("rb") as stream:
            if is_dicom(stream.read(_DICOM_BYTES)):
                return _read_dicom(stream)
            stream.seek(0)
            content = stream.read()
    except OSError as error:
        raise DataError(f"can't be opened ({error.strerror})") from error
    header, image = _open(BytesIO(content))
    levels = _decode_pgm(content) if image is None else _decode(image, header, content)
    _check_levels(levels, header)
    return levels, header


def read_gray(path: Path, *, white: int | None = None) -> np.ndarray:
    """Read an image file whole, its levels scaled to bytes.

    Args:
        path: of the file.
        white: the level that becomes 255, one for all images of a data set; the header's if None.

    Returns:
        (H, W) uint8.

    Raises:
        DataError: as `read_levels`, and when the file's levels are of another range.
    """
    levels, header = read_levels(path)
    return scale_levels(levels, header, white=header.white if white is None else white)


def scale_levels(levels: np.ndarray, header: ImageHeader, *, white: int) -> np.ndarray:
    """Return (H, W) uint8, levels from 0 to white scaled to 255 and rounded.

    The range of DICOM levels is the file's own, as a viewer shows it, so that images of 12 bits fit a
    run on images of 8; but for one that states all of 16 bits.

    Raises:
        DataError: when the header or a level is of another range.
    """
    if header.kind == DICOM and header.white != FULL_WHITE:
        white = header.white
    if header.white not in (white, FULL_WHITE):
        raise DataError(
            f"white is level {header.white}, in the other images {white}; save all with one depth"
        )
    if (highest := int(levels.max())) > white:
        raise DataError(f"level {highest} is above the data set's white, {white}")
    if white == 255:
        return levels.astype(np.uint8, copy=False)
    return ((levels.astype(np.uint32) * 255 + white // 2) // white).astype(np.uint8)


def find_white(white: int, highest: int) -> int:
    """Return the level that stands for white in a data set.

    Args:
        white: of its files' headers. Where that is all of 16 bits, of which a camera may use fewer,
            white is the highest number of as many bits as the highest level has.
        highest: level of all images.
    """
    return white if white != FULL_WHITE else (1 << max(8, highest.bit_length())) - 1


def _open(stream: BinaryIO) -> tuple[ImageHeader, ImageFile | None]:
    """Return the header, and Pillow's image that isn't decoded yet, None of a PGM."""
    stream.seek(0)
    start = stream.read(_HEADER_BYTES)
    stream.seek(0)
    if is_dicom(start):
        return _describe_dicom(describe_frame(read_elements(stream))), None
    header, image = None, None
    if match := _PGM.match(start):
        width, height, white = map(int, match.groups())
        header = ImageHeader("PGM", (width, height), white)
    for signature, opener in OPENERS.items():
        if start.startswith(signature):
            with suppress(*BROKEN):
                image = opener(stream)
                header = _describe(image, start)
    if start.startswith(LFS_POINTER):
        raise DataError("is a Git LFS pointer, get the image by `git lfs pull`")
    if header is None or not 0 < header.white <= FULL_WHITE or 0 in header.size_px:
        raise DataError(f"has no readable header of a {KINDS} image")
    _check_size(header)
    return header, image


def _check_size(header: ImageHeader) -> None:
    width, height = header.size_px
    if width * height > MOST_PIXELS:
        raise DataError(f"expected at most {MOST_PIXELS} px, got {width}x{height}")


def _read_dicom(stream: BinaryIO) -> tuple[np.ndarray, ImageHeader]:
    dataset = read_elements(stream, pixels=True)
    frame = describe_frame(dataset)
    header = _describe_dicom(frame)
    return decode_frame(dataset, frame), header


def _describe_dicom(frame: Frame) -> ImageHeader:
    header = ImageHeader(DICOM, frame.size_px, frame.white)
    _check_size(header)
    return header


def _describe(image: ImageFile, start: bytes) -> ImageHeader:
    """Return what a header says; DataError where such pixels aren't read, BROKEN where none are."""
    turn, bits, advice = 1, 8, "save it as gray of 8 or 16 bits"
    width, height = image.size
    if image.format == "TIFF":
        bits = max(image.tag_v2.get(Base.BitsPerSample, (1,)))
        turn = image.tag_v2.get(Base.Orientation, 1)
        image.info.pop("xmp", None)  # where Pillow looks for a turn, too
        if image.n_frames > 1:
            raise DataError(f"holds {image.n_frames} pages, save one image per file")
    elif image.format == "JPEG2000":
        # ISO/IEC 15444-1, A.5.1: a component's depth is the 39th byte after the marker SIZ.
        depth = start[start.index(b"\xff\x4f\xff\x51") + 4 :][38]
        bits = depth + 1
        if depth >= 0x80 or bits < 8:
            raise DataError(f"holds signed pixels or pixels of less than 8 bits, {advice}")
    else:
        bits = 16 if "16" in str(image.tile[0][3]) and image.format == "PNG" else 8
        turn = _read_turn(image)
        if turn >= 5:
            width, height = height, width
    deep = image.mode.startswith("I;16")
    if not deep and image.mode not in ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "YCbCr"):
        raise DataError(f"holds pixels of kind {image.mode} ({bits} bits), {advice}")
    if bits > 8 and not deep:
        raise DataError(f"holds colours of {bits} bits, {advice}")
    if deep and "transparency" in image.info:
        raise DataError(f"holds transparent pixels, {advice}")
    white = (1 << bits) - 1 if deep else 255
    turn = turn if turn in _TURNS else 1
    colours = image.mode in ("P", "RGB", "PA", "RGBA", "YCbCr")
    return ImageHeader(image.format, (width, height), white, turn, colours)


def _read_turn(image: ImageFile) -> int:
    """Return the orientation in a JPEG's or PNG's EXIF data, 1 where there is none."""
    exif = Exif()
    with suppress(*BROKEN):
        exif.load(image.info.get("exif") or b"")
    turn = exif.get(Base.Orientation, 1)
    return turn if turn in _TURNS else 1


def _check_levels(levels: np.ndarray, header: ImageHeader) -> None:
    """Hold the pixels against what was reported of them."""
    height, width = levels.shape
    if (width, height) != header.size_px or (levels.dtype == np.uint8) != (header.white <= 255):
        said = "{}x{}, white {}".format(*header.size_px, header.white)
        raise DataError(f"its header says {said}, its pixels are {width}x{height} {levels.dtype}")
    if header.white not in (255, FULL_WHITE) and levels.max() > header.white:
        raise DataError(f"is damaged: level {levels.max()} is above its white, {header.white}")


def _decode_pgm(content: bytes) -> np.ndarray:
    match = _PGM.match(content)
    width, height, white = map(int, match.groups())
    kind = np.dtype(">u2" if white > 255 else "u1")
    if len(content) < match.end() + width * height * kind.itemsize:
        raise DataError("is truncated or damaged")
    levels = np.frombuffer(content, kind, width * height, match.end())
    return levels.reshape(height, width).astype(kind.newbyteorder("="))


def _decode(image: ImageFile, header: ImageHeader, content: bytes) -> np.ndarray:
    """Decode whole and turn."""
    is_jpeg = header.kind == "JPEG"
    # Behind a scan's start those two bytes mean nothing else (ITU-T T.81, B.1.1.5), and a file cut
    # before it has no readable header.
    if not (is_jpeg and content.endswith(JPEG_END)):
        # To the file's end; a JPEG at an eighth of its size, the quickest way.
        image.draft("L", (1, 1))
        try:
            image.load()
        except BROKEN as error:
            raise DataError("is truncated or damaged") from error
    if header.kind in ("TIFF", "JPEG2000"):
        _refuse_transparent(image)
        return _take_levels(image, header)  # Pillow has turned a TIFF
    if not is_jpeg:
        _refuse_transparent(image)
        if _read_turn(image) != header.turn:
            raise DataError("is turned by EXIF data behind its pixels; save it again without them")
    levels = _decode_by_opencv(content, deep=header.white > 255)
    if levels is None:
        raise DataError("is truncated or damaged")
    if is_jpeg and ends_early(
        levels, content, decode=_decode_by_opencv, progressive="progressive" in image.info
    ):
        raise DataError("is truncated: it ends before its last rows, in spite of its end marker")
    return np.ascontiguousarray(_TURNS[header.turn](levels)) if header.turn > 1 else levels


def _decode_by_opencv(content: bytes, *, deep: bool = False) -> np.ndarray | None:
    depth = cv2.IMREAD_ANYDEPTH if deep else cv2.IMREAD_GRAYSCALE
    try:
        data = np.frombuffer(content, np.uint8)
        return cv2.imdecode(data, depth | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None


def _take_levels(image: ImageFile, header: ImageHeader) -> np.ndarray:
    """Return the levels of an image that Pillow has decoded; colours as OpenCV makes them gray."""
    if header.white == 255 and image.mode in ("1", "L", "LA"):
        return np.array(image.convert("L"))
    if header.white == 255:
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), np.uint32), 2, 0)
        return ((4899 * red + 9617 * green + 1868 * blue + 8192) >> 14).astype(np.uint8)
    levels = np.asarray(image).astype(np.uint16)
    if header.kind == "JPEG2000":  # Pillow stretches them to 16 bits
        return levels >> (16 - header.white.bit_length())
    # Where 0 is white, Pillow turns 8 bits and leaves more as they are.
    zero_is_white = image.tag_v2.get(Base.PhotometricInterpretation) == 0
    return header.white - levels if zero_is_white else levels


def _refuse_transparent(image: ImageFile) -> None:
    """Refuse what can be looked through; an alpha channel that is full everywhere hides nothing."""
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
        if lowest < 255:
            raise DataError("holds transparent pixels, save it without an alpha channel")
