"""Read the gray frame of a DICOM file as a viewer shows it (PS3.3, C.7.6.3, C.11.1 and C.11.2).

Stored values become levels by one table: rescaled, windowed if the file has a window, turned where
0 is white. Of a header, what describes the pixels is read, and nothing else; what pydicom remarks
on other elements is silenced, as its words hold their values. Errors name no file, as those of
`replication.data.image_file`.
"""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from replication.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

SIGNATURE, SIGNATURE_AT = b"DICM", 128
EXTRA = "dicom"
LEAST_BITS, MOST_BITS = 8, 16
SOME_ROWS = 16  # ours: places are 8 bytes each while levels are looked up
GRAY = ("MONOCHROME1", "MONOCHROME2")
WINDOWS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
# PS3.5, A.1 and A.2: uncompressed with the low byte first.
PLAIN_SYNTAXES = frozenset(("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"))
# PS3.5, A.5. pydicom inflates such a file whole, to whatever size, before it looks at it.
DEFLATED = b"1.2.840.10008.1.2.1.99"
META_GROUP, SYNTAX_ELEMENT = b"\x02\0", b"\x10\0"
# PS3.5, 10 and PS3.6, A: MPEG-2, MPEG-4, HEVC, and streams by SMPTE ST 2110.
_VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.10[0-8](\.1)?|7\.[123])")


class Window(NamedTuple):
    """Which values are shown: centre and width, in rescaled values, and the function between."""

    centre: float
    width: float
    function: str


class Frame(NamedTuple):
    """What a header says of its one gray frame.

    Args:
        size_px: width and height.
        bits: of a stored value, 8 to 16.
        signed: whether a value's highest bit is its sign.
        slope, intercept: from stored values to rescaled ones.
        window: of the rescaled values; None shows all that the bits can hold.
        zero_is_white: whether the lowest value is white.
    """

    size_px: tuple[int, int]
    bits: int
    signed: bool
    slope: float
    intercept: float
    window: Window | None
    zero_is_white: bool

    @property
    def white(self) -> int:
        """The level of white.

        A window leaves none of its levels unused, and 65535 stands for images that may do so.
        """
        bits = min(self.bits, MOST_BITS - 1) if self.window else self.bits
        return (1 << bits) - 1

    @property
    def is_plain(self) -> bool:
        """Whether a level is its stored value."""
        changed = self.signed or self.slope < 0 or self.window or self.zero_is_white
        return not changed


def load_pydicom(what: str = "is DICOM, which"):
    """Import pydicom, its remarks silenced, and return it.

    Args:
        what: needs it.

    Raises:
        DataError: when it isn't installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise DataError(
            f"{what} needs pydicom: install the extra `{EXTRA}` (pip install '.[{EXTRA}]')"
        ) from error
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger(pydicom.__name__).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=pydicom.__name__)
    return pydicom


def is_dicom(start: bytes) -> bool:
    """Return whether a file's start is that of a DICOM file (PS3.10, 7.1)."""
    return start[SIGNATURE_AT:].startswith(SIGNATURE)


def read_elements(stream: BinaryIO, *, pixels: bool = False) -> "Dataset":
    """Read a DICOM file's elements, each of them as bytes until it is used; and pixels, if wanted.

    Raises:
        DataError: when it can't be read, or pydicom is missing.
    """
    pydicom = load_pydicom()
    with _refusing("is a truncated or damaged DICOM file"):
        if _find_syntax(stream) == DEFLATED:
            raise DataError("is deflated, save it uncompressed")
        stream.seek(0)
        # Naming the tags that are wanted would take longer than all of them.
        return pydicom.dcmread(stream, stop_before_pixels=not pixels)


