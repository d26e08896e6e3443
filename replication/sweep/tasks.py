"""Many runs as one set of tasks: seeds, data sets and splits, and in each run every method.

A task is one unit (`replication.pipeline.order.Stage`) of one run, in plain values: all that
travels between processes, while images and weights stay in the runs' folders. What may be done at
the same time follows from what each unit reads. `do_here` does the tasks in this process, one after
the other; `replication.sweep.dask_workers` hands the same tasks to Dask's workers. While a sweep
works this process holds all its runs; the units have locks of their own.
"""

import logging
import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import product
from typing import Self

from replication.errors import DiskError, ReplicationError, SettingsError
from replication.pipeline.open_run import RunRequest, join_run
from replication.pipeline.order import Replication, list_awaited
from replication.store.files import describe_os_error
from replication.store.run_record import PREPROCESSED
from replication.system.provenance import find_versions
from replication.system.quiet_libraries import quieten_libraries

_LOG = logging.getLogger(__name__)
_ONE_UNIT_AT_A_TIME = threading.Lock()


class State(StrEnum):
    """What became of a task."""

    KEPT = "kept"
    DONE = "done"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Outcome:
    """What became of a task; a failed one has a sentence and an exit code. Plain: as in JSON."""

    state: State
    sentence: str = ""
    exit_code: int = 0

    @property
    def complete(self) -> bool:
        """Whether the unit is complete, so that those who wait for it may begin."""
        return self.state in (State.KEPT, State.DONE)

    def to_plain(self) -> dict:
        return asdict(self) | {"state": self.state.value}

    @classmethod
    def from_plain(cls, plain: dict) -> Self:
        return cls(**plain | {"state": State(plain["state"])})


@dataclass(frozen=True)
class Task:
    """One unit of one run. Plain: as in JSON."""

    run: str  # name of its folder
    unit: str
    waits_for: tuple[str, ...]  # names of the tasks that are complete before
    request: RunRequest  # for a process that hasn't opened the run
    manifest: str | None  # the manifest's hash, None where the unit reads the raw files anyway
    versions: dict[str, str]  # of what changes numbers, where the sweep was started

    @property
    def name(self) -> str:
        """A name that no other task of the sweep has."""
        return f"{self.run}/{self.unit}"

    def to_plain(self) -> dict:
        own = {name: getattr(self, name) for name in ("run", "unit", "manifest", "versions")}
        return own | {"waits_for": list(self.waits_for), "request": self.request.to_plain()}

    @classmethod
    def from_plain(cls, plain: dict) -> Self:
        waits_for, request = tuple(plain["waits_for"]), RunRequest.from_plain(plain["request"])
        return cls(**plain | {"waits_for": waits_for, "request": request})


# Does tasks, each after those that it waits for, and yields each with its outcome.
Doer = Callable[[Sequence[Task]], Iterator[tuple[Task, Outcome]]]


def combine_requests(
    request: RunRequest, data: Sequence[dict], splits: Iterable[str], seeds: Iterable[int]
) -> list[RunRequest]:
    """Return a request for each data set by each split by each seed; without data, the surrogate.

    Args:
        request: what is the same in all.
        data: by `data_dir` or `manifest`, a path.
        splits: "image" or "patient".
        seeds: of training and draws.
    """
    return [
        replace(request, **chosen, split=split, seed=seed)
        for chosen, split, seed in product(data or [{}], splits, seeds)
    ]


def list_tasks(runs: Iterable[tuple[RunRequest, Replication]], *, until: str) -> list[Task]:
    """Return all units of opened runs up to the last whose name starts with `until`, in order.

    Raises:
        SettingsError: when two runs would share a folder.
        DataError: when a run's raw data can't be used.
    """
    versions, tasks = find_versions(), []
    for request, run in runs:
        name = run.store.root.name
        if any(task.run == name for task in tasks):
            raise SettingsError(f"two runs would be in one folder, {name}; rename a data set")
        stages, manifest = run.stages_until(until), run.data.manifest_digest
        tasks += [
            Task(
                run=name,
                unit=stage.unit,
                waits_for=tuple(f"{name}/{unit}" for unit in list_awaited(stage)),
                request=request,
                manifest=None if stage.unit == PREPROCESSED else manifest,
                versions=versions,
            )
            for stage in stages
        ]
    return tasks


def do_sweep(
    runs: Sequence[Replication],
    tasks: Sequence[Task],
    *,
    do: Doer,
    on_outcome: Callable[[Task, Outcome], None],
) -> dict[str, list[tuple[Task, Outcome]]]:
    """Do all tasks while this process holds their runs.

    Returns:
        By name of a run, its tasks that failed; a run in which all went well has none.

    Raises:
        SettingsError: when another process works in one of the runs, or no workers are available.
    """
    failed = {run.store.root.name: [] for run in runs}
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(run.store.locked())
        for task, outcome in do(tasks):
            on_outcome(task, outcome)
            if outcome.state is State.FAILED:
                failed[task.run].append((task, outcome))
    return failed


def do_here(tasks: Sequence[Task], *, runs: Sequence[Replication]) -> Iterator:
    """Do tasks in this process, in their order (a `Doer` once `runs` is given)."""
    by_name, outcomes = {run.store.root.name: run for run in runs}, {}
    for task in tasks:
        work = partial(by_name[task.run].run_unit, task.unit)
        outcomes[task.name] = attempt(work, [outcomes[name] for name in task.waits_for])
        yield task, outcomes[task.name]


def do_as_worker(plain: dict, *earlier: dict) -> dict:
    """Do one task in a worker's process, given the outcomes it waits for; return its outcome.

    If a worker that was given up for lost is still at work in the unit, this waits for it.
    """
    quieten_libraries()
    task = Task.from_plain(plain)

    def work() -> str:
        _check_versions(task)
        run = join_run(task.request, known_manifest=task.manifest)
        return run.run_unit(task.unit, wait=True)

    with _ONE_UNIT_AT_A_TIME:  # Keras has one state for all threads of a process
        return attempt(work, map(Outcome.from_plain, earlier)).to_plain()


def _check_versions(task: Task) -> None:
    """Refuse to mix numbers of several versions in one sweep."""
    here = find_versions()
    if differing := sorted(name for name in here if here[name] != task.versions.get(name)):
        named = ", ".join(f"{n} {here[n]} (not {task.versions.get(n)})" for n in differing)
        raise SettingsError(
            f"the worker on {platform.node()!r} has {named}; install the same lock everywhere"
        )


def attempt(work: Callable[[], str], earlier: Iterable[Outcome]) -> Outcome:
    """Do work that returns "done" or "kept"; leave it out where an earlier task isn't complete.

    A fault that a user can act on is an outcome; any other is a fault of the code and raised.
    """
    if not all(outcome.complete for outcome in earlier):
        return Outcome(State.LEFT_OUT)
    try:
        return Outcome(State(work()))
    except ReplicationError as error:
        _LOG.debug("%s", error.named)
        return Outcome(State.FAILED, str(error), error.exit_code)
    except OSError as error:
        return Outcome(State.FAILED, describe_os_error(error), DiskError.exit_code)
