"""PPRL-VGAN's training step as its authors published it, in our own words, to be timed.

The reference's `train.py` drives Keras from outside: `predict` paints the privatized images, then
`train_on_batch` updates the discriminator on reals and on fakes, and twice the generator through a
model in which the discriminator is frozen. Networks, losses, weights and optimisers are ours, so
that only the way of driving them differs.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import tensorflow as tf
from keras import Model, layers
from keras.optimizers.legacy import RMSprop

from keras_models.vgan_losses import latent_loss
from keras_models.vgan_model import GENERATOR_UPDATES, standard_deviation
from keras_models.vgan_networks import build_decoder, build_discriminator, build_encoder
from replication.config import VganSettings
from replication.records import EyeDataset

FAKE_WEIGHTS = (1.0, 0.0, 0.0)  # PPRL-VGAN train.py: a fake teaches D1 alone
LOSSES = ("binary_crossentropy", "categorical_crossentropy", "categorical_crossentropy")


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
    """Return a function that makes one step of the published loop in float32.

    Args:
        train: images to learn from.
        identities: number of patients.
        settings: of the networks and the training.
        seed: of the weights and of the batches.
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
        identity, task = (
            np.eye(identities)[train.identity[rows]],
            np.eye(2)[train.glaucoma[rows].astype(int)],
        )
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
