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
    TEST_IMAGES,
    Proportion,
    count_draws,
    find_proportion,
    read_paper_percent,
    read_seed_std,
)
from validation.statistics.intervals import CONFIDENCE, F1, Cell

COLUMNS = ("method", "metric", "paper_percent", "seed_points", "low", "high", "reason")


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
    *, test_images: int = TEST_IMAGES, seed_std: Mapping[Cell, float] | None = None
) -> tuple[Band, ...]:
    """Derive all bands, in the table's order.

    Args:
        test_images: size of the run's test set.
        seed_std: standard deviation over training seeds by (method, metric), as fractions; by
            default those of validation/paper/paper_table1.csv. A number without one is widened by
            nothing, and its reason says so.

    Raises:
        ValueError: when the test set is empty, or a standard deviation is negative, not finite, or
            of a number that the table doesn't have.
    """
    printed = read_paper_percent()
    stds = read_seed_std() if seed_std is None else seed_std
    if test_images < 1:
        raise ValueError(f"test_images: expected at least 1, got {test_images}")
    if strangers := sorted(stds.keys() - printed.keys()):
        raise ValueError(f"spread: Table 1 has no {strangers}")
    confidence = 1 - (1 - CONFIDENCE) / len(printed)
    bands = []
    for cell, text in printed.items():
        theirs, std = find_proportion(printed, *cell), stds.get(cell)
        low, high = find_limits(theirs, confidence=confidence, test_images=test_images, std=std)
        reason = _explain(cell, theirs, test_images, std)
        bands.append(Band(*cell, float(text) / 100, low, high, reason))
    return tuple(bands)


def find_limits(
    theirs: Proportion, *, confidence: float, test_images: int, std: float | None
) -> tuple[float, float]:
    """Return a band's ends: the paper's number with all distances below it, and above.

    Args:
        theirs: the paper's number.
        confidence: of this band alone.
        test_images, std: as for `derive_bands`; None adds nothing.
    """
    if std is not None and not 0 <= std < math.inf:
        raise ValueError(f"spread: expected a standard deviation of at least 0, got {std}")
    value, training = theirs.value, 0.0
    if std is not None:  # two independent trainings may lie so far apart
        training = float(ndtri((1 + confidence) / 2)) * math.sqrt(2) * std
    paper = theirs.interval(confidence=confidence)
    ours = theirs.interval(confidence=confidence, scale=test_images / TEST_IMAGES)
    below, above = (
        math.hypot(value - paper[side], value - ours[side], training) for side in (0, 1)
    )
    return max(value - below, 0.0), min(value + above, 1.0)


def _explain(cell: Cell, theirs: Proportion, test_images: int, std: float | None) -> str:
    method, metric = cell
    counts = f"{theirs.hits:g} of {theirs.trials:g} images"
    if metric == F1:
        counts = f"{theirs.hits:g} true positives and {theirs.trials - theirs.hits:g} errors"
    draws = count_draws(method)
    paper = f"{counts} (mean of {draws} draws)" if draws > 1 else counts
    seeds = "no spread measured" if std is None else f"seeds +-{100 * std:.2f} points"
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


def to_csv(seed_std: Mapping[Cell, float]) -> str:
    """Write validation/paper/paper_table1.csv: the paper's digits with their bands, in percent."""
    printed = read_paper_percent()
    # As rounded in the file, so that who reads it derives the same bands.
    points = {cell: f"{100 * std:.3f}" for cell, std in seed_std.items()}
    bands = derive_bands(seed_std={cell: float(text) / 100 for cell, text in points.items()})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for band in bands:
        limits = (f"{100 * limit:.2f}" for limit in (band.low, band.high))
        cell = band.method, band.metric
        writer.writerow((*cell, printed[cell], points.get(cell, ""), *limits, band.reason))
    return file.getvalue()
