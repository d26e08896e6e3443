"""Commands that do whole runs: `replicate` one, or one per seed; `sweep` many, here or on Dask."""

import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from replication.command_line import opening
from replication.command_line.opening import LAST, NEXT, known_methods, open_run, print_stage
from replication.command_line.options import (
    SPLITS,
    count_option,
    exit_on_error,
    methods_option,
    run_options,
    settings_options,
    several_option,
)
from replication.command_line.printing import (
    find_worst,
    print_spread,
    print_table1,
    print_table2,
    print_verdict,
)


@click.command(short_help="Run all stages and check the result; resumes.")
@click.option("--all", "everything", is_flag=True, help="Run every privatizer of Table 1.")
@methods_option(help="Run this privatizer alone; may be given several times.")
@count_option(
    "--seeds",
    default=1,
    help="Number of runs, the seed one higher each time; with mean and standard deviation.",
)
@run_options
def replicate(everything: bool, methods: tuple[str, ...], seeds: int, **options) -> None:
    """Measure Table 1, explain, report and check it: whatever isn't done, from raw eyes to verdict.

    Ends as `check` does, with its exit code; a smoke run and a run of single methods end with 0
    when nothing failed, since they leave things out on purpose.

    \b
    Examples:
      python cli.py replicate --all
      python cli.py replicate --all --from-baseline
      python cli.py replicate --all --profile smoke
      python cli.py replicate --all --seeds 5
      python cli.py replicate --method blur-9 --method k-same-6
      python cli.py replicate --all --data-dir ~/Warsaw --profile paper
    """
    from replication.errors import SettingsError

    if everything == bool(methods):
        raise SettingsError(f"give --all, or --method with one of: {', '.join(known_methods())}")
    if seeds > 1 and options["from_baseline"]:
        raise SettingsError("--from-baseline: the reference weights are of one seed alone")
    first, named, stores, codes = options.pop("seed"), options.pop("run_name"), {}, set()
    for seed in range(first, first + seeds):
        name = f"{named}-seed-{seed}" if named and seeds > 1 else named
        run = open_run(methods or known_methods(), seed=seed, run_name=name, **options)
        tables = {"06_evaluated": print_table1, "07_attacked": print_table2}
        shown = {unit: partial(show, run) for unit, show in tables.items()}
        run.on_stage = partial(print_stage, show=shown)
        run.run()
        stores[seed] = run.store
        codes.add(print_verdict(run, whole=everything))
        click.echo(f"Report: {run.store.root / '09_report' / 'index.html'}")
    if seeds > 1:
        print_spread(stores, named)
    sys.exit(find_worst(codes))


@click.command(short_help="Many runs: seeds, data sets, splits; here or on Dask.")
@count_option(
    "--seeds", default=1, help="Number of runs of each kind, the seed one higher each time."
)
@several_option(
    "--data-dir",
    "data_dirs",
    metavar="DIR",
    help="Folder in the Warsaw layout; may be given several times.",
)
@several_option(
    "--manifest",
    "manifests",
    metavar="FILE",
    help="CSV of other images; may be given several times. With no data at all: the surrogate.",
)
@several_option(
    "--split",
    "splits",
    default=SPLITS[:1],
    type=click.Choice(SPLITS),
    help="By image as in the paper, or by patient; may be given several times.",
)
@methods_option(help="Run this privatizer; may be given several times. Without it: all of Table 1.")
@click.option(
    "--until",
    default=LAST,
    type=click.Choice([*NEXT, "08_explained", LAST]),
    metavar="STAGE",
    help="The last stage of each run, such as 06_evaluated.",
)
@count_option("--workers", help="Work in this many processes of this machine at once.")
@click.option("--scheduler", metavar="ADDRESS", help="Work on the machines of this Dask scheduler.")
@click.option(
    "--unencrypted", is_flag=True, help="Allow a tcp:// scheduler on another machine (no TLS)."
)
@settings_options
@partial(exit_on_error, resumable=True)
def sweep(
    data_dirs,
    manifests,
    splits,
    methods,
    seeds,
    seed,
    until,
    workers,
    scheduler,
    unencrypted,
    fresh,
    **settings,
) -> None:
    """Do many runs: every data set by every split by every seed, each with all methods.

    Each run is one of `replicate`, in the folder that `replicate` would give it. Without --workers
    and --scheduler the work is done in this process; with them, by as many as there are, and with
    the same numbers (docs/cluster.md). A run that fails is named, and the others continue.

    \b
    Examples:
      python cli.py sweep --seeds 5 --workers 2
      python cli.py sweep --data-dir ~/Warsaw --split image --split patient
      python cli.py sweep --seeds 20 --scheduler tls://login:8786
    """
    from replication.pipeline.open_run import RunRequest
    from replication.sweep.dask_workers import find_client
    from replication.sweep.tasks import combine_requests, do_sweep, list_tasks

    given = {"data_dir": data_dirs, "manifest": manifests}
    data = [{kind: str(Path(p).absolute())} for kind, paths in given.items() for p in paths]
    shared = RunRequest(str(opening.ARTIFACTS.absolute()), methods or known_methods(), **settings)
    requests = combine_requests(shared, data, dict.fromkeys(splits), range(seed, seed + seeds))
    with find_client(workers, scheduler, unencrypted=unencrypted) as client:
        runs = [opening.open_request(request, fresh=fresh) for request in requests]
        tasks = list_tasks(zip(requests, runs, strict=True), until=until)
        with _find_doer(runs, len(tasks), client) as (do, on_outcome):
            failed = do_sweep(runs, tasks, do=do, on_outcome=on_outcome)
    done = list(zip(requests, runs, strict=True))
    sys.exit(_print_sweep(done, failed, until=until, whole=not methods))


@contextmanager
def _find_doer(runs: list, tasks: int, client):
    """Give what does a sweep's tasks, and what prints the outcome of each."""
    from replication.sweep.dask_workers import do_on_workers
    from replication.sweep.tasks import do_as_worker, do_here
    from replication.system.progress import track_on_terminal

    if client is None:
        for run in runs:
            run.on_stage = partial(_print_unit, run.store.root.name)
        yield partial(do_here, runs=runs), _print_fault
        return
    with track_on_terminal("units", tasks) as advance:

        def print_outcome(task, outcome) -> None:
            _print_unit(task.run, task.unit, outcome.state)
            _print_fault(task, outcome)
            advance()

        yield partial(do_on_workers, client=client, work=do_as_worker), print_outcome


def _print_unit(run: str, unit: str, state: str) -> None:
    click.echo(f"{run}: {unit}: {state}", err=True)


def _print_fault(task, outcome) -> None:
    if outcome.sentence:
        click.echo(f"Error: {task.run}, {task.unit}: {outcome.sentence}", err=True)


def _print_sweep(runs: list[tuple], failed: dict, *, until: str, whole: bool) -> int:
    """Print a line for each run, and where the spread of several seeds is; return the exit code."""
    from replication.evaluate.table1 import EVALUATED

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
            codes.add(print_verdict(run, whole=whole and until == LAST, in_one_line=True))
            kind[request.seed] = run.store
    for stores in kinds.values():
        if len(stores) > 1 and all(stores.values()):
            print_spread(stores, None)
    return find_worst(codes)
