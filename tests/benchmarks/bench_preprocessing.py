"""Preprocessing beside decoding alone, on frames of the surrogate."""

import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import pandas as pd

from replication.config import CPU
from replication.data.image_file import read_gray
from replication.data.warsaw import survey_warsaw
from replication.preprocess.stage import preprocess_images
from replication.surrogate.synthesize import synthesize
from replication.system.provenance import count_cores

from .rows import LEAST_ROUNDS, Goal, Row, alternate

EYES = replace(CPU.surrogate, patients=40, images=240, glaucoma_images=90)
QUICK_EYES = replace(CPU.surrogate, patients=8, images=24, glaucoma_images=8)
REPEATS = 4  # of the manifest, so that starting the processes doesn't decide


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield a row for the time of one core and one for how many cores are used."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "eyes"
        synthesize(root, QUICK_EYES if quick else EYES, seed=0, workers=count_cores())
        manifest = survey_warsaw(root).require_usable()
        yield _beside_decoding(manifest, root)
        if not quick:
            yield _cores_used(manifest, root)


def _beside_decoding(manifest: pd.DataFrame, root: Path) -> Row:
    files = [root / path for path in manifest["path"]]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        seconds = alternate(
            {
                "preprocessing": lambda: preprocess_images(
                    manifest, root, CPU.preprocess, workers=1
                ),
                "cv2.imread": lambda: [cv2.imread(str(file)) for file in files],
                "reading": lambda: [read_gray(file) for file in files],
            }
        )
    finally:
        cv2.setNumThreads(threads)
    return Row(
        f"preprocessing, {len(files)} frames, one core",
        "decoding alone (cv2.imread), one core",
        seconds["preprocessing"] / seconds["cv2.imread"],
        Goal(3),
        "reading and decoding the file",
        seconds["preprocessing"] / seconds["reading"],
        seconds,
    )


def _cores_used(manifest: pd.DataFrame, root: Path) -> Row:
    many = pd.concat([manifest] * REPEATS, ignore_index=True)
    cores = count_cores()
    used = []
    for _ in range(LEAST_ROUNDS):
        start, before = time.perf_counter(), _processor_seconds()
        preprocess_images(many, root, CPU.preprocess, workers=cores)
        used.append((_processor_seconds() - before) / (time.perf_counter() - start))
    share = median(used) / cores
    return Row(
        f"cores that preprocessing keeps busy, {len(many):,} frames",
        f"the {cores} cores of the machine",
        share,
        Goal(0.75, at_least=True),
        "the cores; starting the processes (Python's imports) comes before",
        1 / share,
    )


def _processor_seconds() -> float:
    """Return the processor's time of this process and of those it started and ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
