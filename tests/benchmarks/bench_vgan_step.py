"""One training step of PPRL-VGAN beside the published loop, and beside convolutions alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import tensorflow as tf
from keras import Model, layers
from keras.optimizers.legacy import RMSprop

from keras_models.vgan_losses import latent_loss
from keras_models.vgan_model import GENERATOR_UPDATES, PprlVgan, TrainingImages, standard_deviation
from keras_models.vgan_networks import build_decoder, build_discriminator, build_encoder
from replication.config import CPU, PAPER, SMOKE, VganSettings
from replication.records import EyeDataset
from replication.train.vgan import build_vgan, processor_has_bfloat16

from .bench_k_same import PATIENTS, draw_images
from .rows import LEAST_ROUNDS, Goal, Row, alternate, describe_machine, find_peak_kib

TRAINING_IMAGES = 512
SURROGATE_IMAGES, STEPS = 1_167, 10  # to measure memory
# The paper profile's batch of 256 takes most of a minute a step on two cores; a step's
# operations grow with the batch, so the ratio is taken at an eighth of it.
PAPER_BATCH = 32
RATE_SHARE = 0.7
FACTORS = {"cpu": (2.5, 3.5), "paper": (1.4, 3.0)}
IMAGES, SIDE_PX, CHANNELS, KERNEL_PX = 32, 32, 128, 3  # of a convolution that suits processors
FAKE_WEIGHTS = (1.0, 0.0, 0.0)  # PPRL-VGAN train.py: a fake teaches D1 alone
LOSSES = ("binary_crossentropy", "categorical_crossentropy", "categorical_crossentropy")
KINDS = (layers.Conv2D, layers.Conv2DTranspose)
_draw = partial(tf.random.normal, seed=0)


def measure(*, quick: bool) -> Iterator[Row]:
    """Yield, for each profile and number format, the factor and the rate of its convolutions."""
    for name, settings in ({"cpu": SMOKE} if quick else {"cpu": CPU, "paper": PAPER}).items():
        yield from _measure_profile(name, settings.vgan)


def _measure_profile(name: str, settings: VganSettings) -> Iterator[Row]:
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
    for dtype, factor in zip(formats, FACTORS[name], strict=False):
        # How long the step's operations take at the rate that a convolution reaches.
        floor = step_operations * seconds[f"convolution {dtype}"] / operations[dtype]
        step = f"PPRL-VGAN training step, profile {name}, {dtype}, batch {settings.batch_size}"
        yield from _describe(step, dtype, factor, floor, seconds)[: 1 if name == "paper" else 2]


def _describe(
    step: str, dtype: str, factor: float, floor: float, seconds: dict[str, float]
) -> list[Row]:
    """Return the row beside the published loop, and that of the rate of convolutions."""
    has_amx = "amx_bf16" in describe_machine()["instruction_sets"]
    stated = dtype == "float32" or has_amx or "profile paper" in step
    alone = seconds[f"its convolutions {dtype}"] / seconds[dtype]
    bound = (
        f"its convolutions (arithmetic): made one by one they take {alone:.0%} of the step's time"
    )
    return [
        Row(
            step,
            "the published loop, rewritten, float32",
            seconds["published"] / seconds[dtype],
            Goal(factor, at_least=True, holds_here=stated),
            f"{bound}; all of them at the rate of one that suits the processor would give "
            f"{seconds['published'] / floor:.1f}x",
            seconds[dtype] / floor,
            seconds,
        ),
        Row(
            f"rate of the {step.removeprefix('PPRL-VGAN ')}",
            f"the rate of one {dtype} convolution",
            floor / seconds[dtype],
            Goal(RATE_SHARE, at_least=True),
            bound,
            seconds[dtype] / floor,
        ),
    ]


def measure_memory(*, quick: bool) -> Iterator[Row]:
    """Yield the peak memory of some training steps on as many images as the surrogate has."""
    settings = (SMOKE if quick else CPU).vgan
    images = to_colour(draw_images(SURROGATE_IMAGES, seed=0))
    before_kib = find_peak_kib()  # TensorFlow is imported, the images are drawn
    step = build_step(build_model(images, settings, dtype="bfloat16"), images, settings.batch_size)
    for _ in range(STEPS):
        step()
    peak_kib = find_peak_kib()
    yield Row(
        f"peak memory of PPRL-VGAN's training, {SURROGATE_IMAGES:,} images",
        "",
        peak_kib / 2**20,
        Goal(3, unit="GiB"),
        "TensorFlow itself, and the images in float32 (memory)",
        peak_kib / before_kib,
    )


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


class _Sample(layers.Layer):
    """Draw from the latent Gaussian, and add its divergence to the model's loss."""

    def __init__(self, divergence_weight: float, *, seed: int) -> None:
        super().__init__(name="sample")
        self._weight = divergence_weight
        self._draw_noise = partial(tf.random.normal, seed=seed)

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        mean, log_variance = inputs
        self.add_loss(self._weight * latent_loss(mean, log_variance))
        return mean + standard_deviation(log_variance) * self._draw_noise(tf.shape(mean))


