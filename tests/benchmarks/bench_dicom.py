"""Reading DICOM frames as levels beside pydicom's own functions."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset

from replication.data.image_file import read_levels

from .rows import Goal, Row, alternate

FRAMES, QUICK_FRAMES = 1_000, 20
WIDTH_PX, HEIGHT_PX, BITS = 640, 480, 12
WINDOW = {"WindowCenter": 1500, "WindowWidth": 2000}


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for frames as they are stored, and one for frames with a window."""
    count = QUICK_FRAMES if quick else FRAMES
    stored = ("as stored", {}, "pydicom's `pixel_array`", _read_stored)
    windowed = ("with a window", WINDOW, "pydicom's `apply_windowing`", _read_windowed)
    for what, elements, beside, theirs in (stored, windowed):
        with TemporaryDirectory() as scratch:
            files = _write_frames(Path(scratch), count, elements)
            seconds = alternate(
                {
                    "ours": partial(_read_all, read_levels, files),
                    "pydicom": partial(_read_all, theirs, files),
                    "bytes": partial(_read_all, Path.read_bytes, files),
                }
            )
        size = f"{WIDTH_PX}x{HEIGHT_PX}, {BITS} bit, uncompressed"
        yield Row(
            f"reading {count:,} DICOM frames {what} ({size}), one core",
            beside,
            seconds["ours"] / seconds["pydicom"],
            Goal(1.3),
            "reading the file (disk), and pydicom's header (Python)",
            seconds["ours"] / seconds["bytes"],
            seconds,
        )


def _read_all(read, files: list[Path]) -> None:
    for file in files:
        read(file)


def _read_stored(file: Path) -> np.ndarray:
    return pydicom.dcmread(file).pixel_array


def _read_windowed(file: Path) -> np.ndarray:
    dataset = pydicom.dcmread(file)
    return pydicom.pixels.apply_windowing(dataset.pixel_array, dataset)


def _write_frames(folder: Path, count: int, elements: dict) -> list[Path]:
    rng = np.random.default_rng(0)
    stored = rng.integers(0, 1 << BITS, (HEIGHT_PX, WIDTH_PX)).astype(np.uint16)
    made = pydicom.Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    made.Rows, made.Columns = stored.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, BITS, 11, 0
    for name, value in elements.items():
        setattr(made, name, value)
    files = [folder / f"{number:04}.dcm" for number in range(count)]
    for number, file in enumerate(files):
        made.SOPInstanceUID = f"1.2.3.{number + 1}"
        made.PixelData = np.roll(stored, number).tobytes()
        made.save_as(file, enforce_file_format=True)
    return files
