"""One training step of PPRL-VGAN beside the published loop, and beside convolutions alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from keras_models.vgan_model import TrainingImages
from replication.config import CPU, PAPER, SMOKE, VganSettings
from replication.records import EyeDataset
from replication.train_vgan import build_vgan, processor_has_bfloat16

from .bench_k_same import PATIENTS, draw_images
from .convolution_rate import build_convolution, count_step_operations
from .machine import describe_machine
from .published_loop import build_published_step
from .rows import Goal, Row
from .timer import LEAST_ROUNDS, alternate

TRAINING_IMAGES = 512
# The paper profile's batch of 256 takes most of a minute a step on two cores; a step's
# operations grow with the batch, so the ratio is taken at an eighth of it.
PAPER_BATCH = 32
RATE_SHARE = 0.7
FACTORS = {"cpu": (2.5, 3.5), "paper": (1.4, 3.0)}
BOUND = "convolutions (arithmetic)"


def measure(*, quick: bool) -> list[Row]:
    """Return, for each profile and number format, the factor and the share of the rate."""
    profiles = {"cpu": SMOKE.vgan} if quick else {"cpu": CPU.vgan, "paper": PAPER.vgan}
    return [row for name, settings in profiles.items() for row in _measure_profile(name, settings)]


def _measure_profile(name: str, settings: VganSettings) -> list[Row]:
    settings = replace(settings, batch_size=min(settings.batch_size, PAPER_BATCH))
    train = to_colour(draw_images(TRAINING_IMAGES, seed=0))
    formats = ["float32", "bfloat16"] if processor_has_bfloat16() else ["float32"]
    sides: dict[str, Callable[[], object]] = {
        "published": build_published_step(train, identities=PATIENTS, settings=settings, seed=0)
    }
    operations = {}
    for dtype in formats:
        sides[dtype], step_operations = build_step(train, settings, dtype=dtype)
        sides[f"convolution {dtype}"], operations[dtype] = build_convolution(dtype)
    seconds = alternate(sides, rounds=LEAST_ROUNDS if name == "paper" else 4 * LEAST_ROUNDS)
    rows = []
    for dtype, factor in zip(formats, FACTORS[name], strict=False):
        # How long the step's operations take at the rate that a convolution reaches.
        floor = step_operations * seconds[f"convolution {dtype}"] / operations[dtype]
        rows += _describe(name, settings, dtype, factor, floor, seconds)
    return rows


def _describe(
    name: str,
    settings: VganSettings,
    dtype: str,
    factor: float,
    floor: float,
    seconds: dict[str, float],
) -> list[Row]:
    step = f"PPRL-VGAN training step, profile {name}, {dtype}, batch {settings.batch_size}"
    asked = dtype == "float32" or "amx_bf16" in describe_machine()["instruction_sets"]
    from_floor = seconds[dtype] / floor
    beside = [
        Row(
            step,
            "the published loop, rewritten, float32",
            seconds["published"] / seconds[dtype],
            Goal(factor, at_least=True, holds_here=asked or name == "paper"),
            f"{BOUND}; no factor above {seconds['published'] / floor:.1f} is possible",
            from_floor,
            seconds,
        )
    ]
    if name == "paper":
        return beside
    share = Row(
        f"rate of the {step.removeprefix('PPRL-VGAN ')}",
        f"the rate of one {dtype} convolution",
        floor / seconds[dtype],
        Goal(RATE_SHARE, at_least=True),
        BOUND,
        from_floor,
    )
    return [*beside, share]


def build_step(
    train: EyeDataset, settings: VganSettings, *, dtype: str
) -> tuple[Callable[[], object], float]:
    """Return a function that makes one fused step, and the operations of its convolutions."""
    mixed = replace(settings, mixed_bfloat16=dtype == "bfloat16")
    model = build_vgan(PATIENTS, train.images.shape[1:], mixed, seed=0)
    data = TrainingImages(
        tf.constant(train.images),
        tf.constant(train.identity, tf.int32),
        tf.constant(train.glaucoma, tf.int32),
    )
    operations = count_step_operations(model, settings.batch_size)
    return lambda: float(model.train_step(data, settings.batch_size)["generator"]), operations


def to_colour(gray: EyeDataset) -> EyeDataset:
    channels = CPU.preprocess.channels
    return replace(gray, images=gray.images.repeat(channels, axis=-1))
