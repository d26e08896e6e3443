"""What the paper leaves open and needs no training: one other choice than ours for each.

The sources of ours stand in docs/departures.md. Each other choice is a privatizer's other arguments,
or another way to count the predictions of the same images.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from replication.privatize.methods import Method, Pool
from replication.records import Generator
from validation.claims.table1_claims import AVERAGED, BLURS, DIFFERENT, K_SAMES, REPLACED
from validation.statistics.intervals import F1, Cell
from validation.statistics.patient_sums import Ratio, sum_by_patient

# OpenCV's sigma for the largest kernel, 21: 0.3 * ((21 - 1) / 2 - 1) + 0.8.
WIDEST_SIGMA_PX = 3.5

Sums = Mapping[Cell, Ratio]  # what each number needs, by patient
Change = Callable[[Method, Generator | None], dict]  # other arguments of a method's privatizer
Count = Callable[[pd.DataFrame], Sums]  # of the predictions of the fork's methods


@dataclass(frozen=True)
class Fork:
    """One choice that the paper leaves open.

    Args:
        name: short, for a table.
        question: what the paper doesn't state.
        ours, other: what this package does, and what it could do.
        methods: whose numbers the other choice may move.
        change: the privatizers' other arguments; None where the same images are counted anew.
        count: the numbers of these predictions.
    """

    name: str
    question: str
    ours: str
    other: str
    methods: tuple[str, ...]
    change: Change | None = None
    count: Count = sum_by_patient


@dataclass(frozen=True)
class TextbookSampling:
    """A generator whose noise has the standard deviation exp(s/2) in place of exp(s²/2).

    s is what the encoder returns for it, in [0, 1] (a sigmoid), so that exp(s²/2) gives it back.
    """

    generator: Generator

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation, (N, Z) each."""
        mean, std = self.generator.encode(images)
        s = np.sqrt(2 * np.log(np.maximum(std, 1)))
        return mean, np.exp(s / 2)

    def decode(self, latent: np.ndarray, identity: np.ndarray) -> np.ndarray:
        """Return what the generator does."""
        return self.generator.decode(latent, identity)


def count_originals_too(predictions: pd.DataFrame) -> Sums:
    """Return replacement accuracies where the original identity counts among those used."""
    own = predictions["predicted_identity"] == predictions["identity"]
    shown = predictions["replacement_shown"].astype(bool) | own
    sums = sum_by_patient(predictions.assign(replacement_shown=shown))
    return {cell: ratio for cell, ratio in sums.items() if cell[1] == "replacement_accuracy"}


def pool_draws(predictions: pd.DataFrame) -> Sums:
    """Return the numbers where F1 is that of all draws together, not the mean of each draw's."""
    return {
        cell: Ratio(*(part.sum(axis=1, keepdims=True) for part in (ratio.top, ratio.bottom)))
        for cell, ratio in sum_by_patient(predictions).items()
        if cell[1] == F1
    }


FORKS: tuple[Fork, ...] = (
    Fork(
        "blur: sigma by kernel",
        "the blur's sigma",
        "OpenCV's for each kernel",
        "a sixth of the kernel",
        BLURS,
        lambda method, _: {"sigma_px": method.privatize.keywords["kernel_px"] / 6},
    ),
    Fork(
        "blur: one sigma",
        "the blur's sigma",
        "OpenCV's for each kernel",
        f"{WIDEST_SIGMA_PX} px for all, OpenCV's for the largest kernel",
        BLURS,
        lambda *_: {"sigma_px": WIDEST_SIGMA_PX},
    ),
    Fork(
        "blur: borders",
        "what lies beyond the border of a blurred image",
        "its mirror image, OpenCV's default",
        "the border's pixels again and again",
        BLURS,
        lambda *_: {"border": cv2.BORDER_REPLICATE},
    ),
    Fork(
        "K-Same: own patient",
        "whether the query's own patient may be among the K",
        "they may not",
        "they may",
        K_SAMES,
        lambda *_: {"own_patient": True},
    ),
    Fork(
        "single: no self",
        "whether a patient may be replaced by themselves in single images",
        "they may",
        "they may not",
        REPLACED,
        lambda *_: {"others_only": True},
    ),
    Fork(
        "different: other label too",
        '"a different pathology" for patients with eyes of both kinds',
        "patients with no training image of the query's label",
        "patients with a training image of the other label",
        (DIFFERENT,),
        lambda *_: {"pool": Pool.OTHER_PATHOLOGY_TOO},
    ),
    Fork(
        "averaged: of all",
        "whose the other five identities of an averaged image are",
        "others than the original",
        "any, the original among them",
        AVERAGED,
        lambda *_: {"others_only": False},
    ),
    Fork(
        "averaged: six used",
        'which identities of an averaged image are "used"',
        "the five replacements",
        "all six, the original too",
        AVERAGED,
        count=count_originals_too,
    ),
    Fork(
        "latent: textbook noise",
        "the standard deviation of the latent noise when images are made",
        "exp(s²/2), as the reference trains",
        "exp(s/2), as the reference's script makes images",
        (*REPLACED, *AVERAGED),
        lambda _, generator: {"generator": TextbookSampling(generator)},
    ),
    Fork(
        "8 bit: floats",
        "whether generated images are rounded to 8 bits",
        "they are",
        "they are not",
        (*REPLACED, *AVERAGED),
        lambda *_: {"rounded": False},
    ),
    Fork(
        "F1: pooled",
        "whether F1 is averaged over draws",
        "the mean of each draw's",
        "that of all draws together",
        (*REPLACED, *AVERAGED),
        count=pool_draws,
    ),
)
