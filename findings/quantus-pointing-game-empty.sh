#!/usr/bin/env bash
# Quantus's Pointing Game looks whether a map's largest value lies in the mask of what should be found.
# A map that is zero everywhere has its largest value at every pixel, and is a hit, though nothing was
# shown; an empty mask is a hit too. Given alone, the empty map is refused by an assertion; in a batch
# with any other map it passes. Deep Taylor maps of a negative logit are zero everywhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" quantus==0.6.0 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import quantus
from importlib.metadata import version

print("quantus", version("quantus"))
game = quantus.PointingGame(disable_warnings=True, normalise=False, abs=False)
mask = np.zeros((1, 1, 8, 8), int)
mask[..., 2:4, 2:4] = 1
elsewhere, inside = np.zeros((2, 1, 1, 8, 8))
elsewhere[..., 7, 7] = inside[..., 2, 2] = 1
nothing = np.zeros((1, 1, 8, 8))
images, labels = np.zeros((4, 1, 8, 8)), np.zeros(4, int)
maps = np.stack([inside[0], elsewhere[0], nothing[0], elsewhere[0]])
masks = np.stack([mask[0], mask[0], mask[0], np.zeros_like(mask[0])])
scores = game(None, images, labels, a_batch=maps, s_batch=masks)
names = ("relevance in the mask", "elsewhere", "no relevance at all", "elsewhere, an empty mask")
for name, score in zip(names, scores, strict=True):
    print(f"{name}: {bool(score)}")
PY
diff "$folder/seen" - << 'SEEN'
quantus 0.6.0
relevance in the mask: True
elsewhere: False
no relevance at all: True
elsewhere, an empty mask: True
SEEN
