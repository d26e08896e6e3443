#!/usr/bin/env bash
# tifffile writes a stack of gray images as one page each, unless there are three or four of them: their
# number is taken for channels, and three eyes become one colour picture. tifffile itself reads the stack
# back as it was; Pillow finds one image, in which the patients are red, green and blue, and made gray it is
# a mixture of all three. A last batch of three is enough. photometric="minisblack" makes pages of any number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" tifffile==2026.3.3 pillow==13.0.0 numpy==2.4.6
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import sys

import numpy as np
import PIL
import tifffile
from PIL import Image

print("tifffile", tifffile.__version__, "Pillow", PIL.__version__)
file = f"{sys.argv[1]}/eyes.tif"
eyes = np.zeros((5, 32, 32), np.uint8) + np.array([20, 200, 90, 150, 60], np.uint8)[:, None, None]
for count, options in ((2, {}), (3, {}), (4, {}), (5, {}), (3, {"photometric": "minisblack"})):
    tifffile.imwrite(file, eyes[:count], **options)
    assert np.array_equal(tifffile.imread(file), eyes[:count])  # the same stack to tifffile
    with Image.open(file) as image:
        words = f"{count} eyes {options or ''}".strip()
        print(f"{words}: {image.n_frames} of mode {image.mode}, the first in gray", end=" ")
        print(image.convert("L").getpixel((0, 0)), "instead of", eyes[0, 0, 0])
PY
diff "$folder/seen" - << 'SEEN'
tifffile 2026.3.3 Pillow 13.0.0
2 eyes: 2 of mode L, the first in gray 20 instead of 20
3 eyes: 1 of mode RGB, the first in gray 134 instead of 20
4 eyes: 1 of mode RGBA, the first in gray 134 instead of 20
5 eyes: 5 of mode L, the first in gray 20 instead of 20
3 eyes {'photometric': 'minisblack'}: 3 of mode L, the first in gray 20 instead of 20
SEEN
