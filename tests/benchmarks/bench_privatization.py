"""PPRL-VGAN's privatization beside its decoder alone, and the memory of privatizing many images."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pandas as pd

from replication.config import CPU, SMOKE, VganSettings
from replication.privatize.blocks import FOUND, privatize_blocks
from replication.privatize.draws import BLOCK_IMAGES
from replication.privatize.methods import METHODS
from replication.records import EyeDataset
from replication.system.provenance import ROOT
from replication.train.trained import TrainedGenerator
from replication.train.vgan import NETWORKS, build_vgan

from ..drawn_eyes import draw_eye
from .bench_k_same import PATIENTS, QUERIES, draw_images
from .rows import Goal, Row, alternate, find_peak_kib

DRAWS = 10
RANDOM, SELECT = "pprl-vgan-random", "k-same-6"
FEW_BLOCKS, MANY_BLOCKS = 2, 8
FEW, MANY = 10 * BLOCK_IMAGES, 100_000
QUICK_FEW, QUICK_MANY = BLOCK_IMAGES, 2 * BLOCK_IMAGES + 100
RUN_DATA = "known"
DIFFERENT_EYES = 60  # repeated; a comment in each file keeps them from being copies
SIZE_PX = 160, 120
KNOWN_PATIENTS, KNOWN_IMAGES = 16, 6  # of the run, whose frames have that size
JPEG_START, JPEG_COMMENT = b"\xff\xd8", b"\xff\xfe"


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield one row: all draws of one regime beside decoding as many images."""
    queries, draws = draw_images(64 if quick else QUERIES, seed=0), 2 if quick else DRAWS
    gallery = draw_images(2 * PATIENTS, seed=1)
    generator = _build_generator((SMOKE if quick else CPU).vgan, queries.images.shape[1:])
    latent = np.zeros((len(queries), generator.encode(queries.images)[0].shape[1]), np.float32)
    given = {"gallery": gallery, "generator": generator, "seed": 0, "draws": draws}
    seconds = alternate(
        {
            "privatization": lambda: list(METHODS[RANDOM].privatize(queries, **given)),
            "decoder": lambda: [generator.decode(latent, queries.identity) for _ in range(draws)],
        }
    )
    ratio = seconds["privatization"] / seconds["decoder"]
    yield Row(
        f"PPRL-VGAN privatization, {len(queries)} images, {draws} draws",
        "its decoder alone, as many images",
        ratio,
        Goal(1.3),
        "the decoder's convolutions (arithmetic)",
        ratio,
        seconds,
    )


def _build_generator(settings: VganSettings, image_shape: tuple[int, int, int]) -> TrainedGenerator:
    """Return a generator whose weights were never trained: its cost is the same."""
    with TemporaryDirectory() as scratch:
        networks = build_vgan(PATIENTS, image_shape, settings, seed=0)
        for name in NETWORKS:
            getattr(networks, name).save_weights(str(Path(scratch) / f"{name}.h5"))
        return TrainedGenerator(Path(scratch), PATIENTS, image_shape, settings)


def measure_blocks(*, quick: bool) -> Iterator[Row]:
    """Yield how much the peak of this process grows between two blocks and four times as many."""
    gallery = draw_images(2 * PATIENTS, seed=1)
    generator = _build_generator((SMOKE if quick else CPU).vgan, gallery.images.shape[1:])

    def read_images(rows: pd.DataFrame) -> tuple[EyeDataset, pd.DataFrame]:
        found = pd.DataFrame(dict.fromkeys(FOUND, True), index=rows.index)
        return draw_images(len(rows), seed=int(rows.index[0])), found

    given = {"gallery": gallery, "generator": generator, "seed": 0, "draws": 1, "request": {}}
    given |= {"read_images": read_images, "method": METHODS[RANDOM]}
    bound_kib = find_peak_kib() + BLOCK_IMAGES * gallery.images[0].nbytes / 2**10
    peaks = []
    for blocks in (FEW_BLOCKS, MANY_BLOCKS):
        names = np.arange(blocks * BLOCK_IMAGES).astype(str)
        manifest = pd.DataFrame({"image_id": names, "path": names})
        with TemporaryDirectory() as scratch:
            privatize_blocks(manifest, Path(scratch), **given)
        # The most so far: of the few blocks first, then of all.
        peaks.append(find_peak_kib())
    yield Row(
        f"peak memory of privatizing {MANY_BLOCKS * BLOCK_IMAGES:,} images in blocks",
        f"the same of {FEW_BLOCKS * BLOCK_IMAGES:,}",
        peaks[1] / peaks[0],
        Goal(1.1),
        f"TensorFlow and one block of {BLOCK_IMAGES:,} images in float32 (memory)",
        peaks[1] / bound_kib,
    )


