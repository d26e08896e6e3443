#!/usr/bin/env bash
# A DICOM window as wide as the data (centre and width of a 12-bit image) should leave every level its
# own place. pydicom's apply_windowing follows the standard's formula, whose window of width w spans w -
# 1 steps: cast back to integers, 597 of the 4,096 levels have moved by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" pydicom==3.0.1 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

print("pydicom", pydicom.__version__)
ds = Dataset()
ds.PhotometricInterpretation, ds.BitsStored, ds.PixelRepresentation = "MONOCHROME2", 12, 0
ds.WindowCenter, ds.WindowWidth = 2048, 4096
levels = np.arange(4096, dtype=np.uint16)
shown = apply_windowing(levels, ds)
moved = shown.astype(np.uint16) != levels
print(f"{moved.sum()} of 4096 levels moved, all by {np.abs(shown.astype(int) - levels).max()}")
PY
diff "$folder/seen" - << 'SEEN'
pydicom 3.0.1
597 of 4096 levels moved, all by 1
SEEN
