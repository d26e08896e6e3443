"""Fifteen replications with one mistake each: what they expect in place of the paper's numbers.

Each takes the paper's numbers, fractions by (method, metric), and changes those that the mistake
moves, by numbers that the paper printed or that were measured (docs/departures.md). As a program it
prints how often each is refused: `PYTHONPATH=. .venv/bin/python tests/wrong_replications.py`.
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from math import log

import numpy as np
from places import ROOT
from scipy.special import expit, logit
from simulated_warsaw import (
    CELLS,
    METRICS,
    PAPER,
    WITH_GLAUCOMA,
    find_rates,
    judge_replications,
    settle,
)

from replication.results.study import read_study
from replication.store.tables import lay_out_table
from validation.blessing.bands import Band, derive_bands
from validation.blessing.training_errors import (
    NONE,
    TrainingError,
    TrainingErrors,
    find_confidence,
)
from validation.paper.audit import audit_paper
from validation.paper.numbers import PATIENTS, TEST_IMAGES, UNDECIDED, find_block
from validation.statistics.intervals import F1, Cell, Interval
from validation.statistics.trainings import Trainings, pool_trainings

COUNT = 500
SEEDS = ROOT / "artifacts" / "baselines" / "seeds.json"
Expected = dict[Cell, float]
GLAUCOMA = ("glaucoma_accuracy", F1)
BLURS = ("blur-3", "blur-9", "blur-15", "blur-21")
SAME, DIFFERENT = "pprl-vgan-same-pathology", "pprl-vgan-different-pathology"
AVERAGED = {
    "pprl-vgan-averaged-random": "pprl-vgan-random",
    "pprl-vgan-averaged-same-pathology": SAME,
}
POSITIVES = WITH_GLAUCOMA / PATIENTS
# Identity with the own patient among the K over identity without (docs/departures.md, surrogate).
OWN_PATIENT = {"k-same-3": 4.0, "k-same-6": 1.73, "k-same-9": 2.11, "k-same-12": 1.37}
# Log odds with the dense dropout on, less those without: measured on the reference weights, 20 draws
# of 359 test images. Identity of originals falls from 94.2 to 60.6%, of kernel 3 from 83.6 to 44.7%, of
# kernel 9 from 9.8 to 7.1%; glaucoma's numbers fall by 0.18. Other numbers were not measured.
DROPOUT = {"original": -2.33, "blur-3": -1.83, "blur-9": -0.34}
DROPOUT_GLAUCOMA = -0.18
LEARNED = 0.995  # ours: what a network recognises of images that it was trained on


def no_blur(own: Expected) -> None:
    """Nothing is blurred: each kernel has the originals' numbers."""
    for blur in BLURS:
        _take(own, blur, "original")


def kernels_a_step_smaller(own: Expected) -> None:
    """Each kernel has the numbers of the one before, the first those of originals."""
    for blur, source in zip(BLURS, ("original", *BLURS), strict=False):
        _take(own, blur, source)


def kernels_a_step_larger(own: Expected) -> None:
    """Each kernel has the numbers of the next, the last its own."""
    for blur, source in pairwise(BLURS):
        _take(own, blur, source)


def one_kernel(own: Expected) -> None:
    """All images are blurred by kernel 9."""
    for blur in BLURS:
        _take(own, blur, "blur-9")


def k_halved(own: Expected) -> None:
    """1, 3, 4 and 6 images; one alone is another patient's original of the same pathology."""
    _take(own, "k-same-12", "k-same-6")
    _take(own, "k-same-6", "k-same-3")
    for metric in (*METRICS, *GLAUCOMA):
        own["k-same-9", metric] = _between(
            PAPER["k-same-3", metric], PAPER["k-same-6", metric], log(4 / 3) / log(2)
        )
    _take(own, "k-same-3", "original")
    own["k-same-3", "identity_accuracy"] = 1 / PATIENTS
    own["k-same-3", "replacement_accuracy"] = PAPER["original", "identity_accuracy"]


