"""Tests are tested: faults are planted one at a time in a copy of the project, and are caught."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from faults import FAULTS, Fault
from places import ROOT

CAUGHT = 0.95  # ours
LIMIT_S = 600  # of one fault; the slowest takes a fifth of it on busy cores
FAILED = (1, 2, -signal.SIGABRT, -signal.SIGSEGV)  # a test, an import; a crash
COPIED = ("replication", "validation", "keras_models", "tests", "cli.py", "pyproject.toml")


@pytest.mark.slow  # a quarter of an hour, half an hour on busy cores
def test_nearly_all_planted_faults_are_caught(tmp_path: Path) -> None:
    copy = copy_project(tmp_path)
    stale = [
        fault
        for fault in FAULTS
        if (ROOT / fault.file).read_text(encoding="utf-8").count(fault.right) != 1
    ]
    assert stale == [], "each must be in its file exactly once"
    tests = sorted({name for fault in FAULTS for name in fault.tests.split()})
    assert run_tests(" ".join(tests), copy) == 0, "without a fault the tests must pass"
    survivors = []
    for number, fault in enumerate(FAULTS, start=1):
        if not is_caught(fault, copy):
            survivors.append(fault)
        words = "survives" if fault in survivors else "caught"
        sys.stdout.write(f"{number}/{len(FAULTS)} {words}: {fault.file}: {fault.wrong!r}\n")
        sys.stdout.flush()
    rate = 1 - len(survivors) / len(FAULTS)
    assert rate >= CAUGHT, "\n".join(f"{f.file}: {f.right!r} -> {f.wrong!r}" for f in survivors)


def copy_project(folder: Path) -> Path:
    """Copy sources and tests, and link all else that tests read."""
    for entry in ROOT.iterdir():
        if entry.name == ".git":
            continue
        if entry.name not in COPIED:
            (folder / entry.name).symlink_to(entry)
        elif entry.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(entry, folder / entry.name, ignore=ignored)
        else:
            shutil.copy(entry, folder)
    return folder


def is_caught(fault: Fault, copy: Path) -> bool:
    """Plant a fault in a copy of the project and return whether its tests fail.

    A run that is killed from outside, out of memory or at its limit shows nothing: not caught.
    """
    file = copy / fault.file
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace(fault.right, fault.wrong), encoding="utf-8")
    try:
        return run_tests(fault.tests, copy, limit_s=LIMIT_S) in FAILED
    finally:
        file.write_text(right, encoding="utf-8")


def run_tests(tests: str, copy: Path, *, limit_s: float | None = None) -> int:
    """Run some test files of a copy and return the exit code, minus the signal of a killed run."""
    files = [f"tests/{name}" for name in tests.split()]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow and not paper", *files],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
            capture_output=True,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL
    return done.returncode