def build_published_step(
    train: EyeDataset, *, identities: int, settings: VganSettings, seed: int
) -> Callable[[], None]:
    """Return a function that makes one step in float32 as PPRL-VGAN's authors published it.

    The reference's `train.py`, in our own words, drives Keras from outside: `predict` draws the
    privatized images, then `train_on_batch` updates the discriminator on reals and on fakes, and
    twice the generator through a model in which the discriminator is frozen. Networks, losses,
    weights and optimisers are ours, so that only the way of driving them differs.
    """
    shape, sizes = train.images.shape[1:], {"kernel_size": settings.kernel_size, "seed": seed}
    encoder = build_encoder(shape, units=settings.units, **sizes)
    decoder = build_decoder(identities, shape, units=settings.units, **sizes)
    discriminator = build_discriminator(identities, shape, **sizes)
    on_real, on_fake = (
        _compile(Model(discriminator.input, discriminator.output), settings, weights)
        for weights in (settings.discriminator_weights, FAKE_WEIGHTS)
    )
    images, who = layers.Input(shape), layers.Input((identities,))
    *realism_and_classes, divergence = settings.generator_weights
    painted = decoder([_Sample(divergence, seed=seed)(encoder(images)), who])
    generator = Model([images, who], painted)
    discriminator.trainable = False
    combined = _compile(Model([images, who], discriminator(painted)), settings, realism_and_classes)
    rng = np.random.default_rng(seed)

    def draw() -> tuple[np.ndarray, ...]:
        rows = rng.choice(len(train), settings.batch_size, replace=False)
        identity = np.eye(identities)[train.identity[rows]]
        task = np.eye(2)[train.glaucoma[rows].astype(int)]
        others = np.eye(identities)[rng.integers(0, identities, settings.batch_size)]
        return train.images[rows], identity, task, others

    def step() -> None:
        real, identity, task, others = draw()
        fake = generator.predict([real, others], verbose=0)
        labels = (rng.uniform(*ends, (settings.batch_size, 1)) for ends in ((0.9, 1), (0, 0.1)))
        on_real.train_on_batch(real, [next(labels), identity, task])
        on_fake.train_on_batch(fake, [next(labels), identity, task])
        for _ in range(GENERATOR_UPDATES):
            real, _, task, others = draw()
            wanted = np.ones((settings.batch_size, 1))
            combined.train_on_batch([real, others], [wanted, others, task])

    return step


def _compile(model: Model, settings: VganSettings, weights) -> Model:
    optimizer = RMSprop(settings.learning_rate, epsilon=1e-8, decay=settings.decay)
    model.compile(optimizer, loss=list(LOSSES), loss_weights=list(weights))
    return model