def describe_frame(dataset: "Dataset") -> Frame:
    """Return what a header says of its frame.

    Args:
        dataset: of `read_elements`.

    Raises:
        DataError: when it has no frame of gray pixels, or another kind of them.
    """
    with _refusing("has no readable description of DICOM pixels"):
        _check_kind(dataset)
        _check_bits(dataset)
        frame = Frame(
            size_px=(int(dataset.Columns), int(dataset.Rows)),
            bits=int(dataset.BitsStored),
            signed=dataset.PixelRepresentation == 1,
            slope=float(dataset.get("RescaleSlope", 1)),
            intercept=float(dataset.get("RescaleIntercept", 0)),
            window=_read_window(dataset),
            zero_is_white=dataset.PhotometricInterpretation == "MONOCHROME1",
        )
    highest = frame.slope * (1 << frame.bits) + frame.intercept
    if not isfinite(highest) or highest == frame.intercept:
        raise DataError(
            f"has the rescale slope {frame.slope:g} and intercept {frame.intercept:g}, correct them"
        )
    return frame


def decode_frame(dataset: "Dataset", frame: Frame) -> np.ndarray:
    """Return (H, W) levels from 0 to the frame's white, uint8 where that is 255, else uint16.

    Args:
        dataset: as read with its pixels.
        frame: what `describe_frame` returned of it.

    Raises:
        DataError: when the pixels are missing, can't be decoded or are fewer than the header says.
    """
    with _refusing("is truncated or damaged"):
        if not dataset.get("PixelData"):
            raise DataError("holds no pixels")
        stored = _read_stored(dataset, frame)
    if stored.shape != frame.size_px[::-1]:
        raise DataError("is damaged: its pixels have another shape than its header says")
    # A value's unused high bits may hold anything (PS3.5, 8.1.1).
    places, used = stored.view(f"u{stored.itemsize}"), np.uint16((1 << frame.bits) - 1)
    if frame.is_plain:
        return (places & used).astype(np.uint8 if frame.white == 255 else np.uint16, copy=False)
    table = build_table(frame)
    levels = np.empty(places.shape, table.dtype)
    for row in range(0, len(places), SOME_ROWS):
        some = slice(row, row + SOME_ROWS)
        np.take(table, places[some] & used, out=levels[some], mode="clip")
    return levels


