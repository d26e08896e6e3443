"""Whether the identities used are recognised: definitions with loops, properties, bad input."""

import numpy as np
import pytest

from replication.attack.releases import mark_used
from replication.attack.replaced_privacy import find_candidates, find_hits, rank_used
from replication.errors import DataError
from replication.evaluate.stage import any_of_accuracy
from replication.records import EyeDataset


def draw_case(images=40, identities=12, k=3, *, seed=0, levels=6):
    """Probabilities with many ties, K distinct identities used, and as marks, own patients."""
    rng = np.random.default_rng(seed)
    probabilities = rng.integers(0, levels, (images, identities)) / levels
    used = rng.permuted(np.tile(np.arange(identities), (images, 1)), axis=1)[:, :k]
    own = rng.integers(0, identities, images)
    return probabilities.astype(np.float32), used, mark_used(used, identities), own


def slow_auc(probabilities, used, own, candidates):
    ours = [p for p in set(used) if p != own and candidates[p]]
    others = [p for p in range(len(probabilities)) if p not in {*used, own} and candidates[p]]
    wins = [
        1.0 if probabilities[a] > probabilities[b] else 0.5 * (probabilities[a] == probabilities[b])
        for a in ours
        for b in others
    ]
    return np.mean(wins) if wins else np.nan


@pytest.mark.parametrize("k", [1, 3, 11, 12])
@pytest.mark.parametrize("some", [False, True])
def test_auc_is_the_share_of_pairs(k, some):
    probabilities, used, marks, identity = draw_case(k=k)
    candidates = np.ones(probabilities.shape, dtype=bool)
    if some:
        candidates = np.random.default_rng(1).random(probabilities.shape) < 0.6
    slow = [slow_auc(*row) for row in zip(probabilities, used, identity, candidates, strict=True)]
    found = rank_used(probabilities, marks, identity, candidates=candidates if some else None)
    np.testing.assert_allclose(found, slow)


def test_auc_of_noise_is_half_and_of_equal_probabilities_exactly():
    rng = np.random.default_rng(0)
    _, _, used, identity = draw_case(2000, 30, 5)
    assert rank_used(rng.random((2000, 30)), used, identity).mean() == pytest.approx(0.5, abs=0.01)
    assert (rank_used(np.full((2000, 30), 1 / 30), used, identity) == 0.5).all()


def test_auc_where_nobody_or_only_the_own_patient_is_used():
    probabilities, _, _, identity = draw_case()
    for used in (np.empty((40, 0), dtype=int), identity[:, None]):
        assert np.isnan(rank_used(probabilities, mark_used(used, 12), identity)).all()


@pytest.mark.parametrize("k", [1, 5])
def test_hits_are_those_of_the_table(k):
    probabilities, used, marks, _ = draw_case(k=k)
    predicted = probabilities.argmax(axis=1)
    hits = find_hits(probabilities, marks)
    assert hits.tolist() == [p in u for p, u in zip(predicted, used, strict=True)]
    assert hits.mean() == any_of_accuracy(predicted, used)


def test_a_patient_named_twice_counts_once():
    assert mark_used(np.array([[1, 1]]), 3).tolist() == [[False, True, False]]
    assert not find_hits(np.ones((2, 4)), mark_used(np.empty((2, 0), dtype=int), 4)).any()


@pytest.mark.parametrize(
    ("draws", "expected"),
    [
        ([[[0], [2]]], [[1, 1, 0, 0], [1, 0, 1, 0]]),  # all share the pathology
        ([[[2], [1]]], [[0, 0, 1, 1], [0, 1, 0, 1]]),  # none does
        ([[[0], [2]], [[1], [1]]], [[1, 1, 1, 1], [1, 1, 1, 1]]),  # in one draw all, not in both
    ],
)
def test_candidates_are_those_of_one_pathology_where_the_used_are(draws, expected):
    """Patient 0 has an eye of each kind, 1 has glaucoma, 2 has not, 3 has no training image."""
    training = EyeDataset(
        np.zeros((4, 2, 2, 1), dtype=np.float32),
        np.array([0, 0, 1, 2]),
        np.array([True, False, True, False]),
        np.array(list("abcd")),
    )
    test = training.take(np.array([2, 3]))
    found = find_candidates([mark_used(np.array(used), 4) for used in draws], test, training)
    np.testing.assert_array_equal(found, np.array(expected, bool))


@pytest.mark.parametrize(
    ("used", "identity", "probability", "message"),
    [
        ([[4]], [0], 0.5, "from 0 to 3, got 4..4"),
        ([[-2]], [0], 0.5, "from 0 to 3, got -2..-2"),
        ([[1.0]], [0], 0.5, "expected .N, K. integers"),
        ([1], [0], 0.5, "expected .N, K. integers"),
        ([[1], [2]], [0], 0.5, "beside used identities"),
        ([[1]], [9], 0.5, "identity: expected classes"),
        ([[1]], [0, 1], 0.5, "identity: expected .1,."),
        ([[1]], [0], np.nan, "finite"),
    ],
)
def test_what_does_not_fit_is_an_error(used, identity, probability, message):
    with pytest.raises(DataError, match=message):
        marks = mark_used(np.array(used), 4)
        rank_used(np.full((1, 4), probability), marks, np.array(identity))
