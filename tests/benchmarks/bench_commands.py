"""What commands cost: `--help`, `replicate` with nothing to do, and the whole reference run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from replication.data.survey import inspect_file
from replication.store.run_folder import RunStore
from replication.system.provenance import ROOT

from .rows import LEAST_ROUNDS, Goal, Row, alternate

REFERENCE_RUN = "surrogate-cpu-seed-0"
ANOTHER_RUN_S = 60
TRAININGS = ("03_evaluators", "04_vgan")
AFTER_TABLE1 = ("07_attacked", "08_explained", "09_report")


def measure_start(*, quick: bool) -> Iterator[Row]:
    """Yield a row for `--help` and, but for the quick form, one for a second `replicate`."""
    commands = {"--help": [str(ROOT / "cli.py"), "--help"], "pass": ["-c", "pass"]}
    commands["import click"] = ["-c", "import click"]
    sides = {name: partial(_run, command) for name, command in commands.items()}
    seconds = alternate(sides, rounds=2 * LEAST_ROUNDS)
    yield Row(
        "the help of `cli.py`",
        "`python -c pass`",
        seconds["--help"] - seconds["pass"],
        Goal(0.5, unit="s more"),
        "importing click (Python)",
        seconds["--help"] / seconds["import click"],
        seconds,
    )
    if not quick:
        yield _second_replicate()


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
        # A complete run is checked by its eyes, which may lie behind a link, and its files.
        artifacts = folder / "artifacts"
        files = [*artifacts.glob("surrogate/*/**/*.*"), *artifacts.glob("runs/*/**/*.*")]
        seconds = alternate(
            {
                "replicate": lambda: _run(command, folder),
                "hashing": lambda: [inspect_file(file) for file in files],
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


def measure_run(*, quick: bool) -> Iterator[Row]:
    """Yield time and memory as a complete reference run recorded them, if one is here."""
    records = RunStore(ROOT / "artifacts" / "runs" / REFERENCE_RUN).records()
    if quick or AFTER_TABLE1[-1] not in records:
        return
    whole = {unit: record["seconds"] / 60 for unit, record in records.items()}
    to_table = {unit: spent for unit, spent in whole.items() if unit not in AFTER_TABLE1}
    for what, minutes in (
        ("raw eyes to Table 1 (stages 01 to 06)", to_table),
        ("the same with attackers, maps and report (to stage 09)", whole),
    ):
        total = sum(minutes.values())
        training = sum(spent for unit, spent in minutes.items() if unit.startswith(TRAININGS))
        yield Row(
            f"{what}, profile cpu, surrogate; as the reference run recorded it",
            "",
            total,
            Goal(10, unit="min"),
            f"training, {training / total:.0%} of it, of which PPRL-VGAN "
            f"{minutes['04_vgan']:.1f} min (arithmetic)",
            total / training,
        )
    peaks = [record.get("peak_memory_mib") for record in records.values()]
    if None not in peaks:
        yield Row(
            "peak memory of the whole run's process; that of Deep Taylor, beside it, not measured",
            "",
            max(peaks) / 1024,
            Goal(3, unit="GiB"),
            "TensorFlow, and the attackers' images and covariances (memory)",
        )
