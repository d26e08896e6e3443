"""Many runs as one set of tasks: seeds, data sets and splits, and in each run every method.

What may be done at the same time follows from what each unit reads. `do_here` does the tasks in this
process, one after the other; `replication.sweep.dask_workers` hands the same tasks to Dask's workers, which
find all else in the runs' folders. While a sweep works this process holds all its runs; the units
have locks of their own (`replication.store.locks`).
"""

import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from replication.errors import SettingsError
from replication.pipeline.open_run import RunRequest, join_run, open_run
from replication.pipeline.order import Replication, list_awaited
from replication.store.run_record import PREPROCESSED
from replication.sweep.tasks import Outcome, State, Task, attempt
from replication.system.progress import Track
from replication.system.provenance import find_versions
from replication.system.quiet_libraries import quieten_libraries

# Does tasks, each after those that it waits for, and yields each with what became of it.
Doer = Callable[[Sequence[Task]], Iterator[tuple[Task, Outcome]]]

_ONE_UNIT_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Wanted:
    """What a sweep combines, each with each; with no data at all, the surrogate."""

    data_dirs: tuple[str, ...]
    manifests: tuple[str, ...]
    splits: tuple[str, ...]
    seeds: range

    def combine(self, request: RunRequest) -> list[RunRequest]:
        """Return one request for each combination: the given one with other data, split and seed."""
        data = [{"data_dir": folder} for folder in self.data_dirs]
        data += [{"manifest": file} for file in self.manifests]
        return [
            replace(request, **chosen, split=split, seed=seed)
            for chosen, split, seed in product(data or [{}], self.splits, self.seeds)
        ]


def open_runs(
    requests: Sequence[RunRequest], *, fresh: bool, workers: int, track: Track
) -> list[Replication]:
    """Open all runs of a sweep, as `replication.pipeline.open_run` does; nothing is done before all fit."""
    return [open_run(each, fresh=fresh, workers=workers, track=track) for each in requests]


def list_tasks(runs: Iterable[tuple[RunRequest, Replication]], *, until: str) -> list[Task]:
    """Return all units of all runs up to one, each run's in their order.

    Args:
        runs: opened runs with what was asked for.
        until: a unit, or the start of several units' names.

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

    Args:
        runs: opened.
        tasks: of `list_tasks`.
        do: who does them.
        on_outcome: called with each task that has ended and its outcome.

    Returns:
        By name of a run, its tasks that failed; a run in which all went well has none.

    Raises:
        SettingsError: when another process works in one of the runs, or the workers can't be had.
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
    """Do one task in a worker's process, with nothing but what the task says.

    If a worker that was given up for lost is still at work in the unit, this waits for it.

    Args:
        plain: the task.
        earlier: outcomes of the tasks that it waits for.

    Returns:
        What became of it.
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
