"""What all that is measured in one attack shares."""

import numpy as np
import pytest

from replication.attack.anybody import setting as module
from replication.attack.anybody.collection import Collection
from replication.attack.anybody.parts import divide
from replication.attack.anybody.setting import Setting

LEVELS = np.zeros((32, 4, 4), np.uint8)
NAMES = np.repeat(["a", "b", "c", "d"], 8)


def plant(levels=LEVELS, **columns):
    originals = Collection.of_arrays("originals", LEVELS, NAMES, disease=np.arange(32) % 2)
    privatized = Collection.of_arrays("hidden", levels, NAMES, source=range(32), **columns)
    return Setting(divide(originals, privatized, None, seed=0), seed=0)


def test_chance_is_one_of_the_patients_learned():
    assert plant().chance == pytest.approx(1 / 4)


def test_a_release_has_its_own_disease_or_its_originals():
    assert plant().labels.tolist() == (np.arange(32) % 2).tolist()
    disease = np.full(32, -1)
    disease[3] = 0
    assert plant(disease=disease).labels[:5].tolist() == [0, 1, 0, 0, 0]


def test_channels_are_three_where_images_have_colours():
    assert plant().channels == 1
    assert plant(np.zeros((32, 4, 4, 3), np.uint8)).channels == 3


def test_of_many_releases_some_are_taken_first_draws_before_others(monkeypatch):
    monkeypatch.setattr(module, "MOST_CONTROL", 5)
    setting = plant()
    assert len(setting.take_some(setting.parts.originals)) == 5
