"""The disk: full, read-only or gone in the middle, it is one sentence, and the run resumes after.

A small file system in memory (tmpfs) stands for the disk; where mounting isn't allowed, the tests
say so and measure nothing.
"""

import os
import shutil
import signal
import subprocess

import numpy as np
import pytest
from click.testing import CliRunner
from drawn_eyes import write_warsaw
from tiny_process import RUN, finish, start, wait_for

import cli as command_line
from replication.command_line import opening
from replication.errors import DiskError
from replication.store.run_folder import RunStore

PREPROCESS = ("preprocess", "--profile", "smoke", "--run", "tiny")
KEY = {"settings": {}, "inputs": {}}


@pytest.fixture
def disk(tmp_path):
    """Mount an empty disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system is not allowed here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk, *, leave_bytes):
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free - leave_bytes))
    return ballast


def list_errors(process, code=0):
    """Return the errors that a run printed, which must end with this code."""
    return [line for line in finish(process, code).splitlines() if line.startswith("Error: ")]


def test_a_stage_that_fills_the_disk_is_an_error_and_resumes_after(disk, figure):
    store = RunStore(disk / "run")
    store.open({"seed": 0})
    array = np.zeros(2**22, np.uint8)
    ballast = fill(disk, leave_bytes=2**21)
    with pytest.raises(DiskError, match="no space is left on the disk; make room, then run"):  # noqa: SIM117
        with store.writing("01_stage", KEY) as folder:
            np.save(folder / "array.npy", array)
    assert not store.is_complete("01_stage", KEY)
    ballast.unlink()
    with store.writing("01_stage", KEY) as folder:
        np.save(folder / "array.npy", array)
    assert store.is_complete("01_stage", KEY)
    figure("full: exit code 6, one sentence; complete after room was made")


@pytest.mark.slow
def test_a_run_on_a_full_disk_is_an_error_and_resumes_after(disk, figure):
    ballast = fill(disk, leave_bytes=2**16)
    [error] = list_errors(start(disk, PREPROCESS), DiskError.exit_code)
    assert "no space is left on the disk" in error
    ballast.unlink()
    assert list_errors(start(disk, PREPROCESS)) == []
    figure("full from the start: exit code 6; the same command completes after room was made")


def test_a_disk_that_is_read_only_is_one_sentence(disk, figure):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    [error] = list_errors(start(disk, PREPROCESS), DiskError.exit_code)
    assert "may not be written" in error
    figure("read-only: exit code 6, one sentence")


def test_a_finished_run_on_a_read_only_disk_is_one_sentence_too(disk, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", disk)
    RunStore(disk / "runs" / "mine").open({"seed": 0})
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    eyes = write_warsaw(disk.parent / "eyes")
    words = ["preprocess", "--data-dir", str(eyes), "--run", "mine"]
    result = CliRunner().invoke(command_line.cli, words)
    assert result.exit_code == DiskError.exit_code
    assert result.stderr.startswith(f"Error: {disk / 'runs' / 'mine'}")


@pytest.mark.slow
def test_a_run_whose_folder_is_removed_in_the_middle_ends_in_a_sentence(tmp_path, figure):
    process = start(tmp_path, PREPROCESS)
    wait_for(process, tmp_path / RUN / "01_preprocessed.partial")
    os.kill(process.pid, signal.SIGSTOP)
    shutil.rmtree(tmp_path / RUN)
    os.kill(process.pid, signal.SIGCONT)
    [error] = list_errors(process, DiskError.exit_code)
    assert "was removed while the run worked in it" in error
    assert list_errors(start(tmp_path, PREPROCESS)) == []
    figure("removed in the middle: exit code 6, one sentence; the same command completes")
