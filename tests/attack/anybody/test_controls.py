"""Controls: what the attackers find in originals and in noise, and why that may be a fault."""

from dataclasses import replace

import numpy as np
from fake_eyes import plant_eyes

from replication.attack.anybody.collection import Collection
from replication.attack.anybody.controls import NOISE, ORIGINALS, attack_controls, find_fault
from replication.attack.anybody.parts import divide
from replication.attack.anybody.setting import Setting
from replication.records import to_bytes


def plant(learn=False):
    eyes = plant_eyes(10, 8)
    names = [f"p{number}" for number in eyes.identity]
    levels = to_bytes(eyes.images)
    originals = Collection.of_arrays("originals", levels, names)
    privatized = Collection.of_arrays("hidden", np.zeros_like(levels), names, source=range(80))
    known = Collection.of_arrays("learn", levels, names) if learn else None
    return Setting(divide(originals, privatized, known, seed=0), seed=0)


def test_originals_are_recognised_whatever_the_method_shows_and_noise_is_not():
    controls = attack_controls(plant())
    assert controls[ORIGINALS].value > 0.9 and controls[ORIGINALS].above
    assert controls[NOISE].value < 0.3 and not controls[NOISE].above
    assert find_fault(controls) == ""


def test_without_the_originals_of_what_is_learned_there_is_no_control():
    controls = attack_controls(plant(learn=True))
    assert set(controls) == {NOISE}
    assert "could not be tried" in find_fault(controls)


def test_attackers_who_fail_on_originals_or_are_above_chance_on_noise_are_faults():
    found = attack_controls(plant())
    blind = found | {ORIGINALS: replace(found[ORIGINALS], above=False)}
    assert "recognise nobody in originals" in find_fault(blind)
    lucky = found | {NOISE: replace(found[NOISE], above=True)}
    assert "above chance on noise" in find_fault(lucky)
