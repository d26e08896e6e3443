"""Commands that take a run's things out of it, or keep them in the project's pages.

Commands that measure what no stage of a run does.
"""

from pathlib import Path

import click

from replication.command_line.opening import run_until, spell_command
from replication.command_line.options import exit_on_error, run_options, seed_option
from replication.system.provenance import ROOT


@click.command(short_help="Take weights or sets out, and say what they tell.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--what",
    type=click.Choice(["weights", "sets"]),
    default="sets",
    show_default=True,
    help="Weights of the networks, or privatized images.",
)
@click.option("--method", "methods", multiple=True, metavar="NAME", help="Only this method's sets.")
@click.option(
    "--yes-i-may-share",
    "may_share",
    is_flag=True,
    help="Needed for anything but the surrogate: these patients' data may be shared.",
)
@exit_on_error
def export(run: Path, folder: Path, what: str, methods: tuple[str, ...], may_share: bool) -> None:
    """Take weights or privatized sets of RUN into a new FOLDER, and say what they can tell.

    A network trained on patients can draw them. What is measured is printed first, and goes along.

    \b
    Example:
      python cli.py export artifacts/runs/my-run shared --what weights
    """
    from replication.results.export import Goods, export_run, measure_run
    from replication.store.run_folder import RunStore

    store = RunStore(run)
    leaks = measure_run(store, methods)
    for leak in leaks:
        click.echo(leak)
    export_run(store, folder, Goods(what), leaks=leaks, may_share=may_share)
    click.echo(f"Written: {folder}")


@click.command(short_help="Write a page with the tables of complete runs.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", default="docs/results.md", show_default=True, type=click.Path(path_type=Path)
)
@exit_on_error
def results(runs: tuple[Path, ...], out: Path) -> None:
    """Write a page with the tables of complete RUNS and the settings that made them.

    \b
    Example:
      python cli.py results artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results.page import write_results

    write_results(runs, out)
    click.echo(f"Written: {out}")


@click.command("compare-seeds", short_help="Two settings side by side, over the same seeds.")
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.argument("page", type=click.Path(path_type=Path))
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


@click.command("keep-baseline", short_help="Keep a run's weights and table (maintainers).")
@click.argument("run", type=click.Path(path_type=Path))
@exit_on_error
def keep_baseline(run: Path) -> None:
    """Keep RUN's weights and table as artifacts/baselines/surrogate-cpu (maintainers).

    \b
    Example:
      python cli.py keep-baseline artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.results.baseline import BASELINE
    from replication.results.baseline import keep_baseline as keep
    from replication.store.run_folder import RunStore

    keep(RunStore(run))
    click.echo(f"Written: {BASELINE}. Next: {spell_command('readme')}")


@click.command(short_help="Put the baseline's table into README.md (maintainers).")
@exit_on_error
def readme() -> None:
    """Put the baseline's Table 1 into README.md and draw its plane (maintainers).

    \b
    Example:
      python cli.py readme
    """
    from replication.results.readme import PLANE, write_readme

    write_readme(ROOT)
    click.echo(f"Written: {ROOT / 'README.md'}, {ROOT / PLANE}. Next: commit them.")


@click.command("derive-bands", short_help="Derive the paper's bands anew (maintainers).")
@click.argument("seeds", type=click.Path(path_type=Path))
@exit_on_error
def derive_bands(seeds: Path) -> None:
    """Derive validation/paper/paper_table1.csv anew, with the spread of a seeds.json (maintainers).

    \b
    Example:
      python cli.py derive-bands artifacts/baselines/seeds.json
    """
    from replication.results.seeds import read_seeds
    from replication.store.run_folder import write_text
    from validation.blessing.bands import to_csv

    spread = {cell: found.std for cell, found in read_seeds(seeds).items()}
    file = ROOT / "validation" / "paper" / "paper_table1.csv"
    write_text(file, to_csv(spread))
    click.echo(f"Written: {file}")


@click.command("measure-departures", short_help="Measure what some choices of ours cost.")
@run_options
def measure_departures(**options) -> None:
    """Measure what choices of ours cost on a run's data.

    Trains the evaluation networks and PPRL-VGAN anew with the other choice, and privatizes anew: an
    hour and a half on two cores. Killed, it goes on where it was. Each choice is a row of
    docs/departures.md.

    \b
    Example:
      python cli.py measure-departures --data-dir ~/Warsaw
    """
    from replication.studies.departure_trainings import measure_departures as measure

    run = run_until("05_privatized", **options)
    for name, accuracies in measure(run.data):
        figures = ", ".join(f"{task} {100 * value:.2f}%" for task, value in accuracies.items())
        click.echo(f"{name}: {figures}")
    click.echo(f"Written: {run.store.root / 'departures.json'}")


@click.command("check-explanations", short_help="Measure whether maps depend on what was learned.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--images",
    default=60,
    show_default=True,
    type=click.IntRange(1),
    help="Test originals in the sample.",
)
@seed_option("--seed", help="Of the sample and of untrained layers.")
@exit_on_error
def check_explanations(run: Path, images: int, seed: int) -> None:
    """Measure whether RUN's Deep Taylor maps depend on what the glaucoma network has learned.

    Leaves explanation_sanity.json and explanation_sanity.md in the run. A check that fails is a
    finding about the method, told in words; the exit code is 0.

    \b
    Example:
      python cli.py check-explanations artifacts/runs/surrogate-cpu-seed-0
    """
    from replication.store.run_folder import RunStore
    from replication.studies.check_explanations import PAGE
    from replication.studies.check_explanations import check_explanations as measure
    from replication.system.progress import track_on_terminal

    store = RunStore(run)
    click.echo(measure(store, images=images, seed=seed, track=track_on_terminal))
    click.echo(f"Written: {store.root / PAGE}")


@click.command("audit-paper", short_help="Say what the digits of the paper's Table 1 tell.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def audit_paper(as_json: bool) -> None:
    """Say what the digits of the paper's own Table 1 tell; needs no data.

    \b
    Examples:
      python cli.py audit-paper
      python cli.py audit-paper --json > audit.json
    """
    from rich.console import Console
    from rich.table import Table

    from validation.paper.audit import audit_paper as audit
    from validation.paper.audit import to_json
    from validation.paper.audit_text import to_tables

    found = audit()
    if as_json:
        click.echo(to_json(found), nl=False)
        return
    for text in to_tables(found):
        table = Table(*text.columns, title=text.title)
        for row in text.rows:
            table.add_row(*row)
        Console().print(table)
