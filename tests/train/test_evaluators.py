from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from kept_graphs import count_kept_graphs
from keras import Model

from replication.config import CPU, SMOKE
from replication.errors import ReplicationError
from replication.records import EyeDataset
from replication.train import evaluators as stage
from replication.train.evaluators import train_evaluator
from replication.train.trained import TrainedEvaluator

SETTINGS = replace(SMOKE.evaluator, updates=24, patience=4, batch_size=8, averaging=0.0)
AVERAGED = replace(SETTINGS, averaging=0.9)


def draw_eyes(count, *, seed):
    """Make dark images without glaucoma and bright ones with it."""
    rng = np.random.default_rng(seed)
    glaucoma = np.arange(count) % 4 == 0
    level = np.where(glaucoma, 0.5, -0.5)[:, None, None, None]
    images = level + rng.uniform(-0.3, 0.3, (count, 16, 16, 3))
    names = np.array([f"{seed}-{i}" for i in range(count)])
    return EyeDataset(images.astype(np.float32), np.arange(count) % 3, glaucoma, names)


def train(
    folder, *, validation=None, settings=SETTINGS, seed=0, task="glaucoma", classes=2, **more
):
    folder.mkdir(exist_ok=True)
    train_evaluator(
        draw_eyes(48, seed=0),
        validation or draw_eyes(16, seed=1),
        task=task,
        classes=classes,
        settings=settings,
        seed=seed,
        folder=folder,
        **more,
    )
    return pd.read_csv(folder / "history.csv")


def test_the_kept_weights_are_those_of_the_epoch_that_was_best_on_validation(tmp_path):
    history = train(tmp_path)
    best = history[history["best"]]
    assert best["val_loss"].tolist() == [history["val_loss"].min()]
    validation = draw_eyes(16, seed=1)
    network = TrainedEvaluator(tmp_path / "weights.h5", 2, (16, 16, 3), SETTINGS)
    seen = network.predict(validation.images)
    loss = -np.log(seen[np.arange(16), validation.glaucoma.astype(int)]).mean()
    assert loss == pytest.approx(best["val_loss"].item(), rel=1e-3)


def test_the_last_weights_are_kept_on_request(tmp_path):
    history = train(tmp_path / "best")
    again = train(tmp_path / "last", keep_last=True)
    pd.testing.assert_frame_equal(again, history)
    assert not history["best"].iloc[-1]
    validation = draw_eyes(16, seed=1)
    network = TrainedEvaluator(tmp_path / "last" / "weights.h5", 2, (16, 16, 3), SETTINGS)
    seen = network.predict(validation.images)
    loss = -np.log(seen[np.arange(16), validation.glaucoma.astype(int)]).mean()
    assert loss == pytest.approx(history["val_loss"].iloc[-1], rel=1e-3)


def test_the_average_of_the_weights_is_validated_and_kept(tmp_path):
    history = train(tmp_path / "averaged", settings=AVERAGED)
    usual = train(tmp_path / "usual")
    assert history["loss"].tolist() == usual["loss"].tolist()
    assert history["val_loss"].tolist() != usual["val_loss"].tolist()
    validation = draw_eyes(16, seed=1)
    network = TrainedEvaluator(tmp_path / "averaged" / "weights.h5", 2, (16, 16, 3), SETTINGS)
    seen = network.predict(validation.images)
    loss = -np.log(seen[np.arange(16), validation.glaucoma.astype(int)]).mean()
    assert loss == pytest.approx(history["val_loss"].min(), rel=1e-3)


def test_the_unbalanced_task_is_followed_by_its_f1_score(tmp_path):
    history = train(tmp_path, settings=replace(SETTINGS, updates=1))
    assert {"f1", "val_f1"} <= set(history.columns)
    validation = draw_eyes(16, seed=1)
    network = TrainedEvaluator(tmp_path / "weights.h5", 2, (16, 16, 3), SETTINGS)
    seen = network.predict(validation.images)[:, 1] > 0.5
    hits = 2 * np.sum(seen & validation.glaucoma)
    assert history["val_f1"][0] == pytest.approx(hits / (seen.sum() + 4), abs=1e-6)


def test_the_identity_network_is_followed_by_accuracy_alone(tmp_path):
    history = train(tmp_path, settings=replace(SETTINGS, updates=1), task="identity", classes=3)
    assert "accuracy" in history and "f1" not in history


def test_the_same_seed_trains_the_same(tmp_path):
    short = replace(SETTINGS, updates=12)
    one, same = (train(tmp_path / str(i), settings=short) for i in range(2))
    pd.testing.assert_frame_equal(one, same)


def test_two_side_by_side_train_what_each_trains_alone(tmp_path):
    tasks = {"glaucoma": {"classes": 2}, "identity": {"classes": 3, "seed": 5}}
    for task, more in tasks.items():
        train(tmp_path / f"{task}-alone", task=task, **more)
    with ThreadPoolExecutor(2) as threads:
        running = [
            threads.submit(train, tmp_path / task, task=task, **more)
            for task, more in tasks.items()
        ]
        for each in running:
            each.result()
    for task in tasks:
        for name in ("weights.h5", "history.csv"):
            alone = (tmp_path / f"{task}-alone" / name).read_bytes()
            assert (tmp_path / task / name).read_bytes() == alone


