"""Peak memory of training PPRL-VGAN; it must be measured in a process that did nothing else."""

from __future__ import annotations

import resource

from replication.config import CPU, SMOKE

from .bench_k_same import draw_images
from .bench_vgan_step import build_step, to_colour
from .rows import Goal, Row

TRAINING_IMAGES = 1_167  # of the surrogate
STEPS = 10


def measure(*, quick: bool) -> list[Row]:
    """Return the peak memory of some training steps on as many images as the surrogate has."""
    settings = (SMOKE if quick else CPU).vgan
    step, _ = build_step(
        to_colour(draw_images(TRAINING_IMAGES, seed=0)), settings, dtype="bfloat16"
    )
    for _ in range(STEPS):
        step()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return [
        Row(
            f"peak memory of PPRL-VGAN's training, {TRAINING_IMAGES:,} images",
            "",
            peak_kib / 2**20,
            Goal(3, unit="GiB"),
            "TensorFlow itself, and the images in float32 (memory)",
        )
    ]
