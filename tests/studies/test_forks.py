"""Forks: a choice that flips a claim is found, one that changes nothing flips none."""

from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from fake_eyes import random_gallery, random_queries
from latent_generator import LatentGenerator
from planted_predictions import EVERY_CLAIM_HOLDS, PATIENTS, Rates, plant_predictions
from planted_run import open_run

from replication.evaluate.stage import evaluate_sets, write_evaluation
from replication.pipeline.run_data import RunData
from replication.privatize.methods import METHODS
from replication.results.finished_run import FinishedRun
from replication.results.forks import FIGURES, PAGE
from replication.store.files import read_json
from replication.store.run_record import VGAN
from replication.studies.forks import judge_forks, measure_forks
from replication.studies.open_choices import FORKS
from validation.claims.judge import judge_claims
from validation.claims.table1_claims import CLAIMS, K_SAMES
from validation.statistics.patient_sums import sum_by_patient
from validation.statistics.resampling import resample_patients

BY_NAME = {fork.name: fork for fork in FORKS}
OWN_PATIENT = BY_NAME["K-Same: own patient"]
LEAST, FALLS, TRADES = (
    "blur hides the patient least",
    "K-Same-Select falls with K",
    "averaging trades best",
)


@pytest.fixture(scope="module")
def ours():
    predictions = plant_predictions(EVERY_CLAIM_HOLDS)
    return resample_patients(predictions, rng=np.random.default_rng(0))


def judge(ours, *forks):
    """Judge under forks and the rates that each changes; return the claims by name."""
    found = {
        fork.name: sum_by_patient(plant_predictions({m: rates[m] for m in fork.methods}))
        for fork, rates in forks
    }
    figures = judge_forks([fork for fork, _ in forks], ours, found)
    return {claim["name"]: claim for claim in figures["claims"]}


def test_a_fork_that_flips_a_claim_is_found(ours):
    # With their own patient among them averages of few are recognised more often than the largest blur.
    own = {name: Rates(0.6, 0.4, 0.8, 0.1) for name in K_SAMES[:1]}
    claims = judge(ours, (OWN_PATIENT, EVERY_CLAIM_HOLDS | own))
    flipped = claims[LEAST]
    assert flipped["ours"]["finding"] == "holds"
    assert flipped["under"][OWN_PATIENT.name]["finding"] == "fails"
    (part,) = (p for p in flipped["under"][OWN_PATIENT.name]["parts"] if p["high"] < 0)
    assert part["text"] == "identity accuracy: blur-21 over k-same-3"
    assert part["margin"] == pytest.approx(0.3 - 0.6)
    held = {name for name, claim in claims.items() if name != LEAST}
    assert {f["finding"] for name in held for f in claims[name]["under"].values()} == {"holds"}


def test_a_claim_is_judged_under_forks_that_move_its_numbers_alone(ours):
    claims = judge(ours, (OWN_PATIENT, EVERY_CLAIM_HOLDS))
    judged = {name for name, claim in claims.items() if claim["under"]}
    assert judged == {LEAST, FALLS, TRADES}
    assert claims.keys() == {claim.name for claim in CLAIMS}


def test_forks_that_change_nothing_have_the_same_findings_and_margins():
    predictions = plant_predictions(EVERY_CLAIM_HOLDS)
    ours = resample_patients(predictions, rng=np.random.default_rng(0))
    found = {
        fork.name: sum_by_patient(predictions[predictions["method"].isin(fork.methods)])
        for fork in FORKS
    }
    figures = judge_forks(FORKS, ours, found)
    for claim, judged in zip(figures["claims"], judge_claims(predictions), strict=True):
        assert claim["ours"]["finding"] == judged.finding
        assert all(under == claim["ours"] for under in claim["under"].values())


