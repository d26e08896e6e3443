"""Peak memory of `privatize --out`: many blocks of images beside two."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from replication.config import CPU, SMOKE
from replication.privatize.blocks import BLOCK_IMAGES, privatize_blocks
from replication.privatize.methods import METHODS
from replication.records import EyeDataset

from .bench_k_same import PATIENTS, draw_images
from .bench_memory import find_peak_kib
from .bench_privatization import METHOD, build_generator
from .rows import Goal, Row

FEW, MANY = 2, 8


def measure(*, quick: bool) -> list[Row]:
    """Return how much the peak grows between two blocks and four times as many."""
    settings = (SMOKE if quick else CPU).vgan
    gallery = draw_images(2 * PATIENTS, seed=1)
    generator = build_generator(settings, gallery.images.shape[1:])

    def read_images(rows: pd.DataFrame) -> EyeDataset:
        return draw_images(len(rows), seed=int(rows.index[0]))

    bound_kib = find_peak_kib() + BLOCK_IMAGES * gallery.images[0].nbytes / 2**10
    peaks = []
    for blocks in (FEW, MANY):
        names = np.arange(blocks * BLOCK_IMAGES).astype(str)
        with TemporaryDirectory() as scratch:
            privatize_blocks(
                pd.DataFrame({"image_id": names, "path": names}),
                Path(scratch),
                asked={},
                read_images=read_images,
                method=METHODS[METHOD],
                gallery=gallery,
                generator=generator,
                seed=0,
                draws=1,
            )
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
