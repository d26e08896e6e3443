"""The same again: one seed on one machine gives one table, bit for bit, however it is come by."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn_eyes import write_warsaw
from tiny_run import METHODS, WORDS

from replication.config import SplitSettings
from replication.data.warsaw import read_warsaw
from replication.preprocess.split import split_dataset

PROGRAM = Path(__file__).with_name("tiny_run.py")
IN_A_ROW = Path(__file__).with_name("runs_in_a_row.py")
RUN = Path("artifacts/runs/tiny")
COMPARED = ("01_preprocessed/manifest.csv", "06_evaluated/table1.json")
COMPARED += ("06_evaluated/predictions.csv", "07_attacked/table2.json")
COMPARED += ("07_attacked/attackers.csv",)


def run_in_a_row(folder, runs):
    words = [sys.executable, str(IN_A_ROW), str(runs), *WORDS, *METHODS]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def copy_in_reverse(folder, target):
    """Copy a folder file by file from the last to the first, as a disk may list them."""
    for file in sorted((f for f in folder.rglob("*") if f.is_file()), reverse=True):
        place = target / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def run(folder, *words, **environment):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *WORDS, *METHODS, "--run", "tiny", *words],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(folder / RUN / name).read_bytes() for name in COMPARED]


def test_the_order_of_files_on_the_disk_changes_no_manifest(tmp_path, figure):
    copy_in_reverse(write_warsaw(tmp_path / "eyes"), tmp_path / "copy")
    one, other = read_warsaw(tmp_path / "eyes"), read_warsaw(tmp_path / "copy")
    assert one.to_csv() == other.to_csv()
    figure("files made in the reverse order: the same manifest")


def test_the_order_of_images_changes_no_split(figure):
    ids = np.array([f"eye-{n}" for n in range(200)])
    identity = np.arange(200) % 20
    wanted = [set(ids[rows]) for _, rows in split_dataset(ids, identity, SplitSettings()).items()]
    rng = np.random.default_rng(0)
    for _ in range(50):
        order = rng.permutation(200)
        split = split_dataset(ids[order], identity[order], SplitSettings())
        assert [set(ids[order][rows]) for _, rows in split.items()] == wanted
    figure("50 orders of 200 images: one split")


@pytest.mark.slow
def test_two_processes_any_workers_and_any_order_of_files_give_one_table(tmp_path, figure):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    wanted = run(tmp_path / "one", TINY_WORKERS="2")
    [drawn] = (tmp_path / "one/artifacts/surrogate").glob("[!.]*")  # a lock lies beside it
    copy_in_reverse(drawn, tmp_path / "other/artifacts/surrogate" / drawn.name)
    assert run(tmp_path / "other", TINY_WORKERS="1") == wanted
    figure(f"2 processes, 2 workers and 1, files copied in reverse: {len(COMPARED)} files equal")


@pytest.mark.slow
def test_two_runs_in_one_process_give_one_table(tmp_path, figure):
    told = run_in_a_row(tmp_path, 2)
    assert len(told) == 2 and told[0]["table"] == told[1]["table"]
    figure("2 runs in one process: tables equal to the last bit")
