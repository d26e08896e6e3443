"""Give a network the weights in a file: arrays alone, never a description of a network.

Keras's legacy HDF5 weights hold named arrays. `load_model` would build what a file describes, and
with it code of the file's choice, so nothing in the project calls it.
"""

from pathlib import Path

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
        network.load_weights(str(file))
    except BROKEN as error:
        why = str(error).strip().partition("\n")[0]
        raise DataError(
            f"{file}: not the weights of {network.name!r} for these images; train it again ({why})"
        ) from error
    if not all(np.isfinite(array).all() for array in network.get_weights()):
        raise DataError(f"{file}: a weight is not a finite number; train the network again")
