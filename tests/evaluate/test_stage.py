import json

import numpy as np
import pandas as pd
import pytest
from fake_eyes import random_eyes

from replication.evaluate.stage import evaluate_sets, write_evaluation
from replication.records import PrivatizedSet
from validation.paper.numbers import read_paper_percent


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
    # Glaucoma seen in 1, 1, 3 and not in 2; true in the first and the third.
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

    used = np.tile([1, 2], (4, 1))
    drawn = PrivatizedSet("k-same-3", 0, test_set.images, used)
    _, predictions = evaluate_sets(
        test_set, [drawn], identity_network=Doubting(), glaucoma_network=Doubting()
    )
    drawn = predictions[predictions["method"] == "k-same-3"]
    assert drawn["identity_lead"].tolist() == [0.25, -0.25, -0.375, -0.4375]
    assert drawn["replacement_lead"].tolist() == [-0.25] * 4


def test_it_leaves_its_files(judged, tmp_path):
    write_evaluation(tmp_path, *judged, paper_percent=read_paper_percent(), heading="On what")
    assert json.loads((tmp_path / "table1.json").read_text())["rows"][0]["measured"]
    assert (tmp_path / "table1.md").read_text().startswith("On what\n\n| Experiment")
    assert "not measured" in (tmp_path / "table1.csv").read_text()
    assert len(pd.read_csv(tmp_path / "predictions.csv")) == 16
