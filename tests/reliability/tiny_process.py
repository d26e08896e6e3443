"""The tiny run in processes of its own, which can be killed, stopped and waited for."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path

import psutil
from tiny_run import METHODS, WORDS

PROGRAM = Path(__file__).with_name("tiny_run.py")
REPLICATE = (*WORDS, *METHODS, "--run", "tiny")
RUN = Path("artifacts/runs/tiny")
SLOWEST_S = 600


def start(
    folder: Path, words: Sequence[str], *, within: Sequence[str] = (), **environment: str
) -> subprocess.Popen:
    """Start a run in a session of its own, so that all its processes can be killed at once."""
    return subprocess.Popen(
        [*within, sys.executable, str(PROGRAM), *words],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


def finish(process: subprocess.Popen, code: int = 0) -> str:
    """Wait for a run, which must end with this code; return what it printed as errors."""
    _, printed = process.communicate(timeout=SLOWEST_S)
    assert process.returncode == code, printed
    assert "Traceback" not in printed
    return printed


def follow_cpu(process: subprocess.Popen, *, until_s: float = inf) -> float:
    """Wait until a run and its processes have worked so many seconds of the processor, or ended.

    How long the same work takes differs with what else the machine does; what it costs hardly.

    Returns:
        The seconds of the processor that were seen.
    """
    root, spent_s = psutil.Process(process.pid), 0.0
    deadline = time.monotonic() + SLOWEST_S
    while process.poll() is None and spent_s < until_s:
        assert time.monotonic() < deadline
        with suppress(psutil.NoSuchProcess):
            times = [each.cpu_times() for each in (root, *root.children(recursive=True))]
            spent_s = sum(each.user + each.system for each in times)
            # Of processes that have ended.
            spent_s += sum(each.children_user + each.children_system for each in times)
        time.sleep(0.05)
    return spent_s


def wait_for(process: subprocess.Popen, place: Path) -> None:
    """Wait until a run that is at work has made a file or folder."""
    deadline = time.monotonic() + SLOWEST_S
    while not place.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)


def read_files(folder: Path, names: Sequence[str]) -> list[bytes]:
    """Return the contents of files of the tiny run."""
    return [(folder / RUN / name).read_bytes() for name in names]
