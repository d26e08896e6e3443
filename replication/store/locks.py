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
def hold(root: Path) -> Iterator[None]:
    """Keep other commands out of a run's folder, which exists, while the block runs.

    Raises:
        SettingsError: when another process is working in the run; its number is in the message.
    """
    with _holding(root, LOCK, HOLDER, place="this run", wait=False) as dead:
        if dead:
            _LOG.warning("%s: %s ended in the middle of its work; resuming from there", root, dead)
        yield


@contextmanager
def hold_unit(root: Path, unit: str, *, wait: bool) -> Iterator[None]:
    """Keep other processes from writing a unit of a run while the block runs.

    Raises:
        SettingsError: when another process is working in the unit; `wait` waits for it instead.
    """
    (root / UNITS).mkdir(exist_ok=True)
    name = f"{UNITS}/{unit.replace('/', '.')}"
    with _holding(root, f"{name}.lock", f"{name}.pid", place=f"its {unit}", wait=wait) as dead:
        if dead:
            _LOG.info("%s: %s ended in the middle of %s", root, dead, unit)
        yield


@contextmanager
def hold_all_units(root: Path) -> Iterator[None]:
    """Keep other processes from writing any unit that ever had a lock."""
    with ExitStack() as stack:
        for lock in sorted((root / UNITS).glob("*.lock")):
            stack.enter_context(hold_unit(root, lock.stem, wait=False))
        yield


@contextmanager
def _holding(root: Path, lock: str, note: str, *, place: str, wait: bool) -> Iterator[str | None]:
    """Hold a lock; give who held it last and died, None where nothing is noted."""
    held, holder = FileLock(root / lock), root / note
    try:
        held.acquire(timeout=-1 if wait else 0, poll_interval=POLL_S)
    except Timeout as error:
        raise SettingsError(
            f"{root}: {_name_holder(holder) or 'another process'} is working in {place}; wait for "
            "it, or choose another --run"
        ) from error
    try:
        dead = _name_holder(holder)
        note = json.dumps({"pid": os.getpid(), "machine": platform.node()})
        holder.write_text(note, encoding="utf-8")
        yield dead
    finally:
        holder.unlink(missing_ok=True)
        held.release()


def _name_holder(holder: Path) -> str | None:
    """Return who holds a lock, or held it last and died; None where nothing is noted."""
    try:
        note = json.loads(holder.read_text(encoding="utf-8"))
        pid, machine = int(note["pid"]), str(note["machine"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    elsewhere = f" of the machine {machine!r}" if machine != platform.node() else ""
    return f"process {pid}{elsewhere}"
