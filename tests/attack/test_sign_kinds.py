"""Readers of the kind of a sign, on drawn signs of which the kind is or isn't to be seen."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from places import REAL_EYES
from sklearn.metrics import roc_auc_score

from replication.attack.sign_kinds import (
    FEWEST_PATIENTS,
    FOLDS,
    ShownSigns,
    count_pairs,
    list_shown_signs,
    plan_folds,
    read_kinds,
    view_signs,
)
from replication.config import PreprocessSettings
from replication.errors import DataError
from replication.explain.agreement import pair_with_others
from replication.preprocess.places import find_sign_table, read_signs
from replication.preprocess.stage import preprocess_images
from replication.records import to_unit_range

SIZE = 64
KINDS = ("bright", "dark", "ring")
PATIENTS, EACH = 24, 3
IDENTITY = np.repeat(np.arange(PATIENTS), EACH)
TOPS = {"bright": 8, "dark": 34, "ring": 20}  # a kind lies somewhere, if roughly


@pytest.fixture(scope="module")
def signs() -> ShownSigns:
    """One sign an image, a kind a patient, each kind somewhere in a part of the eye."""
    kind = IDENTITY % len(KINDS)
    middle = np.random.default_rng(0).integers((0, 8), (22, 56), (len(kind), 2))
    middle[:, 0] += np.array([TOPS[KINDS[k]] for k in kind])
    return ShownSigns(KINDS, kind, np.arange(len(kind)), IDENTITY, middle)


def draw_eyes(signs: ShownSigns, *, show: bool = True, seed: int = 1) -> np.ndarray:
    """Draw eyes of noise, of a light and a dark half, and signs at their places."""
    rng = np.random.default_rng(seed)
    images = rng.normal(0, 0.1, (len(IDENTITY), SIZE, SIZE, 1))
    images += np.where(np.arange(SIZE) < 34, -0.4, 0.4)[:, None]
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for image, kind, (y, x) in zip(signs.image, signs.kind, signs.middle, strict=True):
        far = np.hypot(rows - y, columns - x)
        shape = {"bright": far < 2, "dark": -1.0 * (far < 2), "ring": (far > 1) & (far < 3)}
        images[image] += show * 0.4 * shape[KINDS[kind]][..., None]
    return np.clip(images, -1, 1).astype(np.float32)


def measure(images, signs: ShownSigns, *, identity=IDENTITY) -> float:
    folds = plan_folds(signs, seed=0)
    features = view_signs(images, signs, identity)
    return measure_area(read_kinds(features, signs, folds), signs, folds)


def measure_area(scores, signs: ShownSigns, folds) -> float:
    patients = np.unique(signs.identity)
    pairs = count_pairs(scores, signs, folds, patients=patients)
    return pairs.weigh(np.ones((1, len(patients))))[0]


def test_kinds_are_read_where_they_show_and_nowhere_else(signs):
    eyes = draw_eyes(signs)
    assert measure(eyes, signs) > 0.95
    rng = np.random.default_rng(2)
    others = pair_with_others(IDENTITY, np.ones(len(IDENTITY), bool), rng=rng)
    noise = rng.uniform(-1, 1, eyes.shape).astype(np.float32)
    chance = [
        measure(draw_eyes(signs, show=False), signs),
        measure(noise, signs),
        measure(eyes[others], signs),
        measure(eyes, replace(signs, kind=rng.permutation(PATIENTS)[IDENTITY] % len(KINDS))),
    ]
    assert max(chance) < 0.65
    assert np.mean(chance) == pytest.approx(0.5, abs=0.08)


def test_who_recognises_the_patient_reads_nothing(signs):
    folds = plan_folds(signs, seed=0)
    patient = np.eye(PATIENTS)[signs.identity]
    area = measure_area(read_kinds(patient, signs, folds), signs, folds)
    assert area == pytest.approx(0.5, abs=0.02)


def test_patients_stay_in_one_fold(signs):
    folds = plan_folds(signs, seed=3, repeats=2)
    assert folds.shape == (2, len(IDENTITY)) and set(folds.ravel()) == set(range(FOLDS))
    for sharing in folds:
        for patient in range(PATIENTS):
            assert len(set(sharing[signs.identity == patient])) == 1
    np.testing.assert_array_equal(folds, plan_folds(signs, seed=3, repeats=2))
    assert (folds[0] != folds[1]).any()
    others = plan_folds(signs, seed=4, repeats=2)
    np.testing.assert_array_equal(others[0], folds[1])  # seed 3 goes on with 4, and 4 with 5
    assert (others != folds).any()


def test_a_view_is_the_difference_from_other_patients(signs):
    eyes = draw_eyes(signs)
    views = view_signs(eyes, signs, IDENTITY)
    gray = eyes[..., 0].astype(np.float64)
    for place in (0, 40, 71):
        y, x = signs.middle[place]
        others = [image for image in range(len(gray)) if IDENTITY[image] != IDENTITY[place]]
        slow = []
        for row, column in product(range(y - 2, y + 3), range(x - 2, x + 3)):
            usual = [gray[image, row, column] for image in others]
            slow.append((gray[place, row, column] - np.mean(usual)) / np.std(usual))
        np.testing.assert_allclose(views[place], slow, rtol=1e-6)
    assert not view_signs(np.zeros_like(eyes), signs, IDENTITY).any()  # all others show the same


def test_pairs_are_those_of_the_rank_sum_fold_by_fold(signs):
    rng = np.random.default_rng(7)
    folds = plan_folds(signs, seed=0, repeats=1)
    scores = rng.integers(0, 6, (1, len(IDENTITY), len(KINDS))).astype(float)
    # Two more patients without a sign are weighed too, the first and the last.
    pairs = count_pairs(scores, signs, folds, patients=np.arange(-1, PATIENTS + 1))
    weights = rng.integers(0, 3, (5, PATIENTS + 2))
    for weighted, found in zip(weights[:, 1:-1], pairs.weigh(weights), strict=True):
        areas = []
        for kind in range(len(KINDS)):
            won = total = 0.0
            for fold in range(FOLDS):
                inside = np.flatnonzero(folds[0] == fold)
                drawn = np.repeat(inside, weighted[signs.identity[inside]])
                truth = signs.kind[drawn] == kind
                if truth.any() and not truth.all():
                    count = truth.sum() * (~truth).sum()
                    won += count * roc_auc_score(truth, scores[0, drawn, kind])
                    total += count
            areas.append(won / total)
        assert found == pytest.approx(np.mean(areas))


def test_a_kind_that_could_not_be_learned_has_no_pairs(signs):
    folds = plan_folds(signs, seed=0, repeats=1)
    scores = np.zeros((1, len(IDENTITY), len(KINDS)))
    scores[:, :, 1] = np.nan
    pairs = count_pairs(scores, signs, folds, patients=np.arange(PATIENTS))
    assert not pairs.pairs[1].any()
    assert pairs.weigh(np.ones((1, PATIENTS)))[0] == pytest.approx(0.5)
    assert pairs.weigh(np.zeros((1, PATIENTS)))[0] == 0.5


def test_one_kind_one_patient_and_odd_features_are_refused(signs):
    with pytest.raises(DataError, match="two or more that at least 5 patients have, got 1"):
        plan_folds(replace(signs, kinds=KINDS[:1], kind=signs.kind * 0), seed=0)
    alone = replace(signs, identity=signs.identity * 0)
    with pytest.raises(DataError, match="at least three patients"):
        view_signs(draw_eyes(signs), alone, IDENTITY * 0)
    with pytest.raises(DataError, match="finite features"):
        read_kinds(np.full((len(IDENTITY), 2), np.nan), signs, plan_folds(signs, seed=0))


def make_tables(kinds: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make an image of each patient with one sign each, and one more without."""
    files = [f"{place}.jpg" for place in range(len(kinds) + 1)]
    facts = pd.DataFrame({"path": [f"eyes/{file}" for file in files], "mirrored": False})
    facts[["frame_width_px", "frame_height_px", "strip_rows_removed"]] = 640, 480, 11
    facts[["shift_x_px", "shift_y_px"]] = 10, 0
    circles = [(file, kind, 295.0, 235.0, 20.0) for file, kind in zip(files, kinds, strict=False)]
    return facts, pd.DataFrame(circles, columns=["file", "kind", "x_px", "y_px", "radius_px"])


