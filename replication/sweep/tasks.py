"""A sweep's tasks in plain values, and what became of each: all that travels between processes.

A task is one unit (`replication.pipeline.order.Stage`) of one run. It says which run, which unit and
which tasks it waits for; images and weights stay in the runs' folders.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from replication.errors import DiskError, ReplicationError
from replication.pipeline.open_run import RunRequest
from replication.store.files import describe_os_error


class State(StrEnum):
    """What became of a task."""

    KEPT = "kept"
    DONE = "done"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Outcome:
    """What became of a task; a failed one has a sentence and the exit code that goes with it."""

    state: State
    sentence: str = ""
    exit_code: int = 0

    @property
    def complete(self) -> bool:
        """Whether the unit is complete, so that those who wait for it may begin."""
        return self.state in (State.KEPT, State.DONE)

    def to_plain(self) -> dict:
        """Return the values as JSON knows them."""
        return asdict(self) | {"state": self.state.value}

    @classmethod
    def from_plain(cls, plain: dict) -> Self:
        """Return the outcome that `to_plain` wrote down."""
        return cls(**plain | {"state": State(plain["state"])})


@dataclass(frozen=True)
class Task:
    """One unit of one run.

    Args:
        run: name of the run's folder.
        unit: what to do in it.
        waits_for: names of the tasks that are complete before.
        request: which run it is, for a process that hasn't opened it.
        manifest: the hash of its manifest, None for who is to read the raw files anyway.
        versions: of what changes numbers, as they are where the sweep was started.
    """

    run: str
    unit: str
    waits_for: tuple[str, ...]
    request: RunRequest
    manifest: str | None
    versions: dict[str, str]

    @property
    def name(self) -> str:
        """What no other task of the sweep is called."""
        return f"{self.run}/{self.unit}"

    def to_plain(self) -> dict:
        """Return the values as JSON knows them."""
        own = {name: getattr(self, name) for name in ("run", "unit", "manifest", "versions")}
        return own | {"waits_for": list(self.waits_for), "request": self.request.to_plain()}

    @classmethod
    def from_plain(cls, plain: dict) -> Self:
        """Return the task that `to_plain` wrote down."""
        waits_for, request = tuple(plain["waits_for"]), RunRequest.from_plain(plain["request"])
        return cls(**plain | {"waits_for": waits_for, "request": request})


def attempt(work: Callable[[], str], earlier: Iterable[Outcome]) -> Outcome:
    """Do a task's work, unless a task that it waits for isn't complete; say what became of it.

    A fault that a user can act on is an outcome; any other is a fault of the code and raised.

    Args:
        work: what is to be done; says that it is "done", or was before, so it is "kept".
        earlier: outcomes of the tasks that this one waits for.
    """
    if not all(outcome.complete for outcome in earlier):
        return Outcome(State.LEFT_OUT)
    try:
        return Outcome(State(work()))
    except ReplicationError as error:
        return Outcome(State.FAILED, str(error), error.exit_code)
    except OSError as error:
        return Outcome(State.FAILED, describe_os_error(error), DiskError.exit_code)
