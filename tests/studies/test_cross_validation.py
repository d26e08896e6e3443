"""Cross-validation by patient: who is trained on and tested, what is measured, what is kept."""

import json
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fake_eyes import random_eyes
from sklearn import metrics

from replication.config import SMOKE
from replication.records import Splits
from replication.store.run_folder import RunStore
from replication.studies import cross_validation
from replication.studies.cross_validation import FIGURES, PREDICTIONS, cross_validate, measure


def make_table(*, patients=30, images=6, ill=10, gap=1.0):
    """Make predictions of patients, sick ones higher by the gap; none is 0.5."""
    rng = np.random.default_rng(0)
    identity = np.repeat(np.arange(patients), images)
    logit = rng.normal(0, 1, len(identity)) + gap * (identity < ill) - gap / 2
    columns = {"identity": identity, "glaucoma": identity < ill}
    return pd.DataFrame(columns | {"glaucoma_probability": 1 / (1 + np.exp(-logit))})


def test_figures_are_those_of_scikit_learn():
    table = make_table()
    figures = measure(table, rng=np.random.default_rng(0))
    truth, called = table["glaucoma"], table["glaucoma_probability"] > 0.5
    expected = {
        "balanced accuracy": metrics.balanced_accuracy_score(truth, called),
        "F1": metrics.f1_score(truth, called),
        "accuracy": metrics.accuracy_score(truth, called),
        "one answer for all": 2 / 3,
    }
    assert {name: figures[name]["value"] for name in expected} == pytest.approx(expected)
    area = metrics.roc_auc_score(truth, table["glaucoma_probability"])
    assert figures["AUC"]["value"] == pytest.approx(area, abs=0.001)
    for name in ("balanced accuracy", "AUC", "F1", "accuracy"):
        assert 0 <= figures[name]["low"] < figures[name]["value"] < figures[name]["high"] <= 1


def test_without_a_gap_the_interval_holds_chance_and_with_one_it_does_not():
    for gap, holds in ((0.0, True), (3.0, False)):
        figures = measure(make_table(gap=gap), rng=np.random.default_rng(0))
        for name in ("balanced accuracy", "AUC"):
            assert (figures[name]["low"] <= 0.5 <= figures[name]["high"]) is holds


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a run of 12 patients whose networks know whom they were trained on."""
    store = RunStore(tmp_path / "run")
    store.open({})
    with store.writing("01_preprocessed", {}):
        pass
    identity = np.repeat(np.arange(12), 3)
    dataset = random_eyes(identity.tolist(), (identity % 2 == 0).tolist(), seed=0, prefix="e")
    trained = []

    def train(run, folder, *, task, data, settings):
        assert (task, settings) == ("glaucoma", SMOKE.by_patient)
        trained.append(data[1])
        (folder / "weights.h5").write_bytes(b"w")

    def load(task, folder):
        # Sure of glaucoma by as much as the number of the fold.
        level = int(folder.name.removeprefix("fold-")) / 10
        return SimpleNamespace(predict=lambda images: np.full((len(images), 2), level))

    monkeypatch.setattr(cross_validation, "train_evaluator", train)
    split = SimpleNamespace(seed=0)
    profile = SimpleNamespace(by_patient=SMOKE.by_patient, split=split)
    made = SimpleNamespace(store=store, dataset=dataset, profile=profile, patients=12, seed=4)
    made.load_evaluator, made.track = load, lambda *_: nullcontext(lambda: None)
    return made, trained


def test_each_image_is_judged_by_the_network_that_never_met_its_patient(run):
    made, trained = run
    figures = cross_validate(made)
    table = pd.read_csv(made.store.root / PREDICTIONS)
    assert table["image_id"].tolist() == made.dataset.image_id.tolist()
    assert len(trained) == 5
    for fold, splits in enumerate(trained):
        assert isinstance(splits, Splits)
        tested = table["fold"] == fold
        assert tested.any()
        np.testing.assert_array_equal(np.flatnonzero(tested), splits.test)
        assert (table["glaucoma_probability"][tested] == fold / 10).all()
        known = set(made.dataset.identity[np.r_[splits.train, splits.validation]])
        assert not known & set(table["identity"][tested])
    kept = json.loads((made.store.root / FIGURES).read_text())
    assert kept["figures"] == figures
    assert (kept["folds"], kept["images"], kept["patients"]) == (5, 36, 12)
    assert kept["settings"]["for_unseen_patients"] is True


def test_what_was_trained_is_kept(run):
    made, trained = run
    first = cross_validate(made)
    trained.clear()
    assert cross_validate(made) == first
    assert trained == []
