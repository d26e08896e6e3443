"""The steps of a generator's training: losses every few of them, and a checkpoint to resume from."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd
import tensorflow as tf

from replication.errors import ReplicationError
from replication.store.run_folder import CHECKPOINT
from replication.store.tables import write_table
from replication.train.checkpoint import resume_training, save_checkpoint

HISTORY = "history.csv"
HISTORY_EVERY_STEPS = 25
CHECKPOINT_EVERY_S = 30.0


class Stepped(Protocol):
    """A model that counts its steps."""

    step: tf.Variable


Model = TypeVar("Model", bound=Stepped)


def train_by_steps(
    build: Callable[[], Model],
    make_step: Callable[[Model], dict[str, tf.Tensor]],
    list_state: Callable[[Model], Sequence[tf.Variable]],
    *,
    steps: int,
    name: str,
    folder: Path,
    on_step: Callable[[], None] = lambda: None,
) -> Model:
    """Make all steps of a training that its checkpoint lacks, and write the history of its losses.

    Args:
        build: makes the model as it starts.
        make_step: makes one step and returns its losses, scalars.
        list_state: all that a step changes.
        steps: of the whole training.
        name: of what is trained, for messages.
        folder: where checkpoint and history go.
        on_step: called after each step.

    Raises:
        ReplicationError: when a loss is no longer a finite number.
    """
    model, _, facts = resume_training(build, make_step, list_state, folder / CHECKPOINT)
    rows, saved = facts.get("rows", []), time.monotonic()
    for step in range(int(model.step.numpy()) + 1, steps + 1):
        losses = make_step(model)
        on_step()
        if step % HISTORY_EVERY_STEPS == 0 or step == steps:
            rows.append({"step": step} | {name: float(loss) for name, loss in losses.items()})
            _check_finite(rows[-1], name)
        if time.monotonic() - saved > CHECKPOINT_EVERY_S or step == steps:
            state = [variable.numpy() for variable in list_state(model)]
            save_checkpoint(folder / CHECKPOINT, state, {"rows": rows})
            saved = time.monotonic()
    write_table(pd.DataFrame(rows), folder / HISTORY)
    return model


def _check_finite(row: dict[str, float], name: str) -> None:
    broken = [loss for loss, value in row.items() if not abs(value) < float("inf")]
    if broken:
        raise ReplicationError(
            f"{name} training: {', '.join(broken)} not finite at step {row['step']}; "
            "lower the learning rate or switch bfloat16 off"
        )
