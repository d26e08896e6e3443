"""The numbers of Table 1 against counting by hand and scikit-learn's formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.errors import DataError
from replication.evaluate.metrics import (
    ConfusionCounts,
    accuracy,
    any_of_accuracy,
    confusion_counts,
    f1_score,
)

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def split(pairs):
    return np.array(pairs, dtype=bool).T


def test_accuracy_by_hand():
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 0])) == 0.75


def test_any_of_accuracy_by_hand():
    used = np.array([[1, 2], [3, 4], [5, 6], [7, 7]])
    assert any_of_accuracy(np.array([2, 1, 5, 7]), used) == 0.75


def test_any_of_one_is_accuracy():
    rng = np.random.default_rng(0)
    predicted, actual = rng.integers(0, 3, (2, 50))
    assert any_of_accuracy(predicted, actual[:, None]) == accuracy(predicted, actual)


def test_counts_and_f1_of_the_paper_s_baseline():
    """Of 340 images: 83 true positives, 317 right, 87.83% printed (Table 1)."""
    cases = [((True, True), 83), ((True, False), 10), ((False, True), 13), ((False, False), 234)]
    predicted, actual = split([pair for pair, count in cases for _ in range(count)])
    assert confusion_counts(predicted, actual) == ConfusionCounts(83, 10, 13, 234)
    assert f"{accuracy(predicted, actual):.2%}" == "93.24%"
    assert f"{f1_score(predicted, actual):.2%}" == "87.83%"


@given(PAIRS)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs):
    predicted, actual = split(pairs)
    if not actual.any():
        with pytest.raises(DataError, match="none of the images has glaucoma"):
            f1_score(predicted, actual)
        return
    hits = sum(said and is_so for said, is_so in pairs)
    expected = 0.0
    if hits:
        precision, recall = hits / sum(predicted), hits / sum(actual)
        expected = 2 * precision * recall / (precision + recall)
    assert f1_score(predicted, actual) == pytest.approx(expected)


@given(PAIRS)
def test_counts_add_up_and_agree_with_accuracy(pairs):
    predicted, actual = split(pairs)
    counts = confusion_counts(predicted, actual)
    right = counts.true_positive + counts.true_negative
    assert right + counts.false_positive + counts.false_negative == len(pairs)
    assert accuracy(predicted, actual) == pytest.approx(right / len(pairs))


@pytest.mark.parametrize("metric", [accuracy, confusion_counts, f1_score])
def test_nothing_and_misaligned_predictions_are_errors(metric):
    for predicted, actual in (([], []), ([True], [True, False])):
        with pytest.raises(DataError, match="expected one per image"):
            metric(np.array(predicted, dtype=bool), np.array(actual, dtype=bool))
