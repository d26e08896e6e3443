"""A user's network: how it is found, what of it is kept, and what is refused in one sentence."""

import json
import sys

import numpy as np
import pytest
from keras import mixed_precision
from own_networks import SHAPE, build_rows, draw_images

from replication.config import SMOKE
from replication.errors import SettingsError
from replication.store.files import read_json
from replication.train.own_network import find_own_network
from replication.train.trained import TrainedEvaluator

ROWS = """
import sys
sys.path.insert(0, {tests!r})
from own_networks import build_rows

def classify():
    return build_rows(seed={seed})
"""


def write_rows(write_module, *, seed=1):
    write_module(
        ROWS.format(tests=sys.modules["own_networks"].__file__.rpartition("/")[0], seed=seed)
    )
    return find_own_network("mine:classify", SHAPE)


def test_what_is_kept_predicts_and_embeds_as_the_network_without_its_function(
    write_module, tmp_path
):
    write_rows(write_module).keep(tmp_path)
    (tmp_path / "mine.py").unlink()
    kept = read_json(tmp_path / "network.json")
    assert kept["name"] == "mine:classify"
    layers = json.dumps(kept["layers"])
    read = TrainedEvaluator(tmp_path / "weights.h5", 2, SHAPE, SMOKE.evaluator, layers=layers)
    images, network = draw_images(), build_rows()
    expected = network(images, training=False).numpy()
    np.testing.assert_allclose(read.predict(images), expected, atol=1e-6)
    # Places end with the mean over them, which the third normalisation stands before.
    assert read.embed(images).shape == (len(images), 4, 2, 9)
    x = read.embed(images).mean(axis=(1, 2))
    for layer in network.layers[-4:]:
        x = layer(x)
    np.testing.assert_allclose(x, expected, atol=1e-6)


def test_the_record_follows_name_layers_and_weights(write_module):
    first, again, other = (write_rows(write_module, seed=seed).record for seed in (1, 1, 2))
    assert first == again and first["name"] == "mine:classify"
    assert len(first["sha256"]) == 64 and first["sha256"] != other["sha256"]
    one = write_source(write_module, "layers.MaxPooling2D(2, padding='same')")
    same = write_source(write_module, "layers.MaxPooling2D(2, padding='same', name='pool')")
    two = write_source(write_module, "layers.MaxPooling2D(2, padding='valid')")
    assert one == same != two


ROW = """
from keras import Sequential, layers

def classify():
    ends = layers.Flatten(), layers.Dense(2, "softmax", kernel_initializer="ones")
    return Sequential([layers.Input((16, 16, 3)), {layer}, *ends])
"""


def write_source(write_module, layer):
    write_module(ROW.format(layer=layer))
    return find_own_network("mine:classify", SHAPE).record["sha256"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("None", "returned NoneType, expected a Keras model"),
        ("{}['none']", "line 6 raised KeyError: 'none'"),
        ("sys.exit(0)", "line 6 raised SystemExit: 0"),
        (
            "row(shape=(32, 32, 3))",
            "inputs (None, 32, 32, 3) and outputs (None, 2), expected one i",
        ),
        ("row(shape=(16, 16, 1))", "inputs (None, 16, 16, 1) and outputs"),
        ("row(layers.Dense(3, 'softmax'))", "outputs (None, 3), expected one input (None, 16, 16"),
        ("row(layers.Dense(1, 'sigmoid'))", "outputs (None, 1), expected"),
        ("row(layers.Dense(2))", "a network whose last layer is no softmax"),
        ("row(layers.Dense(2, 'softmax'), layers.Dense(2))", "whose last layer is no softmax"),
        ("row(layers.Dense(2, 'sigmoid'))", "'bad' has the activation 'sigmoid'"),
        ("row(layers.Dense(5, 'gelu', name='bad'), END)", "'bad' has the activation 'gelu'"),
        ("row(layers.Dense(5, name='bad'), END)", "'bad': expected a ReLU behind it"),
        (
            "row(layers.Dense(2, 'softmax', kernel_initializer=nan))",
            "a weight that is not a finite",
        ),
        (
            "residual()",
            "layer 'sum' is of kind Add, which can't be explained: iNNvestigate doubles",
        ),
        ("Twice()", "inputs None and outputs None, expected one input"),
        ("forked()", "predict otherwise than itself"),
    ],
)
def test_what_is_no_network_to_explain_is_one_sentence_with_file_and_line(
    write_module, line, words
):
    write_module(FAULTY.replace("LINE", line.replace("'sigmoid')", "'sigmoid', name='bad')")))
    with pytest.raises(SettingsError) as caught:
        find_own_network("mine:classify", SHAPE)
    sentence = str(caught.value)
    assert sentence.startswith("mine:classify: mine.py line ") and words in sentence
    assert "\n" not in sentence and caught.value.exit_code == 3


FAULTY = """import sys
from keras import Model, Sequential, initializers, layers
nan = initializers.Constant(float("nan"))
END = layers.Dense(2, "softmax")
def classify():
    return LINE
def row(*ends, shape=(16, 16, 3)):
    return Sequential([layers.Input(shape), layers.Flatten(), *(ends or [END])])
def residual():
    images = layers.Input((16, 16, 3))
    x = layers.Conv2D(3, 3, activation="relu", padding="same")(images)
    return Model(images, END(layers.Flatten()(layers.Add(name="sum")([images, x]))))
def forked():
    network = row()
    class Forked(Model):
        def call(self, x, training=None):
            return super().call(-x, training=training)
    return Forked(network.input, network.output)
class Twice(Model):
    def call(self, x):
        return x
"""


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("mine", "", "--glaucoma-network 'mine': write module:function, as mine:classify"),
        ("none:f", "", "none:f: no module none in this folder or among the installed packages"),
        ("mine:f", "\ndef f(:", "mine:f: mine.py line 2 raised SyntaxError: invalid syntax"),
        ("mine:f", "x = 1", "mine:f: mine has no function f"),
        ("mine:f", "def f(x):\n    return x", "mine:f: mine.py line 1 can't be called with (): mi"),
    ],
)
def test_what_is_no_function_without_arguments_is_one_sentence(write_module, name, source, words):
    write_module(source)
    with pytest.raises(SettingsError) as caught:
        find_own_network(name, SHAPE)
    assert str(caught.value).startswith(words)


def test_a_policy_that_all_networks_would_follow_is_refused(write_module):
    write_module(
        "from keras import mixed_precision\n"
        "def classify():\n"
        "    mixed_precision.set_global_policy('mixed_float16')\n"
    )
    try:
        with pytest.raises(SettingsError, match="mine.py line 2 sets Keras to mixed_float16"):
            find_own_network("mine:classify", SHAPE)
    finally:
        mixed_precision.set_global_policy("float32")
