"""A training beside a run's own: made once, and resumed where it was killed."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from replication.pipeline.run_data import RunData
from replication.store.run_record import PREPROCESSED


def train_once(run: RunData, unit: str, arguments: dict, train: Callable[[Path], None]) -> Path:
    """Return the folder of a training that is complete, now or since before.

    Args:
        run: whose preprocessed images are trained on.
        unit: the folder, relative to the run's.
        arguments: of the training; those of "settings" are a dataclass.
        train: writes what it trains into the folder given.
    """
    plain = arguments | {"settings": asdict(arguments["settings"]), "seed": run.seed}
    key = {"settings": plain, "inputs": {PREPROCESSED: run.store.digest(PREPROCESSED)}}
    with run.store.locked_unit(unit):
        if not run.store.is_complete(unit, key):
            with run.store.writing(unit, key) as folder:
                train(folder)
    return run.store.folder(unit)
