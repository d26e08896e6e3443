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


def test_a_file_far_larger_than_its_network_is_not_opened(tmp_path):
    file = tmp_path / "weights.h5"
    with file.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(DataError, match="bytes of arrays"):
        load_weights(build(1), file)
