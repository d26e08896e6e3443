#!/usr/bin/env bash
# A segmentation's labels come out of a network as floats and are saved with the header of a mask, so that
# they have its geometry. nibabel stores them in the header's type, bytes, and stretches them over its whole
# range by a slope: 0, 1 and 2 come back as 0, 0.996 and 2.0000001. No label is found by `== 1`, and cut to
# integers the iris (1) is background (0). No warning. Cast the labels before they are saved.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" nibabel==5.4.2 numpy==2.4.6
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys

import nibabel
import numpy as np

print("nibabel", nibabel.__version__)
labels = np.zeros((8, 8, 1), np.float32)
labels[2:7, 2:7], labels[4, 4] = 1, 2  # an iris and its pupil
mask = nibabel.Nifti1Image(np.zeros((8, 8, 1), np.uint8), np.eye(4))
for words, values, header in (
    ("floats, a mask's header", labels, mask.header),
    ("floats, no header", labels, None),
    ("bytes, a mask's header", labels.astype(np.uint8), mask.header),
):
    nibabel.save(nibabel.Nifti1Image(values, mask.affine, header=header), f"{sys.argv[1]}/labels.nii")
    read = nibabel.load(f"{sys.argv[1]}/labels.nii").get_fdata()
    there = ", ".join(f"{value:.8g}" for value in np.unique(read))
    print(f"{words}: {there}; pixels == 1: {np.sum(read == 1)}; cut: {np.bincount(read.astype(int).ravel())}")
PY
diff "$folder/seen" - << 'SEEN'
nibabel 5.4.2
floats, a mask's header: 0, 0.99607849, 2.0000001; pixels == 1: 0; cut: [63  0  1]
floats, no header: 0, 1, 2; pixels == 1: 24; cut: [39 24  1]
bytes, a mask's header: 0, 1, 2; pixels == 1: 24; cut: [39 24  1]
SEEN
