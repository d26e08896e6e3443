#!/usr/bin/env bash
# Of a DICOM file in Explicit VR Big Endian (retired, and in archives all the same) pydicom's pixel_array has
# the right values in a big-endian array. What looks at its bytes, by tobytes, view or a pointer, reads
# them the other way round: 1 is 256. The number type differs from numpy.uint16, too, and numbers that
# pass through arithmetic become native, so that it shows in some places and not in others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" pydicom==3.0.2 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

print("pydicom", pydicom.__version__)
for syntax, order in ((ExplicitVRLittleEndian, "<u2"), (ExplicitVRBigEndian, ">u2")):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    ds.Rows = ds.Columns = 2
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 16, 12, 11
    ds.PixelRepresentation, ds.PhotometricInterpretation = 0, "MONOCHROME2"
    ds.add_new("PixelData", "OW", np.array([[1, 2], [3, 4]], order).tobytes())
    ds.save_as(f"{sys.argv[1]}/image.dcm", enforce_file_format=True)
    pixels = pydicom.dcmread(f"{sys.argv[1]}/image.dcm").pixel_array
    seen = np.frombuffer(pixels.tobytes(), np.uint16).tolist()
    print(f"{syntax.name}: {pixels.dtype.str}, values {pixels.ravel().tolist()}, bytes read as uint16 {seen}")
PY
diff "$folder/seen" - << 'SEEN'
pydicom 3.0.2
Explicit VR Little Endian: <u2, values [1, 2, 3, 4], bytes read as uint16 [1, 2, 3, 4]
Explicit VR Big Endian: >u2, values [1, 2, 3, 4], bytes read as uint16 [256, 512, 768, 1024]
SEEN
