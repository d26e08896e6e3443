"""Two at once in one run's folder: the second is refused with the first one's process number."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from drawn_eyes import write_warsaw
from places import ROOT

import cli as command_line
from replication.command_line import opening
from replication.store.run_folder import RunStore

HOLD = """
import sys
from pathlib import Path
from replication.store.run_folder import RunStore
store = RunStore(Path(sys.argv[1]))
store.open({"seed": 0})
with store.locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that works in the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "runs" / "mine")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_refused_with_the_first_ones_number(other, tmp_path, monkeypatch, figure):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path)
    words = ["preprocess", "--run", "mine", "--data-dir", str(write_warsaw(tmp_path / "eyes"))]
    for more in ([], ["--fresh"]):
        result = CliRunner().invoke(command_line.cli, [*words, *more])
        assert result.exit_code == 3
        [error] = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert f"process {other.pid} is working in this run" in error
    assert json.loads((tmp_path / "runs/mine/run.json").read_text()) == {"seed": 0}
    figure("refused with exit code 3 and the number, with --fresh too; nothing changed")


def test_what_a_dead_process_left_is_noticed_and_no_obstacle(other, tmp_path, caplog, figure):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    store = RunStore(tmp_path / "runs" / "mine")
    assert (store.root / "run.lock").exists() and (store.root / "run.pid").exists()
    with store.locked():
        assert f"process {other.pid} ended in the middle of its work" in caplog.text
    assert not (store.root / "run.pid").exists()
    figure("a lock of a killed process: noticed, and taken over at once")


DRAW = """
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from replication.config import SurrogateSettings
from replication.data.sources import draw_surrogate, find_source

settings = SurrogateSettings(patients=2, images=4, glaucoma_images=2)

@contextmanager
def track(what, total):
    print("drawing", flush=True)
    while len(list(folder.glob("started-*"))) < 2:
        time.sleep(0.05)
    yield lambda: None

folder = Path(sys.argv[1])
source = find_source(None, None, settings, folder)
(folder / f"started-{sys.argv[2]}").touch()
draw_surrogate(source, settings, workers=1, track=track)
print(len(list(source.path.rglob("*.jpg"))))
"""


def test_two_that_need_the_surrogate_draw_it_once(tmp_path, figure):
    words = [sys.executable, "-c", DRAW, str(tmp_path)]
    both = [
        subprocess.Popen([*words, number], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in "12"
    ]
    try:
        printed = [process.communicate(timeout=120)[0].splitlines() for process in both]
    finally:
        for process in both:
            process.kill()
            process.communicate()
    waited, drawn = sorted(printed, key=len)
    assert drawn == ["drawing", *waited] and len(waited) == 1 and int(waited[0]) > 0
    figure(f"two processes at once: drawn by one, both found {waited[0]} images")