def own_patient_kept(own: Expected) -> None:
    """K-Same-Select may take images of the query's own patient."""
    for method, factor in OWN_PATIENT.items():
        own[method, "identity_accuracy"] *= factor


def pathologies_swapped(own: Expected) -> None:
    """Replacements of the same pathology are called different, and the other way round."""
    _take(own, SAME, DIFFERENT)
    _take(own, DIFFERENT, SAME)


def three_averaged(own: Expected) -> None:
    """Averages of three lie between single images and averages of six, by the log of their number."""
    for averaged, single in AVERAGED.items():
        for metric in (*METRICS, *GLAUCOMA):
            own[averaged, metric] = _between(
                PAPER[single, metric], PAPER[averaged, metric], log(3) / log(6)
            )


def labels_shuffled(own: Expected) -> None:
    """Glaucoma labels of the test images are in another order: predictions don't depend on them."""

    def shuffle(sensitivity: float, alarms: float) -> tuple[float, float]:
        positive = sensitivity * POSITIVES + alarms * (1 - POSITIVES)
        return positive, positive

    _change_rates(own, shuffle)


def test_images_in_training(own: Expected) -> None:
    """Originals are known by heart, and kernel 3 lies half-way between its number and that."""
    for metric in (METRICS[0], *GLAUCOMA):
        own["original", metric] = LEARNED
        own["blur-3", metric] = _between(PAPER["blur-3", metric], LEARNED, 0.5)


def argmin_for_argmax(own: Expected) -> None:
    """The least likely class is predicted: no identity is right, all glaucoma decisions turn round."""
    for cell in own:
        if cell[1] in METRICS:
            own[cell] = 0.0
    _change_rates(own, lambda sensitivity, alarms: (1 - sensitivity, 1 - alarms))


def validation_for_test(own: Expected) -> None:
    """Networks are measured on the images that chose their epoch: a tenth of the way to perfect."""
    for metric in (METRICS[0], *GLAUCOMA):
        own["original", metric] = _between(PAPER["original", metric], LEARNED, 0.1)


def replacement_as_identity(own: Expected) -> None:
    """The two columns of identity are swapped."""
    for method in dict.fromkeys(method for method, _ in own):
        if (method, METRICS[1]) in own:
            for metric, other in (METRICS, METRICS[::-1]):
                own[method, metric] = PAPER[method, other]


def f1_of_the_healthy(own: Expected) -> None:
    """F1 is that of the class without glaucoma."""
    for method, metric in own:
        if metric == F1:
            sensitivity, alarms = _find_rates(method)
            hits = (1 - alarms) * (1 - POSITIVES)
            wrong = (1 - sensitivity) * POSITIVES + alarms * (1 - POSITIVES)
            own[method, metric] = 2 * hits / (2 * hits + wrong)


def dropout_left_on(own: Expected) -> None:
    """The networks are evaluated with the dropout of their training."""
    for method, metric in own:
        moved = DROPOUT_GLAUCOMA if metric in GLAUCOMA else 0.0
        if metric == METRICS[0]:
            moved = DROPOUT.get(method, 0.0)
        own[method, metric] = float(expit(logit(own[method, metric]) + moved))


WRONG: tuple[Callable[[Expected], None], ...] = (
    no_blur,
    kernels_a_step_smaller,
    kernels_a_step_larger,
    one_kernel,
    k_halved,
    own_patient_kept,
    pathologies_swapped,
    three_averaged,
    labels_shuffled,
    test_images_in_training,
    argmin_for_argmax,
    validation_for_test,
    replacement_as_identity,
    f1_of_the_healthy,
    dropout_left_on,
)


def plan(wrong: Callable[[Expected], None] | None) -> Expected:
    """Return what a replication expects; without a mistake, the paper's numbers."""
    expected = dict(PAPER)
    if wrong:
        wrong(expected)
    return expected


