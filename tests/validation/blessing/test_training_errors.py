"""What training adds to the bands: the largest deviation, and the confidence of each band."""

import numpy as np
import pytest
from wrong_replications import SEEDS, read_trainings

from replication.results.study import read_study
from validation.blessing.training_errors import (
    ALONE,
    TrainingError,
    find_confidence,
    measure_errors,
    read_errors,
    simulate_test_sets,
)
from validation.paper.numbers import find_block, find_proportion, read_paper_percent

CELL, OTHER = ("blur-9", "identity_accuracy"), ("k-same-3", "identity_accuracy")


def plant_study(moves: dict, runs: int = 6):
    """Tables of trainings whose numbers lie around one half by so much, at random."""
    rng = np.random.default_rng(0)
    return [{cell: 0.5 + rng.normal(0, move) for cell, move in moves.items()} for _ in range(runs)]


def test_of_two_data_sets_the_larger_deviation_counts_block_by_block():
    studies = {
        "surrogate": plant_study({CELL: 0.05, OTHER: 0.01}),
        "real-eyes": plant_study({CELL: 0.01, OTHER: 0.05}),
    }
    found = measure_errors(studies).of
    assert (found[CELL].source, found[OTHER].source) == ("surrogate", "real-eyes")
    one = measure_errors({"surrogate": studies["surrogate"]}).of
    assert one[CELL] == found[CELL] and one[OTHER].std < found[OTHER].std


def test_a_number_that_the_paper_lacks_is_refused():
    with pytest.raises(ValueError, match="original"):
        measure_errors({"mine": plant_study({("original", "replacement_accuracy"): 0.1})})


@pytest.mark.parametrize("wrong", [{"std": -0.1}, {"std": np.nan}, {"std": np.inf}, {"freedom": 0}])
def test_what_is_no_deviation_is_refused(wrong):
    with pytest.raises(ValueError, match="spread"):
        TrainingError(**{"std": 0.1, "freedom": 4.0, "source": "mine"} | wrong)


def test_a_deviation_in_points_is_largest_at_one_half():
    error = TrainingError(0.2, 19, "mine")
    assert error.points(0.5) == pytest.approx(0.05)
    assert error.points(0.9) == pytest.approx(0.018)
    low, high = error.reach(0.5, confidence=0.95)
    assert low == pytest.approx(1 - high)
    assert high - 0.5 == pytest.approx(0.143, abs=0.001)  # 2.093 * sqrt(2) * 0.2 in log odds


def test_simulated_test_sets_expect_the_paper_s_numbers():
    cells = tuple(read_paper_percent())
    drawn = simulate_test_sets(cells, rng=np.random.default_rng(0), simulations=4000)
    printed = [find_proportion(read_paper_percent(), *cell).value for cell in cells]
    np.testing.assert_allclose(drawn.mean(axis=0), printed, atol=0.004)
    binomial = cells.index(CELL)
    expected = (0.3176 * 0.6824 / 340) ** 0.5
    assert drawn[:, binomial].std() == pytest.approx(expected, rel=0.05)
    accuracy, f1 = (cells.index(("blur-9", m)) for m in ("glaucoma_accuracy", "glaucoma_f1"))
    assert np.corrcoef(drawn[:, [accuracy, f1]].T)[0, 1] > 0.7  # of the same images


def test_the_confidence_lies_between_that_of_one_number_and_more_than_equal_shares():
    found = find_confidence(read_trainings(), simulations=4000)
    assert 0.95 < found < 1 - 0.05 / 51 / 10
    assert ALONE == pytest.approx(1 - 0.05 / 51)


def test_what_was_committed_is_read_back():
    errors = read_errors()
    assert len(errors.of) == 51
    _, tables = read_study(SEEDS)
    own = measure_errors({"surrogate": tables})
    assert errors.confidence >= round(own.confidence, 6)
    assert all(errors.of[cell].std >= round(error.std, 4) for cell, error in own.of.items())
    assert {find_block(cell)[0] for cell in errors.of} == {
        "original",
        "pprl-vgan-averaged",
        "pprl-vgan",
        "blur",
        "k-same",
    }
