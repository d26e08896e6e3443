"""Departures: other choices measured beside ours, and what is trained for them, each once."""

from contextlib import nullcontext
from dataclasses import replace
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_eyes import write_eyes
from fake_eyes import random_eyes, random_gallery, random_queries
from latent_generator import STEP, LatentGenerator

from replication.config import PAPER, SMOKE, ExplanationSettings, PreprocessSettings
from replication.data.sources import Kind, Source
from replication.errors import ReplicationError, SettingsError
from replication.pipeline import stages
from replication.pipeline.order import Replication
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS
from replication.records import PrivatizedSet, round_to_bytes
from replication.results.finished_run import FinishedRun
from replication.store.run_folder import RunStore
from replication.store.run_record import CODE, EVALUATORS, PP_MIR, VGAN
from replication.studies.departures import (
    HOUGH,
    PRIVATIZERS,
    evaluate_draws,
    evaluate_networks,
    measure_departures,
    measure_privatizers,
    measure_replacements,
)
from replication.train import evaluators as train_evaluators
from replication.train import vgan as train_vgan

# Trainings of both evaluation networks, and the arguments in which they differ from the run's.
CHANGED = {
    "leaky-relu": {"activation": "leaky_relu"},
    "last-weights": {"keep_last": True},
    "later-training": {"settings": PAPER.evaluator},
    "bilinear": {},
    "hough-circle": {},
    "next-split": {},
}
TRAININGS = [f"{name}/{task}" for name in CHANGED for task in ("identity", "glaucoma")]
TRAININGS += ["equation-2", "more-steps", "network-sizes"]


def predict(identity, glaucoma):
    """Return networks that predict these classes for whatever images they get."""
    classes = {"identity": np.eye(14)[identity], "glaucoma": np.eye(2)[glaucoma]}
    return {task: lambda _, found=found: found for task, found in classes.items()}


def test_networks_are_evaluated_by_their_own_task():
    test = random_eyes([0, 1, 2, 2], [True, False, False, True], seed=0, prefix="t")
    networks = predict([0, 1, 2, 0], [1, 1, 1, 1])
    assert evaluate_networks(test, networks) == {"identity": 0.75, "glaucoma": 0.5}


def test_sets_are_evaluated_by_the_mean_of_their_draws():
    test = random_eyes([0, 1], [True, False], seed=0, prefix="t")
    draws = [PrivatizedSet("m", n, test.images, np.array([[n], [1]])) for n in range(2)]
    networks, own = predict([0, 0], [1, 0]), {"identity": 0.5, "glaucoma": 1.0}
    assert evaluate_draws(test, draws, networks) == own | {"replacement": 0.25}
    blurred = PrivatizedSet("blur-3", 0, test.images, None)
    assert evaluate_draws(test, [blurred], networks) == own


class UnevenGenerator(LatentGenerator):
    """Paints images whose levels lie a third above a byte's."""

    def decode(self, latent, identity):
        return super().decode(latent, identity) + np.float32(STEP / 3)


GIVEN = {"gallery": random_gallery(), "generator": UnevenGenerator(), "seed": 4}


def measure(monkeypatch, *, draws):
    """Measure with networks that know everybody's patient; return the images they got, too."""
    test, shown = random_queries(), []
    networks = predict(test.identity, test.glaucoma.astype(int))
    known = networks["identity"]
    networks["identity"] = lambda images: shown.append(images) or known(images)
    names = [name for name in PRIVATIZERS if name.startswith(("blur-3", "pprl"))]
    few = {name: PRIVATIZERS[name] for name in names}
    monkeypatch.setattr("replication.studies.departures.PRIVATIZERS", few)
    return dict(measure_privatizers(test, networks, **GIVEN, draws=draws)), shown


def test_each_choice_is_measured_beside_ours(monkeypatch):
    figures, shown = measure(monkeypatch, draws=1)
    shown = dict(zip(figures, shown, strict=True))
    for name in ("blur-3", "pprl-vgan-random"):
        (ours, other) = (f"{name}, {words}" for words in PRIVATIZERS[name])
        (registered,) = METHODS[name].privatize(random_queries(), **GIVEN, draws=1)
        np.testing.assert_array_equal(shown[ours], registered.images)
        assert np.any(shown[other] != shown[ours])
        assert figures[ours]["identity"] == 1.0
    floats = shown["pprl-vgan-random, not rounded"]
    np.testing.assert_array_equal(round_to_bytes(floats), shown["pprl-vgan-random, ours"])


