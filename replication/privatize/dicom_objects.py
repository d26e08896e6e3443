"""Write privatized images as new DICOM objects, in whose headers nothing of a source stands.

Secondary captures (PS3.3, A.8.1) with the attributes that the standard requires and the marks of
de-identification (PS3.3, C.7.1.1). Every other field of patient and study is empty, there are no
dates, and UIDs are made of a secret: the same images by the same run have the same bytes, and
nobody else can derive a UID from an image's name. A file is named by its UID, since an order of
files would be that of the patients.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from replication.data.dicom_file import load_pydicom
from replication.records import PrivatizedSet, to_bytes
from replication.store.tables import write_table

if TYPE_CHECKING:
    from pydicom import Dataset

OBJECTS, LISTED = "dicom", "objects.csv"
COLUMNS = ("image_id", "draw", "file")
# PS3.16, CID 7050: what was done to an image. Burnt-in text isn't looked for, so that 113101 (Clean
# Pixel Data Option) would promise too much.
CLEANED = ("113102", "DCM", "Clean Recognizable Visual Features Option")
HEADER_METHOD = "header made anew, nothing copied from a source"
# Required to be there, and may be empty (type 2).
EMPTY = (
    *["PatientName", "PatientID", "PatientBirthDate", "PatientSex"],
    *["StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID"],
    *["InstanceNumber", "PatientOrientation"],
)


def write_each(
    sets: Iterable[PrivatizedSet], folder: Path, *, image_ids: pd.Series, root: str, first_row: int
) -> Iterator[PrivatizedSet]:
    """Yield privatized sets, each once its objects are written, and list all objects at the end.

    Args:
        sets: the draws of one method.
        folder: a new one; it gets `objects.csv`, and the objects in `dicom`.
        image_ids: (N,) of the images, for the list.
        root: secret text, another one for each request, that UIDs are made of.
        first_row: place of the first image among all of the request.
    """
    (folder / OBJECTS).mkdir()
    listed = []
    for drawn in sets:
        places = enumerate(zip(image_ids, to_bytes(drawn.images), strict=True), start=first_row)
        for row, (image_id, pixels) in places:
            made = build_object(pixels, method=drawn.method, draw=drawn.draw, row=row, root=root)
            name = f"{made.SOPInstanceUID}.dcm"
            made.save_as(folder / OBJECTS / name, enforce_file_format=True)
            listed.append((image_id, drawn.draw, f"{OBJECTS}/{name}"))
        yield drawn
    write_table(pd.DataFrame(listed, columns=list(COLUMNS)), folder / LISTED)


def build_object(pixels: np.ndarray, *, method: str, draw: int, row: int, root: str) -> "Dataset":
    """Return a secondary capture of one privatized image.

    Args:
        pixels: (H, W, C) uint8; gray where all C channels are equal, else red, green, blue.
        method: its name, at most 56 letters.
        draw: of the method, from 0.
        row: the image's place among all of its request.
        root: secret text, another one for each request.
    """
    pydicom = load_pydicom()
    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    made.StudyInstanceUID = _make_uid(root, "study")
    made.SeriesInstanceUID = _make_uid(root, "series", draw)
    made.SOPInstanceUID = _make_uid(root, "object", draw, row)
    for name in EMPTY:
        setattr(made, name, None)
    made.Modality, made.SeriesNumber, made.ConversionType = "OT", draw + 1, "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    _mark_removed(made, method)
    _set_pixels(made, pixels)
    return made


def _make_uid(root: str, *parts: object) -> str:
    """Return a UID of one text, its parts set apart: joined without a gap, 1 and 11 are 11 and 1."""
    from pydicom.uid import generate_uid

    return generate_uid(entropy_srcs=["|".join(map(str, (root, *parts)))])


def _mark_removed(made: "Dataset", method: str) -> None:
    """State that the patient's identity was removed, and how."""
    from pydicom import Dataset

    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = [f"method {method}", HEADER_METHOD]
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = CLEANED
    made.DeidentificationMethodCodeSequence = [code]


def _set_pixels(made: "Dataset", pixels: np.ndarray) -> None:
    gray = bool((pixels == pixels[..., :1]).all())
    shown = pixels[..., 0] if gray else pixels
    made.Rows, made.Columns = shown.shape[:2]
    made.SamplesPerPixel = 1 if gray else 3
    made.PhotometricInterpretation = "MONOCHROME2" if gray else "RGB"
    if not gray:
        made.PlanarConfiguration = 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.add_new("PixelData", "OB", shown.tobytes())