def test_signs_are_listed_where_enough_patients_have_their_kind():
    kinds = ["haze"] * FEWEST_PATIENTS + ["rare"] * (FEWEST_PATIENTS - 1) + ["hole"] * 6
    facts, table = make_tables(kinds)
    shown = list_shown_signs(facts, table, np.arange(len(facts)), size_px=SIZE)
    assert shown.kinds == ("haze", "hole")
    assert [shown.kinds[kind] for kind in shown.kind] == [kind for kind in kinds if kind != "rare"]
    assert shown.image.tolist() == [row for row, kind in enumerate(kinds) if kind != "rare"]
    np.testing.assert_array_equal(shown.identity, shown.image)
    # The frame's (295 + 10, 235) in pixels of 10 x 469 / 64 px.
    np.testing.assert_allclose(shown.middle, [[235 / (469 / 64) - 0.5, 30]] * 11, atol=0.6)
    none = list_shown_signs(facts, table.iloc[:0], np.arange(len(facts)), size_px=SIZE)
    assert none.kinds == () and len(none.kind) == len(none.image) == 0
    assert none.middle.shape == (0, 2)


@pytest.mark.slow
@pytest.mark.skipif(not REAL_EYES.is_dir(), reason="the real eyes are not here")
def test_kinds_are_read_in_real_eyes_at_their_own_signs_alone():
    table = read_signs(find_sign_table(REAL_EYES))
    signed = set(table["file"])
    paths = sorted(path for path in REAL_EYES.rglob("*_IG_*.jpg") if path.name in signed)
    manifest = pd.DataFrame({"path": [path.relative_to(REAL_EYES).as_posix() for path in paths]})
    manifest["image_id"] = manifest["path"]
    manifest["eye"] = ["left" if "left/" in path else "right" for path in manifest["path"]]
    images, facts = preprocess_images(manifest, REAL_EYES, PreprocessSettings(), workers=2)
    identity = np.array([int(path.name[:4]) for path in paths])
    signs = list_shown_signs(facts, table, identity, size_px=SIZE)
    eyes = to_unit_range(images)[..., None]
    assert len(signs.kinds) == 4
    assert measure(eyes, signs, identity=identity) > 0.8
    rng = np.random.default_rng(0)
    pairs = [pair_with_others(identity, np.ones(len(eyes), bool), rng=rng) for _ in range(5)]
    chance = [measure(eyes[others], signs, identity=identity) for others in pairs]
    assert np.mean(chance) == pytest.approx(0.5, abs=0.1)
