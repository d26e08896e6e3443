import math
from importlib.resources import files

import numpy as np
import pytest
from places import ROOT
from scipy.special import expit, logit
from scipy.stats import binom, norm, t

from replication.results.study import read_study
from validation.blessing.bands import (
    Band,
    Verdict,
    derive_bands,
    describe_bands,
    find_limits,
    judge,
    to_csv,
)
from validation.blessing.training_errors import (
    NONE,
    TrainingError,
    TrainingErrors,
    measure_errors,
    read_errors,
)
from validation.paper.numbers import Proportion, find_proportion, read_paper_percent

CELL = ("original", "identity_accuracy")
BASELINES = ROOT / "artifacts" / "baselines"
# The real eyes' study is made where the eyes are; its numbers alone are committed.
STUDIES = [BASELINES / "seeds.json", BASELINES / "seeds-real-eyes.json"]
ERROR = TrainingError(0.3, 19, "surrogate")


def by_cell(**options):
    return {(band.method, band.metric): band for band in derive_bands(**{"errors": NONE} | options)}


@pytest.fixture(scope="module")
def bands():
    return by_cell()


def test_there_is_a_two_sided_band_with_a_reason_for_every_number(bands):
    assert bands.keys() == read_paper_percent().keys()
    assert all(0 <= band.low < band.paper < band.high <= 1 for band in bands.values())
    assert all(band.reason for band in bands.values())


def test_the_committed_table_is_that_of_the_committed_seeds_and_keeps_the_papers_digits():
    errors = measure_errors(dict(read_study(file) for file in STUDIES if file.exists()))
    assert len(errors.of) == 51
    committed = files("validation.paper").joinpath("paper_table1.csv").read_text(encoding="utf-8")
    assert committed == to_csv(errors) == to_csv(read_errors())
    assert derive_bands() == derive_bands(errors=read_errors())


@pytest.mark.parametrize("test_images", [50, 340, 359, 3590])
def test_no_band_is_narrower_than_one_image(test_images):
    image = 1 / min(test_images, 340)
    for (_, metric), band in by_cell(test_images=test_images).items():
        # One image changes F1 by more than it does accuracy, so this checks less than it could.
        assert band.low <= max(band.paper - image, 0), metric
        assert band.high >= min(band.paper + image, 1), metric


def find_coverage(truth, test_images):
    """Sum up exactly how often both samples fall so that ours is inside the paper's band."""
    confidence = 1 - 0.05 / 51
    measured = np.arange(test_images + 1) / test_images
    ours = binom.pmf(np.arange(test_images + 1), test_images, truth)
    theirs = binom.pmf(np.arange(341), 340, truth)
    covered = 0.0
    for count in range(341):
        printed = Proportion("identity_accuracy", count, 340)
        limits = {"confidence": confidence, "test_images": test_images, "error": None}
        low, high = find_limits(printed, **limits)
        covered += theirs[count] * ours[(measured >= low) & (measured <= high)].sum()
    return covered


@pytest.mark.parametrize("test_images", [100, 340, 359])
@pytest.mark.parametrize("truth", [0.005, 0.03, 0.2, 0.5, 0.8, 0.93])
def test_two_samples_of_one_truth_agree_as_often_as_promised(truth, test_images):
    assert find_coverage(truth, test_images) >= 1 - 0.05 / 51 - 1e-4


def test_bands_are_near_the_normal_ones_where_those_hold(bands):
    band = bands["pprl-vgan-different-pathology", "replacement_accuracy"]
    sigma = math.sqrt(2 * 0.6026 * (1 - 0.6026) / 340)
    half = norm.ppf(1 - 0.05 / 51 / 2) * sigma
    assert (band.high - band.low) / 2 == pytest.approx(half, rel=0.05)


def test_a_larger_test_set_narrows_every_band_but_not_below_the_papers_own_error(bands):
    larger, endless = by_cell(test_images=3400), by_cell(test_images=10**9)
    for cell, band in bands.items():
        assert width(endless[cell]) < width(larger[cell]) < width(band)
        assert width(endless[cell]) > 0.6 * width(band)


