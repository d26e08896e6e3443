"""Commands that measure what no stage of a run does."""

from __future__ import annotations

from pathlib import Path

import click

from replication.command_line.opening import run_until
from replication.command_line.options import exit_on_error, run_options, seed_option


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
    run = run_until("05_privatized", **options)
    for name, accuracies in run.work.measure_departures():
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
    from replication.check_explanations import PAGE
    from replication.check_explanations import check_explanations as measure
    from replication.progress import track_on_terminal
    from replication.store import RunStore

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

    from validation.audit import audit_paper as audit
    from validation.audit import to_json
    from validation.audit_text import to_tables

    found = audit()
    if as_json:
        click.echo(to_json(found), nl=False)
        return
    for text in to_tables(found):
        table = Table(*text.columns, title=text.title)
        for row in text.rows:
            table.add_row(*row)
        Console().print(table)
