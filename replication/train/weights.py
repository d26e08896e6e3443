"""Give a network the weights in a file: arrays alone, never a description of a network.

Keras's legacy HDF5 weights hold named arrays. `load_model` would build what a file describes, and
with it code of the file's choice, so nothing in the project calls it. HDF5 itself can lead out of a
file (links, external storage, virtual data sets) and declare more than it holds, so the file is looked
through before Keras reads it.
"""

from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from keras import Model

from replication.errors import DataError

# What Keras, h5py and the HDF5 library raise for files that they can't read.
BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, MemoryError)
BROKEN += (tf.errors.OpError,)
MOST_OVERHEAD_BYTES = 2**21  # ours: the files of all our networks have less than 2**18


def load_weights(network: Model, file: Path) -> None:
    """Give a network the legacy HDF5 weights that its training wrote.

    Raises:
        DataError: when the file holds no such weights, or ones that are no finite numbers.
    """
    expected = sum(array.nbytes for array in network.get_weights())
    try:
        found = file.stat().st_size
        if not expected <= found <= expected + MOST_OVERHEAD_BYTES:
            raise ValueError(f"expected {expected} bytes of arrays, the file has {found}")
        with h5py.File(file, "r") as weights:
            held = _measure_arrays(weights, set())
        if held != expected:
            raise ValueError(f"expected {expected} bytes of arrays, it holds {held}")
        network.load_weights(str(file))
    except BROKEN as error:
        why = str(error).strip().partition("\n")[0]
        raise DataError(
            f"{file}: not the weights of {network.name!r} for these images; train it again ({why})"
        ) from error
    if not all(np.isfinite(array).all() for array in network.get_weights()):
        raise DataError(f"{file}: a weight is not a finite number; train the network again")


def _measure_arrays(group: h5py.Group, met: set[int]) -> int:
    """Return the bytes of all arrays below a group, each of which lies whole in the file.

    Args:
        group: to look through; no link is followed, and nothing is read twice.
        met: where in the file the objects lie that were met before.

    Raises:
        ValueError: when something leads elsewhere, comes twice, or isn't a plain array of numbers.
    """
    held = 0
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError("a link")  # noqa: TRY004 - of the file, not of an argument
        item = group[name]
        place = h5py.h5o.get_info(item.id).addr
        if place in met:
            raise ValueError("an object that comes twice")
        met.add(place)
        if isinstance(item, h5py.Group):
            held += _measure_arrays(item, met)
        elif _is_plain(item):
            held += item.nbytes
        else:
            raise ValueError("an array that isn't stored whole in the file")
    return held


def _is_plain(item: h5py.HLObject) -> bool:
    """Return whether an object is an array of numbers, in one piece, in this file."""
    return (
        isinstance(item, h5py.Dataset)
        and item.dtype.kind in "fi"
        and not (item.is_virtual or item.external or item.chunks)
        and item.id.get_storage_size() == item.nbytes
    )
