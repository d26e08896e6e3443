import hashlib
from io import BytesIO

import numpy as np
import pytest

from replication.train.checkpoint import load_checkpoint, save_checkpoint

ARRAYS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64)]
FACTS = {"step": 3, "loss": 0.1 + 0.2}


@pytest.fixture
def file(tmp_path):
    save_checkpoint(tmp_path / "state", ARRAYS, FACTS)
    return tmp_path / "state"


def test_arrays_and_facts_come_back_to_the_last_bit(file):
    arrays, facts = load_checkpoint(file, like=ARRAYS)
    for array, wanted in zip(arrays, ARRAYS, strict=True):
        np.testing.assert_array_equal(array, wanted)
        assert array.dtype == wanted.dtype
    assert facts == FACTS
    assert [entry.name for entry in file.parent.iterdir()] == ["state"]


def test_where_there_is_none_there_is_none(tmp_path, caplog):
    assert load_checkpoint(tmp_path / "state", like=ARRAYS) is None
    assert not caplog.text


@pytest.mark.parametrize("place", [0, 31, 32, 100, -1])
def test_one_changed_byte_is_enough_to_leave_it_aside(file, place, caplog):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert load_checkpoint(file, like=ARRAYS) is None
    assert f"{file}: no usable checkpoint" in caplog.text


def test_that_of_another_network_is_left_aside(file):
    assert load_checkpoint(file, like=[ARRAYS[0].T, ARRAYS[1]]) is None
    assert load_checkpoint(file, like=[*ARRAYS, ARRAYS[0]]) is None


def test_a_pickle_in_it_is_never_opened(tmp_path, caplog):
    buffer = BytesIO()
    np.savez(buffer, array0=np.array([{"a": 1}], dtype=object))
    content = buffer.getvalue()
    (tmp_path / "state").write_bytes(hashlib.sha256(content).digest() + content)
    assert load_checkpoint(tmp_path / "state", like=ARRAYS[:1]) is None
    assert "allow_pickle=False" in caplog.text
