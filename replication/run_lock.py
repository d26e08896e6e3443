"""One process at a time in a run's folder; whoever comes second is told who is there.

The lock itself is the system's (`flock`), which a process can't leave behind when it dies. What it
does leave is the note of who it was: found by the next one, it says that work was cut off.
"""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from replication.errors import SettingsError

LOCK, HOLDER = "run.lock", "run.pid"

_LOG = logging.getLogger(__name__)


@contextmanager
def hold(root: Path) -> Iterator[None]:
    """Keep other processes out of a run while the block runs.

    Args:
        root: the run's folder, which exists.

    Raises:
        SettingsError: when another process is working in the run; its number is in the message.
    """
    lock = FileLock(root / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise SettingsError(
            f"{root}: {_name_holder(root) or 'another process'} is working in this run; wait for "
            "it, or choose another --run"
        ) from error
    try:
        if holder := _name_holder(root):
            _LOG.warning(
                "%s: %s ended in the middle of its work; going on from there", root, holder
            )
        note = json.dumps({"pid": os.getpid(), "machine": platform.node()})
        (root / HOLDER).write_text(note, encoding="utf-8")
        yield
    finally:
        (root / HOLDER).unlink(missing_ok=True)
        lock.release()


def _name_holder(root: Path) -> str | None:
    """Return who holds the run, or held it last without an end; None where nothing is noted."""
    try:
        note = json.loads((root / HOLDER).read_text(encoding="utf-8"))
        pid, machine = int(note["pid"]), str(note["machine"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    elsewhere = f" of the machine {machine!r}" if machine != platform.node() else ""
    return f"process {pid}{elsewhere}"
