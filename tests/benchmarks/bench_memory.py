"""Peak memory, in processes that did nothing else: PPRL-VGAN's training, `privatize --out`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from replication.config import CPU, SMOKE
from replication.privatize.blocks import BLOCK_IMAGES, privatize_blocks
from replication.privatize.methods import METHODS
from replication.records import EyeDataset

from .bench_k_same import PATIENTS, draw_images
from .bench_privatization import METHOD, build_generator
from .bench_vgan_step import build_model, build_step, to_colour
from .rows import Goal, Row, find_peak_kib

TRAINING_IMAGES = 1_167  # of the surrogate
STEPS = 10
FEW, MANY = 2, 8  # blocks


def measure(*, quick: bool) -> list[Row]:
    """Return the peak memory of some training steps on as many images as the surrogate has."""
    settings = (SMOKE if quick else CPU).vgan
    images = to_colour(draw_images(TRAINING_IMAGES, seed=0))
    before_kib = find_peak_kib()  # TensorFlow is imported, the images are drawn
    step = build_step(build_model(images, settings, dtype="bfloat16"), images, settings.batch_size)
    for _ in range(STEPS):
        step()
    peak_kib = find_peak_kib()
    return [
        Row(
            f"peak memory of PPRL-VGAN's training, {TRAINING_IMAGES:,} images",
            "",
            peak_kib / 2**20,
            Goal(3, unit="GiB"),
            "TensorFlow itself, and the images in float32 (memory)",
            peak_kib / before_kib,
        )
    ]


def measure_blocks(*, quick: bool) -> list[Row]:
    """Return how much the peak grows between two blocks and four times as many."""
    gallery = draw_images(2 * PATIENTS, seed=1)
    generator = build_generator((SMOKE if quick else CPU).vgan, gallery.images.shape[1:])

    def read_images(rows: pd.DataFrame) -> EyeDataset:
        return draw_images(len(rows), seed=int(rows.index[0]))

    given = {"gallery": gallery, "generator": generator, "seed": 0, "draws": 1, "request": {}}
    given |= {"read_images": read_images, "method": METHODS[METHOD]}
    bound_kib = find_peak_kib() + BLOCK_IMAGES * gallery.images[0].nbytes / 2**10
    peaks = []
    for blocks in (FEW, MANY):
        names = np.arange(blocks * BLOCK_IMAGES).astype(str)
        manifest = pd.DataFrame({"image_id": names, "path": names})
        with TemporaryDirectory() as scratch:
            privatize_blocks(manifest, Path(scratch), **given)
        # The most so far: of the few blocks first, then of all.
        peaks.append(find_peak_kib())
    return [
        Row(
            f"peak memory of privatizing {MANY * BLOCK_IMAGES:,} images in blocks",
            f"the same of {FEW * BLOCK_IMAGES:,}",
            peaks[1] / peaks[0],
            Goal(1.1),
            f"TensorFlow and one block of {BLOCK_IMAGES:,} images in float32 (memory)",
            peaks[1] / bound_kib,
        )
    ]
