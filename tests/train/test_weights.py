import shutil

import h5py
import numpy as np
import pytest

from keras_models.evaluator import build_evaluator
from replication.errors import DataError
from replication.train.weights import load_weights


def build(seed, classes=2):
    rates = {"block_dropout": 0.0, "dense_dropout": 0.5}
    return build_evaluator(classes, (16, 16, 3), seed=seed, **rates)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "weights.h5"
    build(1).save_weights(str(file))
    return file


def test_weights_come_back_from_where_a_network_leaves_them(kept):
    network = build(2)
    load_weights(network, kept)
    for array, before in zip(network.get_weights(), build(1).get_weights(), strict=True):
        np.testing.assert_array_equal(array, before)


def test_where_there_are_no_weights_it_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"weights\.h5: not the weights.*train it again"):
        load_weights(build(1), tmp_path / "weights.h5")


def test_weights_of_another_network_are_refused(kept):
    with pytest.raises(DataError, match="not the weights of 'evaluator'"):
        load_weights(build(1, classes=9), kept)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    file = tmp_path / "weights.h5"
    build(1).save_weights(str(file))
    with h5py.File(file, "r+") as weights:
        weights["dense2/dense2/bias:0"][0] = np.nan
    with pytest.raises(DataError, match="not a finite number"):
        load_weights(build(1), file)


KERNEL = "dense2/dense2/kernel:0"


def link_softly(weights, folder):
    weights.move(KERNEL, "elsewhere")
    weights[KERNEL] = h5py.SoftLink("/elsewhere")


def link_another_file(weights, folder):
    weights.copy(KERNEL, h5py.File(folder / "other.h5", "w"), name="kernel")
    del weights[KERNEL]
    weights[KERNEL] = h5py.ExternalLink("other.h5", "kernel")


def link_twice(weights, folder):
    array = weights[KERNEL][:]
    del weights[KERNEL]
    weights["first"] = array
    weights[KERNEL] = weights["first"]


def store_outside(weights, folder):
    array = weights[KERNEL][:]
    del weights[KERNEL]
    (folder / "array.bin").write_bytes(array.tobytes())
    place = [(str(folder / "array.bin"), 0, array.nbytes)]
    weights.create_dataset(KERNEL, array.shape, "f4", external=place)


def make_virtual(weights, folder):
    array = weights[KERNEL][:]
    del weights[KERNEL]
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = array
    layout = h5py.VirtualLayout(array.shape, "f4")
    layout[...] = h5py.VirtualSource(str(folder / "other.h5"), "kernel", array.shape)
    weights.create_virtual_dataset(KERNEL, layout)


def declare_without_content(weights, folder):
    shape = weights[KERNEL].shape
    del weights[KERNEL]
    weights.create_dataset(KERNEL, shape, "f4")


def compress(weights, folder):
    array = weights[KERNEL][:]
    del weights[KERNEL]
    weights.create_dataset(KERNEL, data=array, compression="gzip")


def add_words(weights, folder):
    weights["note"] = "a word"


def add_an_array(weights, folder):
    weights["more"] = np.zeros(3, np.float32)


@pytest.mark.parametrize(
    "change",
    [
        link_softly,
        link_another_file,
        link_twice,
        store_outside,
        make_virtual,
        declare_without_content,
        compress,
        add_words,
        add_an_array,
    ],
)
def test_a_file_that_is_not_its_arrays_alone_is_refused_before_keras_reads_it(
    kept, tmp_path, change, monkeypatch
):
    file = tmp_path / "weights.h5"
    shutil.copy(kept, file)
    with h5py.File(file, "r+") as weights:
        change(weights, tmp_path)
    network = build(2)
    monkeypatch.setattr(type(network), "load_weights", lambda *_: pytest.fail("Keras read it"))
    with pytest.raises(DataError, match=r"weights\.h5: not the weights of 'evaluator'"):
        load_weights(network, file)


def test_a_file_far_larger_than_its_network_is_not_opened(tmp_path):
    file = tmp_path / "weights.h5"
    with file.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(DataError, match="bytes of arrays"):
        load_weights(build(1), file)