def test_the_numbers_under_a_fork_are_recorded(ours):
    own = {name: Rates(0.25, 0.4, 0.8, 0.1) for name in K_SAMES}
    found = {OWN_PATIENT.name: sum_by_patient(plant_predictions(own))}
    (fork,) = judge_forks([OWN_PATIENT], ours, found)["forks"]
    assert fork["numbers"].keys() == set(K_SAMES)
    assert fork["numbers"]["k-same-9"]["identity_accuracy"] == pytest.approx(0.25)
    assert ours.observed["k-same-9", "identity_accuracy"].item() == pytest.approx(0.06)
    assert len(ours.ratios["k-same-9", "identity_accuracy"].top) == PATIENTS


METHODS_RUN = ("blur-3", "k-same-3", *(name for name in METHODS if name.startswith("pprl")))


class Knowing:
    """A network that names the right class of every query, whatever its image looks like."""

    def __init__(self, classes, count):
        self.found = np.eye(count)[classes]

    def predict(self, images):
        return self.found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run on a toy set, evaluated by networks that know everybody, with 12 draws."""
    test, gallery, generator = random_queries(), random_gallery(), LatentGenerator()
    networks = {
        "identity": Knowing(test.identity, 12),
        "glaucoma": Knowing(test.glaucoma.astype(int), 2),
    }
    given = {"gallery": gallery, "generator": generator, "seed": 4, "draws": 12}
    sets = [each for name in METHODS_RUN for each in METHODS[name].privatize(test, **given)]
    store = open_run(tmp_path_factory.mktemp("forks") / "run", draws=12)
    with store.writing("06_evaluated", {}) as folder:
        table, predictions = evaluate_sets(
            test, sets, **{f"{task}_network": network for task, network in networks.items()}
        )
        write_evaluation(folder, table, predictions, paper_percent={}, heading="toy")
    run = SimpleNamespace(
        store=store,
        released=METHODS_RUN,
        test_set=test,
        train_set=gallery,
        drawing_seed=4,
        draws=12,
        load_evaluator=networks.__getitem__,
        find_generator=lambda method: generator if method.generator == VGAN else None,
        track=lambda *_: nullcontext(lambda: None),
    )
    run.privatize = partial(RunData.privatize, run)
    return run


@pytest.fixture(scope="module")
def page(run):
    return measure_forks(run)


def test_each_fork_makes_or_counts_images_as_it_is_called(run, page):
    figures = read_json(run.store.root / FIGURES)
    numbers = {fork["name"]: fork["numbers"] for fork in figures["forks"]}
    ours, shown = FinishedRun(run.store).numbers, "replacement_accuracy"

    def find_shown(fork, method):
        """Return how often the own patient, whom the network names, is among those used."""
        return numbers[fork][method][shown]

    assert numbers.keys() == BY_NAME.keys()
    assert numbers["blur: borders"].keys() == {"blur-3"}
    assert ours["k-same-3", shown] == 0 < find_shown("K-Same: own patient", "k-same-3")
    assert ours["pprl-vgan-random", shown] > 0 == find_shown("single: no self", "pprl-vgan-random")
    name = "pprl-vgan-different-pathology"
    assert ours[name, shown] == 0 < find_shown("different: other label too", name)
    for name in ("pprl-vgan-averaged-random", "pprl-vgan-averaged-same-pathology"):
        assert ours[name, shown] == 0 < find_shown("averaged: of all", name) <= 1
        assert find_shown("averaged: six used", name) == 1
    assert numbers["F1: pooled"]["pprl-vgan-random"]["glaucoma_f1"] == 1


def test_ours_is_the_run_and_the_page_lies_beside_the_figures(run, page):
    figures = read_json(run.store.root / FIGURES)
    judged = FinishedRun(run.store).claims_about_table
    found = [claim["ours"]["finding"] for claim in figures["claims"]]
    assert found == [each.finding for each in judged]
    assert (figures["evaluated"], figures["test_images"]) == (run.store.digest("06_evaluated"), 16)
    assert (run.store.root / PAGE).read_text(encoding="utf-8") == page


def test_measured_again_it_is_the_same_and_leaves_the_evaluation_as_it_was(run, page):
    files = [run.store.root / name for name in (FIGURES, PAGE, "06_evaluated/predictions.csv")]
    before = [file.read_bytes() for file in files]
    measure_forks(run)
    assert [file.read_bytes() for file in files] == before
