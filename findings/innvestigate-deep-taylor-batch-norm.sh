#!/usr/bin/env bash
# Deep Taylor shares an output out: with z+ rules and no biases a map's sum is the output itself. In
# iNNvestigate 2.1.2 that holds for a network of convolutions, ReLUs and a dense layer, and no more
# once a BatchNormalization stands behind a ReLU, as it stands after training: its scale multiplies
# the relevance, and no warning is given. The sum says nothing then about the output it explains.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3.11}
"$python" -m pip install --quiet --target "$folder" innvestigate==2.1.2 tensorflow==2.14.1 keras==2.14.0 \
	numpy==1.26.4
PYTHONPATH=$folder "$python" - 2> /dev/null << 'PY' | tee "$folder/seen"
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from importlib.metadata import version

import numpy as np
import tensorflow as tf

tf.compat.v1.disable_eager_execution()
import innvestigate
from keras import Sequential, layers

print("iNNvestigate", version("innvestigate"), "TensorFlow", tf.__version__)
rng = np.random.default_rng(0)
images = rng.uniform(0, 1, (4, 8, 8, 1))
for scale in (None, 1.0, 0.5, 2.0):
    model = Sequential([layers.Conv2D(4, 3, activation="relu", use_bias=False, input_shape=(8, 8, 1), name="c")])
    if scale:
        model.add(layers.BatchNormalization(name="b", epsilon=0))
    model.add(layers.Flatten(name="f"))
    model.add(layers.Dense(1, use_bias=False, name="d"))
    rng = np.random.default_rng(1)
    for layer in (model.get_layer("c"), model.get_layer("d")):
        layer.set_weights([np.abs(rng.normal(size=w.shape)) for w in layer.get_weights()])
    if scale:  # gamma, beta, moving mean, moving variance: a plain multiplication
        model.get_layer("b").set_weights([np.full(4, scale), np.zeros(4), np.zeros(4), np.ones(4)])
    maps = innvestigate.create_analyzer("deep_taylor", model).analyze(images)
    ratio = maps.sum(axis=(1, 2, 3)) / model.predict(images)[:, 0]
    print(f"scale {scale}: sum of a map over its output {ratio.min():.2f} to {ratio.max():.2f}")
PY
diff "$folder/seen" - << 'SEEN'
iNNvestigate 2.1.2 TensorFlow 2.14.1
scale None: sum of a map over its output 1.00 to 1.00
scale 1.0: sum of a map over its output 1.00 to 1.00
scale 0.5: sum of a map over its output 0.50 to 0.50
scale 2.0: sum of a map over its output 2.00 to 2.00
SEEN