def test_pools_and_others_are_measured_as_they_are_called(monkeypatch):
    figures, _ = measure(monkeypatch, draws=20)
    own = {name: each.get("replacement") for name, each in figures.items()}
    # The patient of each query is seen, so these are the rates of those who may replace themselves.
    assert own["pprl-vgan-different-pathology, patients without the own label"] == 0
    assert own["pprl-vgan-different-pathology, patients with the other label"] > 0
    assert own["pprl-vgan-averaged-random, with five others"] == 0
    assert own["pprl-vgan-averaged-random, with five of all"] > 0


def test_k_same_select_is_measured_with_and_without_the_own_patient():
    gallery = random_eyes(list(range(14)), [True] * 14, seed=1, prefix="g")
    networks = predict(range(14), [1] * 14)
    for words, arguments in PRIVATIZERS["k-same-3"].items():
        sets = METHODS["k-same-3"].privatize(
            gallery, gallery=gallery, generator=None, seed=0, draws=1, **arguments
        )
        replaced = evaluate_draws(gallery, sets, networks)["replacement"]
        assert replaced == {"without the own patient": 0.0, "with the own patient": 1.0}[words]


def test_ours_are_what_the_registry_does():
    for name, choices in PRIVATIZERS.items():
        bound = METHODS[name].privatize.keywords
        first = next(iter(choices.values()))
        assert {key: bound.get(key, value) for key, value in first.items()} == first


def test_replacements_are_counted_each_way():
    test = random_eyes([0, 1, 2, 3], [True] * 4, seed=0, prefix="t")
    single = PrivatizedSet("single", 0, test.images, np.array([[0], [2], [3], [0]]))
    averaged = PrivatizedSet("averaged", 0, test.images, np.array([[1, 3]] * 4))
    again = replace(averaged, draw=1, used_identities=np.array([[0, 2]] * 4))
    seen = np.eye(4)[[0, 1, 3, 3]]
    assert measure_replacements(test, [single, averaged, again], lambda images: seen) == {
        "single, all images": {"identity": 0.75},
        "single, but for patients who replace themselves": {"identity": pytest.approx(2 / 3)},
        "averaged, the replacements count": {"replacement": 0.5},
        "averaged, the original counts too": {"replacement": 0.875},
    }


# Predicts patient 0 without glaucoma for every image.
NETWORK = SimpleNamespace(predict=lambda images: np.eye(28)[np.zeros(len(images), int)])


