"""One process at a time in a run's folder and in each of its units; a second one gets an error.

The lock is the system's (`flock`), which a process can't keep after it dies. What it can leave
behind is the note of who it was; the next one finds it and logs that work was cut off.

A command holds the run. Who writes a unit holds that unit, too: several units of a run may be
written at once by processes of one command (`replication.sweep.dask_workers`), and one of these
may outlive the command on another machine.
"""

import json
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from replication.errors import SettingsError

LOCK, HOLDER = "run.lock", "run.pid"
UNITS = "run.units"  # the folder of the units' locks and notes
POLL_S = 0.5  # ours: a unit takes seconds at least

_LOG = logging.getLogger(__name__)


@contextmanager
def hold(root: Path, unit: str | None = None, *, wait: bool = False) -> Iterator[None]:
    """Keep other processes out of a run's folder, or out of one of its units, in the block.

    Args:
        root: the run's folder, which exists.
        unit: the stage's folder, relative to the run's; None holds the run.
        wait: until another process has ended its work, instead of raising.

    Raises:
        SettingsError: when another process is working there; its number is in the message.
    """
    if unit:
        (root / UNITS).mkdir(exist_ok=True)
        name = f"{UNITS}/{unit.replace('/', '.')}"
        lock, holder = FileLock(root / f"{name}.lock"), root / f"{name}.pid"
    else:
        lock, holder = FileLock(root / LOCK), root / HOLDER
    try:
        lock.acquire(timeout=-1 if wait else 0, poll_interval=POLL_S)
    except Timeout as error:
        raise SettingsError(
            f"{root}: {_name_holder(holder) or 'another process'} is working in "
            f"{f'its {unit}' if unit else 'this run'}; wait for it, or choose another --run"
        ) from error
    try:
        if dead := _name_holder(holder):
            level, place = (logging.INFO, unit) if unit else (logging.WARNING, "its work")
            _LOG.log(level, "%s: %s ended in the middle of %s; resuming", root, dead, place)
        note = json.dumps({"pid": os.getpid(), "machine": platform.node()})
        holder.write_text(note, encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def hold_all_units(root: Path) -> Iterator[None]:
    """Keep other processes from writing any unit that ever had a lock."""
    with ExitStack() as stack:
        for lock in sorted((root / UNITS).glob("*.lock")):
            stack.enter_context(hold(root, lock.stem))
        yield


def _name_holder(holder: Path) -> str | None:
    """Return who holds a lock, or held it last and died; None where nothing is noted."""
    try:
        note = json.loads(holder.read_text(encoding="utf-8"))
        pid, machine = int(note["pid"]), str(note["machine"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    elsewhere = f" of the machine {machine!r}" if machine != platform.node() else ""
    return f"process {pid}{elsewhere}"
