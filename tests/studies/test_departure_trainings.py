"""What `measure-departures` trains: each choice once, with what it says and on the right data."""

from contextlib import nullcontext
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from drawn_eyes import write_eyes

from replication.config import PAPER, SMOKE, ExplanationSettings
from replication.data.sources import Kind, Source
from replication.errors import ReplicationError
from replication.pipeline import stages
from replication.pipeline.order import Replication
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS
from replication.results.finished_run import FinishedRun
from replication.store.run_folder import RunStore
from replication.store.run_record import EVALUATORS, VGAN
from replication.studies.departures import HOUGH, measure_departures
from replication.train import evaluators as train_evaluators
from replication.train import vgan as train_vgan

TRAININGS = [
    "leaky-relu/identity",
    "leaky-relu/glaucoma",
    "last-weights/identity",
    "last-weights/glaucoma",
    "later-training/identity",
    "later-training/glaucoma",
    "bilinear/identity",
    "bilinear/glaucoma",
    "hough-circle/identity",
    "hough-circle/glaucoma",
    "next-split/identity",
    "next-split/glaucoma",
    "equation-2",
    "more-steps",
    "network-sizes",
]


class Network:
    """Says of every image that it shows patient 0 without glaucoma."""

    def predict(self, images):
        return np.eye(28)[np.zeros(len(images), int)]


class Generator:
    """Paints every image gray."""

    def encode(self, images):
        return np.zeros((len(images), 128), np.float32), np.zeros((len(images), 128), np.float32)

    def decode(self, latent, identity):
        return np.zeros((len(latent), 64, 64, 3), np.float32)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return the work on 112 drawn eyes whose trainings take note of what they are asked for."""
    (tmp_path / "eyes").mkdir()
    patient = np.arange(112) // 4
    manifest = write_eyes(tmp_path / "eyes", len(patient)).assign(
        patient_id=[f"{number:02}" for number in patient], glaucoma=patient % 2 == 1
    )
    monkeypatch.setattr(RunData, "raw", (manifest, tmp_path / "eyes"))
    monkeypatch.setattr(RunData, "load_evaluator", lambda *_: Network())
    monkeypatch.setattr(RunData, "load_generator", lambda *_: Generator())
    asked, usual = {}, {}
    for train in (train_evaluators.train_evaluator, train_vgan.train_vgan):
        usual |= {name: given.default for name, given in signature(train).parameters.items()}

    def note(*data, folder, **options) -> None:
        (folder / "weights.h5").write_bytes(b"w")
        name = folder.relative_to(tmp_path / "run" / "departures").as_posix()
        asked[name.removesuffix(".partial")] = usual | {"data": data} | options

    store = RunStore(tmp_path / "run")
    store.open({})
    made = RunData(
        Source(Kind.FOLDER, tmp_path / "eyes"),
        SMOKE,
        seed=3,
        draws=1,
        methods=tuple(METHODS),
        store=store,
        workers=1,
        track=lambda what, steps: nullcontext(lambda: None),
        explanation=ExplanationSettings(),
    )
    with store.writing("01_preprocessed", {}) as folder:
        stages.preprocess(made, folder)
    for unit in (*EVALUATORS.values(), VGAN):
        with store.writing(unit, {}):
            pass
    for name in METHODS:
        with store.writing(f"05_privatized/{name}", {}) as folder:
            stages.privatize(made, folder, method=METHODS[name])
    monkeypatch.setattr(train_evaluators, "train_evaluator", note)
    monkeypatch.setattr(train_vgan, "train_vgan", note)
    return made, asked


def test_each_training_leaves_the_run_in_one_point(work) -> None:
    made, asked = work
    dict(measure_departures(made))
    assert list(asked) == TRAININGS
    usual = {"settings": SMOKE.evaluator, "activation": "relu", "keep_last": False, "seed": 3}
    changed = {
        "leaky-relu": {"activation": "leaky_relu"},
        "last-weights": {"keep_last": True},
        "later-training": {"settings": PAPER.evaluator},
        "bilinear": {},
        "hough-circle": {},
        "next-split": {},
    }
    for name, options in asked.items():
        if "/" in name:
            choice, task = name.split("/")
            expected = usual | changed[choice] | {"task": task}
            assert {key: options[key] for key in expected} == expected
    images = len(asked["leaky-relu/identity"]["data"][0])
    longer = replace(SMOKE.vgan, steps=-(-300 * images // SMOKE.vgan.batch_size))
    sizes = replace(SMOKE.vgan, kernel_size=8, units=256)
    told = [(asked[name]["settings"], asked[name]["saturating"]) for name in TRAININGS[-3:]]
    assert told == [(SMOKE.vgan, True), (longer, False), (sizes, False)]


def test_the_networks_learn_from_the_data_that_the_choice_is_about(work) -> None:
    made, asked = work
    dict(measure_departures(made))
    train, validation = asked["leaky-relu/identity"]["data"]
    for name in ("bilinear/identity", "hough-circle/identity"):
        theirs, _ = asked[name]["data"]
        np.testing.assert_array_equal(theirs.image_id, train.image_id)
        assert np.any(theirs.images != train.images)
    theirs, held_out = asked["next-split/identity"]["data"]
    assert len(theirs) == len(train)
    assert set(theirs.image_id) != set(train.image_id)
    assert not set(theirs.image_id) & set(held_out.image_id)
    assert not set(validation.image_id) & set(train.image_id)


def test_what_was_trained_is_kept_and_what_was_measured_is_read_back(work) -> None:
    made, asked = work
    measured = dict(measure_departures(made))
    assert FinishedRun(made.store).costs == measured
    asked.clear()
    assert dict(measure_departures(made)) == measured
    assert asked == {}
    assert not [unit for unit in made.store.records() if "departures" in unit]
    Replication(made).store.digest("departures/equation-2")


def test_the_share_of_irises_found_is_told_of_both_ways(work) -> None:
    made, _ = work
    measured = dict(measure_departures(made))
    assert measured["evaluation networks, ours"]["iris found"] == 1.0
    by_hough = measured[f"evaluation networks, {HOUGH}"]["iris found"]
    assert by_hough < 1  # of frames of 160 x 120 px, the constants are for larger ones


def test_what_was_measured_before_a_fault_is_there(work, monkeypatch) -> None:
    made, asked = work

    def fail(*data, folder, **options) -> None:
        raise ReplicationError("not today")

    monkeypatch.setattr(train_vgan, "train_vgan", fail)
    with pytest.raises(ReplicationError, match="not today"):
        dict(measure_departures(made))
    assert list(asked) == TRAININGS[:-3]
    told = FinishedRun(made.store).costs
    assert "evaluation networks, split by the next seed" in told
    assert not [choice for choice in told if "Equation 2" in choice]


def test_a_profile_of_the_references_sizes_and_epochs_is_not_measured_against_itself(work) -> None:
    made, asked = work
    made.profile = replace(SMOKE, evaluator=PAPER.evaluator, vgan=PAPER.vgan)
    dict(measure_departures(made))
    left_out = {"later-training/identity", "later-training/glaucoma"}
    left_out |= {"more-steps", "network-sizes"}
    assert list(asked) == [name for name in TRAININGS if name not in left_out]
