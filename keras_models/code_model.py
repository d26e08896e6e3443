"""The training step of the evidence code's generator (`keras_models.code_networks`).

Ours. One update of the discriminator, then one of the generator, both by the hinge loss (Lim and Ye,
"Geometric GAN", 2017; Miyato and Koyama, ICLR 2018). Few images are a training set here, so the
discriminator sees real and drawn ones augmented alike, by whole pixels, or it would miss a checkerboard
(Zhao et al., "Differentiable augmentation for
data-efficient GAN training", NeurIPS 2020), and its gradient on real ones is held down (R1: Mescheder
et al., ICML 2018). What the generator is for are two further terms, as in the paper's Equation 2: the
discriminator's third head has to find the code, and its second head to find nobody: its prediction of
who of the training patients is shown is pushed towards all of them equally.
"""

from typing import NamedTuple

import tensorflow as tf

from keras_models.augmentation import augment
from keras_models.averaging import MovingAverage
from keras_models.code_networks import LATENT_UNITS, build_code_decoder, build_code_discriminator
from keras_models.optimizers import Adam

BETAS = {"beta_1": 0.0, "beta_2": 0.99}
PENALTY_EVERY = 8  # updates of the discriminator between two that hold its gradient down


class CodedImages(NamedTuple):
    """The whole training set in memory."""

    images: tf.Tensor  # (N, H, W, 1) float32 in [-1, 1]
    identity: tf.Tensor  # (N,) int32
    code: tf.Tensor  # (N,) int32, 0 where there is nothing to show
    log_share: tf.Tensor  # (N,) float32, logarithm of how often each is drawn


class CodeGan(tf.Module):
    """Networks, optimisers and random state of one training; all of it can be checkpointed.

    Args:
        codes: number of codes, 0 among them.
        identities: number of training patients.
        image_shape: (H, W, 1), H and W multiples of 16.
        learning_rate: of both networks.
        identity_weight, code_weight: of the generator's second and third term.
        penalty: of the discriminator's squared gradient on real images.
        averaging: how much of the decoder's average each step keeps, in [0, 1).
        seed: of the initial weights and everything that a step draws.
    """

    def __init__(
        self,
        codes: int,
        identities: int,
        image_shape: tuple[int, int, int],
        *,
        learning_rate: float,
        identity_weight: float,
        code_weight: float,
        penalty: float,
        averaging: float,
        seed: int,
    ) -> None:
        super().__init__(name="code_gan")
        self.decoder = build_code_decoder(codes, image_shape, seed=2 * seed)
        self.discriminator = build_code_discriminator(
            codes, identities, image_shape, seed=2 * seed + 1
        )
        self.generator_optimizer, self.discriminator_optimizer = (
            Adam(learning_rate, **BETAS) for _ in range(2)
        )
        self.average = MovingAverage(self.decoder.weights, kept=averaging)
        self.step = tf.Variable(0, dtype=tf.int64, name="step")
        self._codes = codes
        self._identity_weight = identity_weight
        self._code_weight = code_weight
        self._penalty = penalty
        self._seed = seed

    def train_step(self, data: CodedImages, batch_size: int) -> dict[str, tf.Tensor]:
        """Make one step: an update of the discriminator, then one of the generator.

        Args:
            data: the training set, from which the step draws its own batches.
            batch_size: images per batch.

        Returns:
            The losses and the generator's terms, scalars.
        """
        penalised = int(self.step.numpy()) % PENALTY_EVERY == 0
        losses = self._update_discriminator(data, batch_size, penalised)
        losses |= self._update_generator(data, batch_size)
        self.step.assign_add(1)
        self.average.update()
        return losses

    def settle(self) -> None:
        """Give the decoder the average of its weights over the steps."""
        self.average.settle()

    @tf.function(reduce_retracing=True)
    def _update_discriminator(self, data: CodedImages, batch_size: int, penalised: bool) -> dict:
        images, identity, code = self._draw_batch(data, batch_size, what=0)
        shown = tf.one_hot(code, self._codes)
        drawn = self._draw_images(shown, what=1, training=False)
        images = augment(images, self._step_seed(2), whole_pixels=True)
        drawn = augment(drawn, self._step_seed(3), whole_pixels=True)
        with tf.GradientTape() as tape:
            if penalised:
                with tf.GradientTape() as inner:
                    inner.watch(images)
                    real, who, which = self.discriminator([images, shown], training=True)
                slope = tf.reduce_sum(inner.gradient(real, images) ** 2, axis=(1, 2, 3))
                penalty = self._penalty / 2 * PENALTY_EVERY * tf.reduce_mean(slope)
            else:
                real, who, which = self.discriminator([images, shown], training=True)
                penalty = 0.0
            fake = self.discriminator([drawn, shown], training=True)[0]
            realism = tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + fake))
            known = _cross_entropy(identity, who)
            found = _cross_entropy(code, which)
            loss = realism + known + found + penalty
        _improve(self.discriminator_optimizer, tape, loss, self.discriminator.trainable_variables)
        return {
            "discriminator_realism": realism,
            "discriminator_identity": known,
            "discriminator_code": found,
        }

    @tf.function(reduce_retracing=True)
    def _update_generator(self, data: CodedImages, batch_size: int) -> dict:
        code = self._draw_batch(data, batch_size, what=4)[2]
        shown = tf.one_hot(code, self._codes)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.decoder.trainable_variables)
            drawn = self._draw_images(shown, what=5, training=True)
            drawn = augment(drawn, self._step_seed(6), whole_pixels=True)
            real, who, which = self.discriminator([drawn, shown], training=True)
            realism = -tf.reduce_mean(real)
            # Cross-entropy with the even distribution, above its least value.
            anybody = -tf.reduce_mean(tf.nn.log_softmax(who)) - tf.math.log(float(who.shape[-1]))
            found = _cross_entropy(code, which)
            loss = realism + self._identity_weight * anybody + self._code_weight * found
        _improve(self.generator_optimizer, tape, loss, self.decoder.trainable_variables)
        return {
            "generator_realism": realism,
            "generator_identity": anybody,
            "generator_code": found,
        }

    def _draw_images(self, shown: tf.Tensor, *, what: int, training: bool) -> tf.Tensor:
        latent = tf.random.stateless_normal(
            (tf.shape(shown)[0], LATENT_UNITS), self._step_seed(what)
        )
        return self.decoder([latent, shown], training=training)

    def _draw_batch(self, data: CodedImages, batch_size: int, *, what: int):
        # stateless_categorical draws with replacement, as often as each image's share.
        rows = tf.random.stateless_categorical(
            data.log_share[None], batch_size, self._step_seed(10 + what)
        )[0]
        return tuple(tf.gather(array, rows) for array in data[:3])

    def _step_seed(self, what: int) -> tf.Tensor:
        """Return a seed of this step alone, so that a resumed training draws the same."""
        return tf.stack([tf.constant(self._seed * 1000 + what, tf.int64), self.step])


def _cross_entropy(target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits)
    )


def _improve(optimizer: Adam, tape: tf.GradientTape, loss: tf.Tensor, variables: list) -> None:
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
