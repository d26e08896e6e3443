"""Stage 06: the numbers of Table 1 by hand and by their formulas, draws averaged, files left."""

import json

import numpy as np
import pandas as pd
import pytest
from fake_eyes import random_eyes, random_gallery, random_queries
from hypothesis import given
from hypothesis import strategies as st

from replication.errors import DataError
from replication.evaluate.stage import (
    accuracy,
    any_of_accuracy,
    average_draws,
    evaluate_set,
    evaluate_sets,
    f1_score,
    measure_pools,
    write_evaluation,
)
from replication.evaluate.table1 import Table1Row
from replication.privatize.methods import METHODS
from replication.records import PrivatizedSet
from validation.paper.numbers import read_paper_percent

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def split(pairs):
    return np.array(pairs, dtype=bool).T


def test_accuracies_by_hand():
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 0])) == 0.75
    used = np.array([[1, 2], [3, 4], [5, 6], [7, 7]])
    assert any_of_accuracy(np.array([2, 1, 5, 7]), used) == 0.75


def test_any_of_one_is_accuracy():
    rng = np.random.default_rng(0)
    predicted, actual = rng.integers(0, 3, (2, 50))
    assert any_of_accuracy(predicted, actual[:, None]) == accuracy(predicted, actual)


def test_accuracy_and_f1_of_the_paper_s_baseline():
    """Of 340 images: 83 true positives, 317 right, 87.83% printed (Table 1)."""
    cases = [((True, True), 83), ((True, False), 10), ((False, True), 13), ((False, False), 234)]
    predicted, actual = split([pair for pair, count in cases for _ in range(count)])
    assert f"{accuracy(predicted, actual):.2%}" == "93.24%"
    assert f"{f1_score(predicted, actual):.2%}" == "87.83%"


@given(PAIRS)
def test_accuracy_and_f1_are_those_of_counts_to_the_last_bit(pairs):
    predicted, actual = split(pairs)
    assert accuracy(predicted, actual) == np.mean(predicted == actual)
    if not actual.any():
        with pytest.raises(DataError, match="none of the images has glaucoma"):
            f1_score(predicted, actual)
        return
    hits = 2 * int(np.sum(predicted & actual))
    assert f1_score(predicted, actual) == hits / (hits + int(np.sum(predicted != actual)))


@pytest.mark.parametrize("metric", [accuracy, any_of_accuracy, f1_score])
def test_nothing_and_misaligned_predictions_are_errors(metric):
    for predicted, actual in (([], []), ([True], [True, False])):
        with pytest.raises(DataError, match="expected one per image"):
            metric(np.array(predicted, dtype=bool), np.array(actual, dtype=bool))


def test_without_used_identities_replacement_does_not_apply(test_set):
    identity, glaucoma = test_set.identity, test_set.glaucoma
    row = evaluate_set("original", identity, glaucoma, source=test_set, used_identities=None)
    assert row == Table1Row("original", True, 1.0, None, 1.0, 1.0)


def test_draws_are_averaged_number_by_number():
    drawn = (0, 0.75, 0.375, 0), (0.75, 0, 0, 0.375), (0, 0, 0, 0.75)
    rows = [Table1Row("k-same-3", True, *numbers) for numbers in drawn]
    assert average_draws(rows) == Table1Row("k-same-3", True, 0.25, 0.25, 0.125, 0.375)
    assert average_draws(rows[:1]) == rows[0]


def test_draws_of_several_methods_or_none_are_refused():
    for rows in ([], [Table1Row("blur-3", False), Table1Row("blur-9", False)]):
        with pytest.raises(DataError, match="rows of one method"):
            average_draws(rows)


class Reader:
    """An evaluator that reads its class off the first pixel."""

    def __init__(self, classes):
        self._classes = classes

    def predict(self, images):
        levels = np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int)
        return np.eye(self._classes)[levels % self._classes]


def mark(source, classes):
    """Return images whose first pixel says the class."""
    images = source.images.copy()
    images[:, 0, 0, :] = (np.asarray(classes, np.float32) / np.float32(127.5) - 1)[:, None]
    return images


@pytest.fixture
def test_set():
    return random_eyes([0, 1, 2, 3], [True, False, True, False], seed=0, prefix="t")


@pytest.fixture
def judged(test_set):
    used = np.array([[1, 2], [2, 3], [3, 0], [0, 1]])
    sets = [
        PrivatizedSet("k-same-3", 0, mark(test_set, [1, 1, 3, 2]), used),
        PrivatizedSet("pprl-vgan-random", 0, mark(test_set, [0, 1, 2, 3]), used[:, :1]),
        PrivatizedSet("pprl-vgan-random", 1, mark(test_set, [1, 2, 3, 0]), used[:, :1]),
    ]
    return evaluate_sets(test_set, sets, identity_network=Reader(4), glaucoma_network=Reader(2))


def find(table, method):
    return next(row for row in table.rows if row.method == method)


