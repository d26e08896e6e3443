import numpy as np
import pytest
from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions

from validation.patient_sums import check_predictions, sum_by_patient


@pytest.fixture
def predictions():
    methods = ("original", "k-same-3", "pprl-vgan-random")
    return plant_predictions({m: EVERY_CLAIM_HOLDS[m] for m in methods}, draws=2)


def test_all_patients_together_give_the_planted_numbers(predictions):
    ratios = sum_by_patient(predictions)
    everyone = np.ones((1, 120))
    for method, numbers in {"original": (0.9, None), "k-same-3": (0.2, 0.4)}.items():
        identity, replacement = numbers
        assert ratios[method, "identity_accuracy"].weigh(everyone).item() == pytest.approx(identity)
        if replacement is None:
            assert (method, "replacement_accuracy") not in ratios
        else:
            found = ratios[method, "replacement_accuracy"].weigh(everyone).item()
            assert found == pytest.approx(replacement)


def test_a_mean_over_draws_is_not_a_pool_of_them(predictions):
    # F1 of 200 sick images: all found in one draw, none in the other
    drawn = predictions[predictions["method"] == "original"].copy()
    drawn["glaucoma_probability"] = np.where(drawn["glaucoma"] & (drawn["draw"] == 0), 0.9, 0.1)
    ratio = sum_by_patient(drawn)["original", "glaucoma_f1"]
    assert ratio.weigh(np.ones((1, 120))).item() == (1 + 0) / 2  # the pool has 2/3


def test_one_half_is_not_positive(predictions):
    drawn = predictions.assign(glaucoma_probability=0.5)
    ratio = sum_by_patient(drawn)["original", "glaucoma_accuracy"]
    assert ratio.weigh(np.ones((1, 120))).item() == pytest.approx(80 / 120)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.drop(columns="identity"), "no column identity"),
        (lambda rows: rows.iloc[:0], "no rows"),
        (lambda rows: rows.iloc[1:], "original, draw 0: expected each of 600 images once, got 599"),
        (lambda rows: rows.iloc[[1, *range(1, len(rows))]], "got 600 rows of 599 images"),
        (lambda rows: set_first(rows, "glaucoma_probability", np.nan), "empty values in glaucoma_"),
        (lambda rows: set_first(rows, "identity", 7), "differs between rows of eye-0"),
        (lambda rows: set_first(rows, "replacement_shown", True), r"some images of \['original'\]"),
    ],
)
def test_what_cannot_be_judged_is_refused(predictions, spoil, message):
    check_predictions(predictions)
    with pytest.raises(ValueError, match=message):
        sum_by_patient(spoil(predictions))


def set_first(rows, column, value):
    spoilt = rows.copy()
    spoilt.loc[0, column] = value
    return spoilt
