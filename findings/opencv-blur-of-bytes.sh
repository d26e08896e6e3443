#!/usr/bin/env bash
# cv2.GaussianBlur of 8-bit images computes with weights that are rounded to 256ths. With large kernels
# the roundings add up: the reflection of a lamp comes out more than a gray level off at kernel 21, where
# the same blur of float32 is exact. Kernel 9 is off by the rounding to bytes alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" numpy==1.26.4 opencv-python-headless==4.11.0.86
PYTHONPATH=$folder "$python" - << 'PY' | tee "$folder/seen"
import cv2
import numpy as np

print("OpenCV", cv2.__version__)
eye = cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 6, 255, -1)
for kernel in (3, 9, 15, 21):
    bytes_, floats = (cv2.GaussianBlur(image, (kernel, kernel), 0) for image in (eye, eye.astype(np.float32)))
    weights = cv2.getGaussianKernel(kernel, 0)
    exact = cv2.sepFilter2D(eye.astype(np.float64), -1, weights, weights)
    print(
        f"kernel {kernel}: bytes are off by up to {np.abs(bytes_ - exact).max():.2f} gray levels,"
        f" float32 by less than 0.001: {np.abs(floats - exact).max() < 1e-3}"
    )
PY
diff "$folder/seen" - << 'SEEN'
OpenCV 4.11.0
kernel 3: bytes are off by up to 0.50 gray levels, float32 by less than 0.001: True
kernel 9: bytes are off by up to 0.48 gray levels, float32 by less than 0.001: True
kernel 15: bytes are off by up to 0.83 gray levels, float32 by less than 0.001: True
kernel 21: bytes are off by up to 1.27 gray levels, float32 by less than 0.001: True
SEEN
