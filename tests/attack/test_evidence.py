"""Correlation inside a sign and changed verdicts, written again slowly and on planted privatizers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from replication.attack.evidence import (
    MARGIN_PX,
    Twins,
    add_twin_measures,
    add_verdict_measures,
    measure_chance_ncc,
    measure_masked_ncc,
)
from replication.attack.table2 import Table2
from replication.errors import DataError
from replication.explain.agreement import pair_with_others
from replication.privatize.methods import BASELINE
from replication.records import EyeDataset, PrivatizedSet

SIZE = 16
IDENTITY = np.repeat(np.arange(30), 2)
GLAUCOMA = IDENTITY < 20
LABELS = {"identity": IDENTITY, "glaucoma": GLAUCOMA}


def plant_eyes() -> tuple[np.ndarray, np.ndarray]:
    """Make images of noise; those with glaucoma have a dark hole of 2 x 2 px, and its mask."""
    rng = np.random.default_rng(0)
    images = rng.normal(0.3, 0.05, (len(IDENTITY), SIZE, SIZE, 3)).astype(np.float32)
    masks = np.zeros((len(IDENTITY), SIZE, SIZE), bool)
    for row in np.flatnonzero(GLAUCOMA):
        y, x = rng.integers(4, 10, 2)
        masks[row, y : y + 2, x : x + 2] = True
    images[masks] = -0.9
    return images, masks


def correlate_slowly(original, privatized, mask, margin=MARGIN_PX) -> float:
    pairs = []
    for y, x in np.ndindex(SIZE, SIZE):
        near = mask[max(0, y - margin) : y + margin + 1, max(0, x - margin) : x + margin + 1]
        if near.any():
            pairs.append([image[y, x].astype(float).mean() for image in (original, privatized)])
    return np.corrcoef(np.array(pairs).T)[0, 1] if pairs else np.nan


@pytest.mark.parametrize("margin", [0, MARGIN_PX, 2])
def test_the_correlation_is_the_one_of_the_pixels_in_and_around_the_sign(margin):
    images, masks = plant_eyes()
    masks[0, 4, 3:9] = True
    others = np.clip(images + np.random.default_rng(1).normal(0, 0.3, images.shape), -1, 1)
    # One gray throughout a hole: without a margin nothing varies, but for the rounding of a mean.
    images += np.random.default_rng(2).normal(0, 0.02, images.shape)
    found = measure_masked_ncc(images, others, masks, margin_px=margin)
    slow = [correlate_slowly(*row, margin) for row in zip(images, others, masks, strict=True)]
    np.testing.assert_allclose(found, slow, atol=1e-6)
    np.testing.assert_array_equal(np.isnan(found), ~GLAUCOMA)


def test_chance_is_the_mean_over_other_patients_with_the_pathology():
    images, masks = plant_eyes()
    chance = measure_chance_ncc(images, images, masks, **LABELS)
    for row in np.flatnonzero(GLAUCOMA)[::9]:
        others = np.flatnonzero((IDENTITY != IDENTITY[row]) & GLAUCOMA)
        slow = [correlate_slowly(images[row], images[other], masks[row]) for other in others]
        assert chance[row] == pytest.approx(np.mean(slow), abs=1e-6)
    rng = np.random.default_rng(0)
    drawn = [
        measure_masked_ncc(images, images[pair_with_others(IDENTITY, GLAUCOMA, rng=rng)], masks)
        for _ in range(80)
    ]
    np.testing.assert_allclose(np.mean(drawn, axis=0), chance, atol=0.25)


def test_planted_privatizers_differ():
    images, masks = plant_eyes()
    rng = np.random.default_rng(5)
    noise = rng.uniform(-1, 1, images.shape).astype(np.float32)
    pasted = np.where(masks[..., None], images, rng.normal(0.3, 0.05, images.shape))
    removed = rng.normal(0.3, 0.05, images.shape)
    levels = {}
    for name, privatized in {"noise": noise, "pasted": pasted, "removed": removed}.items():
        own = np.nanmean(measure_masked_ncc(images, privatized, masks))
        levels[name] = own, np.nanmean(measure_chance_ncc(images, privatized, masks, **LABELS))
    assert levels["pasted"][0] > 0.9
    assert levels["pasted"][0] > levels["pasted"][1] + 0.5
    for name in ("noise", "removed"):
        assert abs(levels[name][0]) < 0.15
    assert np.nanmin(measure_masked_ncc(images, images, masks)) == pytest.approx(1)
    np.testing.assert_allclose(measure_masked_ncc(images, -images, masks)[GLAUCOMA], -1)
    paler = measure_masked_ncc(images, 0.3 * images - 0.2, masks)[GLAUCOMA]
    np.testing.assert_allclose(paler, 1, atol=1e-6)


def test_what_is_flat_shows_nothing_or_has_nothing_to_show():
    images, masks = plant_eyes()
    flat = np.full_like(images, 0.1)
    assert (measure_masked_ncc(images, flat, masks)[GLAUCOMA] == 0).all()
    assert np.isnan(measure_masked_ncc(flat, images, masks)).all()
    assert (measure_chance_ncc(images, flat, masks, **LABELS)[GLAUCOMA] == 0).all()
    none = np.zeros_like(masks)
    assert np.isnan(measure_masked_ncc(images, images, none)).all()
    one = {"identity": np.zeros(len(images), int), "glaucoma": GLAUCOMA}
    assert np.isnan(measure_chance_ncc(images, images, masks, **one)).all()
    assert measure_masked_ncc(images[:0], images[:0], masks[:0]).shape == (0,)


def test_shapes_that_do_not_fit_are_refused():
    images, masks = plant_eyes()
    with pytest.raises(DataError, match="originals and privatized"):
        measure_masked_ncc(images, images[1:], masks)
    with pytest.raises(DataError, match="masks: expected"):
        measure_masked_ncc(images, images, masks.astype(int))


METHOD = "blur-3"


def name_eyes(images, identity=IDENTITY, glaucoma=GLAUCOMA) -> EyeDataset:
    names = [f"{row}.png" for row in reversed(range(len(identity)))]  # not in the rows' order
    return EyeDataset(images, identity, glaucoma, np.array(names))


def find_value(table, measure) -> float:
    everyone = np.ones((1, len(np.unique(table.patients))))
    return table.entries[METHOD, measure].statistic.weigh(everyone).item()


def find_dark(images) -> np.ndarray:
    """Call ill what has a dark spot, as a glaucoma network that knows the planted signs."""
    return np.where((images.mean(axis=-1) < -0.5).any(axis=(1, 2)), 0.9, 0.1)


def predict_dark(sets, eyes):
    """Stage 06's predictions of some draws by `find_dark`."""
    return pd.concat(
        pd.DataFrame(
            {
                "method": METHOD,
                "draw": drawn.draw,
                "image_id": eyes.image_id,
                "glaucoma_probability": find_dark(drawn.images),
            }
        )
        for drawn in sets
    )


