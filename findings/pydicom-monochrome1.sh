#!/usr/bin/env bash
# In a MONOCHROME1 image 0 is white. pydicom hands the numbers out as they are stored, by pixel_array,
# by apply_rescale and by apply_voi_lut alike; apply_presentation_lut turns them only where
# PresentationLUTShape says INVERSE, which many files leave out. A reader that doesn't look at
# PhotometricInterpretation itself compares negatives.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" pydicom==3.0.1 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_presentation_lut, apply_rescale, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian

print("pydicom", pydicom.__version__)
ds = Dataset()
ds.file_meta = FileMetaDataset()
ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
ds.Rows = ds.Columns = 4
ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 8, 8, 7
ds.PixelRepresentation, ds.PhotometricInterpretation = 0, "MONOCHROME1"
eye = np.array([0, 0, 0, 255] * 4, np.uint8)  # white, with a pupil
ds.PixelData = eye.tobytes()
print("white is stored as 0, black as 255; white is handed out as")
print("pixel_array:", ds.pixel_array[0, 0])
print("apply_rescale:", apply_rescale(ds.pixel_array, ds)[0, 0])
print("apply_voi_lut:", apply_voi_lut(ds.pixel_array, ds)[0, 0])
print("apply_presentation_lut:", apply_presentation_lut(ds.pixel_array, ds)[0, 0])
ds.PresentationLUTShape = "INVERSE"
print("apply_presentation_lut with INVERSE:", apply_presentation_lut(ds.pixel_array, ds)[0, 0])
PY
diff "$folder/seen" - << 'SEEN'
pydicom 3.0.1
white is stored as 0, black as 255; white is handed out as
pixel_array: 0
apply_rescale: 0
apply_voi_lut: 0
apply_presentation_lut: 0
apply_presentation_lut with INVERSE: 255
SEEN
