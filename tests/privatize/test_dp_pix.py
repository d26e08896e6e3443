"""DP-Pix against its definition in loops, and against differential privacy itself."""

import math

import numpy as np
import pytest
from fake_eyes import random_queries

from replication.errors import SettingsError
from replication.privatize.dp_pix import pixelize
from replication.privatize.methods import METHODS
from replication.records import to_bytes, to_unit_range


class Constant:
    """A source of "noise" that is one number, before it is scaled."""

    def __init__(self, value):
        self.value = value

    def laplace(self, size):
        return np.full(size, float(self.value))


def draw_levels(shape=(2, 7, 10, 3), seed=0):
    gray = np.random.default_rng(seed).integers(0, 256, shape[:-1], dtype=np.uint8)
    return gray[..., None].repeat(shape[-1], axis=-1)


def pixelize_slowly(levels, *, b, m, epsilon, noise):
    """Return each image's cells in loops; the noise of each cell is this number times its scale."""
    images, height, width, _ = levels.shape
    whole = np.empty(levels.shape)
    for image in range(images):
        for top in range(0, height, b):
            for left in range(0, width, b):
                cell = levels[image, top : top + b, left : left + b, 0].astype(float)
                scale = 255 * m / (cell.size * epsilon)
                level = min(max(cell.mean() + noise * scale, 0), 255)
                whole[image, top : top + b, left : left + b] = level
    return whole


@pytest.mark.parametrize("b", [1, 2, 3, 16])
@pytest.mark.parametrize("noise", [0, 0.25, -0.125, 9])
def test_it_is_the_definition(b, noise):
    levels, choices = draw_levels(), {"cell_px": b, "neighbour_px": 2, "epsilon": 4.0}
    found = to_bytes(pixelize(to_unit_range(levels), rng=Constant(noise), **choices))
    expected = pixelize_slowly(levels, b=b, m=2, epsilon=4.0, noise=noise)
    assert np.abs(found - expected).max() <= 0.501


def test_with_whole_cells_the_noise_has_the_scale_of_the_paper():
    levels = np.full((1, 64, 64, 1), 100, np.uint8)
    choices = {"cell_px": 16, "neighbour_px": 16, "epsilon": 0.5}
    found = to_bytes(pixelize(to_unit_range(levels), rng=Constant(1), **choices))
    assert np.unique(found).tolist() == [round(100 + 255 * 16 / (16**2 * 0.5))] == [132]


@pytest.mark.parametrize("epsilon", [0.5, 1.0])
def test_what_m_pixels_change_moves_no_probability_by_more_than_e_to_the_epsilon(epsilon):
    """Two neighbours, as far apart as m pixels put them; 5% for the counts' own chance."""
    m, draws, rng = 16, 40_000, np.random.default_rng(0)
    pair = []
    for level in (0, 255):
        levels = np.full((8, 8), 128, np.uint8)
        levels.flat[:m] = level
        images = np.broadcast_to(to_unit_range(levels)[None, ..., None], (draws, 8, 8, 1))
        noisy = pixelize(images, cell_px=8, neighbour_px=m, epsilon=epsilon, rng=rng)
        pair.append(to_bytes(noisy)[:, 0, 0, 0])
    most = math.exp(epsilon)
    ratios = []
    for limit in range(10, 250, 10):
        for one, other in (pair, pair[::-1]):
            shares = (one <= limit).mean(), (other <= limit).mean()
            assert shares[0] <= 1.05 * most * shares[1]
            ratios.append(shares[0] / shares[1])
    assert max(ratios) > 0.9 * most  # no more noise than that needs


def test_all_channels_show_the_one_noise():
    levels = draw_levels((3, 32, 32, 3))
    choices = {"cell_px": 16, "neighbour_px": 16, "epsilon": 0.5}
    found = pixelize(to_unit_range(levels), rng=np.random.default_rng(0), **choices)
    assert (found == found[..., :1]).all()
    cells = found[:, ::16, ::16, 0]
    assert len(np.unique(cells)) > 6  # each cell its own


def test_each_draw_and_each_seed_has_noise_of_its_own_however_many_there_are():
    def draw(draws, seed=0):
        given = {"gallery": None, "generator": None, "seed": seed, "draws": draws}
        return [drawn.images for drawn in METHODS["dp-pix-16"].privatize(random_queries(), **given)]

    first, second = draw(2)
    assert (first != second).any() and (first != draw(1, seed=1)[0]).any()
    np.testing.assert_array_equal(first, draw(1)[0])


@pytest.mark.parametrize("wrong", [{"cell_px": 0}, {"neighbour_px": 0}, {"epsilon": 0.0}])
def test_choices_that_mean_nothing_are_refused(wrong):
    choices = {"cell_px": 16, "neighbour_px": 16, "epsilon": 0.5} | wrong
    with pytest.raises(SettingsError, match="DP-Pix: expected b, m and epsilon above 0"):
        pixelize(to_unit_range(draw_levels()), rng=Constant(0), **choices)
