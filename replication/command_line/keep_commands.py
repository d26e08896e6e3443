"""Commands that take a run's things out of it, or keep them in the project's pages."""

from __future__ import annotations

from pathlib import Path

import click

from replication.command_line.options import exit_on_error
from replication.command_line.typed import spell_command


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
    from replication.export import Goods, export_run, measure_run
    from replication.store import RunStore

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
    from replication.results import write_results

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
    from replication.compare_seeds import compare_seeds as compare

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
    from replication.baseline import BASELINE
    from replication.baseline import keep_baseline as keep
    from replication.store import RunStore

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
    from replication.readme import PLANE, write_readme

    root = Path(__file__).resolve().parents[2]
    write_readme(root)
    click.echo(f"Written: {root / 'README.md'}, {root / PLANE}. Next: commit them.")


@click.command("derive-bands", short_help="Derive the paper's bands anew (maintainers).")
@click.argument("seeds", type=click.Path(path_type=Path))
@exit_on_error
def derive_bands(seeds: Path) -> None:
    """Derive validation/paper_table1.csv anew, with the spread of a seeds.json (maintainers).

    \b
    Example:
      python cli.py derive-bands artifacts/baselines/seeds.json
    """
    from replication.seeds import read_seeds
    from replication.store import write_text
    from validation import bands
    from validation.bands import to_csv

    spread = {cell: found.deviation for cell, found in read_seeds(seeds).items()}
    file = Path(bands.__file__).with_name("paper_table1.csv")
    write_text(file, to_csv(spread))
    click.echo(f"Written: {file}")
