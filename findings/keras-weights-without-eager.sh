#!/usr/bin/env bash
# iNNvestigate needs TensorFlow's eager mode off. In that mode Keras 2.14 reads weights from
# `.weights.h5` and `.keras` files as nothing: no array of the network changes and no error is raised,
# so that an untrained network is explained. The legacy HDF5 form (`.h5`, by save_weights) loads in
# either mode.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" tensorflow==2.14.1 keras==2.14.0 numpy==1.26.4
PYTHONPATH=$folder "$python" - "$folder" << 'PY' | tee "$folder/seen"
import os
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
BUILD = """
import sys
import numpy as np
import tensorflow as tf
if sys.argv[2] == "read":
    tf.compat.v1.disable_eager_execution()
from keras import Sequential, layers
model = Sequential([layers.Dense(3, input_shape=(4,), name="d")])
folder = sys.argv[1]
if sys.argv[2] == "write":
    model.set_weights([np.ones((4, 3)), np.ones(3)])
    for name in ("a.weights.h5", "a.h5"):
        model.save_weights(f"{folder}/{name}")
else:
    print("TensorFlow", tf.__version__)
    for name in ("a.weights.h5", "a.h5"):
        model.set_weights([np.zeros((4, 3)), np.zeros(3)])
        model.load_weights(f"{folder}/{name}")
        print(f"{name}: loaded, the sum of all weights is {sum(w.sum() for w in model.get_weights()):.0f} (saved: 15)")
"""
for mode in ("write", "read"):
    subprocess.run([sys.executable, "-c", BUILD, sys.argv[1], mode], check=True, stderr=subprocess.DEVNULL)
PY
diff "$folder/seen" - << 'SEEN'
TensorFlow 2.14.1
a.weights.h5: loaded, the sum of all weights is 0 (saved: 15)
a.h5: loaded, the sum of all weights is 15 (saved: 15)
SEEN