@pytest.fixture(scope="module")
def planted_twins():
    """Two draws of a method, its twins, and Table 2 with their measures; 2nd draw hides half."""
    images, masks = plant_eyes()
    without = np.where(masks[..., None], np.float32(0.3), images)
    rng = np.random.default_rng(3)
    shown = np.clip(images + rng.normal(0, 0.2, images.shape), -1, 1).astype(np.float32)
    twins_shown = np.where(masks[..., None], without, shown)
    hidden = np.where((IDENTITY < 10)[:, None, None, None], shown, twins_shown)
    rows, healthy = np.flatnonzero(GLAUCOMA), np.flatnonzero(~GLAUCOMA)
    # One sham takes the sign along with the rest; three healthy eyes get a sign, two by both draws.
    elsewhere = shown.copy()
    elsewhere[rows[0]] = twins_shown[rows[0]]
    elsewhere[healthy[:3], :2, :2] = -1
    faded = elsewhere.copy()
    faded[healthy[2]] = shown[healthy[2]]
    draws = [(shown, twins_shown, elsewhere), (hidden, twins_shown, faded)]
    sets = [
        [PrivatizedSet(METHOD, draw, each[part], None) for draw, each in enumerate(draws)]
        for part in range(3)
    ]
    table, (one, another) = Table2(IDENTITY), (name_eyes(images), name_eyes(without))
    add_twin_measures(
        table,
        *sets,
        originals=one,
        twins=Twins(another, rows, masks, one, rows[:4], healthy),
        predictions=predict_dark(sets[0], one),
        predict=find_dark,
    )
    return table, images, masks, sets


def test_what_is_owed_to_the_sign_goes_with_it(planted_twins):
    table, images, masks, (own, twins, _) = planted_twins
    rows = np.flatnonzero(GLAUCOMA)
    slow = [
        correlate_slowly(images[row], drawn.images[row], masks[row])
        - correlate_slowly(images[row], twin.images[row], masks[row])
        for drawn, twin in zip(own, twins, strict=True)
        for row in rows
    ]
    assert find_value(table, "sign_owed") == pytest.approx(np.mean(slow), abs=1e-6)
    assert np.mean(slow) > 0.3
    assert table.entries[METHOD, "sign_owed"].chance == 0
    assert table.entries[METHOD, "sign_owed"].images == len(rows)