class Generator:
    """Paints every image gray."""

    def encode(self, images):
        return np.zeros((len(images), 128), np.float32), np.zeros((len(images), 128), np.float32)

    def decode(self, latent, identity):
        return np.zeros((len(latent), 64, 64, 3), np.float32)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a run of 112 drawn eyes, and the arguments of its trainings by name."""
    (tmp_path / "eyes").mkdir()
    patient = np.arange(112) // 4
    manifest = write_eyes(tmp_path / "eyes", len(patient)).assign(
        patient_id=[f"{number:02}" for number in patient], glaucoma=patient % 2 == 1
    )
    monkeypatch.setattr(RunData, "raw", (manifest, tmp_path / "eyes"))
    monkeypatch.setattr(RunData, "load_evaluator", lambda *_: NETWORK)
    monkeypatch.setattr(RunData, "load_generator", lambda *_, **__: Generator())
    monkeypatch.setattr(RunData, "code_generator", LatentGenerator())
    monkeypatch.setattr(RunData, "pp_mir_generator", LatentGenerator())
    trained, usual = {}, {}
    for train in (train_evaluators.train_evaluator, train_vgan.train_vgan):
        usual |= {name: given.default for name, given in signature(train).parameters.items()}

    def note(*data, folder, **options) -> None:
        (folder / "weights.h5").write_bytes(b"w")
        name = folder.relative_to(tmp_path / "run" / "departures").as_posix()
        trained[name.removesuffix(".partial")] = usual | {"data": data} | options

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
    for unit in (*EVALUATORS.values(), CODE, PP_MIR, VGAN):
        with store.writing(unit, {}):
            pass
    for name in METHODS:
        with store.writing(f"05_privatized/{name}", {}) as folder:
            stages.privatize(made, folder, method=METHODS[name])
    monkeypatch.setattr(train_evaluators, "train_evaluator", note)
    monkeypatch.setattr(train_vgan, "train_vgan", note)
    return made, trained


def test_each_training_leaves_the_run_in_one_point(work) -> None:
    made, trained = work
    dict(measure_departures(made))
    assert list(trained) == TRAININGS
    usual = {"settings": SMOKE.evaluator, "activation": "relu", "keep_last": False, "seed": 3}
    for name, options in trained.items():
        if "/" in name:
            choice, task = name.split("/")
            expected = usual | CHANGED[choice] | {"task": task}
            assert {key: options[key] for key in expected} == expected
    images = len(trained["leaky-relu/identity"]["data"][0])
    longer = replace(SMOKE.vgan, steps=-(-300 * images // SMOKE.vgan.batch_size))
    sizes = replace(SMOKE.vgan, kernel_size=8, units=256)
    generators = [trained[name] for name in TRAININGS[-3:]]
    assert [options["settings"] for options in generators] == [SMOKE.vgan, longer, sizes]
    assert [options["saturating"] for options in generators] == [True, False, False]


def test_the_networks_learn_from_the_data_that_the_choice_is_about(work) -> None:
    made, trained = work
    dict(measure_departures(made))
    train, validation = trained["leaky-relu/identity"]["data"]
    for name in ("bilinear/identity", "hough-circle/identity"):
        theirs, _ = trained[name]["data"]
        np.testing.assert_array_equal(theirs.image_id, train.image_id)
        assert np.any(theirs.images != train.images)
    theirs, held_out = trained["next-split/identity"]["data"]
    assert len(theirs) == len(train)
    assert set(theirs.image_id) != set(train.image_id)
    assert not set(theirs.image_id) & set(held_out.image_id)
    assert not set(validation.image_id) & set(train.image_id)


def test_what_was_trained_is_kept_and_what_was_measured_is_read_back(work) -> None:
    made, trained = work
    measured = dict(measure_departures(made))
    assert FinishedRun(made.store).costs == measured
    trained.clear()
    assert dict(measure_departures(made)) == measured
    assert trained == {}
    assert not [unit for unit in made.store.records() if "departures" in unit]
    Replication(made).store.digest("departures/equation-2")


def test_the_rate_of_irises_found_is_measured_of_both_ways(work) -> None:
    made, _ = work
    measured = dict(measure_departures(made))
    assert measured["evaluation networks, ours"]["iris found"] == 1.0
    by_hough = measured[f"evaluation networks, {HOUGH}"]["iris found"]
    assert by_hough < 1  # of frames of 160 x 120 px, the constants are for larger ones


def test_what_was_measured_before_a_fault_is_there(work, monkeypatch) -> None:
    made, trained = work

    def fail(*data, folder, **options) -> None:
        raise ReplicationError("not today")

    monkeypatch.setattr(train_vgan, "train_vgan", fail)
    with pytest.raises(ReplicationError, match="not today"):
        dict(measure_departures(made))
    assert list(trained) == TRAININGS[:-3]
    kept = FinishedRun(made.store).costs
    assert "evaluation networks, split by the next seed" in kept
    assert not [choice for choice in kept if "Equation 2" in choice]


def test_a_profile_of_the_references_sizes_and_epochs_is_not_measured_against_itself(work) -> None:
    made, trained = work
    made.profile = replace(SMOKE, evaluator=PAPER.evaluator, vgan=PAPER.vgan)
    dict(measure_departures(made))
    omitted = ("later-training", "more-steps", "network-sizes")
    assert list(trained) == [name for name in TRAININGS if not name.startswith(omitted)]


def test_images_without_irises_are_refused():
    steps = PreprocessSettings(centring="none")
    run = SimpleNamespace(profile=replace(SMOKE, preprocess=steps))
    with pytest.raises(SettingsError, match="--centring none finds none"):
        next(iter(measure_departures(run)))
