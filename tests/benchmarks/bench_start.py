"""What a command costs before it does any work: `--help`, and `replicate` with nothing to do."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from replication.data.survey import inspect_file

from .rows import LEAST_ROUNDS, Goal, Row, alternate

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_RUN = "surrogate-cpu-seed-0"
ANOTHER_RUN_S = 60


def measure(*, quick: bool) -> list[Row]:
    """Return a row for `--help` and, but for the quick form, one for a second `replicate`."""
    rows = [_help()]
    return rows if quick else [*rows, _second_replicate()]


def _help() -> Row:
    commands = {
        "--help": [str(ROOT / "cli.py"), "--help"],
        "pass": ["-c", "pass"],
        "import click": ["-c", "import click"],
    }
    seconds = alternate(
        {name: partial(_run, command) for name, command in commands.items()},
        rounds=2 * LEAST_ROUNDS,
    )
    return Row(
        "the help of `cli.py`",
        "`python -c pass`",
        seconds["--help"] - seconds["pass"],
        Goal(0.5, unit="s more"),
        "importing click (Python)",
        seconds["--help"] / seconds["import click"],
        seconds,
    )


def _second_replicate() -> Row:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        profile = "cpu" if _copy_reference_run(folder) else "smoke"
        command = [str(ROOT / "cli.py"), "replicate", "--all", "--profile", profile]
        if profile == "cpu" and ": run" in _run(command, folder):
            profile = "smoke"  # the run is of other code or data: not its second time
            command[-1] = profile
        if profile == "smoke":
            _run(command, folder)
        seconds = alternate(
            {
                "replicate": lambda: _run(command, folder),
                "hashing": lambda: [*map(inspect_file, _list_files(folder / "artifacts"))],
            }
        )
    return Row(
        f"a second `replicate --all` with nothing changed, profile {profile}",
        "",
        seconds["replicate"],
        Goal(10, unit="s"),
        "hashing the files (disk); the rest is Python's imports",
        seconds["replicate"] / seconds["hashing"],
        seconds,
    )


def _list_files(artifacts: Path) -> list[Path]:
    """Return what a complete run is checked by: its eyes, which may lie behind a link, and files."""
    return [*artifacts.glob("surrogate/*/**/*.*"), *artifacts.glob("runs/*/**/*.*")]


def _copy_reference_run(folder: Path) -> bool:
    """Copy a complete run of the cpu profile, with a link to its eyes, into a folder, if any."""
    artifacts = ROOT / "artifacts"
    run = artifacts / "runs" / REFERENCE_RUN
    if not (run / "08_explained" / "stage.json").exists():
        return False
    (folder / "artifacts" / "runs").mkdir(parents=True)
    (folder / "artifacts" / "surrogate").symlink_to(artifacts / "surrogate")
    shutil.copytree(run, folder / "artifacts" / "runs" / REFERENCE_RUN)
    return True


def _run(arguments: list[str], folder: Path | None = None) -> str:
    """Run Python and return its standard error, whatever its exit code."""
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=ANOTHER_RUN_S * (1 if "cpu" in arguments else 10),
        )
    except subprocess.TimeoutExpired:
        return ": run"
    return done.stderr
