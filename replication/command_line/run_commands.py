"""Commands on a whole run: `replicate`, `check` and `report`."""

import sys
from functools import partial
from pathlib import Path

import click

from replication.command_line.opening import find_store, known_methods, open_run, tell_stage
from replication.command_line.options import complete_methods, exit_on_error, run_options
from replication.command_line.show import (
    WORST_FIRST,
    show_blessing,
    show_spread,
    show_table,
    show_table2,
    show_verdict,
)


@click.command(short_help="Measure Table 1, explain it and judge it; goes on.")
@click.option("--all", "everything", is_flag=True, help="Run every privatizer of Table 1.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_methods,
    help="Run this privatizer alone; may be given several times.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="So many runs, the seed one higher each time; with their mean and deviation.",
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
        tables = {"06_evaluated": show_table, "07_attacked": show_table2}
        shown = {unit: partial(show, run) for unit, show in tables.items()}
        run.on_stage = partial(tell_stage, show=shown)
        run.run()
        stores[seed] = run.store
        codes.add(show_verdict(run, whole=everything))
        click.echo(f"Report: {run.store.root / '09_report' / 'index.html'}")
    if seeds > 1:
        show_spread(stores, named)
    sys.exit(next((code for code in WORST_FIRST if code in codes), 0))


@click.command(short_help="Say whether a run is BLESSED, and why.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@exit_on_error
def check(run: Path | None, as_json: bool) -> None:
    """Say whether RUN is BLESSED or NOT_BLESSED, and why; without RUN, the latest one.

    Numbers are held against the paper's bands on the Warsaw data alone, the paper's claims on any
    data, the data against their expectations; a run from the baseline also against the numbers
    that its weights gave before. Leaves check.json, check.md and check.xml (JUnit) in the run.

    \b
    Exit codes:
      0  blessed
      1  a number outside its band, or a claim fails
      3  the data are invalid
      4  something is not measured, or can't be told apart

    \b
    Examples:
      python cli.py check
      python cli.py check artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results.check import check_run

    store = find_store(run)
    blessing = check_run(store)
    if as_json:
        click.echo((store.root / "check.json").read_text(encoding="utf-8"), nl=False)
    else:
        show_blessing(store, blessing)
    sys.exit(blessing.exit_code)


@click.command(short_help="Stage 09: one page about a run, made anew.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "--public/--private",
    default=None,
    help="Leave out all of patients, or show it; without either: public but for the surrogate.",
)
@exit_on_error
def report(run: Path | None, public: bool | None) -> None:
    """Stage 09: tell of RUN on one page that needs no other file; without RUN, the latest one.

    Makes the page anew from the run's files. A public one holds no picture of an eye and no name
    of a patient, file or folder. A private one shows patients and must not be given away.

    \b
    Examples:
      python cli.py report
      python cli.py report artifacts/runs/surrogate-cpu-seed-0 --public
    """
    from replication.report.stage import remake_report

    page = remake_report(find_store(run), public=public)
    click.echo(f"Written: {page}")
