"""How time and memory of `cli.py attack --originals` grow with the number of privatized images."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from replication.system.provenance import ROOT

from .rows import Goal, Row

SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (400, 800)
PATIENTS, SIDE_PX, NOISE = 100, 32, 40


def measure_growth(*, quick: bool) -> Iterator[Row]:
    """Yield, from each size to the next, a row for processor time and one for the peak of memory."""
    sizes = QUICK_SIZES if quick else SIZES
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write_images(folder, max(sizes), listed=sizes)
        found = {count: _attack(folder, count) for count in sizes}
    for few, many in pairwise(sizes):
        yield from _compare(few, many, found)


def _compare(few: int, many: int, found: dict[int, tuple[float, int]]) -> Iterator[Row]:
    (few_seconds, few_peak), (many_seconds, many_peak) = found[few], found[many]
    what = f"of `cli.py attack --originals` on {many:,} privatized images of {SIDE_PX} px"
    yield Row(
        f"exponent by which processor time {what} grows with their number",
        f"the same of {few:,}",
        math.log(many_seconds / few_seconds) / math.log(many / few),
        Goal(1.1),
        "reading the files, and products with what was learned (arithmetic)",
        seconds={f"{few:,}": few_seconds, f"{many:,}": many_seconds},
    )
    yield Row(
        f"peak memory {what}",
        f"the same of {few:,}",
        many_peak / few_peak,
        Goal(1.5),
        "4,000 releases learned from, and a block of whole patients (memory)",
    )


def _write_images(folder: Path, count: int, *, listed: tuple[int, ...]) -> None:
    """Write originals and their inverses, and manifests of the first ones for each number listed."""
    rng = np.random.default_rng(0)
    patterns = rng.uniform(60, 200, (PATIENTS, SIDE_PX, SIDE_PX))
    lines = {"originals": ["path,patient_id"], "privatized": ["path,patient_id,source"]}
    for name in lines:
        (folder / name).mkdir()
    for number in range(count):
        patient, file = number % PATIENTS, f"{number:06}.png"
        drawn = patterns[patient] + rng.normal(0, NOISE, (SIDE_PX, SIDE_PX))
        image = np.clip(drawn, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "originals" / file), image)
        cv2.imwrite(str(folder / "privatized" / file), 255 - image)
        lines["originals"].append(f"originals/{file},P{patient}")
        lines["privatized"].append(f"privatized/{file},P{patient},originals/{file}")
    for size in listed:
        for name, rows in lines.items():
            text = "\n".join([*rows[: 1 + size], ""])
            (folder / f"{name}-{size}.csv").write_text(text, encoding="utf-8")


def _attack(folder: Path, count: int) -> tuple[float, int]:
    """Return processor seconds and the peak of memory in KiB."""
    words = ["--originals", f"originals-{count}.csv", "--privatized", f"privatized-{count}.csv"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "attack", *words, "--out", f"found-{count}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=sys.stderr,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"attack on {count} images: exit code {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss
