"""`cli.py privatize --out DIR` on 100,000 images: killed in the middle, resumed, its memory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pandas as pd

from replication.privatize.blocks import BLOCK_IMAGES

from ..drawn_eyes import draw_eye
from .bench_start import ROOT
from .rows import Goal, Row

FEW, MANY = 10 * BLOCK_IMAGES, 100_000
QUICK_FEW, QUICK_MANY = BLOCK_IMAGES, 2 * BLOCK_IMAGES + 100
METHOD = "k-same-6"
DIFFERENT_EYES = 60  # repeated; a comment in each file keeps them from being copies
SIZE_PX = 160, 120
JPEG_START, JPEG_COMMENT = b"\xff\xd8", b"\xff\xfe"


def measure(*, quick: bool) -> list[Row]:
    """Return how the peak grows from few images to many; both must give the same first blocks."""
    few, many = (QUICK_FEW, QUICK_MANY) if quick else (FEW, MANY)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write_images(folder, many, listed=(few, many))
        few_peak, _ = _finish(_start(folder, few))
        killed = _start(folder, many)
        killed_after = _kill_after_blocks(killed, folder / str(many), blocks=few // BLOCK_IMAGES)
        many_peak, seconds = _finish(_start(folder, many))
        _compare_blocks(folder / str(few), folder / str(many), images=few)
        made = len(list((folder / str(many)).glob("images-*/images.csv")))
    return [
        Row(
            f"peak memory of `cli.py privatize --out DIR` on {many:,} images, {METHOD}: killed after "
            f"{killed_after} of {made} blocks and gone on with; bytes as in a run of {few:,}",
            f"the same of {few:,}",
            many_peak / few_peak,
            Goal(1.1),
            f"one block of {BLOCK_IMAGES:,} images in float32, and the manifest (memory)",
            seconds={"what was left": seconds},
        )
    ]


def _write_images(folder: Path, count: int, *, listed: tuple[int, ...]) -> None:
    """Write so many drawn eyes, and a manifest of the first ones for each of the numbers listed."""
    rng, eyes = np.random.default_rng(0), []
    for _ in range(DIFFERENT_EYES):
        centre = rng.uniform(60, 100), rng.uniform(50, 70)
        eye = draw_eye(centre=centre, size=SIZE_PX, radius_px=30)
        eyes.append(cv2.imencode(".jpg", eye)[1].tobytes().removeprefix(JPEG_START))
    (folder / "eyes").mkdir()
    for number in range(count):
        comment = JPEG_COMMENT + (2 + 8).to_bytes(2, "big") + f"{number:08}".encode()
        content = JPEG_START + comment + eyes[number % DIFFERENT_EYES]
        (folder / "eyes" / f"{number:06}.jpg").write_bytes(content)
    rows = (
        (f"eyes/{n:06}.jpg", f"P{n:06}", "left", "no" if n % 4 else "yes") for n in range(count)
    )
    manifest = pd.DataFrame(rows, columns=["path", "patient_id", "eye", "glaucoma"])
    for size in listed:
        manifest.iloc[:size].to_csv(folder / f"{size}.csv", index=False)


def _start(folder: Path, images: int) -> subprocess.Popen:
    words = ["privatize", "--profile", "smoke", "--manifest", f"{images}.csv"]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words, "--method", METHOD, "--out", str(images)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=sys.stderr,
        start_new_session=True,
    )


def _finish(process: subprocess.Popen) -> tuple[float, float]:
    """Return the largest memory that the command, or a process of its, came to, and its seconds."""
    start = time.perf_counter()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return usage.ru_maxrss, time.perf_counter() - start


def _kill_after_blocks(process: subprocess.Popen, out: Path, *, blocks: int) -> int:
    """Kill the command and its processes once so many blocks are there; return how many there are."""
    while len(list(out.glob("images-*/images.csv"))) < blocks and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return len(list(out.glob("images-*/images.csv")))


def _compare_blocks(few: Path, many: Path, *, images: int) -> None:
    files = sorted(file.relative_to(few) for file in few.glob("images-*/*"))
    if len({file.parent for file in files}) != images // BLOCK_IMAGES:
        raise AssertionError(f"{few}: expected {images // BLOCK_IMAGES} blocks")
    for file in files:
        if (few / file).read_bytes() != (many / file).read_bytes():
            raise AssertionError(f"{file}: other bytes among many images than among few")
