#!/usr/bin/env bash
# Asked for more neighbours than there are, approximate indexes pad their answers. faiss pads with -1;
# usearch pads with key 0 and a distance of NaN or what lay in memory, so that the first image ever
# added looks like a neighbour of everything. Only `counts` says how many are real.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" usearch==2.26.6 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import numpy as np
import usearch
from usearch.index import Index

print("usearch", usearch.__version__)
index = Index(ndim=4, metric="l2sq", dtype="f32")
index.add(np.array([7, 8]), np.eye(4, dtype=np.float32)[:2])
matches = index.search(np.eye(4, dtype=np.float32)[:2], 3)
print("keys:", matches.keys.tolist())
print("counts:", matches.counts.tolist())
PY
diff "$folder/seen" - << 'SEEN'
usearch 2.26.6
keys: [[7, 8, 0], [8, 7, 0]]
counts: [2, 2]
SEEN
