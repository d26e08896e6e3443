"""Open the run that a command's options ask for, and run it up to a stage."""

from __future__ import annotations

from pathlib import Path

import click

from replication.command_line.typed import name_command
from replication.machine import count_cores

ARTIFACTS = Path("artifacts")
LAST = "08_report"
# The command that comes after the one that ends with this stage.
NEXT = {
    "01_preprocessed": "validate",
    "02_validated": "train-evaluators",
    "03_evaluators": "train-vgan",
    "04_vgan": "privatize",
    "05_privatized": "evaluate",
    "06_evaluated": "attack",
    "06b_attacked": "explain",
}


def known_methods() -> tuple[str, ...]:
    """Return the names of all privatizers, in Table 1's order."""
    from replication.privatize import METHODS

    return tuple(METHODS)


def open_run(methods: tuple[str, ...], *, fresh: bool, **options):
    """Open a run in this process; its progress goes to the terminal."""
    from replication.open_run import open_run
    from replication.progress import track_on_terminal
    from replication.run_request import RunRequest

    paths = {name: str(path) for name, path in options.items() if isinstance(path, Path)}
    request = RunRequest(str(ARTIFACTS), methods, **options | paths)
    run = open_run(request, fresh=fresh, workers=count_cores(), track=track_on_terminal)
    run.on_stage = tell_stage
    return run


def find_store(run: Path | None):
    """Return the folder of a run, or of the latest one where none is named."""
    from replication.check import find_latest
    from replication.store import RunStore

    return RunStore(run or find_latest(ARTIFACTS / "runs"))


def tell_stage(unit: str, state: str, *, show=None) -> None:
    """Say what a run does; show tables as soon as they are measured, long before the end."""
    if state != "done":
        click.echo(f"{unit}: {state}", err=True)
    if show and unit in show and state != "run":
        show[unit]()


def run_until(unit: str, *, show=lambda run: None, **options):
    """Run with all privatizers up to a unit, show what came of it, and name the next command."""
    run = open_run(known_methods(), **options)
    run.run(until=unit)
    click.echo(f"Done: {run.store.root / unit}")
    show(run)
    if unit in NEXT:
        click.echo(f"Next: {name_command(NEXT[unit])}")
    return run
