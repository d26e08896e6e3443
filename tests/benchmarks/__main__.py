"""Run the benchmarks: each in a process of its own, then one JSON file and one page.

python -m tests.benchmarks                 all, into artifacts/baselines and docs
python -m tests.benchmarks --only k_same   one of them, printed
python -m tests.benchmarks --again k_same  one of them; the rows of the others stay as they are
python -m tests.benchmarks --quick --json FILE --page FILE
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path

import click

from replication.store.files import read_json, write_json, write_text
from replication.system.provenance import ROOT

from .page import to_markdown
from .rows import describe_machine

# By name, where it is measured; each in a process of its own.
BENCHMARKS = {
    "vgan_step": "bench_vgan_step.measure",
    "preprocessing": "bench_preprocessing.measure",
    "dicom": "bench_dicom.measure",
    "k_same": "bench_k_same.measure",
    "privatization": "bench_privatization.measure",
    "start": "bench_commands.measure_start",
    "memory": "bench_vgan_step.measure_memory",
    "stream": "bench_privatization.measure_blocks",
    "many": "bench_privatization.measure_many",
    "attack": "bench_attack.measure_growth",
    "table": "bench_commands.measure_run",
}
# The other side of these, all its rounds alike, is up to a third slower in one process than in
# another: of each row, the process with the median is kept.
PROCESSES = {"vgan_step": 3, "k_same": 3}
PACKAGES = ("tensorflow", "numpy", "opencv-python-headless")


def main() -> None:
    """Run what the arguments name; a benchmark that fails fails the command."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    given = _read_arguments()
    if given.only:
        module, _, function = BENCHMARKS[given.only].partition(".")
        measure = getattr(import_module(f".{module}", __package__), function)
        click.echo(json.dumps([row.to_dict() for row in measure(quick=given.quick)]))
        return
    load, machine = os.getloadavg()[0], describe_machine()
    before = read_json(given.json)["machines"] if given.json.exists() else []
    others = [each for each in before if each["machine"]["name"] != machine["name"]]
    kept = [row for each in before if each not in others for row in each["rows"]]
    rows = []
    for name in BENCHMARKS:
        if given.again and name not in given.again:
            rows += [row for row in kept if row["benchmark"] == name]
        else:
            processes = 1 if given.quick else PROCESSES.get(name, 1)
            found = [_run_apart(name, quick=given.quick) for _ in range(processes)]
            rows += [{"benchmark": name} | row for row in keep_medians(found)]
    ours = {
        "machine": machine,
        "versions": {package: metadata.version(package) for package in PACKAGES},
        "load": load,
        "quick": given.quick,
        "rows": rows,
    }
    write_json(given.json, {"machines": [ours, *others]})
    write_text(given.page, to_markdown(read_json(given.json)))
    click.echo(f"Written: {given.json}, {given.page}")


def keep_medians(found: Sequence[Sequence[dict]]) -> list[dict]:
    """Return of each row, of an odd number of processes, the median one, and what all measured."""
    rows = []
    for same in zip(*found, strict=True):
        ordered = sorted(same, key=lambda row: row["measured"])
        measured = [row["measured"] for row in ordered]
        rows.append(ordered[len(ordered) // 2] | {"processes": measured})
    return rows


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, for the tests")
    parser.add_argument("--only", choices=BENCHMARKS, help="run one and print its rows")
    parser.add_argument(
        "--again", choices=BENCHMARKS, action="append", help="run this one, keep the others' rows"
    )
    parser.add_argument("--json", type=Path, default=ROOT / "artifacts/baselines/benchmarks.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/performance.md")
    return parser.parse_args()


def _run_apart(name: str, *, quick: bool) -> list[dict]:
    """Run one benchmark in a process of its own, so that none finds another's threads or memory."""
    click.echo(f"{name} ...", err=True)
    command = [sys.executable, "-m", __package__, "--only", name, *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
