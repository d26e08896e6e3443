"""Many runs in one process: no growth in memory past the second, nothing left behind."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from tiny_run import METHODS, WORDS

IN_A_ROW = Path(__file__).with_name("runs_in_a_row.py")
RUNS = 20
# The allocator gives pages back or keeps them as it likes: between two runs that hold the same,
# some 50 MB. A training that stayed in memory was 60 to 90 MB, and 18 of them over 1,000.
ALLOWANCE_MIB = 64


@pytest.mark.slow
def test_twenty_runs_in_one_process_hold_no_more_than_two(tmp_path, figure):
    words = [sys.executable, str(IN_A_ROW), str(RUNS), *WORDS, *METHODS]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(runs) == RUNS
    assert len({run["table"] for run in runs}) == 1
    memory = [run["memory_mib"] for run in runs]
    figure(
        f"memory after run 1, 2, 3 and the last three: {memory[:3]}, {memory[-3:]} MiB; "
        f"descriptors {runs[1]['descriptors']}, {runs[-1]['descriptors']}; children "
        f"{runs[1]['children']}, {runs[-1]['children']}"
    )
    assert median(memory[-5:]) <= memory[1] + ALLOWANCE_MIB
    assert runs[-1]["descriptors"] <= runs[1]["descriptors"]
    assert runs[-1]["children"] <= runs[1]["children"]