def measure_many(*, quick: bool) -> Iterator[Row]:
    """Yield how the peak of `cli.py privatize --out DIR` grows with 100,000 images.

    The command is killed in the middle and resumed; it must give the same first blocks.
    """
    few, many = (QUICK_FEW, QUICK_MANY) if quick else (FEW, MANY)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write_known(folder / RUN_DATA)
        _write_images(folder, many, listed=(few, many))
        few_peak, _ = _finish(_start(folder, few))
        killed = _start(folder, many)
        killed_after = _kill_after_blocks(killed, folder / str(many), blocks=few // BLOCK_IMAGES)
        many_peak, seconds = _finish(_start(folder, many))
        _compare_blocks(folder / str(few), folder / str(many), images=few)
        made = _count_blocks(folder / str(many))
    yield Row(
        f"peak memory of `cli.py privatize --out DIR` on {many:,} images, {SELECT}: killed after "
        f"{killed_after} of {made} blocks and gone on with; bytes as in a run of {few:,}",
        f"the same of {few:,}",
        many_peak / few_peak,
        Goal(1.1),
        f"one block of {BLOCK_IMAGES:,} images in float32, and the manifest (memory)",
        seconds={"what was left": seconds},
    )


def _write_known(folder: Path) -> None:
    """Write the run's data: drawn eyes in Warsaw's layout, every other patient's with glaucoma."""
    rng, lines = np.random.default_rng(1), ["patient;left eye;right eye"]
    for patient in range(1, KNOWN_PATIENTS + 1):
        eye = folder / "images-NIR" / f"{patient:04}left"
        eye.mkdir(parents=True)
        for n in range(KNOWN_IMAGES):
            (eye / f"{patient:04}_L_IG_{n}.jpg").write_bytes(_encode_eye(rng))
        lines.append(f"{patient};{'glaucoma' if patient % 2 else 'healthy'};")
    (folder / "medical-description.csv").write_text("\n".join([*lines, ""]))


def _encode_eye(rng: np.random.Generator) -> bytes:
    centre = rng.uniform(60, 100), rng.uniform(50, 70)
    eye = draw_eye(centre=centre, size=SIZE_PX, radius_px=30)
    return cv2.imencode(".jpg", eye)[1].tobytes()


def _write_images(folder: Path, count: int, *, listed: tuple[int, ...]) -> None:
    """Write so many drawn eyes, and a manifest of the first ones for each of the numbers listed."""
    rng, eyes = np.random.default_rng(0), []
    for _ in range(DIFFERENT_EYES):
        eyes.append(_encode_eye(rng).removeprefix(JPEG_START))
    (folder / "eyes").mkdir()
    lines = ["path,patient_id,eye,glaucoma"]
    for n in range(count):
        comment = JPEG_COMMENT + (2 + 8).to_bytes(2, "big") + f"{n:08}".encode()
        content = JPEG_START + comment + eyes[n % DIFFERENT_EYES]
        (folder / "eyes" / f"{n:06}.jpg").write_bytes(content)
        lines.append(f"eyes/{n:06}.jpg,P{n:06},left,{'no' if n % 4 else 'yes'}")
    for size in listed:
        (folder / f"{size}.csv").write_text("\n".join([*lines[: 1 + size], ""]))


def _start(folder: Path, images: int) -> subprocess.Popen:
    words = ["privatize", "--profile", "smoke", "--data-dir", RUN_DATA, "--unknown-patients"]
    words += ["--manifest", f"{images}.csv", "--method", SELECT, "--out", str(images)]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=sys.stderr,
        start_new_session=True,
    )


def _finish(process: subprocess.Popen) -> tuple[float, float]:
    """Return the largest memory of the command or a process of its, and its seconds."""
    start = time.perf_counter()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return usage.ru_maxrss, time.perf_counter() - start


def _kill_after_blocks(process: subprocess.Popen, out: Path, *, blocks: int) -> int:
    """Kill the command and its processes once so many blocks are there; return how many there are."""
    while _count_blocks(out) < blocks and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return _count_blocks(out)


def _count_blocks(out: Path) -> int:
    return len(list(out.glob("images-*/images.csv")))


def _compare_blocks(few: Path, many: Path, *, images: int) -> None:
    files = sorted(file.relative_to(few) for file in few.glob("images-*/*"))
    if len({file.parent for file in files}) != images // BLOCK_IMAGES:
        raise AssertionError(f"{few}: expected {images // BLOCK_IMAGES} blocks")
    for file in files:
        if (few / file).read_bytes() != (many / file).read_bytes():
            raise AssertionError(f"{file}: other bytes among many images than among few")