def test_no_traced_step_stays_in_memory(tmp_path):
    short = replace(SETTINGS, updates=1)
    train(tmp_path / "first", settings=short)
    kept = count_kept_graphs()
    train(tmp_path / "second", settings=short)
    assert count_kept_graphs() <= kept


UNSEEN = replace(SETTINGS, for_unseen_patients=True)


def test_for_unseen_patients_images_are_augmented_anew_in_each_epoch(tmp_path, monkeypatch):
    drawn = []

    def turn_dark(images, seed):
        drawn.append(seed)
        return images - images - 1.0

    monkeypatch.setattr(stage, "augment", turn_dark)
    train(tmp_path, settings=UNSEEN, seed=7)
    assert drawn == [(700_000 + epoch, 0) for epoch in range(1, 5)]
    network = TrainedEvaluator(tmp_path / "weights.h5", 2, (16, 16, 3), SETTINGS)
    # It never saw a bright image, so it can't have learned what they are.
    seen = network.predict(draw_eyes(16, seed=1).images)[:, 1]
    assert np.ptp(seen) < 0.5


def test_for_unseen_patients_both_classes_weigh_the_same(tmp_path, monkeypatch):
    given = []
    fit = Model.fit
    monkeypatch.setattr(
        Model, "fit", lambda *a, **k: given.append(k["class_weight"]) or fit(*a, **k)
    )
    train(tmp_path / "unseen", settings=replace(UNSEEN, updates=1))
    train(tmp_path / "usual", settings=replace(SETTINGS, updates=1))
    assert given == [{0: 48 / 72, 1: 2.0}, None]


def test_for_unseen_patients_the_epoch_of_the_best_ranking_is_kept(tmp_path, monkeypatch):
    areas = iter([0.7, 0.9, 0.9, 0.8])
    monkeypatch.setattr(stage.metrics, "roc_auc_score", lambda *_: next(areas))
    history = train(tmp_path, settings=UNSEEN)
    assert history["val_auc"].tolist() == [0.7, 0.9, 0.9, 0.8]
    tied = history.iloc[1:3]
    assert history[history["best"]]["epoch"].tolist() == [tied["epoch"][tied["val_loss"].idxmin()]]


def test_the_area_is_that_of_the_validation_images(tmp_path):
    history = train(tmp_path, settings=replace(UNSEEN, updates=1))
    validation = draw_eyes(16, seed=1)
    network = TrainedEvaluator(tmp_path / "weights.h5", 2, (16, 16, 3), SETTINGS)
    seen, ill = network.predict(validation.images)[:, 1], validation.glaucoma
    pairs = seen[ill][:, None] - seen[~ill]
    area = (np.sum(pairs > 0) + 0.5 * np.sum(pairs == 0)) / pairs.size
    assert history["val_auc"][0] == pytest.approx(area)


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    ("broken", "settings"),
    [(False, SETTINGS), (True, SETTINGS), (False, UNSEEN), (False, AVERAGED)],
)
def test_a_killed_training_resumes_and_ends_with_the_same_weights(
    tmp_path, monkeypatch, broken, settings
):
    monkeypatch.setattr(stage, "CHECKPOINT_EVERY_S", 0.0)
    whole = train(tmp_path / "undisturbed", settings=settings)
    made = []

    def die_in_the_third():
        made.append(1)
        if len(made) == 3:
            raise Killed

    with pytest.raises(Killed):
        train(tmp_path / "killed", settings=settings, on_epoch=die_in_the_third)
    if broken:
        (tmp_path / "killed" / "training.checkpoint").write_bytes(b"broken")
    again = []
    resumed = train(tmp_path / "killed", settings=settings, on_epoch=lambda: again.append(1))
    assert len(whole) == 4
    assert len(again) == (4 if broken else 2)
    pd.testing.assert_frame_equal(resumed, whole)
    one, other = (tmp_path / name / "weights.h5" for name in ("undisturbed", "killed"))
    assert one.read_bytes() == other.read_bytes()


def test_a_training_without_any_finite_validation_loss_is_an_error(tmp_path):
    with pytest.raises(ReplicationError, match="no epoch gave a finite val_loss"):
        train(tmp_path, settings=replace(SETTINGS, learning_rate=float("nan")))


def test_the_epochs_make_the_updates_whatever_the_number_of_images():
    assert replace(SETTINGS, updates=24, batch_size=8).epochs(48) == 4
    assert replace(SETTINGS, updates=25, batch_size=8).epochs(48) == 5
    assert CPU.evaluator.epochs(1167) == 40


@pytest.mark.parametrize(
    ("images", "epochs"),
    [
        (1167, 12),  # Warsaw's training images: 73 batches of 16
        (492, 29),  # 31 batches, so 876 updates take 28.3 epochs
        (10_000, 12),  # never less than stated
        (16, 876),
    ],
)
def test_it_waits_for_as_many_updates_on_fewer_images(images, epochs):
    assert CPU.evaluator.epochs_waited(images) == epochs
