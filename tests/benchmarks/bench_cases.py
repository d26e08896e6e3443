"""Explaining by cases: exact search beside one product, and a card beside a map alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from replication.cases.search import find_nearest
from replication.store.run_folder import RunStore
from replication.system.provenance import PROC, ROOT, read_pairs

from .bench_commands import AFTER_TABLE1, REFERENCE_RUN
from .rows import Goal, Row, alternate

SIZES, QUICK_SIZES = (100_000, 1_000_000), (2_000, 4_000)
NUMBERS, QUERIES, NEAREST = 64, 340, 10
METHOD = "k-same-grouped-6"
BOUND = "one float32 matrix product (arithmetic); then comparing its numbers (memory)"


def measure_search(*, quick: bool) -> Iterator[Row]:
    """Yield the time and the memory of exact search, a row each for every size."""
    for size in QUICK_SIZES if quick else SIZES:
        queries, cases = draw_vectors(QUERIES, seed=0), draw_vectors(size, seed=1)
        seconds = alternate(
            {
                "search": lambda queries=queries, cases=cases: find_nearest(
                    queries, cases, count=NEAREST
                ),
                "product": lambda queries=queries, cases=cases: queries @ cases.T,
            }
        )
        ratio = seconds["search"] / seconds["product"]
        what = f"exact search of {NEAREST} among {size:,} cases of {NUMBERS} numbers, {QUERIES} queries"
        beside = "one float32 matrix product of the same size"
        yield Row(what, beside, ratio, Goal(2), BOUND, ratio, seconds)
        bytes_of_cases = size * NUMBERS * np.dtype(np.float32).itemsize
        memory = _find_memory(size) / bytes_of_cases
        goal = Goal(1.2, holds_here=not quick)
        yield Row(f"memory of {what}", "the cases' vectors", memory, goal, "the vectors", memory)


def draw_vectors(count: int, *, seed: int) -> np.ndarray:
    """Return (count, NUMBERS) float32 vectors of length one, drawn where they lie."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((count, NUMBERS), dtype=np.float32)
    for start in range(0, count, QUERIES):
        rows = vectors[start : start + QUERIES]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return vectors


def print_memory(size: int) -> None:
    """Print how many bytes this process has more for cases and a search among them."""
    queries = draw_vectors(QUERIES, seed=0)
    find_nearest(queries, queries, count=NEAREST)  # what libraries take once
    before = _find_peak_kib()
    find_nearest(queries, draw_vectors(size, seed=1), count=NEAREST)
    sys.stdout.write(f"{(_find_peak_kib() - before) * 1024}\n")


def _find_peak_kib() -> int:
    """Return the most memory of this program: `getrusage` counts that of who started it, too."""
    return int(read_pairs(PROC / "self" / "status")["VmHWM"].removesuffix(" kB"))


def _find_memory(size: int) -> int:
    words = f"from tests.benchmarks.bench_cases import print_memory; print_memory({size})"
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def measure_card(*, quick: bool) -> Iterator[Row]:
    """Yield the time of one card beside that of one map, by the reference run, if it is here."""
    run = ROOT / "artifacts" / "runs" / REFERENCE_RUN
    if quick or AFTER_TABLE1[0] not in RunStore(run).records():
        return
    eye = next((ROOT / "artifacts" / "surrogate").glob("*/images-NIR/*right/*.jpg"))
    with TemporaryDirectory() as folder:
        words = ["--eye", "right", "--run", REFERENCE_RUN, "--out", f"{folder}/out"]
        sides = {
            "explain-case": ["explain-case", str(eye), "--method", METHOD, *words],
            "explain --image": ["explain", "--image", str(eye), *words[:-1], f"{folder}/map.png"],
        }
        seconds = alternate(
            {name: lambda given=given: _call(given) for name, given in sides.items()}
        )
    yield Row(
        "`explain-case` of one image",
        "`explain --image`",
        seconds["explain-case"] / seconds["explain --image"],
        Goal(1.3),
        "starting TensorFlow twice (Python)",
        None,
        seconds,
    )


def _call(words: list[str]) -> None:
    subprocess.run(
        [sys.executable, str(Path(ROOT) / "cli.py"), *words],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
