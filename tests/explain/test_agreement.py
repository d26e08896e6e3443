"""Agreement of relevance maps: definitions slowly and by Quantus, properties, planted regimes."""

import numpy as np
import pandas as pd
import pytest
import quantus
from hypothesis import given, strategies
from hypothesis import settings as hypothesis_settings
from quantus_scores import score_by_quantus
from scipy.stats import spearmanr
from slow_ssim import slow_similarity

from replication.errors import DataError
from replication.explain.agreement import (
    MEASURES,
    compare_agreements,
    measure_agreement,
    pair_with_others,
)


def draw_maps(count: int, *, seed: int = 0, sparse: bool = False, side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    maps = rng.gamma(0.5, size=(count, side, side)).astype(np.float32)
    return maps * (rng.random(maps.shape) < 0.04) if sparse else maps


@pytest.mark.parametrize("sparse", [False, True])
def test_measures_are_their_definitions(sparse):
    first, second = (draw_maps(3, seed=seed, sparse=sparse, side=24) for seed in (1, 2))
    second += first * 0.5
    found = measure_agreement(first, second)
    for row, (a, b) in enumerate(zip(first.astype(float), second.astype(float), strict=True)):
        assert found["rank_correlation"][row] == pytest.approx(spearmanr(a.ravel(), b.ravel())[0])
        assert found["structural_similarity"][row] == pytest.approx(
            slow_similarity(a / a.max(), b / b.max(), data_range=1)
        )
        if not sparse:
            count = round(0.1 * a.size)
            top = [set(np.argsort(m.ravel())[-count:].tolist()) for m in (a, b)]
            assert found["top_overlap"][row] == pytest.approx(len(top[0] & top[1]) / count)


def test_quantus_finds_the_same_top_overlap():
    first, second = (draw_maps(20, seed=seed) for seed in (1, 2))
    second += first * np.linspace(0, 2, 20, dtype=np.float32)[:, None, None]
    # Its top-k intersection with a mask is our overlap when the mask is the other map's top.
    count = round(0.1 * first[0].size)
    last = np.sort(second.reshape(20, -1))[:, -count]
    top = second >= last[:, None, None]
    assert (top.sum(axis=(1, 2)) == count).all()
    theirs = score_by_quantus(quantus.TopKIntersection, first, top, k=count)
    assert theirs.min() < 0.2 and theirs.max() > 0.6
    np.testing.assert_allclose(theirs, measure_agreement(first, second)["top_overlap"])


@pytest.mark.parametrize("sparse", [False, True])
def test_a_map_agrees_with_itself_at_any_scale(sparse):
    maps = draw_maps(4, sparse=sparse)
    for factor in (1, 1e-6, 37):
        np.testing.assert_allclose(measure_agreement(maps, maps * np.float32(factor)), 1, atol=1e-5)


def test_an_order_turned_round_is_minus_one_and_no_relation_chance():
    maps = draw_maps(2)
    found = measure_agreement(maps, maps.max() - maps)
    np.testing.assert_allclose(found["rank_correlation"], -1, atol=1e-3)
    assert (found["top_overlap"] == 0).all()
    found = measure_agreement(draw_maps(30, seed=1), draw_maps(30, seed=2)).mean()
    assert found["rank_correlation"] == pytest.approx(0, abs=0.02)
    assert found["top_overlap"] == pytest.approx(0.1, abs=0.01)
    assert found["structural_similarity"] < 0.2


def test_no_maps_have_no_agreement():
    assert measure_agreement(*np.zeros((2, 0, 64, 64), np.float32)).shape == (0, 3)


def test_few_relevant_pixels_apart_do_not_agree_at_the_top_for_their_zeros():
    first, second = np.zeros((2, 1, 64, 64), np.float32)
    first[0, :10, :10] = 1
    second[0, -10:, -10:] = 1
    assert measure_agreement(first, second)["top_overlap"][0] == 0
    second[0, :10, 5:15] = 1
    assert measure_agreement(first, second)["top_overlap"][0] == pytest.approx(50 / 200)


@hypothesis_settings(max_examples=20, deadline=None)
@given(strategies.integers(0, 1000), strategies.booleans())
def test_agreement_is_symmetric_and_in_range(seed, sparse):
    first = draw_maps(2, seed=seed, sparse=sparse, side=16)
    second = draw_maps(2, seed=seed + 1, side=16)
    found = measure_agreement(first, second)
    np.testing.assert_allclose(found, measure_agreement(second, first), atol=1e-12)
    assert found["top_overlap"].between(0, 1).all()
    assert found.abs().to_numpy().max() <= 1 + 1e-12


def test_an_empty_map_has_no_agreement_even_with_itself():
    maps = draw_maps(3)
    other = maps * [[[1]], [[0]], [[1]]]
    for first in (maps, other):
        found = measure_agreement(first, other)
        np.testing.assert_array_equal(found.isna(), [[False] * 3, [True] * 3, [False] * 3])
    assert measure_agreement(other[1:2], other[1:2]).isna().all(axis=None)


MAPS = draw_maps(2, side=16)


@pytest.mark.parametrize("fault", [MAPS - 1, np.where(MAPS > 1, np.nan, MAPS), MAPS[0], MAPS[:1]])
def test_what_is_no_map_is_refused(fault):
    with pytest.raises(DataError, match="relevance maps"):
        measure_agreement(fault, MAPS)


def plant_agreement(*, lift: float, seed: int, patients: int = 40, draws: int = 3) -> pd.DataFrame:
    """Return agreements of two images a patient; images differ more than the lift."""
    rng = np.random.default_rng(seed)
    image = np.tile(np.arange(2 * patients), draws)
    own = np.random.default_rng(99).normal(0.4, 0.2, 2 * patients)[image] + lift
    return pd.DataFrame(
        {
            "image_id": [f"i{number:03}" for number in image],
            "identity": image // 2,
            "draw": np.repeat(np.arange(draws), 2 * patients),
            **{measure: own + rng.normal(0, 0.02, len(image)) for measure in MEASURES},
        }
    )


def compare(same, different):
    return compare_agreements(same, different, rng=np.random.default_rng(0))


def test_a_planted_difference_is_found_with_its_size():
    found = compare(plant_agreement(lift=0.05, seed=1), plant_agreement(lift=0, seed=2))
    assert found["measure"].tolist() == list(MEASURES)
    for row in found.itertuples():
        assert row.difference_mean == pytest.approx(0.05, abs=0.01)
        assert 0 < row.difference_low < row.difference_mean < row.difference_high
        # Paired: each mean alone is known far less well than their difference.
        assert row.first_high - row.first_low > 4 * (row.difference_high - row.difference_low)
        assert (row.images, row.patients, row.left_out_images) == (80, 40, 0)


def test_no_difference_is_not_found_and_the_other_way_round_is_its_negative():
    first, second = (plant_agreement(lift=0, seed=seed) for seed in (3, 4))
    found, turned = compare(first, second), compare(second, first)
    assert ((found["difference_low"] < 0) & (found["difference_high"] > 0)).all()
    np.testing.assert_allclose(found["difference_mean"], -turned["difference_mean"])


def test_empty_maps_are_counted_and_take_their_images_out_of_both_means():
    same, different = plant_agreement(lift=0, seed=5), plant_agreement(lift=0, seed=6)
    unlike = same["image_id"] < "i010"
    same.loc[unlike, list(MEASURES)] = 0.99
    some_draws = (different["image_id"] >= "i070") & (different["draw"] == 0)
    different.loc[unlike | some_draws, list(MEASURES)] = np.nan
    found = compare(same, different)
    assert (found["left_out_images"] == 10).all()
    assert (found["images"] == 70).all()
    assert (found["first_empty"] == 0).all()
    assert (found["second_empty"] == 3 * 10 + 10).all()
    without = compare(same[~unlike], different[~unlike])
    pd.testing.assert_series_equal(found["first_mean"], without["first_mean"])
    assert (found["first_mean"] < 0.6).all()


def test_every_image_counts_the_same_whatever_its_draws():
    same, different = plant_agreement(lift=0, seed=7), plant_agreement(lift=0, seed=8)
    once = same[same["draw"] == 0]
    repeated = pd.concat([once, *[once[once["image_id"] == "i000"]] * 50])
    assert len(repeated) == len(once) + 50
    pd.testing.assert_series_equal(
        compare(once, different)["first_mean"], compare(repeated, different)["first_mean"]
    )


def test_other_images_in_one_regime_are_refused():
    same, different = plant_agreement(lift=0, seed=1), plant_agreement(lift=0, seed=2)
    with pytest.raises(DataError, match="different images"):
        compare(same, different[different["image_id"] != "i003"])


def test_others_are_other_patients_of_the_same_pathology_if_there_are_any():
    rng = np.random.default_rng(11)
    identity = rng.integers(0, 12, 200)
    glaucoma = rng.random(200) < 0.3
    others = pair_with_others(identity, glaucoma, rng=np.random.default_rng(0))
    assert (identity[others] != identity).all()
    assert (glaucoma[others] == glaucoma).all()
    assert len(set(others.tolist())) > 80
    again, elsewhere = (
        pair_with_others(identity, glaucoma, rng=np.random.default_rng(seed)) for seed in (0, 1)
    )
    np.testing.assert_array_equal(others, again)
    assert (others != elsewhere).any()
    lone = pair_with_others(np.array([0, 0, 1, 2]), np.array([True, True, False, False]), rng=rng)
    np.testing.assert_array_equal(lone, [-1, -1, 3, 2])
