"""Commands on finished runs: check them, write pages about them, take things out, keep them."""

import sys
from pathlib import Path

import click

from replication.command_line import opening
from replication.command_line.opening import (
    find_store,
    spell_command,
    warn_of_commit,
    write_for_owner_alone,
)
from replication.command_line.options import (
    PATH,
    choice_option,
    exit_on_error,
    json_option,
    methods_option,
)
from replication.command_line.printing import print_blessing
from replication.system.provenance import ROOT


@click.command(short_help="Check whether a run is BLESSED, and why.")
@click.argument("run", required=False, type=PATH)
@json_option
@exit_on_error
def check(run: Path | None, as_json: bool) -> None:
    """Check whether RUN is BLESSED, and why or why not; without RUN, the latest one.

    On the Warsaw data numbers are compared with the paper's bands, and its claims have to hold. On
    the surrogate numbers are compared with those of trainings that differ in the seed alone. Claims
    there and on other data are findings and decide nothing; without numbers to compare with, a
    complete run on valid data is MEASURED. A run from the baseline is also compared with the numbers
    that its weights gave before. Leaves check.json, check.md and check.xml (JUnit) in the run.

    \b
    Exit codes:
      0  BLESSED, or MEASURED
      1  a number outside its band; on Warsaw, or a claim that fails
      3  the data are invalid
      4  something is not measured, on Warsaw a claim is undecided, or it is smoke

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
        print_blessing(store, blessing)
    sys.exit(blessing.exit_code)


@click.command(short_help="Stage 09: write one page about a run anew.")
@click.argument("run", required=False, type=PATH)
@click.option(
    "--public/--private",
    default=None,
    help="Omit all of patients, or show it; without either: public but for the surrogate.",
)
@exit_on_error
def report(run: Path | None, public: bool | None) -> None:
    """Stage 09: write one page about RUN that needs no other file; without RUN, the latest one.

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


@click.command(short_help="Write complete runs into the pages of their data sets.")
@click.argument("runs", nargs=-1, required=True, type=PATH)
@click.option("--out", default="artifacts/results", type=PATH, help="Folder of the pages.")
@exit_on_error
def results(runs: tuple[Path, ...], out: Path) -> None:
    """Write the tables of complete RUNS, with their settings, into the pages of their data sets.

    \b
    Example:
      python cli.py results artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results.page import write_results

    for page in write_results(runs, out):
        click.echo(f"Written: {page}")


@click.command("compare-seeds", short_help="Compare two settings over the same seeds.")
@click.argument("one", type=PATH)
@click.argument("other", type=PATH)
@click.argument("page", type=PATH)
@exit_on_error
def compare_seeds(one: Path, other: Path, page: Path) -> None:
    """Write a PAGE with the numbers of two seeds.json, and their differences seed by seed.

    \b
    Example, what bfloat16 costs (profiles cpu-float32 and cpu):
      python cli.py compare-seeds float32/seeds.json bfloat16/seeds.json page.md
    """
    from replication.results.seeds import compare_seeds as compare

    compare(one, other, page)
    click.echo(f"Written: {page}")


@click.command(short_help="Export weights, sets or a description, with what they reveal.")
@click.argument("run", type=PATH)
@click.argument("folder", type=PATH, required=False)
@choice_option(
    "--what", choices=("sets", "weights"), help="Privatized images, or weights of the networks."
)
@methods_option(help="Only this method's sets.")
@click.option(
    "--ro-crate",
    metavar="FOLDER",
    type=PATH,
    help="Write the run's description as an RO-Crate into this new folder instead.",
)
@click.option(
    "--yes-i-may-share",
    "may_share",
    is_flag=True,
    help="Needed for anything but the surrogate: these patients' data may be shared.",
)
@exit_on_error
def export(
    run: Path,
    folder: Path | None,
    what: str,
    methods: tuple[str, ...],
    ro_crate: Path | None,
    may_share: bool,
) -> None:
    """Export weights or privatized sets of RUN into a new FOLDER, and print what they reveal.

    Printed first, and written into FOLDER/README.md: the worst figure of the run's attack (Table 2)
    for the patient and for the replaced, with interval and chance, and what was exported before. Of
    patients' data, sets of methods that are attacked are exported, and no weights; FOLDER is closed
    to others. The run's exports.json lists each export.

    With --ro-crate the run is described for others' tools: stages, settings, software, times, and
    every file with its SHA-256. Of the surrogate the files go along; of patients' data none does.

    \b
    Examples:
      python cli.py export artifacts/runs/my-run shared --yes-i-may-share
      python cli.py export artifacts/runs/drawn weights --what weights
      python cli.py export artifacts/runs/drawn --ro-crate crate
    """
    from datetime import UTC, datetime

    from replication.results.export import Goods, describe_leaks, export_run, measure_run
    from replication.results.finished_run import FinishedRun
    from replication.results.ro_crate import export_crate
    from replication.store.run_folder import RunStore

    if (folder is None) == (ro_crate is None):
        raise click.UsageError("give one of both, FOLDER or --ro-crate FOLDER")
    if ro_crate and (methods or what != Goods.SETS):
        raise click.UsageError(
            "--what and --method are of FOLDER; --ro-crate describes all of a run"
        )
    finished, goods, leaks = FinishedRun(RunStore(run)), Goods(what), []
    target = folder or ro_crate
    if folder:
        leaks = measure_run(finished, goods, methods)
        click.echo(describe_leaks(finished, goods, leaks))
    if finished.source.kind.private:
        write_for_owner_alone()
        warn_of_commit(target)
    if folder:
        export_run(finished, folder, goods, leaks=leaks, may_share=may_share)
    else:
        files = export_crate(finished, ro_crate, may_share=may_share, day=datetime.now(UTC).date())
        click.echo(f"{files} files are listed")
    click.echo(f"Written: {target}")


@click.command("keep-baseline", short_help="Keep a run's weights and table (maintainers).")
@click.argument("run", type=PATH)
@exit_on_error
def keep_baseline(run: Path) -> None:
    """Keep RUN's weights and table as artifacts/baselines/surrogate-cpu (maintainers).

    From a run with --from-baseline it keeps what the weights give with today's code.

    \b
    Example:
      python cli.py keep-baseline artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results.baseline import BASELINE
    from replication.results.baseline import keep_baseline as keep
    from replication.store.run_folder import RunStore

    keep(RunStore(run))
    click.echo(f"Written: {BASELINE}. Next: {spell_command('readme')}")


