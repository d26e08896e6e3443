"""Killed at any moment (`kill -9`): the run resumes, and its table is that of an undisturbed one.

A tiny run on the surrogate, to the table, with both trainings in it. A stage whose record is there
must have every file as the record says, after every kill.
"""

import json
import os
import signal

import numpy as np
import pytest
from tiny_process import REPLICATE, RUN, finish, follow_cpu, read_files, start, wait_for

from replication.errors import StageNotRun
from replication.store.run_folder import RunStore

RESULTS = ("06_evaluated/table1.json", "06_evaluated/predictions.csv")
RESULTS += ("07_attacked/table2.json", "07_attacked/attackers.csv")


def kill_after(folder, cpu_s):
    """Kill a run after so much work; return whether it was still at it."""
    process = start(folder, REPLICATE)
    follow_cpu(process, until_s=cpu_s)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    _, printed = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), printed
    return process.returncode == -signal.SIGKILL


def check_what_is_complete(run):
    """Hand out every stage that has a record: the store compares all files with it."""
    store, complete = RunStore(run), 0
    for record in sorted(run.rglob("stage.json")):
        unit = record.parent.relative_to(run).as_posix()
        if not unit.endswith(".partial"):
            try:
                store.folder(unit)
            except StageNotRun as error:
                pytest.fail(f"believed and not complete: {error}")
            complete += 1
    return complete


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start(folder, REPLICATE)
    spent_s = follow_cpu(process)
    finish(process)
    return read_files(folder, RESULTS), spent_s


@pytest.mark.slow
@pytest.mark.parametrize("kills", [50])
def test_a_run_killed_at_random_times_ends_with_the_undisturbed_table(
    kills, undisturbed, tmp_path, figure
):
    wanted, whole_s = undisturbed
    rng, done, runs = np.random.default_rng(0), 0, 0
    for _ in range(2 * kills):
        folder = tmp_path / f"run-{runs}"
        folder.mkdir(exist_ok=True)
        # What one life of the process is given: from its first import to far into the run.
        if kill_after(folder, rng.uniform(0.03, 0.35) * whole_s):
            done += 1
            check_what_is_complete(folder / RUN)
        else:
            assert read_files(folder, RESULTS) == wanted
            runs += 1
        if done == kills:
            break
    assert done == kills
    finish(start(folder := tmp_path / f"run-{runs}", REPLICATE))
    assert read_files(folder, RESULTS) == wanted
    figure(f"{kills} kills in {runs + 1} runs, {len(RESULTS)} files of each equal to the last bit")


@pytest.mark.slow
def test_killed_in_the_first_stage_a_run_leaves_nothing_that_is_believed(tmp_path):
    process, run = start(tmp_path, REPLICATE), tmp_path / RUN
    wait_for(process, run / "01_preprocessed.partial")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert json.loads((run / "run.json").read_text())["seed"] == 0
    assert check_what_is_complete(run) == 0
