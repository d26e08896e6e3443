#!/usr/bin/env bash
# A TIFF may say that 0 is white (PhotometricInterpretation WhiteIsZero). Of 8 bits Pillow turns it to
# 0 is black; of 16 bits it does not, without a word. OpenCV turns both where it is asked for gray; where
# it is asked for the file unchanged, it turns 8 bits and leaves 16. So the same eye is a negative or not
# by the depth of the file and the flag of the reader.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" \
    numpy==1.26.4 opencv-python-headless==4.11.0.86 pillow==13.0.0 tifffile==2024.9.20
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys

import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print("Pillow", PIL.__version__, "OpenCV", cv2.__version__)
for kind in (np.uint8, np.uint16):
    stored = np.full((8, 8), np.iinfo(kind).max, kind)  # black, where 0 is white
    file = f"{sys.argv[1]}/black.tif"
    tifffile.imwrite(file, stored, photometric="miniswhite")
    print(
        f"black of {stored.itemsize * 8} bits is",
        np.array(Image.open(file)).max(), "in Pillow,",
        cv2.imread(file, cv2.IMREAD_GRAYSCALE).max(), "in OpenCV as gray,",
        cv2.imread(file, cv2.IMREAD_UNCHANGED).max(), "in OpenCV unchanged",
    )
PY
diff "$folder/seen" - << 'SEEN'
Pillow 13.0.0 OpenCV 4.11.0
black of 8 bits is 0 in Pillow, 0 in OpenCV as gray, 0 in OpenCV unchanged
black of 16 bits is 65535 in Pillow, 0 in OpenCV as gray, 65535 in OpenCV unchanged
SEEN
