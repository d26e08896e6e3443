"""Parts: apart by source, every patient learned, numbers of releases without gaps, bounds."""

import numpy as np
import pytest

from replication.attack.anybody import parts as module
from replication.attack.anybody.collection import Collection
from replication.attack.anybody.parts import divide
from replication.errors import DataError


def plant(patients, each, draws=1, **columns):
    """Return originals and privatized images whose upper left pixel is their source's number."""
    count = patients * each
    names = np.repeat([f"p{number:03}" for number in range(patients)], each)
    levels = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], (count, 4, 4))
    rows = np.tile(np.arange(count), draws)
    originals = Collection.of_arrays("originals", levels, names)
    privatized = Collection.of_arrays(
        "privatized", levels[rows], names[rows], source=rows, **columns
    )
    return originals, privatized


def test_no_source_is_in_two_parts_and_shares_are_a_half_and_quarters():
    parts = divide(*plant(20, 8, draws=3), None, seed=0)
    sources = [set(part.source) for part in (parts.learned, parts.validation, parts.read)]
    assert [len(one) for one in sources] == [80, 40, 40]
    assert len(set.union(*sources)) == 160
    assert set(parts.learned.identity) == set(parts.read.identity) == set(range(20))
    assert parts.learned.draws == parts.read.draws == 3


def test_of_two_images_one_is_learned_and_the_other_read_or_chosen_on():
    parts = divide(*plant(40, 2), None, seed=0)
    assert len(parts.learned) == 40
    assert 10 < len(parts.read) < 30 and len(parts.read) + len(parts.validation) == 40


def test_releases_are_numbered_by_source_in_the_order_of_their_draws():
    draw = np.repeat([7, 5, 6], 16)
    parts = divide(*plant(4, 4, draws=3, draw=draw), None, seed=0)
    for part in (parts.learned, parts.read):
        for source in np.unique(part.source):
            own = part.take(part.source == source)
            order = np.argsort(own.draw)
            assert own.draw[order].tolist() == [0, 1, 2]
            assert draw[own.rows[order]].tolist() == [5, 6, 7]


def test_loaded_images_are_those_of_their_sources():
    parts = divide(*plant(5, 8), None, seed=1)
    look = parts.read.load(channels=3)
    assert look.small.levels.shape[1:] == (4, 4, 3) and look.exact is look.small
    assert (look.small.levels[:, 0, 0, 0] == parts.read.source).all()


def test_blocks_hold_whole_patients_and_everything_once(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_IMAGES", 3)
    parts = divide(*plant(9, 8, draws=2), None, seed=0)
    blocks = list(parts.read.split_by_patient())
    assert len(blocks) == 9
    assert sorted(np.concatenate([block.rows for block in blocks])) == sorted(parts.read.rows)


def test_of_many_releases_as_many_of_each_patient_are_learned(monkeypatch):
    monkeypatch.setattr(module, "MOST_LEARNED", 24)
    parts = divide(*plant(6, 20, draws=2), None, seed=0)
    assert np.bincount(parts.learned.identity).tolist() == [4] * 6  # two sources, two draws each


def test_of_many_patients_some_are_drawn(monkeypatch):
    monkeypatch.setattr(module, "MOST_PATIENTS", 5)
    parts = divide(*plant(9, 8), None, seed=0)
    assert len(parts.classes) == 5 and parts.drawn_from == 9
    assert set(parts.read.identity) == set(range(5))


def test_used_patients_are_marked():
    used = [[f"p{number % 3:03}", "p001"] for number in range(16)]
    parts = divide(*plant(4, 4, used=used), None, seed=0)
    marks = parts.read.mark_used(parts.classes)
    for row, mark in zip(parts.read.rows, marks, strict=True):
        assert set(np.flatnonzero(mark)) == {row % 3, 1}


def test_privatized_images_without_a_source_are_refused():
    originals, _ = plant(4, 4)
    with pytest.raises(DataError, match="originals: give the source of each image"):
        divide(originals, originals, None, seed=0)


def test_patients_of_whom_nothing_is_learned_are_refused():
    originals, privatized = plant(4, 4)
    levels = np.zeros((8, 4, 4), np.uint8)
    learn = Collection.of_arrays("learn", levels, np.repeat(["x", "y"], 4))
    with pytest.raises(DataError, match="attackers learn from no patient of it"):
        divide(originals, privatized, learn, seed=0)


def test_images_to_learn_from_have_the_size_of_those_read():
    originals, privatized = plant(4, 4)
    learn = Collection.of_arrays("learn", np.zeros((8, 5, 4), np.uint8), ["p000", "p001"] * 4)
    with pytest.raises(DataError, match="learn: its images have another size"):
        divide(originals, privatized, learn, seed=0)
