"""A block's random numbers depend on seed, draw, method and its number, and on nothing else."""

import numpy as np

from replication.privatize import draws
from replication.privatize.draws import open_blocks


def roll(images, **changed):
    given = {"seed": 1, "draw": 2, "method": "a"} | changed
    return [(rows.start, rows.stop, rng.random()) for rows, rng in open_blocks(images, **given)]


def test_blocks_cover_the_images_and_each_has_numbers_of_its_own(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_IMAGES", 4)
    whole = roll(10)
    assert [row[:2] for row in whole] == [(0, 4), (4, 8), (8, 12)]
    assert len({row[2] for row in whole}) == 3
    assert [row[2] for row in roll(5, first_block=1)] == [row[2] for row in whole[1:]]
    assert [row[:2] for row in roll(0)] == [(0, 4)]


def test_seed_draw_and_method_each_change_them():
    numbers = [roll(1, **{name: value})[0][2] for name, value in {"seed": 2}.items()]
    numbers += [roll(1)[0][2], roll(1, draw=3)[0][2], roll(1, method="b")[0][2]]
    assert len(set(numbers)) == 4
    expected = np.random.default_rng([1, 2, 0xE8B7BE43, 0]).random()  # the CRC of "a"
    assert roll(1)[0][2] == expected