def test_verdicts_are_lost_with_the_sign_beside_what_any_change_takes(planted_twins):
    table, _, _, (own, _, elsewhere) = planted_twins
    rows = np.flatnonzero(GLAUCOMA)
    assert find_value(table, "verdicts_lost") == pytest.approx((1 + 1 / 2) / 2)
    ill = [find_dark(drawn.images)[rows[:4]] > 0.5 for drawn in own]
    by_sham = [find_dark(drawn.images)[rows[:4]] > 0.5 for drawn in elsewhere]
    chance = np.mean([was.mean() - now.mean() for was, now in zip(ill, by_sham, strict=True)])
    assert table.entries[METHOD, "verdicts_lost"].chance == pytest.approx(chance)
    assert chance == pytest.approx(1 / 4)
    assert table.entries[METHOD, "verdicts_lost"].images == len(rows)


def test_a_sign_planted_on_a_healthy_eye_turns_its_verdict(planted_twins):
    table, healthy = planted_twins[0], (~GLAUCOMA).sum()
    assert find_value(table, "verdicts_planted") == pytest.approx((3 + 2) / 2 / healthy)
    assert table.entries[METHOD, "verdicts_planted"].images == healthy


def test_verdicts_turned_both_ways_add_up_to_none():
    eyes = name_eyes(np.zeros((2, 4, 4, 3), np.float32), np.arange(2), np.ones(2, bool))
    ill = eyes.images.copy()
    ill[0] = -1
    sets = [[PrivatizedSet(METHOD, 0, images, None)] for images in (ill, ill[::-1], ill)]
    table, masks = Table2(eyes.identity), np.ones((2, 4, 4), bool)
    twins = Twins(eyes, np.arange(2), masks, eyes, np.zeros(0, int), np.zeros(0, int))
    network = {"predictions": predict_dark(sets[0], eyes), "predict": find_dark}
    add_twin_measures(table, *sets, originals=eyes, twins=twins, **network)
    assert find_value(table, "verdicts_lost") == 0
    assert table.entries[METHOD, "verdicts_lost"].chance is None
    assert (METHOD, "verdicts_planted") not in table.entries


@pytest.mark.parametrize("odd", [1.2, -0.1, np.nan])
def test_what_is_no_probability_is_refused(planted_twins, odd):
    _, images, masks, sets = planted_twins
    rows = np.flatnonzero(GLAUCOMA)
    twins = Twins(name_eyes(images), rows, masks, name_eyes(images), rows, rows)
    with pytest.raises(DataError, match="verdicts: expected"):
        add_twin_measures(
            Table2(IDENTITY),
            *sets,
            originals=name_eyes(images),
            twins=twins,
            predictions=predict_dark(sets[0], name_eyes(images)),
            predict=lambda some: np.full(len(some), odd),
        )


def test_verdicts_by_scikit_learn_with_the_chance_of_a_constant_one():
    identity = np.array([3, 3, 5, 5, 5, 5, 8, 8, 8, 9])
    truth = np.arange(10) < 4
    # The first three are glaucoma on the originals; one half is not.
    original = np.array([0.9, 0.6, 0.51, *[0.5] * 3, *[0.1] * 4])
    drawn = [
        np.array([0.9, 0.5, 0.2, 0.7, 0.8, 0.5, 0.1, 0.1, 0.1, 0.3]),
        np.array([0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.3]),
    ]
    test = name_eyes(np.zeros((10, 4, 4, 3), np.float32), identity, truth)
    parts = [(BASELINE, 0, original), *((METHOD, draw, found) for draw, found in enumerate(drawn))]
    predictions = pd.concat(
        pd.DataFrame(
            {"method": m, "draw": d, "image_id": test.image_id, "glaucoma_probability": found}
        )
        for m, d, found in parts
    ).sample(frac=1, random_state=0)
    table = Table2(identity)
    add_verdict_measures(table, METHOD, predictions, test=test)
    verdicts = [found > 0.5 for found in drawn]
    measures = {
        "agreement": (lambda found: accuracy_score(original > 0.5, found), 0.7),
        "glaucoma_accuracy": (lambda found: accuracy_score(truth, found), 0.6),
        "glaucoma_balanced": (lambda found: balanced_accuracy_score(truth, found), 0.5),
        "glaucoma_f1": (lambda found: f1_score(truth, found), 2 * 0.4 / 1.4),
    }
    for measure, (by_hand, chance) in measures.items():
        assert find_value(table, measure) == pytest.approx(np.mean(list(map(by_hand, verdicts))))
        assert table.entries[METHOD, measure].chance == pytest.approx(chance)