def test_a_method_without_draws_is_counted_by_hand(judged):
    row = find(judged[0], "k-same-3")
    assert row.identity_accuracy == 1 / 4
    assert row.replacement_accuracy == 2 / 4  # 1 of (1, 2) and 3 of (3, 0)
    # Glaucoma predicted for 1, 1, 3 and not in 2; true in the first and the third.
    assert row.glaucoma_accuracy == 3 / 4
    assert row.glaucoma_f1 == pytest.approx(2 * 2 / (2 * 2 + 1))


def test_a_method_with_draws_is_their_mean(judged):
    row = find(judged[0], "pprl-vgan-random")
    assert row.identity_accuracy == (1 + 0) / 2
    assert row.replacement_accuracy == (0 + 1) / 2


def test_the_baseline_is_measured_and_the_rest_is_not(judged):
    table, predictions = judged
    assert find(table, "original").measured
    assert not find(table, "blur-9").measured
    assert list(predictions.groupby(["method", "draw"]).size()) == [4, 4, 4, 4]


def test_a_prediction_stands_beside_the_truth_and_its_lead(judged):
    predictions = judged[1]
    drawn = predictions[predictions["method"] == "k-same-3"]
    assert drawn["identity"].tolist() == [0, 1, 2, 3]
    assert drawn["glaucoma"].tolist() == [True, False, True, False]
    assert drawn["predicted_identity"].tolist() == [1, 1, 3, 2]
    assert drawn["replacement_shown"].tolist() == [True, False, True, False]
    assert drawn["identity_lead"].tolist() == [-1, 1, -1, -1]
    assert drawn["replacement_lead"].tolist() == [1, -1, 1, -1]
    plain = predictions[predictions["method"] == "original"]
    assert plain[["replacement_shown", "replacement_lead"]].isna().all(axis=None)


def test_a_lead_is_over_the_best_other_class(test_set):
    class Doubting:
        def predict(self, images):
            return np.tile([0.5, 0.25, 0.125, 0.0625], (len(images), 1))

    used = np.tile([2, 1], (4, 1))
    drawn = PrivatizedSet("k-same-3", 0, test_set.images, used)
    _, predictions = evaluate_sets(
        test_set, [drawn], identity_network=Doubting(), glaucoma_network=Doubting()
    )
    drawn = predictions[predictions["method"] == "k-same-3"]
    assert drawn["identity_lead"].tolist() == [0.25, -0.25, -0.375, -0.4375]
    assert drawn["replacement_lead"].tolist() == [-0.25] * 4


def test_one_half_is_no_glaucoma(test_set):
    class Undecided:
        def predict(self, images):
            return np.full((len(images), 4), 0.5)

    table, _ = evaluate_sets(
        test_set, [], identity_network=Undecided(), glaucoma_network=Undecided()
    )
    row = find(table, "original")
    assert (row.glaucoma_accuracy, row.glaucoma_f1) == (2 / 4, 0)


def test_pools_of_a_toy_set_are_those_counted_by_hand():
    # Of the gallery 0-5 are healthy, 6-10 have glaucoma, 11 has an eye of each kind.
    names = ["blur-3", *(name for name in METHODS if name.startswith("pprl")), "k-same-3"]
    pools = measure_pools(names, random_queries(), random_gallery())
    sizes = {}
    for pool in pools:
        assert pool.images == {False: 9, True: 7}[pool.glaucoma]
        sizes.setdefault(pool.method, []).append((pool.fewest, pool.most))
    assert sizes == {
        "pprl-vgan-random": [(12, 12), (12, 12)],
        "pprl-vgan-same-pathology": [(7, 7), (6, 6)],
        "pprl-vgan-different-pathology": [(5, 5), (6, 6)],
        "pprl-vgan-averaged-random": [(11, 11), (11, 11)],
        "pprl-vgan-averaged-same-pathology": [(6, 6), (5, 5)],
    }


def test_a_pool_that_differs_from_query_to_query_has_both_ends():
    # Patient 0 has no training image with glaucoma, so that one more is left for their eye with it.
    gallery = random_eyes([0, 1, 2, 3, 4, 5, 6], [False] + [True] * 6, seed=0, prefix="g")
    queries = random_eyes([0, 1], [True, True], seed=1, prefix="q")
    (pool,) = measure_pools(["pprl-vgan-averaged-same-pathology"], queries, gallery)
    assert (pool.glaucoma, pool.images, str(pool)) == (True, 2, "5 to 6")


def test_it_leaves_its_files(judged, tmp_path):
    write_evaluation(tmp_path, *judged, paper_percent=read_paper_percent(), heading="On what")
    assert json.loads((tmp_path / "table1.json").read_text())["rows"][0]["measured"]
    assert (tmp_path / "table1.md").read_text().startswith("On what\n\n| Experiment")
    assert "not measured" in (tmp_path / "table1.csv").read_text()
    assert len(pd.read_csv(tmp_path / "predictions.csv")) == 16
