"""Open the run that a command's options name, run it up to a stage, and name the next command.

What a command writes of patients is its owner's alone, and no part of a commit by mistake.
"""

import os
import shlex
import sys
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import click

from replication.system.provenance import count_cores

ARTIFACTS = Path("artifacts")
LAST = "09_report"
# The command that comes after the one that ends with this stage.
NEXT = {
    "01_preprocessed": "validate",
    "02_validated": "train-evaluators",
    "03_evaluators": "train-vgan",
    "04_vgan": "train-pp-mir",
    "04_pp-mir": "train-code",
    "04_code": "privatize",
    "05_privatized": "evaluate",
    "06_evaluated": "attack",
    "07_attacked": "explain",
}


def run_until(unit: str, *, page: str = "", show=lambda run: None, **options):
    """Run with all privatizers up to a unit; print where its page is and the next command."""
    run = open_run(known_methods(), **options)
    run.run(until=unit)
    click.echo(f"Done: {run.store.root / unit / page}")
    show(run)
    if unit in NEXT:
        click.echo(f"Next: {name_command(NEXT[unit])}")
    return run


def open_run(methods: tuple[str, ...], *, fresh: bool, **options):
    """Open the run of a command's options; its stages are printed."""
    from replication.pipeline.open_run import RunRequest

    paths = {name: str(path) for name, path in options.items() if isinstance(path, Path)}
    run = open_request(RunRequest(str(ARTIFACTS), methods, **options | paths), fresh=fresh)
    run.on_stage = print_stage
    return run


def open_request(request, *, fresh: bool):
    """Open a run in this process; its progress goes to the terminal."""
    from replication.pipeline.open_run import open_run
    from replication.store.words import using
    from replication.system.progress import track_on_terminal

    run = open_run(request, fresh=fresh, workers=count_cores(), track=track_on_terminal)
    click.get_current_context().with_resource(using(run.data.source.words))
    if run.data.source.kind.private:
        write_for_owner_alone()
    return run


def write_for_owner_alone() -> None:
    """Let only the owner read what this command writes from now on, whatever the umask is."""
    click.get_current_context().call_on_close(partial(os.umask, os.umask(0o077)))


def warn_of_commit(target: Path) -> None:
    """Print a warning where git would commit what is written of patients into a file or folder."""
    import subprocess  # late: --help needs none

    place = Path(os.path.realpath(target))
    folder = next(each for each in (place, *place.parents) if each.is_dir())
    words = ["git", "-C", str(folder), "check-ignore", "--quiet", str(place)]
    with suppress(OSError):  # without git there is no commit
        if subprocess.run(words, capture_output=True, check=False).returncode == 1:  # noqa: S603
            click.echo(
                f"{target}: made of patients' eyes, and git doesn't ignore it: take a folder outside "
                "the work tree, and don't commit it",
                err=True,
            )


def print_stage(unit: str, state: str, *, show=None) -> None:
    """Print the state of a unit; print tables as soon as they are measured, long before the end."""
    if state != "done":
        click.echo(f"{unit}: {state}", err=True)
    if show and unit in show and state != "run":
        show[unit]()


def find_limit(run_name: str | None) -> float:
    """Return the share of uncentred images that a run was begun with, the usual one without it."""
    from replication.store.run_folder import RUN_RECORD
    from replication.store.run_record import LIMIT, read_run
    from validation.expectations.suites import MOST_UNCENTRED

    root = ARTIFACTS / "runs" / (run_name or "")
    known = run_name and (root / RUN_RECORD).is_file()
    return read_run(root).get(LIMIT, MOST_UNCENTRED) if known else MOST_UNCENTRED


def find_store(run: Path | None):
    """Return the folder of a run, or of the latest one where none is named."""
    from replication.results.check import find_latest
    from replication.store.run_folder import RunStore

    return RunStore(run or find_latest(ARTIFACTS / "runs"))


def known_methods() -> tuple[str, ...]:
    """Return the names of all privatizers, in Table 1's order."""
    from replication.privatize.methods import METHODS

    return tuple(METHODS)


def name_command(instead: str | None = None) -> str:
    """Return this command, or another instead, with the options typed but --fresh: to resume.

    FILE stands for the image of `explain --image` and `explain-case`, whose name may be a patient's.
    """
    context = click.get_current_context()
    image = context.params.get("file")
    words = [
        "--image=FILE"
        if word.startswith("--image=")
        else "FILE"
        if after == "--image" or (image and Path(word) == image)
        else word
        for after, word in pairwise(sys.argv)
        if word != "--fresh"
    ]
    typed = context.info_name
    if instead and typed in words:
        words[words.index(typed)] = instead
    return spell_command(*words)


def spell_command(*words: str | Path) -> str:
    """Return a command of this program as it is to be typed, the program as it was."""
    script = sys.argv[0]
    program = [sys.orig_argv[0], script] if script.endswith(".py") else [script]
    return shlex.join([*program, *map(str, words)])
