#!/usr/bin/env bash
# highdicom's SCImage.from_ref_dataset makes a secondary capture of a changed image "with the patient
# and study of" a reference. It copies name, id and birth date into the new object; what the reference
# says about having been de-identified (PatientIdentityRemoved, DeidentificationMethod) and the
# laterality are dropped. An image privatized by its pixels carries its patient's name again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" highdicom==0.28.2 pydicom==3.0.1 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys
from importlib.metadata import version

import numpy as np
from highdicom.sc import SCImage
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

print("highdicom", version("highdicom"), "pydicom", version("pydicom"))
eye = Dataset()
eye.file_meta = FileMetaDataset()
eye.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
eye.SOPClassUID, eye.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", generate_uid()
eye.StudyInstanceUID, eye.SeriesInstanceUID = generate_uid(), generate_uid()
eye.PatientName, eye.PatientID, eye.PatientBirthDate, eye.PatientSex = "Doe^Jane", "0060", "19700101", "F"
eye.StudyID = eye.AccessionNumber = eye.StudyDate = eye.StudyTime = eye.ReferringPhysicianName = ""
eye.PatientIdentityRemoved, eye.DeidentificationMethod, eye.Laterality = "YES", "blurred", "L"
new = SCImage.from_ref_dataset(
    eye,
    pixel_array=np.zeros((8, 8), np.uint8),
    photometric_interpretation="MONOCHROME2",
    bits_allocated=8,
    coordinate_system="PATIENT",
    patient_orientation=("L", "P"),
    series_instance_uid=generate_uid(),
    series_number=1,
    sop_instance_uid=generate_uid(),
    instance_number=1,
    manufacturer="none",
)
for word in ("PatientName", "PatientID", "PatientBirthDate", "PatientIdentityRemoved", "DeidentificationMethod", "Laterality"):
    print(f"{word}: {new.get(word, '(dropped)')}")
PY
diff "$folder/seen" - << 'SEEN'
highdicom 0.28.2 pydicom 3.0.1
PatientName: Doe^Jane
PatientID: 0060
PatientBirthDate: 19700101
PatientIdentityRemoved: (dropped)
DeidentificationMethod: (dropped)
Laterality: (dropped)
SEEN
