#!/usr/bin/env bash
# PGM says by its `maxval` which number is white. Pillow stretches every image to the full range of its
# type; OpenCV hands the numbers out as they are, and asked for gray keeps the upper byte of 16 bits. So a
# 12-bit frame, common from near-infrared cameras, is 16 times as bright in one as in the other, and
# nearly black (16 gray levels) in the third way; an image with a maxval of 100 differs too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" \
    numpy==1.26.4 opencv-python-headless==4.11.0.86 pillow==13.0.0
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__, "OpenCV", cv2.__version__)
for white, kind in ((4095, ">u2"), (100, "u1")):
    levels = np.linspace(0, white, 256).astype(kind).reshape(16, 16)
    file = Path(sys.argv[1]) / "ramp.pgm"
    file.write_bytes(f"P5\n16 16\n{white}\n".encode() + levels.tobytes())
    print(
        f"maxval {white}: white is",
        np.array(Image.open(file)).max(), "in Pillow,",
        cv2.imread(str(file), cv2.IMREAD_UNCHANGED).max(), "in OpenCV unchanged,",
        cv2.imread(str(file), cv2.IMREAD_GRAYSCALE).max(), "in OpenCV as gray",
    )
PY
diff "$folder/seen" - << 'SEEN'
Pillow 13.0.0 OpenCV 4.11.0
maxval 4095: white is 65535 in Pillow, 4095 in OpenCV unchanged, 15 in OpenCV as gray
maxval 100: white is 255 in Pillow, 100 in OpenCV unchanged, 100 in OpenCV as gray
SEEN
