"""Bands for the 51 numbers of Table 1: what a faithful replication may measure.

A band is derived, never chosen by feel. Two samples and two trainings stand between the paper's
number and ours, and all of them err independently:

1. the paper's test images: the binomial interval of its number at its test size;
2. our test images: the same at ours;
3. the paper's training and ours: the standard deviation over training seeds, once for each.

Each gives a distance below the paper's number and one above it; the squares of the distances add
up (Zou and Donner, Statistics in Medicine 27, 2008). That is never narrower than one image. The
error is shared out over the 51 numbers (Bonferroni), so that all bands hold together: a faithful
run has every number inside in at least 95 of 100 cases.
"""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import ndtri

from validation.paper.numbers import (
    F1,
    TEST_IMAGES,
    Proportion,
    count_draws,
    find_proportion,
    read_paper_percent,
    read_seed_std,
)

JOINT_CONFIDENCE = 0.95
COLUMNS = ("method", "metric", "paper_percent", "seed_points", "low", "high", "reason")

Cell = tuple[str, str]


class Verdict(StrEnum):
    """What becomes of a measured number; only `INSIDE` is a pass."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    NOT_MEASURED = "not measured"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Band:
    """One number of the paper with what may be measured for it; fractions in [0, 1]."""

    method: str
    metric: str
    paper: float
    low: float
    high: float
    reason: str


def derive_bands(
    *, test_images: int = TEST_IMAGES, spread: Mapping[Cell, float] | None = None
) -> tuple[Band, ...]:
    """Derive all bands, in the table's order.

    Args:
        test_images: size of the run's test set.
        spread: standard deviation over training seeds by (method, metric), as fractions; by
            default those of validation/paper/paper_table1.csv. A number without one is widened by
            nothing, and its reason says so.

    Raises:
        ValueError: when the test set is empty, or a deviation is negative, not finite, or of a
            number that the table doesn't have.
    """
    printed = read_paper_percent()
    deviations = read_seed_std() if spread is None else spread
    if test_images < 1:
        raise ValueError(f"test_images: expected at least 1, got {test_images}")
    if strangers := sorted(deviations.keys() - printed.keys()):
        raise ValueError(f"spread: Table 1 has no {strangers}")
    confidence = 1 - (1 - JOINT_CONFIDENCE) / len(printed)
    bands = []
    for cell, text in printed.items():
        share, deviation = find_proportion(printed, *cell), deviations.get(cell)
        low, high = _find_limits(share, confidence, test_images, deviation)
        reason = _explain(cell, share, test_images, deviation)
        bands.append(Band(*cell, float(text) / 100, low, high, reason))
    return tuple(bands)


def judge(measured: float | None, band: Band, *, comparable: bool = True) -> Verdict:
    """Judge a measured number by its band.

    Args:
        measured: fraction in [0, 1]; None or NaN where there is none.
        band: of the same method and metric.
        comparable: False where the paper's numbers don't apply: another data set than the
            paper's, or a run that is not meant to reach them.
    """
    if measured is None or math.isnan(measured):
        return Verdict.NOT_MEASURED
    if not comparable:
        return Verdict.NOT_JUDGED
    return Verdict.INSIDE if band.low <= measured <= band.high else Verdict.OUTSIDE


def to_csv(spread: Mapping[Cell, float]) -> str:
    """Write validation/paper/paper_table1.csv: the paper's digits with their bands, in percent.

    Args:
        spread: standard deviation over training seeds by (method, metric), as fractions.
    """
    printed = read_paper_percent()
    # As rounded in the file, so that who reads it derives the same bands.
    points = {cell: f"{100 * deviation:.3f}" for cell, deviation in spread.items()}
    bands = derive_bands(spread={cell: float(text) / 100 for cell, text in points.items()})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for band in bands:
        limits = (f"{100 * limit:.2f}" for limit in (band.low, band.high))
        cell = band.method, band.metric
        writer.writerow((*cell, printed[cell], points.get(cell, ""), *limits, band.reason))
    return file.getvalue()


def _find_limits(
    share: Proportion, confidence: float, test_images: int, deviation: float | None
) -> tuple[float, float]:
    theirs = share.interval(confidence=confidence)
    ours = share.interval(confidence=confidence, scale=test_images / TEST_IMAGES)
    training = _widen_by_training(deviation, confidence)
    below, above = (
        math.hypot(share.value - theirs[side], share.value - ours[side], training)
        for side in (0, 1)
    )
    return max(share.value - below, 0.0), min(share.value + above, 1.0)


def _widen_by_training(deviation: float | None, confidence: float) -> float:
    """Return the distance that two independent trainings may lie apart."""
    if deviation is None:
        return 0.0
    if not 0 <= deviation < math.inf:
        raise ValueError(f"spread: expected a deviation of at least 0, got {deviation}")
    return float(ndtri((1 + confidence) / 2)) * math.sqrt(2) * deviation


def _explain(cell: Cell, share: Proportion, test_images: int, deviation: float | None) -> str:
    method, metric = cell
    errors = share.trials - share.hits
    counts = f"{share.hits:g} of {share.trials:g} images"
    if metric == F1:
        counts = f"{share.hits:g} true positives and {errors:g} errors"
    draws = count_draws(method)
    paper = f"{counts} (mean of {draws} draws)" if draws > 1 else counts
    seeds = "no spread measured" if deviation is None else f"seeds +-{100 * deviation:.2f} points"
    return f"paper: {paper}; ours: {test_images} images; {seeds}"