def test_ten_draws_of_the_same_images_make_no_narrower_band(bands):
    mean, single = bands["pprl-vgan-random", "replacement_accuracy"], bands["blur-21", CELL[1]]
    scale = math.sqrt(0.7468 * 0.2532 / (0.1941 * 0.8059))
    assert width(mean) == pytest.approx(width(single) * scale, rel=0.05)


def width(band: Band) -> float:
    return band.high - band.low


def test_spread_over_seeds_widens_its_cell_alone(bands):
    spread = by_cell(errors=TrainingErrors({CELL: ERROR}, NONE.confidence))
    assert {cell for cell in bands if spread[cell] != bands[cell]} == {CELL}
    # Two trainings lie apart by the root of two, and 19 degrees of freedom take Student's quantile.
    half = t.ppf(1 - 0.05 / 51 / 2, 19) * math.sqrt(2) * 0.3
    training = 0.9 - expit(logit(306.5 / 341) - half)
    below = bands[CELL].paper - bands[CELL].low
    expected = math.hypot(below, training)
    assert spread[CELL].paper - spread[CELL].low == pytest.approx(expected)


def test_a_deviation_of_fewer_trainings_makes_a_wider_band():
    theirs = find_proportion(read_paper_percent(), *CELL)
    few, many = (
        find_limits(
            theirs, confidence=0.99, test_images=340, error=TrainingError(0.3, freedom, "surrogate")
        )
        for freedom in (4, 76)
    )
    assert few[0] < many[0]


def test_a_higher_confidence_makes_a_wider_band(bands):
    narrow = by_cell(errors=TrainingErrors({}, 0.95))
    assert all(width(narrow[cell]) < width(band) for cell, band in bands.items())


def test_the_reason_says_whether_a_spread_was_measured(bands):
    errors = TrainingErrors({CELL: ERROR}, NONE.confidence)
    spread = by_cell(test_images=359, errors=errors)[CELL].reason
    assert spread == (
        "paper: 306 of 340 images; ours: 359 images; seeds +-2.70 points (surrogate, 19.0 degrees "
        "of freedom)"
    )
    assert bands[CELL].reason.endswith("no spread measured")
    f1 = bands["original", "glaucoma_f1"].reason
    assert f1.startswith("paper: 83 true positives and 23 errors;")
    assert "mean of 10 draws" in bands["pprl-vgan-random", "glaucoma_f1"].reason


def test_what_a_run_is_held_against_names_where_the_spread_was_measured():
    assert describe_bands().startswith("Table 1 is held against the paper's bands; ")
    assert "surrogate (" in describe_bands()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"errors": TrainingErrors({("blur-5", "identity_accuracy"): ERROR}, 0.9)}, "blur-5"),
        ({"test_images": 0}, "test_images"),
    ],
)
def test_what_makes_no_band_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        derive_bands(**options)


BAND = Band("blur-9", "identity_accuracy", 0.3176, 0.2, 0.4, "")


@pytest.mark.parametrize(
    ("measured", "verdict", "on_other_data"),
    [
        (0.3, Verdict.INSIDE, Verdict.NOT_JUDGED),
        (0.2, Verdict.INSIDE, Verdict.NOT_JUDGED),
        (0.4, Verdict.INSIDE, Verdict.NOT_JUDGED),
        (0.1999, Verdict.OUTSIDE, Verdict.NOT_JUDGED),
        (0.4001, Verdict.OUTSIDE, Verdict.NOT_JUDGED),
        (30.0, Verdict.OUTSIDE, Verdict.NOT_JUDGED),
        (None, Verdict.NOT_MEASURED, Verdict.NOT_MEASURED),
        (math.nan, Verdict.NOT_MEASURED, Verdict.NOT_MEASURED),
    ],
)
def test_a_number_is_judged_on_both_sides_and_on_other_data_never(measured, verdict, on_other_data):
    assert judge(measured, BAND) is verdict
    assert judge(measured, BAND, comparable=False) is on_other_data
