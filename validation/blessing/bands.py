"""Bands for the 51 numbers of Table 1: what a faithful replication may measure.

A band is derived, never chosen by feel. Two samples and two trainings stand between the paper's
number and ours, and all of them err independently:

1. the paper's test images: the binomial interval of its number at its test size;
2. our test images: the same at ours;
3. the paper's training and ours: twice the deviation over training seeds, on the logit scale, with
   Student's quantile, since few trainings estimate it (`validation.blessing.training_errors`).

Each gives a distance below the paper's number and one above it; the squares of the distances add
up (Zou and Donner, Statistics in Medicine 27, 2008). That is never narrower than one image. The
confidence of each band is such that all 51 hold together in 95 of 100 faithful replications.
"""

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from validation.blessing.training_errors import TrainingError, TrainingErrors, read_errors
from validation.paper.numbers import (
    TEST_IMAGES,
    Proportion,
    count_draws,
    find_proportion,
    read_paper_percent,
)
from validation.statistics.intervals import F1, Cell

COLUMNS = (
    "method",
    "metric",
    "paper_percent",
    "seed_logits",
    "seed_freedom",
    "seed_data",
    "confidence",
    "low",
    "high",
    "reason",
)


class Verdict(StrEnum):
    """What becomes of a measured number; only `INSIDE` is a pass."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    NOT_MEASURED = "not measured"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Band:
    """A number with what may be measured for it; fractions in [0, 1].

    `paper` is the number that the band was made of: the paper's, the reference weights', or the
    mean over seeds.
    """

    method: str
    metric: str
    paper: float
    low: float
    high: float
    reason: str


def derive_bands(
    *, test_images: int = TEST_IMAGES, errors: TrainingErrors | None = None
) -> tuple[Band, ...]:
    """Derive all bands, in the table's order.

    Args:
        test_images: size of the run's test set.
        errors: of trainings; by default those of validation/paper/paper_table1.csv. A number
            without one is widened by nothing, and its reason states that.

    Raises:
        ValueError: when the test set is empty, or a training error is of a number that the table
            doesn't have.
    """
    printed = read_paper_percent()
    errors = read_errors() if errors is None else errors
    if test_images < 1:
        raise ValueError(f"test_images: expected at least 1, got {test_images}")
    if strangers := sorted(errors.of.keys() - printed.keys()):
        raise ValueError(f"spread: Table 1 has no {strangers}")
    bands = []
    for cell, text in printed.items():
        theirs, error = find_proportion(printed, *cell), errors.of.get(cell)
        low, high = find_limits(
            theirs, confidence=errors.confidence, test_images=test_images, error=error
        )
        reason = _explain(cell, theirs, test_images, error)
        bands.append(Band(*cell, float(text) / 100, low, high, reason))
    return tuple(bands)


def find_limits(
    theirs: Proportion, *, confidence: float, test_images: int, error: TrainingError | None
) -> tuple[float, float]:
    """Return a band's ends: the paper's number with all distances below it, and above.

    Args:
        theirs: the paper's number.
        confidence: of this band alone.
        test_images: as for `derive_bands`.
        error: of training; None adds nothing.
    """
    value = theirs.value
    intervals = [
        theirs.interval(confidence=confidence),
        theirs.interval(confidence=confidence, scale=test_images / TEST_IMAGES),
    ]
    if error is not None:
        intervals.append(error.reach(value, confidence=confidence))
    below, above = (
        math.hypot(*(value - interval[side] for interval in intervals)) for side in (0, 1)
    )
    return max(value - below, 0.0), min(value + above, 1.0)


def describe_bands() -> str:
    """Return one sentence on what a run on the paper's data is held against."""
    sources = Counter(error.source for error in read_errors().of.values())
    measured = ", ".join(f"{source} ({count} numbers)" for source, count in sources.items())
    return (
        "Table 1 is held against the paper's bands; the training's deviation over seeds was measured "
        f"on: {measured or 'nothing'}."
    )


def _explain(cell: Cell, theirs: Proportion, test_images: int, error: TrainingError | None) -> str:
    method, metric = cell
    counts = f"{theirs.hits:g} of {theirs.trials:g} images"
    if metric == F1:
        counts = f"{theirs.hits:g} true positives and {theirs.trials - theirs.hits:g} errors"
    draws = count_draws(method)
    paper = f"{counts} (mean of {draws} draws)" if draws > 1 else counts
    seeds = "no spread measured"
    if error is not None:
        seeds = (
            f"seeds +-{100 * error.points(theirs.value):.2f} points "
            f"({error.source}, {error.freedom:.1f} degrees of freedom)"
        )
    return f"paper: {paper}; ours: {test_images} images; {seeds}"


def judge(measured: float | None, band: Band, *, comparable: bool = True) -> Verdict:
    """Judge a measured fraction (None or NaN where there is none) by the band of its number.

    `comparable` is False where the paper's numbers don't apply: another data set than the paper's,
    or a run that is not meant to reach them.
    """
    if measured is None or math.isnan(measured):
        return Verdict.NOT_MEASURED
    if not comparable:
        return Verdict.NOT_JUDGED
    return Verdict.INSIDE if band.low <= measured <= band.high else Verdict.OUTSIDE


def to_csv(errors: TrainingErrors) -> str:
    """Write validation/paper/paper_table1.csv: the paper's digits with their bands, in percent."""
    printed = read_paper_percent()
    # As rounded in the file, so that who reads it derives the same bands.
    errors = TrainingErrors(
        {
            cell: TrainingError(round(error.std, 4), round(error.freedom, 2), error.source)
            for cell, error in errors.of.items()
        },
        round(errors.confidence, 6),
    )
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for band in derive_bands(errors=errors):
        limits = (f"{100 * limit:.2f}" for limit in (band.low, band.high))
        cell = band.method, band.metric
        error = errors.of.get(cell)
        words = (error.std, error.freedom, error.source) if error else ("", "", "")
        writer.writerow((*cell, printed[cell], *words, errors.confidence, *limits, band.reason))
    return file.getvalue()
