"""Peak memory of training PPRL-VGAN; it must be measured in a process that did nothing else."""

import resource

from replication.config import CPU, SMOKE

from .bench_k_same import draw_images
from .bench_vgan_step import build_model, build_step, to_colour
from .rows import Goal, Row

TRAINING_IMAGES = 1_167  # of the surrogate
STEPS = 10


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


def find_peak_kib() -> int:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
