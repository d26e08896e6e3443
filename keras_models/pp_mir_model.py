"""PP-MIR, the authors' own next step: a PPRL-VGAN that paints nobody and keeps the iris.

After Montenegro, Silva and Cardoso, "Privacy-preserving generative adversarial network for case-based
explainability in medical image analysis" (IEEE Access 9, 2021), and the authors' `pp-mir.py`. Encoder,
sampling and decoder are PPRL-VGAN's; neither a replacement identity nor a label goes in. Beside the
latent's distribution the generator learns to look real to a discriminator of real and privatized
alone; to be nobody to a trained identity network, whose prediction is pushed towards an even one; to
get a trained glaucoma network's prediction of the original; and to be the original inside the iris,
pixel by pixel. The two trained networks stay as they are.

Departures: the encoder isn't given the iris's mask; the discriminator learns by PPRL-VGAN's
cross-entropy, and not as a Wasserstein critic with a penalty on its gradient; and the even
distribution has no noise.
"""

from typing import NamedTuple

import tensorflow as tf
from keras import Model

from keras_models.vgan_losses import agreement_loss, even_loss, iris_loss, realism_loss
from keras_models.vgan_model import PprlVgan


class IrisImages(NamedTuple):
    """The whole training set in memory."""

    images: tf.Tensor  # (N, H, W, C) float32 in [-1, 1]
    iris: tf.Tensor  # (N, H, W) bool, the pixels to be kept


class PpMir(PprlVgan):
    """Networks, optimisers and random state of one training; all of it can be checkpointed.

    Args:
        given: arguments of `PprlVgan`: no identities; the generator's weights are of realism,
            identity, task, iris and latent, the discriminator's of realism.
        identify, diagnose: the trained networks of identity and of glaucoma, from images to
            probabilities.
    """

    def __init__(self, *given: object, identify: Model, diagnose: Model, **more: object) -> None:
        super().__init__(*given, **more)
        self._identify = identify
        self._diagnose = diagnose

    def _miss_labels(self, known: list[tf.Tensor], batch: IrisImages) -> dict[str, tf.Tensor]:
        return {}

    def _miss(
        self,
        heads: list[tf.Tensor],
        replacement: None,
        batch: IrisImages,
        privatized: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        (real,) = heads
        wanted = self._diagnose(batch.images, training=False)
        return {
            "realism": realism_loss(tf.ones_like(real), real),
            "identity": even_loss(self._identify(privatized, training=False)),
            "task": agreement_loss(wanted, self._diagnose(privatized, training=False)),
            "iris": iris_loss(batch.images, privatized, batch.iris),
        }

    def _decode(self, latent: tf.Tensor, replacement: None, *, training: bool) -> tf.Tensor:
        return self.decoder(latent, training=training)

    def _draw_identities(self, batch_size: int, stream: int) -> None:
        return None
