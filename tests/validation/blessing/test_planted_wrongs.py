"""Faithful replications pass and wrong ones are refused, on simulated Warsaw data.

Everything is simulated anew each time: the paper's test set and training, ours, and the study over
seeds that estimates how far trainings lie apart.
"""

import numpy as np
import pytest
from simulated_warsaw import (
    CELLS,
    PAPER,
    Warsaw,
    find_all_limits,
    find_rates,
    judge_replications,
    settle,
)
from wrong_replications import WRONG, measure_refusals, plan, read_trainings

from validation.blessing.bands import derive_bands, find_limits
from validation.blessing.training_errors import (
    TrainingError,
    find_confidence,
    simulate_test_sets,
)
from validation.paper.audit import audit_paper
from validation.paper.numbers import find_proportion, read_paper_percent
from validation.statistics.trainings import from_logits, simulate_trainings, to_logits

PASSED, REFUSED = 0.93, 13


@pytest.fixture(scope="module")
def measured():
    return read_trainings()


def test_the_simulated_paper_expects_the_printed_numbers():
    drawn = Warsaw(np.random.default_rng(0)).replicate(PAPER, errors=None, count=60).numbers()
    np.testing.assert_allclose(drawn.mean(axis=0), list(PAPER.values()), atol=0.03)


def test_rates_give_back_accuracy_and_f1():
    sensitivity, alarms = find_rates(np.array(0.8882), np.array(0.7711), 0.25)
    hits, false = 0.25 * sensitivity, 0.75 * alarms
    assert hits + 0.75 - false == pytest.approx(0.8882)
    assert 2 * hits / (hits + false + 0.25) == pytest.approx(0.7711)


def test_all_bands_at_once_are_those_of_each():
    std, freedom, confidence = 0.3, 19.0, 0.999
    values = np.array([find_proportion(read_paper_percent(), *cell).value for cell in CELLS])
    found = find_all_limits(
        values[None],
        confidence=confidence,
        stds=np.full((1, 51), std),
        freedom=np.full(51, freedom),
    )
    for number, cell in enumerate(CELLS):
        own = find_limits(
            find_proportion(read_paper_percent(), *cell),
            confidence=confidence,
            test_images=340,
            error=TrainingError(std, freedom, "planted"),
        )
        # F1 of a mean over draws follows from printed digits, so their rounding shows.
        np.testing.assert_allclose([end[0, number] for end in found], own, atol=2e-3)


@pytest.mark.parametrize("settled", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_of_20000_faithful_replications_enough_pass(measured, settled):
    """Counts instead of images: rows are independent but for what the trainings share."""
    trainings = settle(measured) if settled else measured
    rng, count = np.random.default_rng(3), 20_000
    study = simulate_trainings(trainings, others=2, rng=rng, simulations=count)
    order = [trainings.cells.index(cell) for cell in CELLS]
    theirs, ours = (
        from_logits(
            to_logits(simulate_test_sets(CELLS, rng=rng, simulations=count), 340)
            + study.others[:, side, order],
            340,
        )
        for side in (0, 1)
    )
    low, high = find_all_limits(
        theirs,
        confidence=find_confidence(trainings, simulations=5_000),
        stds=study.stds[:, order],
        freedom=trainings.freedom[order],
    )
    assert ((low <= ours) & (ours <= high)).all(axis=1).mean() >= PASSED


@pytest.mark.parametrize("settled", [False, True])
def test_faithful_replications_pass(measured, settled):
    trainings = settle(measured) if settled else measured
    inside = judge_replications(
        plan(None),
        trainings,
        confidence=find_confidence(trainings, simulations=4000),
        rng=np.random.default_rng(1),
        count=400,
    )
    assert inside.all(axis=1).mean() >= PASSED - 0.025  # two standard errors of 400


@pytest.mark.slow
@pytest.mark.parametrize(("shared", "batches"), [(0.4, 50), (0.0, 10), (0.8, 10)])
@pytest.mark.parametrize("settled", [False, True])
def test_faithful_replications_pass_however_much_methods_share(measured, settled, shared, batches):
    """Of 20,000 replications, or 4,000; each 400 are on patients of their own."""
    trainings = settle(measured) if settled else measured
    rng, confidence = np.random.default_rng(2), find_confidence(trainings)
    passed = [
        judge_replications(
            plan(None), trainings, confidence=confidence, rng=rng, count=400, shared=shared
        ).all(axis=1)
        for _ in range(batches)
    ]
    assert np.mean(passed) >= PASSED


@pytest.mark.slow
def test_wrong_replications_are_refused_once_trainings_have_settled(measured):
    refused = measure_refusals(settle(measured), count=400)
    assert refused.pop("faithful") <= 1 - PASSED
    assert len(refused) == len(WRONG) == 15
    assert sum(share > 0.5 for share in refused.values()) >= REFUSED, refused


def test_each_mistake_moves_numbers_and_stays_a_fraction():
    for wrong in WRONG:
        expected = plan(wrong)
        assert expected.keys() == PAPER.keys()
        assert all(0 <= value <= 1 for value in expected.values()), wrong.__name__
        assert expected != PAPER


def test_one_answer_for_all_images_is_outside_some_bands():
    audit = audit_paper()
    own = {(band.method, band.metric): band for band in derive_bands()}
    healthy = {"glaucoma_accuracy": audit.majority_accuracy[0], "glaucoma_f1": 0.0}
    outside = [
        cell
        for cell, band in own.items()
        if cell[1] in healthy and not band.low <= healthy[cell[1]] <= band.high
    ]
    assert outside
