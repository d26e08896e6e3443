"""DICOM files made for tests, with a patient in their headers."""

from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

# What a camera's header says of a patient and a study; the second of its names is of another alphabet.
SOURCE = {
    "PatientName": "Kowalska^Zofia",
    "PatientID": "WAW-60-7714",
    "PatientBirthDate": "19440229",
    "PatientSex": "F",
    "PatientAge": "077Y",
    "PatientComments": "two sisters with glaucoma",
    "EthnicGroup": "unheard-of",
    "StudyDate": "20210517",
    "StudyTime": "101112.5",
    "StudyID": "ST-4411",
    "StudyDescription": "Follow-up of the left eye",
    "AccessionNumber": "ACC-90210",
    "ReferringPhysicianName": "Nowak^Adam",
    "InstitutionName": "Eye Clinic of Mokotow",
    "StationName": "SLIT-LAMP-3",
    "Manufacturer": "Lens & Sons",
    "DeviceSerialNumber": "SN-552211",
    "ProtocolName": "iris at 850 nm",
    "ImageComments": "asked not to be called on Mondays",
    "ContentDate": "20210518",
    "Modality": "OP",
    "SeriesDescription": "anterior segment",
}


def write_dicom(
    file: Path, stored: np.ndarray, *, bits: int = 12, syntax: str = ExplicitVRLittleEndian, **given
) -> Path:
    """Write one gray frame, and return its file.

    Args:
        file: to write.
        stored: (H, W) integers of one or two bytes.
        bits: of a stored value.
        syntax: an uncompressed one.
        given: further elements, or others than usual; None leaves one out.
    """
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
    made.SOPInstanceUID, made.StudyInstanceUID, made.SeriesInstanceUID = (
        generate_uid() for _ in range(3)
    )
    made.Rows, made.Columns = stored.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = 8 * stored.itemsize, bits, bits - 1
    made.PixelRepresentation = int(stored.dtype.kind == "i")
    order = "<" if made.file_meta.TransferSyntaxUID.is_little_endian else ">"
    made.add_new("PixelData", "OW", stored.astype(stored.dtype.newbyteorder(order)).tobytes())
    for name, value in (SOURCE | given).items():
        if value is None and name in made:
            del made[name]
        elif value is not None:
            setattr(made, name, value)
    made.save_as(file, enforce_file_format=True)
    return file
