"""Search: distances and their parts by definition, planted neighbours, pairs of one patient."""

import numpy as np
import pytest

from replication.cases.search import (
    NEAR,
    Similar,
    compare,
    embed,
    find_nearest,
    measure,
    show_similar,
    walk_cases,
    weigh_places,
)

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(9, 4, 4, 3)).astype(np.float32)
WEIGHTS = weigh_places(RNG.random((1, 64, 64), dtype=np.float32), (4, 4))[0]


def test_places_weigh_by_their_share_of_relevance():
    relevance = RNG.random((2, 8, 12))
    found = weigh_places(relevance, (2, 3))
    for image in range(2):
        for row in range(2):
            for column in range(3):
                cell = relevance[image, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
                assert found[image, row, column] == pytest.approx(
                    cell.sum() / relevance[image].sum()
                )


def test_an_empty_map_weighs_all_places_alike():
    found = weigh_places(np.zeros((1, 64, 64), np.float32), (4, 4))
    np.testing.assert_allclose(found, 1 / 16)


def test_the_map_of_what_is_similar_adds_up_to_the_similarity():
    one, other = FEATURES[:2]
    distance = measure(embed(one[None], WEIGHTS), embed(other[None], WEIGHTS))[0, 0]
    assert show_similar(one, other, WEIGHTS).sum() == pytest.approx(1 - distance**2 / 2, abs=1e-6)


def test_where_nothing_is_relevant_nothing_counts():
    weights = np.zeros((4, 4))
    weights[1, 2] = 1
    changed = FEATURES.copy()
    changed[:, 0] = 9
    np.testing.assert_array_equal(embed(FEATURES, weights), embed(changed, weights))
    assert np.count_nonzero(show_similar(*FEATURES[:2], weights)) == 1


def test_features_that_are_all_zero_have_no_direction():
    assert not embed(np.zeros((1, 4, 4, 3)), WEIGHTS).any()


def test_percentiles_are_of_pairs_of_other_patients_with_these_labels():
    query, cases, known = FEATURES[0], FEATURES[1:6], FEATURES[6:]
    label = np.array([True, False, True, True, False])
    own_label = np.array([True, False, True])
    passed = np.array([True, True, True, False, True])
    same_patient = np.zeros((3, 5), bool)
    same_patient[0, 2] = same_patient[2, 1] = True
    found = compare(
        query,
        cases,
        known,
        WEIGHTS,
        same_patient=same_patient,
        own_label=own_label,
        label=label,
        passed=passed,
    )

    def distance(one, other):
        vectors = []
        for each in (one, other):
            vector = np.concatenate(
                [np.sqrt(WEIGHTS[i, j]) * each[i, j] for i in range(4) for j in range(4)]
            )
            vectors.append(vector / np.sqrt((vector**2).sum()))
        return np.sqrt(((vectors[0] - vectors[1]) ** 2).sum())

    for case in range(5):
        own = distance(query, cases[case])
        pairs = [
            distance(known[v], cases[c])
            for v in (0, 2)
            for c in range(5)
            if label[c] == label[case] and not same_patient[v, c]
        ]
        assert found.distance[case] == pytest.approx(own, abs=1e-5)
        assert found.find_percentile(case) == pytest.approx(np.mean(np.array(pairs) < own))
        nearest = [
            min(
                distance(known[v], cases[c])
                for c in range(5)
                if label[c] == label[case] and passed[c] and not same_patient[v, c]
            )
            for v in (0, 2)
        ]
        assert found.near[case] == (own <= np.quantile(nearest, NEAR))
    assert found.near.any() and not found.near.all()


def test_without_known_pairs_no_case_is_near():
    found = compare(
        FEATURES[0],
        FEATURES[1:3],
        FEATURES[3:4],
        WEIGHTS,
        same_patient=np.ones((1, 2), bool),
        own_label=np.array([True]),
        label=np.array([True, False]),
        passed=np.ones(2, bool),
    )
    assert [found.find_percentile(case) for case in (0, 1)] == [1, 1] and not found.near.any()


def test_cases_come_from_the_nearest_on_until_they_are_not_near():
    near = np.array([True, True, False, True])
    similar = Similar(np.array([0.4, 0.1, 0.9, 0.2]), near, np.zeros((0, 4)), np.zeros(4, bool))
    assert list(walk_cases(similar, np.arange(4))) == [1, 3, 0]
    assert list(walk_cases(similar, np.array([2, 3]))) == [3]


def test_the_nearest_of_many_are_those_of_the_sorted_distances():
    one, other = RNG.normal(size=(7, 5)).astype(np.float32), RNG.normal(size=(300, 5))
    distance, rows = find_nearest(one, other.astype(np.float32), count=4)
    slow = np.sqrt(((one[:, None] - other.astype(np.float32)) ** 2).sum(axis=2))
    np.testing.assert_array_equal(rows, slow.argsort(axis=1)[:, :4])
    np.testing.assert_allclose(distance, np.sort(slow, axis=1)[:, :4], atol=1e-5)
