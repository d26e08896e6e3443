"""Where relevance lies: planted maps, chance, controls, and Quantus as the second opinion."""

import numpy as np
import pytest
import quantus
from quantus_scores import score_by_quantus

from replication.errors import DataError
from replication.explain.places import (
    CONTROLS,
    make_controls,
    measure_mass,
    measure_places,
    measure_pointing,
    tabulate_iris_fractions,
)

COUNT, SIDE = 60, 64


def draw_masks(count: int = COUNT) -> np.ndarray:
    """Return discs of other places and sizes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    centres, radii = rng.uniform(12, 52, (count, 2)), rng.uniform(2, 10, count)
    return np.stack([np.hypot(x - a, y - b) <= r for (a, b), r in zip(centres, radii, strict=True)])


def draw_images(count: int) -> np.ndarray:
    gray = np.random.default_rng(1).uniform(-1, 1, (count, SIDE, SIDE, 1))
    return np.repeat(gray, 3, axis=3).astype(np.float32)


def draw_random(count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(2).random((count, SIDE, SIDE), dtype=np.float32)


def measure_all(maps, masks):
    rng = np.random.default_rng(0)
    controls = make_controls(draw_images(len(maps)), rng=rng)
    found = measure_places(maps, masks, controls, np.arange(len(maps)) // 2, rng=rng)
    return found.set_index(["measure", "map"])


def test_the_signs_own_mask_wins_both_games():
    masks = draw_masks()
    maps = masks.astype(np.float32) * 0.3
    assert (measure_pointing(maps, masks) == 1).all()
    np.testing.assert_allclose(measure_mass(maps, masks), 1)
    found = measure_all(maps, masks)
    assert (found.xs("relevance", level="map")["mean"] == 1).all()
    for control in CONTROLS:
        assert (found.xs(control, level="map")["lead_low"] > 0.3).all()


def test_measures_are_their_definitions():
    maps, masks = draw_random(5), draw_masks(5)
    for found, points, relevance, mask in zip(
        measure_mass(maps, masks), measure_pointing(maps, masks), maps, masks, strict=True
    ):
        pairs = list(zip(relevance.ravel().tolist(), mask.ravel(), strict=True))
        inside = sum(value for value, within in pairs if within)
        assert found == pytest.approx(inside / sum(value for value, _ in pairs))
        assert points == max(pairs)[1]
    several = np.zeros((1, SIDE, SIDE), np.float32)
    several[0, 3, [3, 9, 20, 30]] = 1
    assert measure_pointing(several, np.arange(SIDE) < np.full((1, SIDE, 1), 10)).tolist() == [0.5]


def test_a_map_beside_the_sign_loses():
    masks = draw_masks()
    beside = (~masks).astype(np.float32)
    assert (measure_pointing(beside, masks) == 0).all()
    assert (measure_mass(beside, masks) == 0).all()
    found = measure_all(beside, masks)
    assert (found["lead_high"].dropna() <= 0).all()
    assert 0 < found.loc[("pointing", "relevance"), "high"] < 0.1


def test_chance_is_the_area():
    masks, maps = draw_masks(400), draw_random(400)
    area = masks.mean()
    # Its standard error is sqrt(0.03 * 0.97 / 400) = 0.009.
    assert measure_pointing(maps, masks).mean() == pytest.approx(area, abs=0.02)
    assert measure_mass(maps, masks).mean() == pytest.approx(area, abs=0.001)
    found = measure_all(maps, masks)
    for measure in ("pointing", "mass"):
        random = found.loc[(measure, "random")]
        assert random["area"] == pytest.approx(area)
        assert random["low"] <= area <= random["high"]
        assert random["lead_mean"] == pytest.approx(0, abs=0.03 if measure == "pointing" else 0.002)


def test_empty_maps_and_images_without_a_sign_enter_no_mean():
    masks = draw_masks()
    maps = masks.astype(np.float32)
    maps[:7] = 0
    masks[50:] = False
    for measure in (measure_mass, measure_pointing):
        found = measure(maps, masks)
        assert np.isnan(found[:7]).all() and np.isnan(found[50:]).all()
        assert (found[7:50] == 1).all()
    found = measure_all(maps, masks)
    assert (found["images"] == 43).all()
    assert (found["empty"] == 7).all()
    assert found.loc[("mass", "relevance"), "mean"] == 1
    nothing = measure_all(np.zeros_like(maps), masks)
    assert (nothing["images"] == 0).all() and nothing["mean"].isna().all()


def test_controls_know_the_image_or_nothing():
    images = np.full((2, SIDE, SIDE, 3), -0.5, np.float32)
    images[:, :, 20:] = 0.5
    controls = make_controls(images, rng=np.random.default_rng(4))
    assert tuple(controls) == CONTROLS
    assert all(maps.shape == (2, SIDE, SIDE) and maps.min() >= 0 for maps in controls.values())
    edges = controls["edges"][0]
    assert (edges[:, 19:21] > 0).all()
    assert not np.delete(edges, [19, 20], axis=1).any()
    centre = controls["centre"][1]
    highest = np.argwhere(centre == centre.max()).tolist()
    assert highest == [[31, 31], [31, 32], [32, 31], [32, 32]]
    again = make_controls(images, rng=np.random.default_rng(4))
    np.testing.assert_array_equal(controls["random"], again["random"])
    assert (controls["random"][0] != controls["random"][1]).any()


def test_sobel_is_its_definition():
    gray = draw_images(1)[0, :, :, 0].astype(np.float64)
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    edges = make_controls(draw_images(1), rng=np.random.default_rng(0))["edges"][0]
    for row, column in ((5, 7), (31, 60), (1, 1)):
        patch = gray[row - 1 : row + 2, column - 1 : column + 2]
        slow = np.hypot((patch * kernel).sum(), (patch * kernel.T).sum())
        assert edges[row, column] == pytest.approx(slow, rel=1e-5)


def test_iris_fractions_of_planted_maps():
    iris = draw_masks(3)
    rows = np.arange(SIDE)[None, :, None]
    middle = np.array([np.nonzero(one)[0].mean() for one in iris])[:, None, None]
    upper = iris & (rows < middle)
    even = np.ones(iris.shape, np.float32)
    even[:, 0, 0] = 1.001  # a map of one value has no place
    found = tabulate_iris_fractions(even, iris, upper)
    np.testing.assert_allclose(found["in_iris"], found["iris_area"], rtol=1e-3)
    np.testing.assert_allclose(found["in_upper_half"], found["upper_half_area"], rtol=1e-3)
    top = tabulate_iris_fractions(upper.astype(np.float32), iris, upper)
    assert (top[["in_iris", "in_upper_half", "upper_of_iris"]] == 1).all(axis=None)
    low = tabulate_iris_fractions((iris & ~upper).astype(np.float32), iris, upper)
    assert (low["in_iris"] == 1).all() and (low["upper_of_iris"] == 0).all()
    outside = tabulate_iris_fractions((~iris).astype(np.float32), iris, upper)
    assert (outside["in_iris"] == 0).all() and outside["upper_of_iris"].isna().all()
    iris[1] = upper[1] = False
    even[2] = 0
    found = tabulate_iris_fractions(even, iris, upper)
    assert found.isna().all(axis=1).tolist() == [False, True, True]


@pytest.mark.parametrize("measure", [measure_mass, measure_pointing])
def test_masks_that_do_not_fit_are_refused(measure):
    maps, masks = draw_random(3), draw_masks(3)
    with pytest.raises(DataError, match="masks: expected"):
        measure(maps, masks[:2])
    with pytest.raises(DataError, match="masks: expected"):
        measure(maps, masks.astype(np.uint8))
    with pytest.raises(DataError, match="none negative"):
        measure(-maps, masks)


@pytest.mark.parametrize(
    ("metric", "measure"),
    [(quantus.PointingGame, measure_pointing), (quantus.RelevanceMassAccuracy, measure_mass)],
)
def test_quantus_finds_the_same(metric, measure):
    masks = draw_masks()
    maps = draw_random() + masks * np.float32(0.01)  # so little that two in five miss the sign
    # One highest pixel each: of several, Quantus counts whether any is inside, ours how many are.
    assert ((maps == maps.max(axis=(1, 2), keepdims=True)).sum(axis=(1, 2)) == 1).all()
    theirs = score_by_quantus(metric, maps, masks)
    assert theirs.min() < theirs.mean() < theirs.max()
    np.testing.assert_allclose(theirs, measure(maps, masks), rtol=1e-5)
