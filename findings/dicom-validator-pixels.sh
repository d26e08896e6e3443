#!/usr/bin/env bash
# dicom-validator holds a file against the standard's module tables. Pixel Data and every element behind
# it are passed over: an image object without pixels, of which the table says that they must be there, has no
# error. Count the pixels by yourself. The table here is of one module, in the form that the validator keeps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" dicom-validator==0.9.0 pydicom==3.0.2
PYTHONPATH=$folder "$python" << 'PY' | tee "$folder/seen"
import logging
from importlib.metadata import version

from dicom_validator.validator.dicom_info import DicomInfo
from dicom_validator.validator.iod_validator import IODValidator
from pydicom import Dataset

print("dicom-validator", version("dicom-validator"))
needed = {
    "(0008,0016)": {"name": "SOP Class UID", "type": "1"},
    "(0028,0010)": {"name": "Rows", "type": "1"},
    "(7FE0,0010)": {"name": "Pixel Data", "type": "1"},
}
capture = "1.2.840.10008.5.1.4.1.1.7"
iod = {"title": "Capture", "modules": {"Image Pixel": {"ref": "pixel", "use": "M"}}, "group_macros": {}}
info = DicomInfo({tag: {"name": each["name"]} for tag, each in needed.items()}, {capture: iod}, {"pixel": needed})
ds = Dataset()
ds.SOPClassUID = capture
print("without Rows and Pixel Data, errors:", IODValidator(ds, info, log_level=logging.CRITICAL).validate().errors)
ds.Rows = 2
print("without Pixel Data, errors:", IODValidator(ds, info, log_level=logging.CRITICAL).validate().errors)
PY
diff "$folder/seen" - << 'SEEN'
dicom-validator 0.9.0
without Rows and Pixel Data, errors: 1
without Pixel Data, errors: 0
SEEN
