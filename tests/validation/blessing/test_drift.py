"""The bands of the regression test: exact without ties, as wide as the ties allow with them."""

import numpy as np
import pandas as pd
import pytest

from validation.blessing.bands import Verdict, judge
from validation.blessing.drift import derive_references, references_from_csv, references_to_csv

PLAIN, GENERATED = "blur-3", "pprl-vgan-random"
TRUTH = (True, True, False, False)


def predict(leads, probabilities, *, method=PLAIN, shown=None, truth=TRUTH):
    """Four images of patient 0, whose probability leads or not; 1 comes second, or first."""
    return pd.DataFrame(
        {
            "method": method,
            "draw": 0,
            "image_id": list("abcd"),
            "identity": 0,
            "glaucoma": truth,
            "predicted_identity": np.where(np.asarray(leads) > 0, 0, 1),
            "identity_lead": leads,
            "replacement_shown": None if shown is None else np.asarray(shown) > 0,
            "replacement_lead": shown,
            "glaucoma_probability": probabilities,
        }
    )


def find(judged, metric):
    return next(band for band in derive_references(judged) if band.metric == metric)


def test_without_ties_the_band_is_the_number():
    references = derive_references(predict([0.9, 0.9, 0.9, -0.9], [0.9, 0.2, 0.8, 0.1]))
    assert [band.metric for band in references] == [
        "identity_accuracy",
        "glaucoma_accuracy",
        "glaucoma_f1",
    ]
    for band, value in zip(references, (3 / 4, 2 / 4, 2 / (2 + 2)), strict=True):
        assert (band.paper, band.low, band.high) == pytest.approx((value,) * 3, abs=1e-8)
        assert judge(value, band) is Verdict.INSIDE
        assert judge(value - 1 / 340, band) is Verdict.OUTSIDE
        assert "0 of 4" in band.reason


@pytest.mark.parametrize(("method", "tie"), [(PLAIN, 1e-5), (GENERATED, 3e-3)])
def test_a_tied_identity_may_be_lost_or_won(method, tie):
    judged = predict([0.9, tie, -tie, -0.9], [0.9] * 4, method=method)
    band = find(judged, "identity_accuracy")
    assert (band.paper, band.low, band.high) == pytest.approx((2 / 4, 1 / 4, 3 / 4), abs=1e-8)
    assert "2 of 4" in band.reason


def test_what_is_a_tie_of_generated_images_is_none_of_others():
    band = find(predict([0.9, 3e-3, -3e-3, -0.9], [0.9] * 4), "identity_accuracy")
    assert (band.low, band.high) == pytest.approx((2 / 4, 2 / 4), abs=1e-8)


def test_a_tied_glaucoma_moves_accuracy_and_f1_together():
    judged = predict([0.9] * 4, [0.9, 0.502, 0.498, 0.1], method=GENERATED)
    accuracy, f1 = find(judged, "glaucoma_accuracy"), find(judged, "glaucoma_f1")
    assert (accuracy.low, accuracy.high) == pytest.approx((2 / 4, 1.0), abs=1e-8)
    # Lost: one true positive, one missed, one false alarm.
    assert (f1.low, f1.high) == pytest.approx((2 / (2 + 2), 1.0), abs=1e-8)


def test_draws_are_averaged_as_the_table_does():
    given = {"probabilities": [0.9] * 4, "method": GENERATED}
    first = predict([0.9, -0.9, -0.9, -0.9], shown=[1, 1, -1, -1], **given)
    second = predict([0.9, 0.9, 1e-4, -0.9], shown=[1, -1, -1e-4, -1], **given)
    judged = pd.concat([first, second.assign(draw=1)])
    identity = find(judged, "identity_accuracy")
    assert identity.paper == pytest.approx((1 / 4 + 3 / 4) / 2)
    assert (identity.low, identity.high) == pytest.approx((3 / 8, 1 / 2), abs=1e-8)
    shown = find(judged, "replacement_accuracy")
    assert shown.paper == pytest.approx((2 / 4 + 1 / 4) / 2)
    assert (shown.low, shown.high) == pytest.approx((3 / 8, 4 / 8), abs=1e-8)


def test_one_half_is_no_glaucoma():
    judged = predict([0.9] * 4, [0.5] * 4, truth=(True, False, False, False))
    assert find(judged, "glaucoma_accuracy").paper == 3 / 4


def test_a_mean_over_draws_in_another_order_is_inside_its_own_band():
    rng = np.random.default_rng(1)
    leads = rng.choice([-0.9, 0.9], (30, 4))
    judged = pd.concat(predict(one, [0.9] * 4).assign(draw=draw) for draw, one in enumerate(leads))
    band = find(judged, "identity_accuracy")
    assert band.low < band.paper < band.high
    for value in (np.nextafter(band.paper, 0), np.nextafter(band.paper, 1)):
        assert judge(value, band) is Verdict.INSIDE


def test_no_outcome_of_the_ties_leaves_the_band():
    rng = np.random.default_rng(4)
    truth = (True, False, True, False)
    for _ in range(50):
        away = rng.choice([-0.3, -0.004, 0.004, 0.3], size=4)
        judged = predict([0.9] * 4, 0.5 + away, truth=truth, method=GENERATED)
        band = find(judged, "glaucoma_f1")
        turned = np.where((abs(away) < 0.005) & (rng.random(4) < 0.5), -away, away)
        other = predict([0.9] * 4, 0.5 + turned, truth=truth, method=GENERATED)
        assert judge(find(other, "glaucoma_f1").paper, band) is Verdict.INSIDE


def test_the_file_keeps_every_digit():
    references = derive_references(predict([0.9, 1e-6, -0.5, -0.9], [0.7, 0.1, 0.3, 0.9]))
    assert references_from_csv(references_to_csv(references)) == references
