"""What privatized images can tell of patients, measured before they or their generator are shared.

Three figures per method: how often the identity network names the patient, how often it names
somebody whose likeness went in, and how near the images are to those that were learned from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from replication.records import PrivatizedSet

GRAY_LEVELS = 127.5  # of 255, per unit of an image in [-1, 1]
SAME = 0.5  # ours: gray levels below which rounding alone tells two images apart


@dataclass(frozen=True)
class Leaks:
    """What one method's images tell; accuracies are fractions, distances in gray levels of 255.

    Args:
        method: a name of `replication.privatize.METHODS`.
        identity: share of images in which the identity network names the patient.
        identity_chance: the same for a network that guesses.
        replacement: share in which it names one whose likeness went in; None where there is none.
        replacement_chance: the same for a guess.
        nearest: median root mean square distance to the nearest training image.
        nearest_original: the same of the test originals, which nobody learned from.
        copies: images that are a training image.
    """

    method: str
    identity: float
    identity_chance: float
    replacement: float | None
    replacement_chance: float | None
    nearest: float
    nearest_original: float
    copies: int

    def __str__(self) -> str:
        """Return one sentence."""
        replacement = (
            "nobody else's likeness went in"
            if self.replacement is None
            else f"one whose likeness went in {100 * self.replacement:.1f}% "
            f"(guessing: {100 * self.replacement_chance:.1f}%)"
        )
        return (
            f"{self.method}: the identity network names the patient in {100 * self.identity:.1f}% "
            f"of the images (guessing: {100 * self.identity_chance:.1f}%), {replacement}; the "
            f"nearest training image is {self.nearest:.1f} gray levels away, the median (test "
            f"originals: {self.nearest_original:.1f}), {self.copies} are copies of one"
        )


def measure_leaks(
    judged: PrivatizedSet,
    predictions: pd.DataFrame,
    *,
    training: np.ndarray,
    originals: np.ndarray,
    identities: int,
) -> Leaks:
    """Measure one privatized set.

    Args:
        judged: the set, of whose method all draws are in the predictions.
        predictions: of `replication.evaluate.evaluate_sets`.
        training: (M, H, W, C) images that were learned from, float32 in [-1, 1].
        originals: (N, H, W, C) test images.
        identities: number of patients.
    """
    seen = predictions[predictions["method"] == judged.method]
    used = judged.used_identities
    nearest = find_nearest(judged.images, training)
    return Leaks(
        judged.method,
        identity=float((seen["predicted_identity"] == seen["identity"]).mean()),
        identity_chance=1 / identities,
        replacement=None if used is None else float(seen["replacement_shown"].astype(bool).mean()),
        replacement_chance=None if used is None else min(1.0, used.shape[1] / identities),
        nearest=float(np.median(nearest)),
        nearest_original=float(np.median(find_nearest(originals, training))),
        copies=int((nearest < SAME).sum()),
    )


def find_nearest(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return each image's root mean square distance to the nearest of the others.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        others: (M, H, W, C) float32 in [-1, 1].

    Returns:
        (N,) gray levels of 255.
    """
    flat, flat_others = (array.reshape(len(array), -1) for array in (images, others))
    nearest = [np.square(flat_others - image).mean(axis=1).min() for image in flat]
    return GRAY_LEVELS * np.sqrt(np.array(nearest))