def _take(own: Expected, method: str, source: str) -> None:
    for cell in CELLS:
        if cell[0] == method and (source, cell[1]) in PAPER:
            own[cell] = PAPER[source, cell[1]]


def _between(one: float, other: float, share: float) -> float:
    """Return what lies so far on the way from one to the other, in log odds."""
    return float(expit((1 - share) * logit(one) + share * logit(other)))


def _find_rates(method: str) -> tuple[float, float]:
    found = find_rates(PAPER[method, "glaucoma_accuracy"], PAPER[method, F1], POSITIVES)
    return float(found[0]), float(found[1])


def _change_rates(own: Expected, change: Callable[[float, float], tuple[float, float]]) -> None:
    for method in dict.fromkeys(method for method, _ in own):
        sensitivity, alarms = change(*_find_rates(method))
        hits, false = sensitivity * POSITIVES, alarms * (1 - POSITIVES)
        own[method, "glaucoma_accuracy"] = hits + 1 - POSITIVES - false
        own[method, F1] = 2 * hits / (hits + false + POSITIVES)


def measure_refusals(trainings: Trainings, *, count: int, seed: int = 0) -> dict[str, float]:
    """Return the share of replications with a number outside its band, by mistake; "faithful" too."""
    rng, confidence = np.random.default_rng(seed), find_confidence(trainings)
    kinds = {"faithful": None} | {wrong.__name__: wrong for wrong in WRONG}
    return {
        name: 1
        - judge_replications(plan(wrong), trainings, confidence=confidence, rng=rng, count=count)
        .all(axis=1)
        .mean()
        for name, wrong in kinds.items()
    }


def read_trainings() -> Trainings:
    """Return the committed study over seeds, pooled."""
    _, tables = read_study(SEEDS)
    return pool_trainings(tables, block_of=find_block, images=TEST_IMAGES)


def describe_widths(trainings: Trainings | None) -> tuple[float, int]:
    """Return the bands' median width, and how many hold what a network that knows nothing scores.

    Counted where the audit distinguishes the paper's number from that score (chance, the answer
    "no glaucoma" or "glaucoma" for all images).

    Args:
        trainings: None for bands without any error of training.
    """
    errors = NONE
    if trainings is not None:
        each = zip(trainings.cells, trainings.stds, trainings.freedom, strict=True)
        errors = TrainingErrors(
            {cell: TrainingError(std, freedom, "trainings") for cell, std, freedom in each},
            find_confidence(trainings),
        )
    bands = {(band.method, band.metric): band for band in derive_bands(errors=errors)}
    held = [
        number
        for number in audit_paper().numbers
        if number.against_chance != UNDECIDED
        and _holds(bands[number.method, number.metric], number.chance)
    ]
    return float(np.median([band.high - band.low for band in bands.values()])), len(held)


def _holds(band: Band, scores: Interval) -> bool:
    return any(band.low <= score <= band.high for score in scores)


def main() -> None:
    """Print two tables in Markdown: widths of the bands, and how often each mistake is refused."""
    measured = read_trainings()
    kinds = {
        "seeds as they are": measured,
        "20 settled trainings": settle(measured),
        "no error of training": None,
    }
    widths = []
    for words, trainings in kinds.items():
        width, held = describe_widths(trainings)
        widths.append((words, f"{100 * width:.1f}", str(held)))
    headings = "bands", "median width, points", "hold a know-nothing"
    lines = [*lay_out_table(headings, widths, words=1), ""]
    now, later = (measure_refusals(each, count=COUNT) for each in (measured, settle(measured)))
    rows = [(name.replace("_", " "), f"{now[name]:.0%}", f"{later[name]:.0%}") for name in now]
    headings = "replication", "refused, seeds as they are", "refused, 20 settled trainings"
    lines += [*lay_out_table(headings, rows, words=1), ""]
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
