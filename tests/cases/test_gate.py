"""The gate: pictures that give a patient away are refused, noise and real crowds pass."""

from dataclasses import replace

import numpy as np
import pytest
from fake_eyes import draw_noise, plant_eyes

from replication.attack.near_copies import CopyLimits
from replication.cases.gate import (
    Gate,
    Refusal,
    count_alike,
    halve_patients,
    release_cases,
)
from replication.errors import DataError
from replication.evaluate.equal_images import code_pictures
from replication.records import PrivatizedSet, round_to_bytes

GALLERY = plant_eyes(12, 4)
NONE_IS_NEAR = CopyLimits(0.0, 0.0)


def make_set(images, draw=0):
    return PrivatizedSet("planted", draw, round_to_bytes(images), None)


def open_gate(
    learned, *, static=None, limits=NONE_IS_NEAR, alike=0, gallery=GALLERY, validation=None
):
    named = np.full(len(gallery), -1) if static is None else static
    return Gate(
        gallery,
        learned if isinstance(learned, PrivatizedSet) else make_set(learned),
        validation=validation or (GALLERY, make_set(GALLERY.images)),
        name_statically=lambda images: named,
        limits=limits,
        alike=alike,
    )


def draw_crowds(members):
    """Return one noise picture for every `members` patients, the same for all their images."""
    pictures = draw_noise(GALLERY.images[: 12 // members], seed=3)
    return pictures[GALLERY.identity // members]


def test_a_patient_whom_others_pictures_of_theirs_show_is_refused():
    shown = GALLERY.images * 0.9
    found = open_gate(shown).find_refusals(make_set(shown))
    assert (found == Refusal.RECOGNISED).mean() > 0.9


def test_of_noise_about_one_in_so_many_is_named_by_each_attacker():
    learned, noise = (draw_noise(GALLERY.images, seed=seed) for seed in (1, 2))
    found = open_gate(learned).find_refusals(make_set(noise))
    assert set(found) == {Refusal.NONE, Refusal.RECOGNISED}
    assert 0.5 < (found == Refusal.NONE).mean() < 0.95  # four attackers, each by 1 in 12


def test_a_picture_is_not_attacked_by_who_learned_it():
    # The nearest of all would be the picture itself.
    noise = draw_noise(GALLERY.images, seed=1)
    found = open_gate(noise).find_refusals(make_set(noise))
    assert (found == Refusal.NONE).mean() > 0.5


def test_whom_the_identity_network_names_is_refused():
    learned, noise = (draw_noise(GALLERY.images, seed=seed) for seed in (1, 2))
    static = np.where(np.arange(len(GALLERY)) < 5, GALLERY.identity, -1)
    found = open_gate(learned, static=static).find_refusals(make_set(noise))
    refused = np.flatnonzero(found == Refusal.STATIC)
    assert set(refused) <= set(range(5)) and len(refused) > 1
    assert (found[:5] != Refusal.NONE).all()


@pytest.mark.parametrize("whose", ["the patient's own", "another's"])
def test_a_copy_of_anybodys_training_image_is_refused(whose):
    learned, pictures = (draw_noise(GALLERY.images, seed=seed) for seed in (1, 2))
    pictures[7] = GALLERY.images[7 if whose == "the patient's own" else 40]
    limits = CopyLimits(distance=5.0, ratio=0.5)
    found = open_gate(learned, limits=limits).find_refusals(make_set(pictures))
    assert np.flatnonzero(found == Refusal.NEAR_COPY).tolist() == [7]


def test_a_crowd_does_not_hide_a_copy():
    limits, crowds = CopyLimits(distance=5.0, ratio=0.5), draw_crowds(3)
    crowds[GALLERY.identity // 3 == 0] = GALLERY.images[40]
    found = open_gate(crowds, limits=limits, alike=3).find_refusals(make_set(crowds))
    assert (found[GALLERY.identity // 3 == 0] == Refusal.NEAR_COPY).all()
    assert (found[GALLERY.identity // 3 > 0] == Refusal.NONE).all()


@pytest.mark.parametrize(("members", "passes"), [(2, False), (3, True), (4, True)])
def test_where_a_crowd_is_promised_it_is_counted(members, passes):
    crowds = draw_crowds(members)
    found = open_gate(crowds, alike=3, static=GALLERY.identity).find_refusals(make_set(crowds))
    assert (found == (Refusal.NONE if passes else Refusal.CROWD)).all()
    assert (count_alike(code_pictures(make_set(crowds)), GALLERY.identity) == members).all()


def test_of_a_method_with_a_code_the_patients_who_share_it_are_counted():
    noise, code = draw_noise(GALLERY.images, seed=1), GALLERY.identity // 4
    drawn = replace(make_set(noise), code=code)
    gate = open_gate(noise, alike=4, static=GALLERY.identity)
    assert (gate.find_refusals(drawn) == Refusal.NONE).all()
    released = release_cases([drawn], gate, GALLERY)
    np.testing.assert_array_equal(released.code, code)
    assert (released.alike == 4).all()
    alone = replace(drawn, code=np.where(GALLERY.identity == 0, 99, code))
    refused = gate.find_refusals(alone) == Refusal.CROWD
    np.testing.assert_array_equal(refused, code == 0)


def test_images_of_one_patient_are_no_crowd():
    same = np.repeat(GALLERY.images[:1], len(GALLERY), axis=0)
    assert count_alike(code_pictures(make_set(same)), np.zeros(len(GALLERY), int)).tolist() == [
        1
    ] * len(GALLERY)


def test_what_is_refused_is_drawn_again_and_what_passed_stays():
    shown, learned = GALLERY.images * 0.9, draw_noise(GALLERY.images, seed=1)
    noise = [draw_noise(GALLERY.images, seed=seed) for seed in (2, 3)]
    first = np.where(np.arange(len(GALLERY))[:, None, None, None] < 4, shown, noise[0])
    sets = [make_set(images, draw) for draw, images in enumerate((first, noise[1]))]
    limits = CopyLimits(distance=20.0, ratio=0.5)  # what is shown is a near copy
    gate = open_gate(learned, limits=limits)
    alone = [gate.find_refusals(each) for each in sets]
    cases = release_cases(sets, gate, GALLERY)
    assert (alone[0][:4] != Refusal.NONE).all() and (alone[1][:4] == Refusal.NONE).any()
    again = (alone[0] != Refusal.NONE) & (alone[1] == Refusal.NONE)
    np.testing.assert_array_equal(cases.draw, again)
    np.testing.assert_array_equal(
        cases.passed, (alone[0] == Refusal.NONE) | (alone[1] == Refusal.NONE)
    )
    expected = np.where(again[:, None, None, None], sets[1].images, sets[0].images)
    np.testing.assert_array_equal(cases.images, expected)


def test_halves_have_as_many_of_every_patient():
    identity = np.array([2, 0, 2, 1, 0, 2, 2, 0])
    half = halve_patients(identity)
    for patient in range(3):
        own = half[identity == patient]
        assert own.tolist() == [n % 2 for n in range(len(own))]


def test_one_patient_cannot_be_gated():
    one = plant_eyes(1, 4)
    with pytest.raises(DataError, match="recognising patients takes two"):
        open_gate(one.images, gallery=one)


def test_what_is_shown_beside_a_picture_is_no_copy_either():
    noise, beside = (draw_noise(GALLERY.images, seed=seed) for seed in (1, 2))
    beside[5] = GALLERY.images[40]
    drawn = replace(make_set(noise), code=GALLERY.identity // 4)
    gate = open_gate(noise, alike=4, limits=CopyLimits(distance=5.0, ratio=0.5))
    assert (gate.find_refusals(drawn) == Refusal.NONE).all()
    found = gate.find_refusals(drawn, beside)
    assert np.flatnonzero(found == Refusal.NEAR_COPY).tolist() == [5]


def test_what_is_shown_beside_a_picture_is_of_the_same_draw():
    noise = [draw_noise(GALLERY.images, seed=seed) for seed in (2, 3)]
    first = np.where(np.arange(len(GALLERY))[:, None, None, None] < 4, GALLERY.images, noise[0])
    code = GALLERY.identity // 4
    sets = [replace(make_set(each, draw), code=code) for draw, each in enumerate((first, noise[1]))]
    gate = open_gate(noise[0], alike=4, limits=CopyLimits(distance=5.0, ratio=0.5))
    cases = release_cases(sets, gate, GALLERY, take_sign_away=lambda drawn: drawn.images / 2)
    assert cases.draw.tolist() == [1] * 4 + [0] * (len(GALLERY) - 4)
    np.testing.assert_array_equal(cases.without_sign, cases.images / 2)


def draw_used(eyes, seed, *, shown):
    """Return noise, in which one patient each is used: another one's square bright where shown."""
    used = np.random.default_rng(seed).integers(0, 12, (len(eyes), 1))
    images = 0.2 * draw_noise(eyes.images, seed=seed + 100)
    for image, (patient,) in zip(images, used, strict=True):
        row, column = divmod(int(patient), 4)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 0.6 * shown
    return PrivatizedSet("planted", 0, round_to_bytes(images), used)


def find_replaced(*, shown, alike=0):
    validation = plant_eyes(12, 2, seed=7)
    learned, others, released = (
        draw_used(eyes, seed, shown=shown)
        for seed, eyes in enumerate((GALLERY, validation, GALLERY))
    )
    gate = open_gate(learned, validation=(validation, others), alike=alike)
    return gate.find_refusals(released)


def test_a_picture_in_which_somebody_used_is_read_is_refused():
    found = find_replaced(shown=True)
    assert np.isin(found, [Refusal.REPLACED]).mean() > 0.9


def test_where_nobody_used_is_shown_about_one_in_so_many_is_refused():
    assert 0 < (find_replaced(shown=False) == Refusal.REPLACED).mean() < 0.3


def test_where_a_crowd_is_promised_nobody_is_read():
    assert not (find_replaced(shown=True, alike=3) == Refusal.REPLACED).any()
