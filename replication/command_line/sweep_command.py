"""The command `sweep`: many runs, in this process or on Dask's workers."""

import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from replication.command_line import opening
from replication.command_line.opening import LAST, NEXT, known_methods
from replication.command_line.options import complete_methods, exit_on_error, settings_options
from replication.command_line.show import WORST_FIRST, show_spread, show_verdict_line


@click.command(short_help="Many runs: seeds, data sets, splits; here or on Dask.")
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="So many runs of each kind, the seed one higher each time.",
)
@click.option(
    "--data-dir",
    "data_dirs",
    multiple=True,
    metavar="DIR",
    help="Folder in the Warsaw layout; may be given several times.",
)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    metavar="FILE",
    help="CSV of other images; may be given several times. With no data at all: the surrogate.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    default=["image"],
    show_default=True,
    type=click.Choice(["image", "patient"]),
    help="By image as in the paper, or by patient; may be given several times.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_methods,
    help="Run this privatizer; may be given several times. Without it: all of Table 1.",
)
@click.option(
    "--until",
    default=LAST,
    show_default=True,
    type=click.Choice([*NEXT, "08_explained", LAST]),
    metavar="STAGE",
    help="The last stage of each run, such as 06_evaluated.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Work in so many processes of this machine at once.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Work on the machines of this Dask scheduler.")
@settings_options
@partial(exit_on_error, goes_on=True)
def sweep(
    data_dirs: tuple[str, ...],
    manifests: tuple[str, ...],
    splits: tuple[str, ...],
    methods: tuple[str, ...],
    *,
    seeds: int,
    seed: int,
    until: str,
    workers: int | None,
    scheduler: str | None,
    fresh: bool,
    **settings,
) -> None:
    """Do many runs: every data set by every split by every seed, each with all methods.

    Each run is one of `replicate`, in the folder that `replicate` would give it. Without --workers
    and --scheduler the work is done in this process; with them, by as many as there are, and with
    the same numbers (docs/cluster.md). A run that fails is named, and the others go on.

    \b
    Examples:
      python cli.py sweep --seeds 5 --workers 2
      python cli.py sweep --data-dir ~/Warsaw --split image --split patient
      python cli.py sweep --seeds 20 --scheduler tls://login:8786
    """
    from replication.pipeline.open_run import RunRequest
    from replication.sweep.dask_workers import find_client
    from replication.sweep.runs import Wanted, do_sweep, list_tasks, open_runs
    from replication.system.progress import track_on_terminal

    data = (tuple(str(Path(p).absolute()) for p in some) for some in (data_dirs, manifests))
    wanted = Wanted(*data, tuple(dict.fromkeys(splits)), range(seed, seed + seeds))
    requests = wanted.combine(
        RunRequest(str(opening.ARTIFACTS.absolute()), methods or known_methods(), **settings)
    )
    with find_client(workers, scheduler) as client:
        runs = open_runs(
            requests, fresh=fresh, workers=opening.count_cores(), track=track_on_terminal
        )
        tasks = list_tasks(zip(requests, runs, strict=True), until=until)
        with _find_doer(runs, len(tasks), client) as (do, tell):
            failed = do_sweep(runs, tasks, do=do, tell=tell)
    shown = list(zip(requests, runs, strict=True))
    sys.exit(_show_sweep(shown, failed, until=until, whole=not methods))


@contextmanager
def _find_doer(runs: list, tasks: int, client):
    """Give who does a sweep's tasks, and whom to tell what became of each."""
    from replication.sweep.dask_workers import do_on_workers
    from replication.sweep.runs import do_as_worker, do_here
    from replication.system.progress import track_on_terminal

    if client is None:
        for run in runs:
            run.on_stage = partial(_tell_unit, run.store.root.name)
        yield partial(do_here, runs=runs), _tell_fault
        return
    with track_on_terminal("units", tasks) as advance:

        def tell(task, outcome) -> None:
            _tell_unit(task.run, task.unit, outcome.state)
            _tell_fault(task, outcome)
            advance()

        yield partial(do_on_workers, client=client, work=do_as_worker), tell


def _tell_unit(run: str, unit: str, state: str) -> None:
    click.echo(f"{run}: {unit}: {state}", err=True)


def _tell_fault(task, outcome) -> None:
    if outcome.sentence:
        click.echo(f"Error: {task.run}, {task.unit}: {outcome.sentence}", err=True)


def _show_sweep(runs: list[tuple], failed: dict, *, until: str, whole: bool) -> int:
    """Print a line for each run, and where the spread of several seeds is; return the exit code."""
    from replication.evaluate.outputs import EVALUATED

    codes, kinds = {outcome.exit_code for some in failed.values() for _, outcome in some}, {}
    for request, run in runs:
        name, kind = run.store.root.name, kinds.setdefault(replace(request, seed=0), {})
        kind[request.seed] = None
        if failed[name]:
            units = ", ".join(task.unit for task, _ in failed[name])
            click.echo(f"{name}: failed in {units}")
        elif until < EVALUATED:
            click.echo(f"{name}: done until {until}")
        else:
            codes.add(show_verdict_line(run, whole=whole and until == LAST))
            kind[request.seed] = run.store
    for stores in kinds.values():
        if len(stores) > 1 and all(stores.values()):
            show_spread(stores, None)
    faults = sorted(codes - {0, *WORST_FIRST})
    return next((code for code in (*faults, *WORST_FIRST) if code in codes), 0)
