"""Table 2: how far the privacy of Table 1 can be believed, and whether the sign survives.

Ours, beside the paper's Table 1, by the three requirements of a privatized explanation that the
paper names (§1): privacy of all patients, the replaced among them, explanatory evidence, and
intelligibility. The rows are the methods, the originals, and noise, which shows nothing of anyone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from validation.patient_figures import Figure, average_images

NOISE = "noise"


class Requirement(StrEnum):
    """What the paper asks of a privatized explanation (§1), privacy of both who are in it."""

    PATIENT = "privacy of the patient"
    REPLACED = "privacy of the replaced"
    EVIDENCE = "explanatory evidence"
    INTELLIGIBILITY = "intelligibility"


@dataclass(frozen=True)
class Measure:
    """One column of the table.

    Args:
        name: in files.
        requirement: what it is about.
        heading: in words.
        better: "low" or "high"; "" where neither is better as such.
        share: whether it is a share of images: read in percent, with an interval that contains
            the exact binomial one.
        log: whether it is a distance whose logarithm has an interval, by jackknife: replicates
            that draw a patient twice are farther from everything, and theirs needn't contain it.
    """

    name: str
    requirement: Requirement
    heading: str
    better: str = "low"
    share: bool = False
    log: bool = False


def _list_measures() -> tuple[Measure, ...]:
    patient, replaced, evidence, looks = Requirement
    return (
        Measure("identity_static", patient, "static network (as the paper)", share=True),
        Measure("identity_best", patient, "best retrained attacker", share=True),
        Measure("identity_best_with", patient, "best retrained, eyes with glaucoma", share=True),
        Measure("identity_best_without", patient, "best retrained, eyes without", share=True),
        Measure("identity_lda_image", patient, "LDA, image", share=True),
        Measure("identity_lda_crop", patient, "LDA, central crop", share=True),
        Measure("identity_nearest", patient, "nearest neighbour", share=True),
        Measure("identity_cnn", patient, "evaluator CNN, retrained", share=True),
        Measure("evaluator_auc", patient, "verification AUC, evaluator"),
        Measure("evaluator_eer", patient, "EER, evaluator", "high"),
        Measure("siamese_auc", patient, "verification AUC, Siamese"),
        Measure("siamese_eer", patient, "EER, Siamese", "high"),
        Measure("used_shown", replaced, "any of the used named", share=True),
        Measure("used_lift", replaced, "used named over chance"),
        Measure("used_auc", replaced, "AUC used / unused"),
        Measure("nearest_used", replaced, "distance to nearest used", "high"),
        Measure("nearest_training", replaced, "distance to nearest training image", "high"),
        Measure("nearest_is_used", replaced, "nearest is of a used one", share=True),
        Measure("near_copies", replaced, "near copies", share=True),
        Measure("agreement", evidence, "agrees with verdict on original", "high", share=True),
        Measure("glaucoma_accuracy", evidence, "glaucoma accuracy", "high", share=True),
        Measure("glaucoma_balanced", evidence, "balanced accuracy", "high"),
        Measure("glaucoma_f1", evidence, "F1", "high"),
        Measure("sign_correlation", evidence, "correlation inside the sign", "high"),
        Measure("sign_owed", evidence, "correlation owed to the sign", "high"),
        Measure("sign_kind_auc", evidence, "which kind of sign, AUC", "high"),
        Measure(
            "verdicts_changed", evidence, "verdicts changed without the sign", "high", share=True
        ),
        Measure("ssim", looks, "SSIM to the original", "high"),
        Measure("psnr", looks, "PSNR to the original, dB", "high"),
        Measure("sharpness", looks, "sharpness / real", ""),
        Measure("frechet", looks, "Fréchet distance / real", log=True),
    )


MEASURES = {measure.name: measure for measure in _list_measures()}


@dataclass(frozen=True)
class Entry:
    """One number of the table before its interval.

    Args:
        figure: for any weighting of the test patients.
        chance: what says nothing, or None.
        images, patients: that it rests on.
    """

    figure: Figure
    chance: float | None
    images: int
    patients: int


@dataclass
class Table2:
    """The entries by method and measure, as they are measured.

    Args:
        patients: (N,) of whom each test image is.
    """

    patients: np.ndarray
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)

    def add(
        self,
        method: str,
        measure: str,
        figure: Figure,
        *,
        chance: float | None = None,
        rows: np.ndarray | None = None,
    ) -> None:
        """Add a number that rests on some of the test images (`rows`, a mask), or on all."""
        own = self.patients if rows is None else self.patients[rows]
        self.entries[method, measure] = Entry(figure, chance, len(own), len(np.unique(own)))

    def add_mean(
        self, method: str, measure: str, values: np.ndarray, *, chance: float | None = None
    ) -> None:
        """Add a mean of (N,) or (N, draws) values, NaN where an image has none; none, no entry."""
        by_draw = np.asarray(values, dtype=float).reshape(len(self.patients), -1)
        rows = ~np.isnan(by_draw).all(axis=1)
        if rows.any():
            figure = average_images(by_draw, self.patients)
            self.add(method, measure, figure, chance=chance, rows=rows)