@lru_cache(maxsize=8)  # the files of a data set have few
def build_table(frame: Frame) -> np.ndarray:
    """Return the level of every stored value, two's complement where signed: (2**bits,)."""
    stored = np.arange(1 << frame.bits, dtype=np.float64)
    if frame.signed:
        stored[len(stored) // 2 :] -= len(stored)
    values = stored * frame.slope + frame.intercept
    if frame.window:
        with np.errstate(over="ignore"):  # a width may be next to 0
            shown = apply_window(values, frame.window)
    else:
        shown = (values - values.min()) / (values.max() - values.min())
    levels = np.rint((1 - shown if frame.zero_is_white else shown) * frame.white)
    return levels.astype(np.uint8 if frame.white == 255 else np.uint16)


def apply_window(values: np.ndarray, window: Window) -> np.ndarray:
    """Return how bright values are shown, 0 to 1 (PS3.3, C.11.2.1.2.1 and C.11.2.1.3)."""
    centre, width, function = window
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if width == 0:
        return (values > centre).astype(np.float64)
    return np.clip((values - centre) / width + 0.5, 0, 1)


def _find_syntax(stream: BinaryIO) -> bytes:
    """Return the transfer syntax of a file's meta information (PS3.10, 7.1; PS3.5, 7.1.2)."""
    from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

    stream.seek(SIGNATURE_AT + len(SIGNATURE))
    syntax = b""
    while (head := stream.read(8))[:2] == META_GROUP:
        length = int.from_bytes(head[6:], "little")
        if head[4:6].decode("ascii") in EXPLICIT_VR_LENGTH_32:
            length = int.from_bytes(stream.read(4), "little")
        value = stream.read(length)
        if len(value) < length:
            raise EOFError
        if head[2:4] == SYNTAX_ELEMENT:
            syntax = value.rstrip(b"\0 ")
    return syntax


@contextmanager
def _refusing(sentence: str) -> Iterator[None]:
    """Raise DataError of a sentence in place of whatever pydicom, or who decodes for it, raises."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # they have no common class
        raise DataError(sentence) from error


def _check_kind(dataset: "Dataset") -> None:
    """Refuse what isn't one gray frame."""
    syntax = dataset.file_meta.get("TransferSyntaxUID", "")
    if _VIDEO.fullmatch(syntax):
        raise DataError(f"holds a video ({syntax.name}), save one frame as gray")
    if not (dataset.get("Rows") and dataset.get("Columns")):
        raise DataError("holds no pixels")
    if (frames := int(dataset.get("NumberOfFrames") or 1)) != 1:
        raise DataError(f"holds {frames} frames, save one image per file")
    kind = dataset.PhotometricInterpretation
    if kind not in GRAY or dataset.SamplesPerPixel != 1:
        word = kind if re.fullmatch("[A-Z0-9_ ]{1,16}", kind) else "of another kind"
        raise DataError(f"holds colours ({word}), save it as {' or '.join(GRAY)}")
    for name, what in (("ModalityLUTSequence", "a rescale"), ("VOILUTSequence", "a window")):
        if dataset.get(name) and not (what == "a window" and dataset.get("WindowWidth")):
            raise DataError(f"has a table of levels ({name}), save it with {what} instead")


def _check_bits(dataset: "Dataset") -> None:
    """Refuse pixels of another depth than 8 to 16 bits, at the low end of one or two bytes."""
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    fits = allocated in (8, 16) and LEAST_BITS <= stored <= allocated
    if not (fits and int(dataset.HighBit) == stored - 1 and dataset.PixelRepresentation in (0, 1)):
        raise DataError(
            f"holds pixels of {stored} bits in {allocated} with {dataset.HighBit} as the high bit; "
            f"expected {LEAST_BITS} to {MOST_BITS} in 8 or 16, the lowest ones"
        )


def _read_window(dataset: "Dataset") -> Window | None:
    """Return the first window of those that a header offers, None where it has none."""
    centres, widths = (dataset.get(name) for name in ("WindowCenter", "WindowWidth"))
    if centres is None or widths is None:
        return None
    centre, width = (float(np.atleast_1d(each)[0]) for each in (centres, widths))
    function = dataset.get("VOILUTFunction") or WINDOWS[0]
    least = 1 if function == "LINEAR" else 0
    if function not in WINDOWS or not np.isfinite([centre, width]).all():
        raise DataError(f"has another window than {', '.join(WINDOWS)}, save it with one of them")
    if width < least or width == 0:
        raise DataError(f"has a window of width {width:g}, expected 1 or more")
    return Window(centre, width, function)


def _read_stored(dataset: "Dataset", frame: Frame) -> np.ndarray:
    """Return (H, W) values of one or two bytes as they are stored."""
    syntax = dataset.file_meta.TransferSyntaxUID
    width, height = frame.size_px
    if syntax in PLAIN_SYNTAXES:  # in less than pydicom's time
        kind = np.dtype(f"<u{dataset.BitsAllocated // 8}")
        if len(dataset.PixelData) < width * height * kind.itemsize:
            raise DataError("is truncated or damaged")
        return np.frombuffer(dataset.PixelData, kind, width * height).reshape(height, width)
    _require_decoder(syntax)
    stored = dataset.pixel_array
    return stored.astype(stored.dtype.newbyteorder("="), copy=False)


def _require_decoder(syntax: str) -> None:
    """Raise DataError where pixels are compressed in a way that nothing installed decodes."""
    from pydicom.pixels import get_decoder

    name = syntax.name if syntax.name != syntax else "a way that pydicom doesn't know"
    try:
        decoder = get_decoder(syntax)
        missing = "; ".join(decoder.missing_dependencies)
        available = decoder.is_available
    except NotImplementedError:
        missing, available = "", False
    if not available:
        advice = f"install one of its decoders ({missing}) or " if missing else ""
        raise DataError(f"is compressed ({name}): {advice}save it uncompressed")
