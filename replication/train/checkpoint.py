"""The state of a training on disk: arrays and facts in one file that is whole or not there.

The file starts with the hash of all that follows, an .npz without pickle. A damaged checkpoint is
logged and ignored; the training then starts again.
"""

import hashlib
import json
import logging
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np

from replication.store.files import TEMPORARY

HASH_BYTES = hashlib.sha256().digest_size
FACTS = "facts"
BROKEN = (OSError, ValueError, KeyError, EOFError, MemoryError, RecursionError, zipfile.BadZipFile)

Model = TypeVar("Model")
_LOG = logging.getLogger(__name__)


def save_checkpoint(file: Path, arrays: Sequence[np.ndarray], facts: dict) -> None:
    """Write a training's state, arrays and what else it needs as JSON, over the one before."""
    buffer = BytesIO()
    encoded = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    named = {f"array{number}": array for number, array in enumerate(arrays)}
    np.savez(buffer, allow_pickle=False, **{FACTS: encoded}, **named)
    content = buffer.getvalue()
    temporary = file.with_name(file.name + TEMPORARY)
    temporary.write_bytes(hashlib.sha256(content).digest() + content)
    temporary.replace(file)


def load_checkpoint(
    file: Path, *, like: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], dict] | None:
    """Return the arrays and facts that `save_checkpoint` wrote.

    None where there is no such state, of arrays of these shapes and types; logged where there is
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


def resume_training(
    build: Callable[[], Model],
    make_variables: Callable[[Model], object],
    list_state: Callable[[Model], Sequence],
    file: Path,
    *,
    more: Callable[[Model], Sequence[np.ndarray]] = lambda model: (),
) -> tuple[Model, list[np.ndarray], dict]:
    """Return a model in the state of its checkpoint, or as it starts.

    Args:
        build: makes the model as it starts.
        make_variables: makes a step, after which the optimisers have their variables.
        list_state: all variables that a step changes.
        file: the checkpoint: the state, then further arrays, and facts.
        more: arrays of the shapes of the further ones.

    Returns:
        The model, the further arrays and the facts; none of these at a start.
    """
    model = build()
    if not file.exists():
        return model, [], {}
    make_variables(model)
    state = list_state(model)
    kept = load_checkpoint(file, like=[*(part.numpy() for part in state), *more(model)])
    if kept is None:
        return build(), [], {}
    arrays, facts = kept
    for variable, value in zip(state, arrays[: len(state)], strict=True):
        variable.assign(value)
    return model, arrays[len(state) :], facts
