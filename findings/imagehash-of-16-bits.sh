#!/usr/bin/env bash
# Perceptual hashes find an image's near copies, such as an eye that is in the training and the test images.
# ImageHash asks Pillow for 8 bits first, and Pillow cuts what is above 255 off from 16 bits: a 12-bit frame
# is white but for its darkest pixels, and any two such frames are copies of one another, by each of the
# four hashes. No warning. Bring the frames to 8 bits before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" imagehash==4.3.2 pillow==13.0.0 numpy==2.4.6 scipy==1.17.1 pywavelets==1.9.0
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys

import imagehash
import numpy as np
import PIL
from PIL import Image

print("ImageHash", imagehash.__version__, "Pillow", PIL.__version__)
rng = np.random.default_rng(0)
grid = np.ones((16, 16), np.uint16)
frames = [np.kron(rng.integers(300, 4096, (8, 8), dtype=np.uint16), grid) for _ in range(2)]


def read_back(name: str, pixels: np.ndarray) -> Image.Image:
    """Write the pixels as a PNG and return the image as Pillow opens it."""
    Image.fromarray(pixels).save(f"{sys.argv[1]}/{name}.png")
    return Image.open(f"{sys.argv[1]}/{name}.png")


deep = [read_back(f"deep{i}", frame) for i, frame in enumerate(frames)]
shallow = [read_back(f"shallow{i}", (frame >> 4).astype(np.uint8)) for i, frame in enumerate(frames)]
print("two different frames of 12 bits in a PNG; how many of 64 bits of their hashes differ")
for kind in ("average_hash", "phash", "dhash", "whash"):
    find = getattr(imagehash, kind)
    print(f"{kind}: {find(deep[0]) - find(deep[1])}, as 8 bits {find(shallow[0]) - find(shallow[1])}")
PY
diff "$folder/seen" - << 'SEEN'
ImageHash 4.3.2 Pillow 13.0.0
two different frames of 12 bits in a PNG; how many of 64 bits of their hashes differ
average_hash: 0, as 8 bits 25
phash: 0, as 8 bits 38
dhash: 0, as 8 bits 29
whash: 0, as 8 bits 30
SEEN
