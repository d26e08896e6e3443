#!/usr/bin/env bash
# OpenCV makes gray of a colour image while it reads it. Of a PNG the decoder does that (libpng), of
# BMP, TIFF and PPM OpenCV itself: half of the pixels of the same colours differ by one gray level. Two
# copies of one data set in two formats have neither the same hashes of pixels nor the same networks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" numpy==1.26.4 opencv-python-headless==4.11.0.86
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys

import cv2
import numpy as np

print("OpenCV", cv2.__version__)
colours = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
gray = {}
for kind in ("bmp", "ppm", "tiff", "png"):
    file = f"{sys.argv[1]}/eye.{kind}"
    cv2.imwrite(file, colours)
    assert np.array_equal(cv2.imread(file), colours)  # the same colours in each
    gray[kind] = cv2.imread(file, cv2.IMREAD_GRAYSCALE).astype(int)
    off = np.abs(gray[kind] - gray["bmp"])
    print(f"{kind}: {np.mean(off > 0):.0%} of the pixels differ from the BMP's, by at most {off.max()}")
PY
diff "$folder/seen" - << 'SEEN'
OpenCV 4.11.0
bmp: 0% of the pixels differ from the BMP's, by at most 0
ppm: 0% of the pixels differ from the BMP's, by at most 0
tiff: 0% of the pixels differ from the BMP's, by at most 0
png: 50% of the pixels differ from the BMP's, by at most 1
SEEN
