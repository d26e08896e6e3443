"""Stage 04: train PPRL-VGAN on the training subset (paper §2.2 and §3).

Writes, into the stage's folder: `encoder.h5`, `decoder.h5`, `discriminator.h5` (legacy HDF5) and
`history.csv`, the losses every few steps, with the bits that a latent code carries at most (its
divergence from the prior, in nats, is `generator_latent`). While it runs, a checkpoint holds
networks, averages, both optimisers and the step: a killed training resumes from there.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import tensorflow as tf

from keras_models.pp_mir_model import IrisImages
from keras_models.rates import choose_rate
from keras_models.vgan_model import GENERATOR_UPDATES, PprlVgan, TrainingImages
from replication.config import VganSettings
from replication.records import EyeDataset
from replication.system.provenance import PROC, read_pairs
from replication.train.steps import train_by_steps

NETWORKS = ("encoder", "decoder", "discriminator")
SIZES_AND_RATES = ("units", "kernel_size", "decay", "averaging")
SIZES_AND_RATES += ("generator_weights", "discriminator_weights")


def train_vgan(
    train: EyeDataset,
    *,
    identities: int,
    settings: VganSettings,
    seed: int,
    folder: Path,
    saturating: bool = False,
    on_step: Callable[[], None] = lambda: None,
) -> None:
    """Train PPRL-VGAN and keep its networks.

    Args:
        train: images to learn from.
        identities: number of patients, all of whom may be replacement identities.
        settings: of the networks and the training.
        seed: of the initial weights and everything that is drawn.
        folder: where the networks and the history go.
        saturating: whether the generator's loss is Equation 2 as it is written.
        on_step: called after each step.

    Raises:
        ReplicationError: when a loss is no longer a finite number.
    """
    data = TrainingImages(
        tf.constant(train.images),
        tf.constant(train.identity, tf.int32),
        tf.constant(train.glaucoma, tf.int32),
    )
    more = {"seed": seed, "saturating": saturating}
    build = partial(build_vgan, identities, train.images.shape[1:], settings, **more)
    train_networks(build, data, settings, name="PPRL-VGAN", folder=folder, on_step=on_step)


def train_networks(
    build: Callable[[], PprlVgan],
    data: TrainingImages | IrisImages,
    settings: VganSettings,
    *,
    name: str,
    folder: Path,
    on_step: Callable[[], None],
) -> None:
    """Train what `build` builds, and keep its networks.

    Args:
        build: makes the model as it starts.
        data: the training set of such a model.
        settings: of the networks and the training.
        name: of what is trained, for messages.
        folder, on_step: as for `train_vgan`.

    Raises:
        ReplicationError: when a loss is no longer a finite number.
    """
    tf.config.experimental.enable_op_determinism()
    batch_size = min(settings.batch_size, len(data.images))
    model = train_by_steps(
        build,
        lambda model: model.train_step(data, batch_size),
        _list_state,
        steps=settings.steps,
        name=name,
        folder=folder,
        on_step=on_step,
    )
    model.settle()
    for network in NETWORKS:
        getattr(model, network).save_weights(str(folder / f"{network}.h5"))


def build_vgan(
    identities: int,
    image_shape: tuple[int, int, int],
    settings: VganSettings,
    *,
    seed: int,
    kind: Callable[..., PprlVgan] = PprlVgan,
    **choice: object,
) -> PprlVgan:
    """Build PPRL-VGAN by its settings, in bfloat16 only where the processor computes in it.

    Args:
        identities: number of patients whom it can paint.
        image_shape: (H, W, C).
        settings: of the networks and the training.
        seed: of the initial weights and everything that is drawn.
        kind: `PprlVgan`, or a class built on it.
        choice: other arguments of that.
    """
    mixed = settings.mixed_bfloat16 and processor_has_bfloat16()
    updates = GENERATOR_UPDATES * settings.steps  # the discriminator has as many
    rates = settings.learning_rate, settings.learning_rate * settings.discriminator_share
    falling = partial(choose_rate, updates=updates, falling=settings.falling)
    return kind(
        identities,
        image_shape,
        learning_rates=tuple(map(falling, rates)),
        **{name: getattr(settings, name) for name in SIZES_AND_RATES},
        dtype="mixed_bfloat16" if mixed else "float32",
        seed=seed,
        **choice,
    )


def processor_has_bfloat16(cpuinfo: Path = PROC / "cpuinfo") -> bool:
    """Return whether the processor multiplies bfloat16 itself; elsewhere it would be emulated."""
    flags = read_pairs(cpuinfo).get("flags", "").split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _list_state(model: PprlVgan) -> list[tf.Variable]:
    """Return all that a step changes; the optimisers have theirs from the first step on."""
    networks = [weight for name in NETWORKS for weight in getattr(model, name).weights]
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    moments = [weight for each in optimizers for weight in each.weights]
    averages = model.average.variables if model.average else []
    return [*networks, *averages, *moments, model.step]
