"""The state of a training on disk: arrays and facts in one file that is whole or not there.

The file starts with the hash of all that follows, an .npz without pickle. One that isn't what was
written is told of and left aside; the training then starts again.
"""

import hashlib
import json
import logging
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from replication.store.files import TEMPORARY

HASH_BYTES = hashlib.sha256().digest_size
FACTS = "facts"
BROKEN = (OSError, ValueError, KeyError, EOFError, MemoryError, RecursionError, zipfile.BadZipFile)

_LOG = logging.getLogger(__name__)


def save_checkpoint(file: Path, arrays: Sequence[np.ndarray], facts: dict) -> None:
    """Write a training's state in the place of the one before.

    Args:
        file: to write.
        arrays: in an order that the training knows.
        facts: what else it needs, as JSON.
    """
    buffer = BytesIO()
    told = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    named = {f"array{number}": array for number, array in enumerate(arrays)}
    np.savez(buffer, allow_pickle=False, **{FACTS: told}, **named)
    content = buffer.getvalue()
    temporary = file.with_name(file.name + TEMPORARY)
    temporary.write_bytes(hashlib.sha256(content).digest() + content)
    temporary.replace(file)


def load_checkpoint(
    file: Path, *, like: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], dict] | None:
    """Read what `save_checkpoint` wrote.

    Args:
        file: to read.
        like: arrays of the shapes and types that the training needs.

    Returns:
        The arrays and the facts; None where there is no such state, with a warning where there is
        a file.
    """
    if not file.exists():
        return None
    try:
        content = file.read_bytes()
        if hashlib.sha256(content[HASH_BYTES:]).digest() != content[:HASH_BYTES]:
            raise ValueError("its hash is another")
        with np.load(BytesIO(content[HASH_BYTES:]), allow_pickle=False) as kept:
            arrays = [kept[f"array{number}"] for number in range(len(like))]
            facts = json.loads(kept[FACTS].tobytes())
        if [(a.shape, a.dtype) for a in arrays] != [(a.shape, a.dtype) for a in like]:
            raise ValueError("it is of another network")
    except BROKEN as error:
        _LOG.warning("%s: no usable checkpoint (%s); training starts again", file, error)
        return None
    return arrays, facts
