"""Ctrl-C, as a terminal sends it: a real SIGINT to the command and all its processes."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from places import ROOT

CLI = ROOT / "cli.py"
PATIENCE_S = 240  # of a machine that has other work too
pytestmark = pytest.mark.usefixtures("heard_interrupts")


def interrupt(words: list[str], folder: Path, *, when: Callable[[], bool]) -> tuple[int, str]:
    """Interrupt a command as soon as it has come so far; return its exit code and errors."""
    log = folder / "stderr.txt"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, str(CLI), *words],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE_S
    while not when() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, log.read_text(encoding="utf-8")
    os.killpg(process.pid, signal.SIGINT)
    code = process.wait(timeout=PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while (left := list_group(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
    return code, log.read_text(encoding="utf-8")


def list_group(leader: int) -> list[str]:
    """Return the names of a group's processes that still run."""
    found = []
    for process in psutil.process_iter(["name", "status"]):
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.info["status"] != "zombie":
                found.append(process.info["name"])
    return found


def test_a_run_stops_in_one_line_that_names_the_command_to_resume(tmp_path):
    words = ["replicate", "--method", "blur-9", "--profile", "smoke", "--fresh", "--run", "a-run"]
    code, log = interrupt(words, tmp_path, when=lambda: any(tmp_path.rglob("*.jpg")))
    assert code == 130
    assert "Traceback" not in log
    [line] = [line for line in log.splitlines() if "Interrupted" in line]
    _, _, command = line.partition("to resume: ")
    # Without --fresh, which would begin anew.
    expected = [sys.executable, str(CLI), *words]
    expected.remove("--fresh")
    assert shlex.split(command) == expected
    assert log.splitlines()[-1] == line


@pytest.mark.slow
def test_a_stopped_run_resumes_from_what_is_done(tmp_path):
    words = ["replicate", "--method", "blur-9", "--profile", "smoke"]
    file, trains = tmp_path / "stderr.txt", "03_evaluators/identity: run"
    code, log = interrupt(words, tmp_path, when=lambda: trains in file.read_text())
    assert code == 130
    assert "Traceback" not in log
    command = shlex.split(log.splitlines()[-1].partition("to resume: ")[2])
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "01_preprocessed: kept" in again.stderr
    assert trains in again.stderr
