"""Undo, then recognise: learn the way back to the original, and read what comes out.

Whoever can privatize known images has pairs of a release and its original. Ridge regression learns
the way back at half the size, exact for what is linear as blurring is; then recognisers that know
originals alone read the result: discriminant analysis, and the run's identity network. Ours. A
network that learns the way back would take longer for each method than all other attackers.
"""

from math import isqrt

import cv2
import numpy as np

from replication.attack.discriminants import ShrunkDiscriminants
from replication.attack.patient_privacy import NETWORK_DRAWS, IdentityNetwork, Scores
from replication.attack.recognisers import Recogniser
from replication.attack.releases import Releases
from replication.attack.ridge import RidgePath

LDA, NETWORK = "undone_lda", "undone_static"


class WayBack:
    """The way from releases back to originals, and who reads its end.

    Args:
        originals: the training images, each released as it is.
        patients: P, the number of classes of identity.
        static: the identity network; without it, discriminant analysis alone reads.
    """

    def __init__(
        self, originals: Releases, patients: int, static: IdentityNetwork | None = None
    ) -> None:
        self._targets, self._static = originals.shrunk, static
        lda = ShrunkDiscriminants().fit(self._targets, originals.identity)
        self._lda = Recogniser(None, lda, patients)

    def score(
        self, learned: Releases, validation: Releases, test: Releases, restored_validation: Releases
    ) -> dict[str, Scores]:
        """Learn the way back, and return what its readers give what comes out, by name.

        Args:
            learned: releases whose sources are the training images.
            validation: releases, of which the first NETWORK_DRAWS of each source are read.
            test: the same.
            restored_validation: the validation images, each released as it is: the strength of the
                ridge is that which restores them best.
        """
        own = learned.first(NETWORK_DRAWS)
        path = RidgePath(own.shrunk, self._targets[own.source])
        read = [one.first(NETWORK_DRAWS).shrunk for one in (validation, test)]
        wanted = restored_validation.shrunk[validation.first(NETWORK_DRAWS).source]
        undo, _ = path.choose(read[0], lambda found: -float(np.mean((found - wanted) ** 2)))
        restored = [undo(one) for one in read]
        scores = {
            LDA: Scores(*(self._lda.score_features(one) for one in restored), self._lda.log_priors)
        }
        if self._static:
            scores[NETWORK] = Scores(*(self._recognise(one, learned) for one in restored))
        return scores

    def _recognise(self, restored: np.ndarray, learned: Releases) -> np.ndarray:
        """Return the (N, P) log-probabilities of restored images at full size, in all channels."""
        height, width, channels = learned.levels.shape[1:]
        side = isqrt(restored.shape[1])  # half of the image's, or less where that is large
        small = np.clip(restored, -1, 1).reshape(len(restored), side, side)
        gray = np.array([cv2.resize(image, (width, height)) for image in small])
        images = np.repeat(gray[..., None], channels, axis=-1).astype(np.float32)
        probabilities = self._static.embed(images).probabilities
        return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
