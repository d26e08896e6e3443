"""PPRL-VGAN: the three networks, the sampling between them and the fused training step.

Follows the reference's `train.py` in the order of updates: one update of the discriminator on
real images, one on privatized ones, then two of the generator with fresh batches.

Departures: an average of the generator's weights over the steps may be kept and used in their place;
the discriminator may learn at another rate than the generator.
"""

from typing import NamedTuple

import tensorflow as tf

from keras_models.averaging import MovingAverage
from keras_models.optimizers import RMSprop
from keras_models.rates import FallingRate
from keras_models.vgan_losses import class_loss, latent_loss, realism_loss, saturating_loss
from keras_models.vgan_networks import build_decoder, build_discriminator, build_encoder

GENERATOR_UPDATES = 2  # PPRL-VGAN train.py
STREAMS = 1 + GENERATOR_UPDATES


class TrainingImages(NamedTuple):
    """The whole training set in memory."""

    images: tf.Tensor  # (N, H, W, C) float32 in [-1, 1]
    identity: tf.Tensor  # (N,) int32
    task: tf.Tensor  # (N,) int32, class of the task (0 healthy, 1 glaucoma)


class PprlVgan(tf.Module):
    """Networks, optimisers and random state of one training; all of it can be checkpointed.

    Args:
        identities: number of patients.
        image_shape: (H, W, C), H and W multiples of 16.
        units: width of encoder and decoder.
        kernel_size: of every convolution, in pixels.
        learning_rates: of generator and discriminator, each a number or a rate by update.
        decay: of the learning rate, per update.
        generator_weights: lambda of realism, identity, task and latent (Equation 2).
        discriminator_weights: lambda of realism, identity and task on real images (Equation 1).
        dtype: Keras dtype policy of the networks' insides.
        seed: of the initial weights, dropout and everything that a step draws.
        saturating: whether the generator minimises log(1 - D) (Equation 2 as written), and not the
            cross-entropy of the reference.
        averaging: how much of the generator's average each step keeps, in [0, 1); 0 for no average.
    """

    def __init__(
        self,
        identities: int,
        image_shape: tuple[int, int, int],
        *,
        units: int,
        kernel_size: int,
        learning_rates: tuple[float | FallingRate, float | FallingRate],
        decay: float,
        generator_weights: tuple[float, float, float, float],
        discriminator_weights: tuple[float, float, float],
        dtype: str,
        seed: int,
        saturating: bool = False,
        averaging: float = 0.0,
    ) -> None:
        super().__init__(name="pprl_vgan")
        shared = {"kernel_size": kernel_size, "dtype": dtype}
        self.encoder = build_encoder(image_shape, units=units, seed=3 * seed, **shared)
        self.decoder = build_decoder(
            identities, image_shape, units=units, seed=3 * seed + 1, **shared
        )
        self.discriminator = build_discriminator(
            identities, image_shape, seed=3 * seed + 2, **shared
        )
        self.generator_optimizer, self.discriminator_optimizer = (
            RMSprop(rate, epsilon=1e-8, decay=decay) for rate in learning_rates
        )
        self.step = tf.Variable(0, dtype=tf.int64, name="step")
        self._identities = identities
        self._generator_weights = generator_weights
        self._discriminator_weights = discriminator_weights
        self._seed = seed
        self._saturating = saturating
        self.average = None
        if averaging:
            weights = self.encoder.weights + self.decoder.weights
            self.average = MovingAverage(weights, kept=averaging)

    @property
    def generator_variables(self) -> list[tf.Variable]:
        """Trainable variables of the generator G: encoder and decoder."""
        return self.encoder.trainable_variables + self.decoder.trainable_variables

    @tf.function(reduce_retracing=True)
    def train_step(self, data: TrainingImages, batch_size: int) -> dict[str, tf.Tensor]:
        """Make one step: two updates of the discriminator, then two of the generator.

        Args:
            data: the training set, from which the step draws its own batches.
            batch_size: images per batch.

        Returns:
            The last loss of each network and its terms, scalars.
        """
        losses = self._update_discriminator(data, batch_size)
        for update in range(1, STREAMS):
            losses |= self._update_generator(data, batch_size, update)
        self.step.assign_add(1)
        if self.average:
            self.average.update()
        return losses

    def settle(self) -> None:
        """Give the generator the average of its weights over the steps, where one is kept."""
        if self.average:
            self.average.settle()

    def _update_discriminator(self, data: TrainingImages, batch_size: int) -> dict:
        batch = self._draw_batch(data, batch_size, stream=0)
        replacement = self._draw_identities(batch_size, stream=0)
        privatized = self._privatize(batch.images, replacement, stream=0, training=False)[0]
        soft_real = self._draw_targets(batch_size, 0.9, 1.0, what=3)
        soft_fake = self._draw_targets(batch_size, 0.0, 0.1, what=4)
        with tf.GradientTape() as tape:
            real, *known = self._judge(batch.images)
            labels = self._miss_labels(known, batch)
            terms = (realism_loss(soft_real, real), *labels.values())
            loss_real = _weigh(self._discriminator_weights, terms)
        self._improve_discriminator(tape, loss_real)
        with tf.GradientTape() as tape:
            loss_fake = realism_loss(soft_fake, self._judge(privatized)[0])
        self._improve_discriminator(tape, loss_fake)
        return {
            "discriminator_real": loss_real,
            "discriminator_privatized": loss_fake,
            **{f"discriminator_{name}": term for name, term in labels.items()},
        }

    def _update_generator(self, data: TrainingImages, batch_size: int, stream: int) -> dict:
        batch = self._draw_batch(data, batch_size, stream)
        replacement = self._draw_identities(batch_size, stream)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.generator_variables)
            privatized, mean, log_variance = self._privatize(
                batch.images, replacement, stream=stream, training=True
            )
            terms = self._miss(self._judge(privatized), replacement, batch, privatized)
            terms |= {"latent": latent_loss(mean, log_variance)}
            loss = _weigh(self._generator_weights, tuple(terms.values()))
        variables = self.generator_variables
        gradients = tape.gradient(loss, variables)
        self.generator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return {
            "generator": loss,
            **{f"generator_{name}": term for name, term in terms.items()},
            "latent_capacity_bits": measure_capacity(mean, log_variance),
        }

    def _judge(self, images: tf.Tensor) -> list[tf.Tensor]:
        """Return what each head of D predicts."""
        return tf.nest.flatten(self.discriminator(images, training=True))

    def _miss_labels(self, known: list[tf.Tensor], batch: TrainingImages) -> dict[str, tf.Tensor]:
        """Return by how much D's heads after the first miss the labels of real images."""
        who, which = known
        return {"identity": class_loss(batch.identity, who), "task": class_loss(batch.task, which)}

    def _miss(
        self,
        heads: list[tf.Tensor],
        replacement: tf.Tensor,
        batch: TrainingImages,
        privatized: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Return by how much each head of D misses what the generator wants it to predict."""
        real, who, which = heads
        if not self._saturating:
            return {
                "realism": realism_loss(tf.ones_like(real), real),
                "identity": class_loss(replacement, who),
                "task": class_loss(batch.task, which),
            }
        wanted = {
            "realism": real[:, 0],
            "identity": tf.gather(who, replacement, batch_dims=1),
            "task": tf.gather(which, batch.task, batch_dims=1),
        }
        return {name: saturating_loss(probability) for name, probability in wanted.items()}

    def _privatize(self, images, replacement, *, stream: int, training: bool):
        mean, log_variance = self.encoder(images, training=training)
        noise = tf.random.stateless_normal(tf.shape(mean), self._step_seed(stream, 2))
        latent = mean + standard_deviation(log_variance) * noise
        return self._decode(latent, replacement, training=training), mean, log_variance

    def _decode(self, latent: tf.Tensor, replacement: tf.Tensor, *, training: bool) -> tf.Tensor:
        one_hot = tf.one_hot(replacement, self._identities)
        return self.decoder([latent, one_hot], training=training)

    def _draw_batch(self, data: TrainingImages, batch_size: int, stream: int) -> TrainingImages:
        rows = tf.random.experimental.stateless_shuffle(
            tf.range(tf.shape(data.images)[0]), self._step_seed(stream, 0)
        )[:batch_size]
        return data._make(tf.gather(array, rows) for array in data)

    def _draw_identities(self, batch_size: int, stream: int) -> tf.Tensor:
        return tf.random.stateless_uniform(
            (batch_size,), self._step_seed(stream, 1), 0, self._identities, tf.int32
        )

    def _draw_targets(self, batch_size: int, low: float, high: float, *, what: int) -> tf.Tensor:
        return tf.random.stateless_uniform((batch_size, 1), self._step_seed(0, what), low, high)

    def _step_seed(self, stream: int, what: int) -> tf.Tensor:
        """Return a seed of this step alone, so that a resumed training draws the same."""
        first = tf.constant(self._seed * 1000 + stream * 10 + what, tf.int64)
        return tf.stack([first, self.step])

    def _improve_discriminator(self, tape: tf.GradientTape, loss: tf.Tensor) -> None:
        # Zeros for the heads that a loss lacks: the reference's zero weights give the same,
        # and RMSprop's running mean of squares shrinks by them.
        variables = self.discriminator.trainable_variables
        gradients = tape.gradient(
            loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        self.discriminator_optimizer.apply_gradients(zip(gradients, variables, strict=True))


def _weigh(weights: tuple[float, ...], terms: tuple[tf.Tensor, ...]) -> tf.Tensor:
    return sum(weight * term for weight, term in zip(weights, terms, strict=True))


def standard_deviation(log_variance: tf.Tensor) -> tf.Tensor:
    """Return what the latent noise is multiplied with: exp(s²/2), as the reference trains it.

    The reference's `img_applications.py` has exp(s/2) instead, the textbook form.
    """
    return tf.exp(tf.square(log_variance) / 2)


def measure_capacity(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Return how many bits at most one released latent code carries about its image.

    Each unit is a channel with Gaussian noise, so that .5 log2 of the code's variance over that of
    its noise bounds it, and the sum over the units all of them (Cover and Thomas, Elements of
    Information Theory, chapter 9). Variances are those of the batch.

    Args:
        mean, log_variance: (N, 128), as the encoder gives them.
    """
    noise = tf.square(standard_deviation(log_variance))
    code = tf.math.reduce_variance(mean, axis=0) + tf.reduce_mean(noise, axis=0)
    nats = tf.math.log(code) - tf.reduce_mean(tf.math.log(noise), axis=0)
    return 0.5 * tf.reduce_sum(nats) / tf.math.log(2.0)
