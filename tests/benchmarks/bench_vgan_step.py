"""One training step of PPRL-VGAN beside the published loop, and beside convolutions alone."""

from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from keras_models.vgan_model import PprlVgan, TrainingImages
from replication.config import CPU, PAPER, SMOKE, VganSettings
from replication.records import EyeDataset
from replication.train.vgan import build_vgan, processor_has_bfloat16

from .bench_k_same import PATIENTS, draw_images
from .convolution_rate import build_convolution, build_step_convolutions, count_step_operations
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
        model = build_model(train, settings, dtype=dtype)
        step_operations = count_step_operations(model, settings.batch_size)
        sides[dtype] = build_step(model, train, settings.batch_size)
        sides[f"its convolutions {dtype}"] = build_step_convolutions(model, settings.batch_size)
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
    alone = seconds[f"its convolutions {dtype}"] / seconds[dtype]
    bound = (
        f"its convolutions (arithmetic): made one by one they take {alone:.0%} of the step's time"
    )
    beside = [
        Row(
            step,
            "the published loop, rewritten, float32",
            seconds["published"] / seconds[dtype],
            Goal(factor, at_least=True, holds_here=asked or name == "paper"),
            f"{bound}; all of them at the rate of one that suits the processor would give "
            f"{seconds['published'] / floor:.1f}x",
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
        bound,
        from_floor,
    )
    return [*beside, share]


def build_model(train: EyeDataset, settings: VganSettings, *, dtype: str) -> PprlVgan:
    """Return the networks for these images, in float32 or bfloat16."""
    mixed = replace(settings, mixed_bfloat16=dtype == "bfloat16")
    return build_vgan(PATIENTS, train.images.shape[1:], mixed, seed=0)


def build_step(model: PprlVgan, train: EyeDataset, batch_size: int) -> Callable[[], object]:
    """Return a function that makes one fused step."""
    data = TrainingImages(
        tf.constant(train.images),
        tf.constant(train.identity, tf.int32),
        tf.constant(train.glaucoma, tf.int32),
    )
    return lambda: float(model.train_step(data, batch_size)["generator"])


def to_colour(gray: EyeDataset) -> EyeDataset:
    channels = CPU.preprocess.channels
    return replace(gray, images=gray.images.repeat(channels, axis=-1))