@click.command("keep-seeds", short_help="Add a sweep's trainings to those kept (maintainers).")
@click.argument("folder", type=PATH)
@exit_on_error
def keep_seeds(folder: Path) -> None:
    """Add the seeds of a sweep to those in artifacts/baselines (maintainers).

    FOLDER is the one with seeds.json that `sweep` left. A few at a time, on several machines if you
    like: they need the same settings and data.

    \b
    Example:
      python cli.py keep-seeds artifacts/runs/surrogate-cpu-seeds-5-to-9
    """
    from replication.results.seeds import keep_seeds as keep
    from replication.results.study import KEPT

    seeds = keep(folder)
    click.echo(
        f"Written: {KEPT}, with seeds {', '.join(seeds)}. "
        f"Next: {spell_command('derive-bands', KEPT)}"
    )


@click.command(short_help="Put the baseline's table and pictures into README.md (maintainers).")
@click.argument("run", required=False, type=PATH)
@exit_on_error
def readme(run: Path | None) -> None:
    """Put the baseline's Table 1 into README.md and draw its pictures (maintainers).

    With RUN, complete and from the baseline, the picture of its report too: by Chromium or Chrome.
    `make pictures` makes RUN first.

    \b
    Examples:
      python cli.py readme
      python cli.py readme artifacts/runs/surrogate-cpu-baseline
    """
    from replication.report.stage import remake_report
    from replication.results.readme import PLANE, REPORT, SHEET, picture_report, write_readme
    from replication.store.run_folder import RunStore
    from replication.system.progress import track_on_terminal

    write_readme(ROOT, artifacts=opening.ARTIFACTS, track=track_on_terminal)
    written = [ROOT / "README.md", ROOT / PLANE, ROOT / SHEET]
    if run is not None:
        store = RunStore(run)
        picture_report(store, remake_report(store), ROOT / REPORT)
        written.append(ROOT / REPORT)
    click.echo(f"Written: {', '.join(map(str, written))}. Next: commit them.")


@click.command("derive-bands", short_help="Derive the paper's bands anew (maintainers).")
@click.argument("seeds", nargs=-1, required=True, type=PATH)
@exit_on_error
def derive_bands(seeds: tuple[Path, ...]) -> None:
    """Derive validation/paper/paper_table1.csv anew, with the spread of SEEDS (maintainers).

    Each is a seeds.json; of several data sets the largest deviation counts, block by block.

    \b
    Example:
      python cli.py derive-bands artifacts/baselines/seeds.json
    """
    from replication.results.study import read_study
    from replication.store.files import write_text
    from validation.blessing.bands import to_csv
    from validation.blessing.training_errors import measure_errors

    errors = measure_errors(dict(read_study(file) for file in seeds))
    file = ROOT / "validation" / "paper" / "paper_table1.csv"
    write_text(file, to_csv(errors))
    click.echo(f"Written: {file}")
