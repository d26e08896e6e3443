"""The tables hold what is on the images, in their files and in the split; slowly counted again."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn_eyes import TexturedEyes, make_textured_eyes

from replication.config import SplitSettings
from replication.data.survey import PAPER_STEPS
from replication.errors import DataError
from replication.preprocess.frame import BY_HAND
from replication.preprocess.split import split_by_patient
from replication.validate.tables import (
    note_patients,
    tabulate_images,
    tabulate_patients,
    tabulate_raw,
    tabulate_subsets,
)
from validation.expectations.gx_runner import JudgedExpectation, run_suites
from validation.expectations.suites import Suite, expect_split, expect_subsets

SPLIT, SUBSETS = expect_split(by_patient=True), expect_subsets(by_patient=True)
BY_IMAGE = (*expect_split(by_patient=False), *expect_subsets(by_patient=False))


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> TexturedEyes:
    return make_textured_eyes(tmp_path_factory.mktemp("eyes"), patients=4)


def tabulate(eyes: TexturedEyes, **more) -> pd.DataFrame:
    options = {"steps": PAPER_STEPS, "workers": 1} | more
    return tabulate_images(eyes.images, eyes.manifest, eyes.raw, eyes.root, **options)


def test_sound_images_are_measured_as_sound(eyes: TexturedEyes) -> None:
    calls: list[None] = []
    table = tabulate(eyes, on_image=lambda: calls.append(None))
    assert len(calls) == len(table) == 20
    assert table["image_id"].tolist() == eyes.manifest["image_id"].tolist()
    assert table["shows_cut_frame"].all()
    assert not table["strip_found"].any()
    assert (table["shows_mirrored_frame"] == (eyes.raw["eye"] == "right")).all()
    assert (table["frame_difference_gray"] == 0).all()
    assert table["centred"].mean() >= 0.9
    assert table["identity_in_training"].all()
    assert not table.drop(columns="problem").isna().any(axis=None)
    assert table["lowest_gray"].tolist() == [image.min() for image in eyes.images]
    assert table["gray_span"].tolist() == [int(i.max()) - int(i.min()) for i in eyes.images]


def test_of_an_iris_by_hand_the_given_circle_has_to_be_in_the_middle(eyes: TexturedEyes) -> None:
    changed = eyes.copy()
    changed.images[:2] = np.random.default_rng(0).integers(0, 256, (2, 64, 64), np.uint8)
    # The finder finds an iris here, off the middle that the circle gives.
    changed.images[2:4] = np.roll(eyes.images[2:4], 12, axis=2)
    changed.manifest.loc[[0, 2, 4], "iris_evidence"] = BY_HAND
    changed.manifest.loc[4, "iris_centre_x_px"] += 40  # and isn't moved there
    table = tabulate(changed)
    assert table["centred"].tolist()[:5] == [True, False, True, False, False]
    assert (table["frame_difference_gray"][:4] > 4).all()  # what was moved otherwise than noted


def test_neither_two_workers_nor_the_order_of_the_raw_manifest_matters(eyes: TexturedEyes) -> None:
    turned = eyes.copy()
    turned.raw = turned.raw[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(tabulate(turned, workers=2), tabulate(eyes))


def test_an_image_that_is_not_in_the_raw_manifest_has_no_raw_label(eyes: TexturedEyes) -> None:
    fewer = eyes.copy()
    fewer.raw = fewer.raw.drop(index=7)
    table = tabulate(fewer)
    assert table["raw_patient_id"].isna().tolist() == [i == 7 for i in range(20)]


def test_images_of_floats_are_measured_and_not_in_the_middle_if_not_gray(
    eyes: TexturedEyes,
) -> None:
    floats = eyes.copy()
    floats.images = floats.images / 127.5 - 1
    table = tabulate(floats)
    assert set(table["value_type"]) == {"float64"}
    assert (table["lowest_gray"] < 0).all()
    assert not table["centred"].any()


def test_images_that_are_not_one_per_row_are_refused(eyes: TexturedEyes) -> None:
    fewer = eyes.copy()
    fewer.images = fewer.images[:-1]
    with pytest.raises(DataError, match=r"expected \(20, height, width\).*got \(19, 64, 64\)"):
        tabulate(fewer)
    fewer.images = np.repeat(eyes.images[..., None], 3, axis=-1)
    with pytest.raises(DataError, match=r"got \(20, 64, 64, 3\)"):
        tabulate(fewer)


def test_a_file_that_was_lost_since_is_refused(eyes: TexturedEyes, tmp_path: Path) -> None:
    moved = eyes.copy()
    moved.root = tmp_path
    with pytest.raises(DataError, match="^an image: can't be opened") as caught:
        tabulate(moved)
    assert caught.value.named.startswith("'eye000.bmp': can't be opened")


def test_what_was_left_out_is_marked_in_the_raw_manifest(eyes: TexturedEyes) -> None:
    manifest = eyes.manifest.drop(index=[0, 5, 6, 7, 8, 9])
    table = tabulate_raw(eyes.raw, manifest)
    assert table.index[~table["kept"]].tolist() == [0, 5, 6, 7, 8, 9]
    assert table.index[~table["patient_kept"]].tolist() == [5, 6, 7, 8, 9]
    assert "kept" not in eyes.raw


def test_the_ids_that_may_be_one_patients_are_counted_and_not_the_images() -> None:
    raw = pd.DataFrame({"image_id": list("abcd"), "patient_id": ["P4", "p04", "P4", "x"]})
    assert tabulate_raw(raw, raw)["ids_of_patient"].tolist() == [2, 2, 2, 1]


def test_who_is_enrolled_is_known(eyes: TexturedEyes) -> None:
    enrolled = eyes.copy()
    held_out = enrolled.manifest["patient_id"] == "p2"
    enrolled.manifest.loc[held_out, "subset"] = ["enrolment", *["test"] * 4]
    assert tabulate(enrolled)["identity_in_training"].all()
    enrolled.manifest.loc[held_out, "subset"] = "test"
    assert tabulate(enrolled)["identity_in_training"].tolist() == (~held_out).tolist()


def test_subsets_are_counted(eyes: TexturedEyes) -> None:
    table = tabulate_subsets(eyes.manifest, SplitSettings()).set_index("subset")
    assert table.index.tolist() == ["train", "validation", "test", "all"]
    assert table["images_error"].tolist() == pytest.approx([0, 0, 0, 0])
    everyone = eyes.manifest["glaucoma"].tolist()
    for subset in ("train", "validation", "test"):
        labels = eyes.manifest.loc[eyes.manifest["subset"] == subset, "glaucoma"].tolist()
        assert table.loc[subset, "glaucoma_fraction"] == pytest.approx(sum(labels) / len(labels))
        slowly = slow_chance(labels, everyone)
        assert table.loc[subset, "chance_of_fraction"] == pytest.approx(slowly)
    assert table.loc["all", "glaucoma_fraction"] == pytest.approx(sum(everyone) / 20)
    assert table.loc["all", "chance_of_fraction"] == 1


def slow_chance(part: list[bool], whole: list[bool]) -> float:
    """Count, of all parts of that size, those with at most, and at least, so many labels."""
    drawn = [sum(drawing) for drawing in combinations(whole, len(part))]
    few = sum(labelled <= sum(part) for labelled in drawn) / len(drawn)
    many = sum(labelled >= sum(part) for labelled in drawn) / len(drawn)
    return min(1.0, 2 * min(few, many))


def test_a_subset_that_is_empty_or_too_large_is_counted_so() -> None:
    manifest = pd.DataFrame({"subset": ["train"] * 20, "glaucoma": [True, False] * 10})
    table = tabulate_subsets(manifest, SplitSettings()).set_index("subset")
    assert table["images_error"].tolist() == pytest.approx([7, -3, -4, 0])
    assert table.loc["test", "glaucoma_fraction"] == 0


def make_manifest() -> pd.DataFrame:
    """Make 20 patients with 5 images each, split by patient; the first eight have glaucoma."""
    number = np.arange(100)
    table = pd.DataFrame(
        {
            "image_id": [f"image{i:02}" for i in number],
            "patient_id": [f"p{i // 5:02}" for i in number],
            "glaucoma": (number < 40) & (number % 5 < 3),
            "sha256": [f"file{i}" for i in number],
            "pixels_sha256": [f"pixels{i}" for i in number],
            "identity_in_training": True,
        }
    )
    ids, labels = table["image_id"].to_numpy(np.str_), table["glaucoma"].to_numpy()
    for subset, rows in split_by_patient(ids, number // 5, labels, SplitSettings()).items():
        table.loc[rows, "subset"] = subset.value
    return table


def first_of(table: pd.DataFrame, subset: str) -> int:
    return table.index[table["subset"] == subset][0]


def patients_of(table: pd.DataFrame, subset: str, *, glaucoma: bool) -> list[str]:
    part = table[table["subset"] == subset].groupby("patient_id")["glaucoma"].any()
    return part.index[part == glaucoma].tolist()


def move_first(subset: str, to: str) -> Callable[[pd.DataFrame], None]:
    """Return a fault: the first image of a subset is in another one."""

    def plant(table: pd.DataFrame) -> None:
        table.loc[first_of(table, subset), "subset"] = to

    plant.__name__ = f"{subset}-image-in-{to}"
    return plant


def enrol_everything_of_a_patient(table: pd.DataFrame) -> None:
    patient = table.loc[first_of(table, "test"), "patient_id"]
    table.loc[table["patient_id"] == patient, "subset"] = "enrolment"


def train_on_fewer_patients(table: pd.DataFrame) -> None:
    moved = patients_of(table, "train", glaucoma=False)[:2]
    table.loc[table["patient_id"].isin(moved), "subset"] = "test"


def train_on_few_with_glaucoma(table: pd.DataFrame) -> None:
    """Exchange three training patients with glaucoma for three test and validation ones without."""
    without = [p for s in ("test", "validation") for p in patients_of(table, s, glaucoma=False)][:3]
    with_glaucoma = patients_of(table, "train", glaucoma=True)[:3]
    for one, other in zip(without, with_glaucoma, strict=True):
        one, other = (table["patient_id"] == patient for patient in (one, other))
        table.loc[other, "subset"] = table.loc[one, "subset"].to_numpy()
        table.loc[one, "subset"] = "train"


def heal_test(table: pd.DataFrame) -> None:
    table.loc[table["subset"] == "test", "glaucoma"] = False


# Expectations whose form by patient differs from the one by image -> faults planted in the split.
FAULTS: dict[str, tuple[Callable[[pd.DataFrame], None], ...]] = {
    "subset-known": (move_first("train", "rest"),),
    "patients-disjoint": (
        move_first("test", "train"),
        move_first("test", "validation"),
        enrol_everything_of_a_patient,
    ),
    "half-enrolled": (
        move_first("validation", "enrolment"),
        move_first("train", "enrolment"),
        enrol_everything_of_a_patient,
    ),
    "subset-patients": (train_on_fewer_patients,),
    "subset-labels": (heal_test,),
    "patients-balanced": (train_on_few_with_glaucoma,),
}
PLANTED = [(name, plant) for name, faults in FAULTS.items() for plant in faults]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[JudgedExpectation]:
    """Judge all on a sound split by patient, then each on its faults, in one run."""
    suites, tables = [], {}

    def add(label: str, manifest: pd.DataFrame, *names: str) -> None:
        for key, expected, table in (
            ("image_id", SPLIT, note_patients(manifest)),
            ("subset", SUBSETS, tabulate_patients(manifest, SplitSettings())),
        ):
            if chosen := tuple(each for each in expected if not names or each.name in names):
                tables[f"{label}-{key}"] = table
                suites.append(Suite(f"{label}-{key}", f"{label}-{key}", key, chosen))

    add("sound", make_manifest())
    for number, (name, plant) in enumerate(PLANTED):
        faulty = make_manifest()
        plant(faulty)
        add(f"fault-{number}", faulty, name)
    return run_suites(suites, tables, tmp_path_factory.mktemp("suites"))


def test_expectations_by_patient_hold_on_a_sound_split_and_fail_on_planted_faults(
    judged: list[JudgedExpectation],
) -> None:
    expected = [*SPLIT, *SUBSETS]
    known = [(each.name, each.arguments) for each in BY_IMAGE]
    new = {each.name for each in expected if (each.name, each.arguments) not in known}
    assert new <= FAULTS.keys()
    sound = judged[: len(expected)]
    assert [(o.expectation.name, o.at_fault) for o in sound if not o.success or o.at_fault] == []
    for outcome, (name, plant) in zip(judged[len(expected) :], PLANTED, strict=True):
        assert outcome.expectation.name == name
        assert not outcome.success and outcome.at_fault, (name, plant.__name__)


def test_what_is_about_images_fractions_gives_way_to_what_is_about_patients() -> None:
    by_patient, by_image = ({e.name for e in each} for each in ((*SPLIT, *SUBSETS), BY_IMAGE))
    assert by_image - by_patient == {"subset-sizes", "subset-balance"}
    assert by_patient - by_image == FAULTS.keys() - {"subset-known", "subset-labels"}


def test_the_images_of_a_patient_in_two_subsets_are_named(
    judged: list[JudgedExpectation],
) -> None:
    manifest = make_manifest()
    patient = manifest.loc[first_of(manifest, "test"), "patient_id"]
    outcome = next(o for o in judged if o.expectation.name == "patients-disjoint" and o.at_fault)
    named = manifest.loc[manifest["patient_id"] == patient, "image_id"]
    assert sorted(outcome.at_fault) == named.tolist()


def test_patients_are_counted() -> None:
    table = tabulate_patients(make_manifest(), SplitSettings()).set_index("subset")
    assert table.index.tolist() == ["train", "validation", "test", "all"]
    assert table["patients_error"].tolist() == pytest.approx([0, 0, 0, 0])
    # Of 8 with glaucoma, 1 and 2 are the nearest to 15 and 20%.
    assert table["glaucoma_patients_error"].tolist() == pytest.approx([-0.2, -0.2, 0.4, 0])
    assert table.loc["all", "glaucoma_fraction"] == pytest.approx(0.24)
