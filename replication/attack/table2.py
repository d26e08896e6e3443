"""Table 2: how far the privacy of Table 1 can be believed, and whether the sign survives.

Ours, beside the paper's Table 1, by the three requirements of a privatized explanation that the
paper names (§1): privacy of all patients, the replaced among them, explanatory evidence, and
intelligibility (image quality). The rows are the methods, the originals, and noise, which shows
nothing of anyone. A summary has each requirement by its worst measure: ours, a method is as private
as its worst leak and shows as much of the sign as the measure that finds least of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pandas as pd

from replication.privatize.methods import BASELINE
from validation.claims.requirements_claim import EVIDENCE, PRIVACY, QUALITY
from validation.statistics.patient_sums import Statistic, average_images

NOISE = "noise"
AT_MOST = "proven_identity_at_most"  # what codes prove (`attack.proven`); also _with, _without


class Requirement(StrEnum):
    """What the paper requires of a privatized explanation (§1): privacy of both who are in it."""

    PATIENT = "privacy of the patient"
    REPLACED = "privacy of the replaced"
    EVIDENCE = "explanatory evidence"
    QUALITY = "intelligibility"


class Scale(StrEnum):
    """On which a number is about normal."""

    LOGIT = "logit"  # of rates in [0, 1]
    LINEAR = "linear"


@dataclass(frozen=True)
class Measure:
    """One column of the table.

    Args:
        name: in files.
        requirement: what it is about.
        heading: in words.
        fraction: whether it is a fraction of images: written in percent, with an interval that
            contains the exact binomial one.
        jackknife: of what is about pairs of patients, the scale on which it has an interval by
            leaving out one patient at a time.
    """

    name: str
    requirement: Requirement
    heading: str
    fraction: bool = False
    jackknife: Scale | None = None


def _list_measures() -> tuple[Measure, ...]:
    patient, replaced, evidence, quality = Requirement
    return (
        Measure("identity_static", patient, "static network (as the paper)", fraction=True),
        Measure("identity_best", patient, "best retrained attacker", fraction=True),
        Measure("identity_person", patient, "best, all images of a patient", fraction=True),
        Measure("identity_best_with", patient, "best retrained, eyes with glaucoma", fraction=True),
        Measure("identity_best_without", patient, "best retrained, eyes without", fraction=True),
        Measure(AT_MOST, patient, "proven at most, single images", fraction=True),
        Measure(f"{AT_MOST}_with", patient, "proven at most, eyes with glaucoma", fraction=True),
        Measure(f"{AT_MOST}_without", patient, "proven at most, eyes without", fraction=True),
        Measure("identity_lda_image", patient, "LDA, image", fraction=True),
        Measure("identity_lda_crop", patient, "LDA, central crop", fraction=True),
        Measure("identity_nearest", patient, "nearest neighbour", fraction=True),
        Measure("identity_lowest_bit", patient, "lowest bits", fraction=True),
        Measure("identity_undone_lda", patient, "undone, then LDA", fraction=True),
        Measure("identity_undone_static", patient, "undone, then static network", fraction=True),
        Measure("identity_lda_network", patient, "LDA, identity network's block", fraction=True),
        *_list_unseen(),
        Measure("linked_20", patient, "linked in a crowd of 20, one image", fraction=True),
        Measure("linked_all", patient, "linked among all, all images", fraction=True),
        Measure("singled_out", patient, "singled out of 20, all images", fraction=True),
        Measure("membership_identity", patient, "membership AUC, identity network"),
        Measure("membership_glaucoma", patient, "membership AUC, glaucoma network"),
        Measure("membership_generator", patient, "membership AUC, generator"),
        Measure("membership_released", replaced, "membership AUC, released images"),
        Measure("used_shown", replaced, "any of the used named, static", fraction=True),
        Measure("used_learned_top1", replaced, "any of the used named, learned", fraction=True),
        Measure("used_solved", replaced, "all of the used solved for", fraction=True),
        Measure("used_auc", replaced, "AUC used / unused, static"),
        Measure("used_learned_auc", replaced, "AUC used / unused, learned"),
        Measure("nearest_used", replaced, "distance to nearest used"),
        Measure("nearest_training", replaced, "distance to nearest training image"),
        Measure("nearest_is_used", replaced, "nearest is of a used one", fraction=True),
        Measure("near_copies", replaced, "near copies", fraction=True),
        Measure("agreement", evidence, "agrees with verdict on original", fraction=True),
        Measure("glaucoma_accuracy", evidence, "glaucoma accuracy", fraction=True),
        Measure("glaucoma_balanced", evidence, "balanced accuracy"),
        Measure("glaucoma_f1", evidence, "F1"),
        Measure("sign_correlation", evidence, "correlation inside the sign"),
        Measure("sign_owed", evidence, "correlation owed to the sign"),
        Measure("sign_kind_auc", evidence, "which kind of sign, AUC"),
        Measure("verdicts_lost", evidence, "called ill no more without the sign (net)"),
        Measure("verdicts_planted", evidence, "called ill with a sign planted (net)"),
        Measure("ssim", quality, "SSIM to the original"),
        Measure("psnr", quality, "PSNR to the original, dB"),
        Measure("sharpness", quality, "sharpness / real"),
        Measure("kid", quality, "kernel distance / real", jackknife=Scale.LINEAR),
    )


def _list_unseen() -> Iterator[Measure]:
    """Yield verification of patients whom no attacker has learned, by whose embedding it is."""
    titles = {
        "lda": "LDA",
        "releases": "LDA, releases alone",
        "evaluator": "evaluator",
        "siamese": "Siamese",
    }
    for name, title in titles.items():
        for rate, heading in (("auc", "AUC"), ("eer", "EER"), ("tar", "TAR at FAR 0.1%")):
            text = f"unseen patients, {heading}, {title}"
            yield Measure(f"unseen_{name}_{rate}", Requirement.PATIENT, text, jackknife=Scale.LOGIT)


MEASURES = {measure.name: measure for measure in _list_measures()}


@dataclass(frozen=True)
class Entry:
    """One number of the table before its interval, and on how many images and patients it rests."""

    statistic: Statistic  # for any weighting of the test patients
    chance: float | None  # its value where nothing is shown
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
        statistic: Statistic,
        *,
        chance: float | None = None,
        rows: np.ndarray | None = None,
    ) -> None:
        """Add a number that rests on some of the test images (`rows`, a mask), or on all."""
        own = self.patients if rows is None else self.patients[rows]
        self.entries[method, measure] = Entry(statistic, chance, len(own), len(np.unique(own)))

    def add_mean(
        self, method: str, measure: str, values: np.ndarray, *, chance: float | None = None
    ) -> None:
        """Add a mean of (N,) or (N, draws) values, NaN where an image has none; none, no entry."""
        by_draw = np.asarray(values, dtype=float).reshape(len(self.patients), -1)
        rows = ~np.isnan(by_draw).all(axis=1)
        if rows.any():
            mean = average_images(by_draw, self.patients)
            self.add(method, measure, mean, chance=chance, rows=rows)


LEAKS = (
    "identity_best",
    "identity_person",
    "identity_best_with",
    "identity_best_without",
    "unseen_lda_auc",
    "unseen_releases_auc",
    "unseen_evaluator_auc",
    "unseen_siamese_auc",
    "linked_all",
    "singled_out",
    "used_shown",
    "used_learned_top1",
    "used_solved",
    "used_auc",
    "used_learned_auc",
    "membership_released",
    "near_copies",
)
# Verdicts on labels are no evidence: they count, but only beside what is known of the sign.
OF_SIGN = ("sign_correlation", "sign_owed", "sign_kind_auc", "verdicts_lost")
SHOWN = ("glaucoma_balanced", *OF_SIGN)
# SSIM and PSNR to the original are highest for an image that hides nothing, so they don't count.
REALISTIC = ("sharpness", "kid")


def find_worst_leaks(rows: Sequence[Mapping], method: str, victim: Requirement) -> list[Mapping]:
    """Return what shows most of one victim in a method's images, the furthest from chance.

    Args:
        rows: of `table2.json`.
        method: its name.
        victim: the patient or the replaced.

    Returns:
        The worst fraction of images, the paper's own network counting as an attacker too, and the
        worst area under a curve; of either none where it was not measured.
    """
    found = [
        row
        for row in rows
        if row["method"] == method
        and row["measure"] in ("identity_static", *LEAKS)
        and MEASURES[row["measure"]].requirement is victim
        and not np.isnan(_scale_privacy(row, None))
    ]
    kinds = (
        [r for r in found if MEASURES[r["measure"]].fraction is kind] for kind in (True, False)
    )
    return [
        min(own, key=lambda row: (_scale_privacy(row, None), -row["value"])) for own in kinds if own
    ]


def summarise_methods(numbers: pd.DataFrame, *, attacked: bool) -> pd.DataFrame:
    """Find each method's worst measure for each requirement, every measure from 0 to 1.

    Args:
        numbers: of `Table2Intervals.list_numbers`.
        attacked: whether the attackers were good enough; where not, privacy is not measured.

    Returns:
        One row per method and requirement: method, requirement, measure (the worst one), value,
        low, high, chance, and share, in [0, 1]: privacy is 1 at chance and 0 where all patients are
        recognised, evidence 1 as in the original and 0 at chance, intelligibility 1 as real eyes.
        All are empty where nothing was measured; of evidence, where no sign's place is known; of
        privacy, where the attackers weren't good enough.
    """
    by_cell = {(row["method"], row["measure"]): row for row in numbers.to_dict("records")}
    methods = [name for name in dict.fromkeys(numbers["method"]) if name != NOISE]
    return pd.DataFrame([row for name in methods for row in _summarise(name, by_cell, attacked)])


def _summarise(method: str, by_cell: dict, attacked: bool) -> Iterator[dict]:
    scales: tuple[tuple[str, tuple[str, ...], Callable], ...] = (
        (PRIVACY, LEAKS, _scale_privacy),
        (EVIDENCE, SHOWN, _scale_evidence),
        (QUALITY, REALISTIC, _scale_quality),
    )
    for requirement, names, scale in scales:
        scaled = {
            name: scale(by_cell[method, name], by_cell.get((BASELINE, name)))
            for name in names
            if (method, name) in by_cell
        }
        measured = {name: value for name, value in scaled.items() if not np.isnan(value)}
        known = {
            PRIVACY: attacked,
            EVIDENCE: any(name in measured for name in OF_SIGN),
            QUALITY: True,
        }[requirement]
        worst = min(measured, key=measured.get) if measured and known else None
        row = by_cell.get((method, worst), {})
        yield {
            "method": method,
            "requirement": requirement,
            "measure": worst,
            **{name: row.get(name) for name in ("value", "low", "high", "chance")},
            "share": measured[worst] if worst else None,
        }


def _scale_privacy(row: Mapping, original: Mapping | None) -> float:
    """Return 1 at chance and 0 where all are recognised; NaN where chance recognises all."""
    chance = 0.0 if _is_missing(row["chance"]) else row["chance"]
    return np.nan if chance >= 1 else _clip(1 - (row["value"] - chance) / (1 - chance))


def _scale_evidence(row: dict, original: dict | None) -> float:
    """Return 1 as in the original and 0 at chance."""
    if original is None or _is_missing(row["chance"]) or _is_missing(original["chance"]):
        return np.nan
    most = original["value"] - original["chance"]
    return _clip((row["value"] - row["chance"]) / most) if most > 0 else np.nan


def _scale_quality(row: dict, original: dict | None) -> float:
    """Return 1 for a ratio of 1 to real eyes, less above; less below too, but for a distance."""
    value = row["value"]
    if row["measure"] == "kid":
        return 1 / max(value, 1.0)
    return _clip(min(value, 1 / value)) if value > 0 else 0.0


def _clip(value: float) -> float:
    return float(np.clip(value, 0, 1))


def _is_missing(value: float | None) -> bool:
    return value is None or np.isnan(value)