def list_passes(model: PprlVgan) -> Iterator[tuple[layers.Layer, tuple[int, int, int]]]:
    """Yield every convolution of the networks with how often a training step makes it.

    Three counts: forwards, backwards to its input, backwards to its kernel. The generator goes once
    forwards for the discriminator, which goes forwards and backwards on reals and on fakes; then,
    in each of the generator's updates, the generator goes forwards and backwards, and the
    discriminator forwards and backwards to its input.
    """
    updates = GENERATOR_UPDATES
    generator = (1 + updates, updates, updates)
    for network, (forward, by_input, by_kernel), by_images in (
        (model.encoder, generator, 0),
        (model.decoder, generator, updates),  # takes no images in: its first layer is as any
        (model.discriminator, (2 + updates, 2 + updates, 2), updates),
    ):
        first, *others = (layer for layer in network.layers if isinstance(layer, KINDS))
        yield first, (forward, by_images, by_kernel)
        yield from ((layer, (forward, by_input, by_kernel)) for layer in others)


def count_step_operations(model: PprlVgan, batch_size: int) -> float:
    """Return the multiplications and additions of all convolutions in one training step."""
    return batch_size * sum(
        sum(passes) * _count_layer(layer) for layer, passes in list_passes(model)
    )


def build_step_convolutions(model: PprlVgan, batch_size: int) -> Callable[[], None]:
    """Return a function that makes all convolutions of a training step, one after the other."""
    planned = [
        (run, times)
        for layer, passes in list_passes(model)
        for run, times in zip(_build_passes(layer, batch_size), passes, strict=True)
    ]

    def make_all() -> None:
        for run, times in planned:
            for _ in range(times):
                run()

    return make_all


def build_convolution(dtype: str) -> tuple[Callable[[], object], float]:
    """Return one convolution of a shape that suits processors, and its operations."""
    images = tf.cast(_draw((IMAGES, SIDE_PX, SIDE_PX, CHANNELS)), dtype)
    kernel = tf.cast(_draw((KERNEL_PX, KERNEL_PX, CHANNELS, CHANNELS)), dtype)
    run = tf.function(lambda: tf.nn.conv2d(images, kernel, 1, "SAME"))
    return run, 2.0 * IMAGES * SIDE_PX**2 * KERNEL_PX**2 * CHANNELS**2


def _count_layer(layer: layers.Layer) -> float:
    """Return a layer's operations on one image: every weight once per place it is laid on."""
    transposed = isinstance(layer, layers.Conv2DTranspose)
    _, height, width, _ = layer.input_shape if transposed else layer.output_shape
    return 2.0 * height * width * layer.kernel.shape.num_elements()


def _build_passes(layer: layers.Layer, batch_size: int) -> list[Callable[[], tf.Tensor]]:
    """Return a layer's convolution forwards, to its input and to its kernel, on noise."""
    transposed = isinstance(layer, layers.Conv2DTranspose)
    shapes = [layer.input_shape, layer.output_shape][:: -1 if transposed else 1]
    large, small, kernel = (
        tf.cast(_draw(shape), layer.compute_dtype)
        for shape in (*((batch_size, *shape[1:]) for shape in shapes), layer.kernel.shape)
    )
    laid = {"strides": [1, *layer.strides, 1], "padding": "SAME"}
    ops = tf.raw_ops
    down = partial(ops.Conv2D, input=large, filter=kernel, **laid)
    up = partial(
        ops.Conv2DBackpropInput, input_sizes=large.shape, filter=kernel, out_backprop=small, **laid
    )
    by_kernel = partial(
        ops.Conv2DBackpropFilter,
        input=large,
        filter_sizes=kernel.shape,
        out_backprop=small,
        **laid,
    )
    passes = (up, down, by_kernel) if transposed else (down, up, by_kernel)
    return [tf.function(run) for run in passes]
