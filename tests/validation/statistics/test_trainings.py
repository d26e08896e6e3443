"""Deviations over trainings: pooled on the logit scale, with what few trainings leave open."""

import numpy as np
import pytest
from scipy.stats import t

from validation.statistics.trainings import (
    Trainings,
    find_quantile,
    from_logits,
    pool_trainings,
    share_confidence,
    simulate_trainings,
    to_logits,
)

CELLS = [(f"row-{number}", "accuracy") for number in range(3)]


def test_logits_count_half_an_image_and_turn_back():
    assert to_logits(np.array(0.0), 10) == pytest.approx(np.log(0.5 / 10.5))
    values = np.array([0.0, 0.1, 0.5, 1.0])
    np.testing.assert_allclose(from_logits(to_logits(values, 10), 10), values, atol=1e-12)
    assert from_logits(np.array([-9.0, 9.0]), 10).tolist() == [0.0, 1.0]


def pool(values, block_of=lambda _: "all"):
    tables = [dict(zip(CELLS, row, strict=True)) for row in values]
    return pool_trainings(tables, block_of=block_of, images=100)


def test_variances_are_pooled_within_blocks():
    values = np.random.default_rng(0).uniform(0.2, 0.8, (6, 3))
    own = to_logits(values, 100).var(axis=0, ddof=1)
    found = pool(values, block_of=lambda cell: cell == CELLS[2])
    np.testing.assert_allclose(found.stds**2, [own[:2].mean()] * 2 + [own[2]])
    assert found.runs == 6
    np.testing.assert_allclose(found.means, to_logits(values, 100).mean(axis=0))


def test_rows_that_move_together_have_the_freedom_of_one():
    moves = np.linspace(0.3, 0.6, 5)[:, None]
    logits = np.log(moves / (1 - moves)) + np.zeros(3)
    alike = pool(1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(alike.freedom, 4)
    free = pool(np.random.default_rng(1).uniform(0.2, 0.8, (2000, 3)))
    np.testing.assert_allclose(free.freedom, 3 * 1999, rtol=0.01)


def test_correlations_are_shrunk_as_far_as_few_trainings_leave_them_open():
    rng = np.random.default_rng(2)
    shared = rng.normal(0, 0.3, (400, 1)) + rng.normal(0, 0.1, (400, 3))
    many, few = (pool(1 / (1 + np.exp(-shared[:count]))) for count in (400, 4))
    assert many.correlation[0, 1] == pytest.approx(0.9, abs=0.03)
    noise = pool(1 / (1 + np.exp(-rng.normal(0, 0.3, (4, 3)))))
    raw = np.corrcoef(noise.means + rng.normal(0, 1, (4, 3)), rowvar=False)
    assert abs(noise.correlation[0, 1]) < 1 and np.diag(few.correlation).tolist() == [1, 1, 1]
    assert raw.shape == noise.correlation.shape


def test_a_number_that_never_moves_has_no_correlation():
    values = np.array([[0.5, 0.2, 0.4], [0.5, 0.3, 0.6], [0.5, 0.4, 0.5]])
    found = pool(values, block_of=lambda cell: cell)
    assert found.stds[0] == 0 and found.freedom[0] == 2
    assert found.correlation[0].tolist() == [1, 0, 0]


def test_one_training_has_no_deviation():
    with pytest.raises(ValueError, match="at least 2 runs"):
        pool([[0.5, 0.5, 0.5]])


def two_numbers(correlation: float, runs: int) -> Trainings:
    return Trainings(
        cells=(CELLS[0], CELLS[1]),
        runs=runs,
        means=np.zeros(2),
        stds=np.array([1.0, 2.0]),
        freedom=np.full(2, runs - 1.0),
        correlation=np.array([[1, correlation], [correlation, 1]]),
        pooling=np.eye(2),
    )


def test_simulated_studies_have_the_deviations_and_correlations_of_the_trainings():
    study = simulate_trainings(two_numbers(0.8, 5), others=2, rng=np.random.default_rng(3))
    assert study.others.shape == (20_000, 2, 2)
    np.testing.assert_allclose(study.others[:, 0].std(axis=0), [1, 2], rtol=0.02)
    assert np.corrcoef(study.others[:, 1].T)[0, 1] == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose((study.stds**2).mean(axis=0), [1, 4], rtol=0.03)
    np.testing.assert_allclose(study.means.std(axis=0), np.array([1, 2]) / 5**0.5, rtol=0.03)


def test_of_one_number_the_interval_is_student_s():
    """With Student's quantile five trainings hold a sixth in 95%; with the normal one they don't."""
    trainings = two_numbers(0.0, 5)
    study = simulate_trainings(trainings, others=1, rng=np.random.default_rng(4))
    apart = np.abs(study.others[:, 0, :1] - study.means[:, :1])
    scale = study.stds[:, :1] * (1 + 1 / 5) ** 0.5

    def hold(confidence):
        return apart <= find_quantile(confidence, 4) * scale

    found = share_confidence(hold, numbers=1, confidence=0.95)
    assert found == pytest.approx(0.95, abs=0.005)
    assert (apart <= 1.96 * scale).mean() < 0.89
    assert find_quantile(0.95, 4) == pytest.approx(t.ppf(0.975, 4))


@pytest.mark.parametrize(("correlation", "alone"), [(0.0, 0.95**0.5), (0.999, 0.95)])
def test_numbers_that_move_together_share_less(correlation, alone):
    trainings = two_numbers(correlation, 500)
    study = simulate_trainings(
        trainings, others=1, rng=np.random.default_rng(5), simulations=20_000
    )
    apart = np.abs(study.others[:, 0] - study.means) / study.stds

    def hold(confidence):
        return apart <= find_quantile(confidence, trainings.freedom)

    found = share_confidence(hold, numbers=2, confidence=0.95)
    assert found == pytest.approx(alone, abs=0.004)


def test_what_is_simulated_hangs_on_no_eigenvectors_sign_or_order(monkeypatch):
    """Another machine's library may return them otherwise."""
    trainings, decompose = two_numbers(0.8, 5), np.linalg.eigh

    def simulate():
        return simulate_trainings(trainings, others=2, rng=np.random.default_rng(3)).others

    def decompose_otherwise(matrix):
        values, vectors = decompose(matrix)
        return values[::-1], -vectors[:, ::-1]

    before = simulate()
    monkeypatch.setattr(np.linalg, "eigh", decompose_otherwise)
    np.testing.assert_allclose(simulate(), before)
