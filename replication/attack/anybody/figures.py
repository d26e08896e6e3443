"""Figures with intervals over patients, and verdicts that allow for how many figures are looked at.

Every patient counts the same, whoever has more images: then somebody who names patients without
looking is right, on average, in 1 of the patients known, whomever is named. A verdict looks at
several figures of a victim; each is held against chance at FALSE_ALARMS divided by their number
(Bonferroni), so that a method that shows nothing of anyone is called leaking in at most FALSE_ALARMS
of all cases. Attackers and cells are chosen on other releases, so their number doesn't count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from validation.statistics.intervals import CONFIDENCE, proportion_interval
from validation.statistics.resampling import count_unbelieved, estimate_mean

REPLICATES = 2000
FALSE_ALARMS = 0.05  # ours: of a method that shows nothing, of each victim
BEST, PERSON = "identity_best", "identity_person"
COPIES, SOLVED = "near_copies", "used_solved"
LEARNED_TOP1, LEARNED_AUC = "used_learned_top1", "used_learned_auc"
MEASURES = {
    "identity_static_lda": "LDA, learned from originals",
    "identity_static_nearest": "nearest original",
    "identity_lda_image": "LDA, image",
    "identity_lda_crop": "LDA, central crop",
    "identity_nearest": "nearest release",
    "identity_lowest_bit": "lowest bits",
    BEST: "best attacker",
    PERSON: "best attacker, all images of a patient",
    f"{BEST}_with": "best attacker, with the disease",
    f"{BEST}_without": "best attacker, without the disease",
    COPIES: "near copies of others' images",
    LEARNED_TOP1: "any of the used named, ridge",
    LEARNED_AUC: "area under the curve, used / unused, ridge",
    SOLVED: "all of the used solved for",
}


class Victim(StrEnum):
    """Whose privacy it is."""

    PATIENT = "patient"
    REPLACED = "replaced"


class Found(StrEnum):
    """What is concluded of a victim."""

    LEAKS = "leaks"
    NOTHING = "no attacker above chance"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Figure:
    """One number.

    Args:
        victim: whose privacy.
        measure: name of what is measured.
        attacker: name of who does it, blank where nobody is named.
        reads: how many draws were learned from and releases read, in words.
        value: a mean over patients, in [0, 1].
        low, high: its 95% interval; None where patients are too few for one.
        chance: its value where nothing is shown; None where not known.
        patients, images: on which it rests.
        decides: whether the verdict looks at it.
        above: whether it is above chance, allowing for how many figures are looked at beside it;
            None where it isn't held against chance, or patients are too few.
    """

    victim: Victim
    measure: str
    attacker: str
    reads: str
    value: float
    low: float | None
    high: float | None
    chance: float | None
    patients: int
    images: int
    decides: bool = False
    above: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """What is concluded of a victim, and why in a sentence."""

    victim: Victim
    found: Found
    why: str


def estimate_patients(
    values: np.ndarray,
    *,
    images: int,
    seed: int,
    fraction: bool = True,
    confidence: float = CONFIDENCE,
) -> tuple[float, float | None, float | None, int]:
    """Return mean, low and high over patients, and how many patients these are.

    Args:
        values: (P,) one per patient, NaN for none.
        images: on which they rest, groups of releases.
        seed: of the bootstrap.
        fraction: whether it is a fraction of images: the interval then contains Clopper and
            Pearson's.
        confidence: two-sided.
    """
    found = estimate_mean(
        values,
        np.arange(len(values)),
        rng=np.random.default_rng(seed),
        replicates=REPLICATES,
        confidence=confidence,
    )
    if np.isnan(found.low):
        return found.mean, None, None, found.patients
    low, high = found.low, found.high
    if fraction:
        exact = proportion_interval(found.mean * images, images, confidence=confidence)
        low, high = min(low, exact[0]), max(high, exact[1])
    return found.mean, low, high, found.patients


def measure(
    victim: Victim,
    name: str,
    values: np.ndarray,
    *,
    images: int,
    chance: float | None,
    seed: int,
    attacker: str = "",
    reads: str = "",
    fraction: bool = True,
    blind: np.ndarray | None = None,
    of: int = 0,
    decides: bool = False,
) -> Figure | None:
    """Return a figure; None where no patient has a value.

    Args:
        victim, name, attacker, reads: as `Figure` has them.
        values: (P,) one per patient, NaN for none.
        images: on which they rest.
        chance: without `blind`, the value where nothing is shown.
        seed: of the bootstrap.
        fraction: whether it is a fraction of images.
        blind: (P,) what is found without an image, patient by patient; chance is its mean, and the
            figure is above it where the paired difference is above 0.
        of: FALSE_ALARMS is divided by it, as by the number of figures that are looked at together;
            0 where it isn't held against chance.
        decides: whether the verdict looks at it.
    """
    if np.isnan(values).all():
        return None
    mean, low, high, patients = estimate_patients(
        values, images=images, seed=seed, fraction=fraction
    )
    above = None
    if blind is not None:
        chance = float(np.nanmean(np.where(np.isnan(values), np.nan, blind)))
    if of and chance is not None:
        excess = values - (chance if blind is None else blind)
        level = 1 - 2 * FALSE_ALARMS / of  # two-sided, so that each end has FALSE_ALARMS / of
        least = estimate_patients(
            excess, images=images, seed=seed, fraction=False, confidence=level
        )[1]
        above = None if least is None else least > 0
    return Figure(
        victim, name, attacker, reads, mean, low, high, chance, patients, images, decides, above
    )


def conclude(victim: Victim, figures: Sequence[Figure | None], *, unfit: str = "") -> Verdict:
    """Return the verdict on a victim.

    Args:
        victim: whose.
        figures: of all victims.
        unfit: why an attacker who finds nothing says nothing, blank where the controls are fine.
    """
    own = [one for one in figures if one is not None and one.victim == victim and one.decides]
    leaks = [one for one in own if one.above]
    if leaks:
        worst = max(leaks, key=lambda one: one.value - one.chance)
        why = f"{name_measure(worst)}: {worst.value:.1%}, by chance {worst.chance:.1%}"
        return Verdict(victim, Found.LEAKS, why)
    if not own:
        return Verdict(victim, Found.NOT_MEASURED, "nothing that was handed in measures it")
    least = count_unbelieved(1 - 2 * FALSE_ALARMS / max(len(own), 2)) + 1
    if all(one.above is None for one in own):
        return Verdict(
            victim, Found.NOT_MEASURED, f"fewer than {least} patients were read, too few for one"
        )
    if unfit:
        return Verdict(victim, Found.NOT_MEASURED, unfit)
    one = " figure" if len(own) == 1 else f"ne of {len(own)} figures"
    return Verdict(victim, Found.NOTHING, f"no{one} is above it, by more than luck")


def name_measure(figure: Figure) -> str:
    """Return in words what a figure is of."""
    return MEASURES[figure.measure]


def name_attacker(attacker: str) -> str:
    """Return in words who attacks the patient."""
    return MEASURES[f"identity_{attacker}"]


def describe_reads(learned: int, read: int) -> str:
    """Return in words from how many draws an attacker learns, and how many releases it reads."""
    draws, releases = (
        f"{number} {noun}{'s' if number > 1 else ''}"
        for number, noun in ((learned, "draw"), (read, "release"))
    )
    return f"{draws} learned, {releases} read"
