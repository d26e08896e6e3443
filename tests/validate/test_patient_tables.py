"""A split by patient holds its expectations, and each fails on a fault planted in the split."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.config import SplitSettings
from replication.preprocess.split import split_by_patient
from replication.validate.tables import note_patients, tabulate_patients
from validation.expectations.gx_runner import JudgedExpectation, run_suites
from validation.expectations.suites import Suite, expect_split, expect_subsets

SETTINGS = SplitSettings()
SPLIT, SUBSETS = expect_split(by_patient=True), expect_subsets(by_patient=True)
EXPECTATIONS = {each.name: each for each in (*SPLIT, *SUBSETS)}
BY_IMAGE = {
    each.name for each in (*expect_split(by_patient=False), *expect_subsets(by_patient=False))
}


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
    splits = split_by_patient(
        table["image_id"].to_numpy(np.str_),
        number // 5,
        table["glaucoma"].to_numpy(),
        SETTINGS,
    )
    for subset, rows in splits.items():
        table.loc[rows, "subset"] = subset.value
    return table


def rows_of(table: pd.DataFrame, subset: str) -> pd.Index:
    return table.index[table["subset"] == subset]


def patients_of(table: pd.DataFrame, subset: str, *, ill: bool) -> list[str]:
    part = table[table["subset"] == subset].groupby("patient_id")["glaucoma"].any()
    return part.index[part == ill].tolist()


def lose_subset(table: pd.DataFrame) -> None:
    table.loc[7, "subset"] = "rest"


def lose_known(table: pd.DataFrame) -> None:
    table.loc[7, "identity_in_training"] = False


def name_twice(column: str) -> Callable[[pd.DataFrame], None]:
    def plant(table: pd.DataFrame) -> None:
        table.loc[7, column] = table.loc[8, column]

    return plant


def train_on_a_test_image(table: pd.DataFrame) -> None:
    table.loc[rows_of(table, "test")[0], "subset"] = "train"


def validate_on_a_test_image(table: pd.DataFrame) -> None:
    table.loc[rows_of(table, "test")[0], "subset"] = "validation"


def enrol_everything_of_a_patient(table: pd.DataFrame) -> None:
    patient = table.loc[rows_of(table, "test")[0], "patient_id"]
    table.loc[table["patient_id"] == patient, "subset"] = "enrolment"


def enrol_too_much(table: pd.DataFrame) -> None:
    table.loc[rows_of(table, "validation")[0], "subset"] = "enrolment"


def enrol_a_training_image(table: pd.DataFrame) -> None:
    table.loc[rows_of(table, "train")[0], "subset"] = "enrolment"


def train_on_fewer_patients(table: pd.DataFrame) -> None:
    moved = patients_of(table, "train", ill=False)[:2]
    table.loc[table["patient_id"].isin(moved), "subset"] = "test"


def train_on_few_with_glaucoma(table: pd.DataFrame) -> None:
    """Exchange three training patients with glaucoma for three test and validation ones without."""
    well = [p for s in ("test", "validation") for p in patients_of(table, s, ill=False)][:3]
    for healthy, ill in zip(well, patients_of(table, "train", ill=True)[:3], strict=True):
        one, other = (table["patient_id"] == patient for patient in (healthy, ill))
        table.loc[other, "subset"] = table.loc[one, "subset"].to_numpy()
        table.loc[one, "subset"] = "train"


def test_without_glaucoma(table: pd.DataFrame) -> None:
    table.loc[rows_of(table, "test"), "glaucoma"] = False


test_without_glaucoma.__test__ = False

# Expectation -> faults planted against it; each but the first two kinds is in the split itself.
FAULTS: dict[str, tuple[Callable[[pd.DataFrame], None], ...]] = {
    "subset-known": (lose_subset,),
    "image-in-one-subset": (name_twice("image_id"),),
    "file-in-one-subset": (name_twice("sha256"),),
    "pixels-in-one-subset": (name_twice("pixels_sha256"),),
    "identities-in-training": (lose_known,),
    "patients-disjoint": (
        train_on_a_test_image,
        validate_on_a_test_image,
        enrol_everything_of_a_patient,
    ),
    "half-enrolled": (
        enrol_too_much,
        enrol_a_training_image,
        enrol_everything_of_a_patient,
    ),
    "subset-patients": (train_on_fewer_patients,),
    "subset-labels": (test_without_glaucoma,),
    "patients-balanced": (train_on_few_with_glaucoma,),
}
PLANTED = [(name, plant) for name, faults in FAULTS.items() for plant in faults]


def tabulate(name: str, manifest: pd.DataFrame) -> pd.DataFrame:
    if EXPECTATIONS[name] in SPLIT:
        return note_patients(manifest)
    return tabulate_patients(manifest, SETTINGS)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[JudgedExpectation]:
    """Judge all on a sound split, then each expectation on its faults, in one run."""
    manifest = make_manifest()
    suites = [
        Suite("split", "split", "image_id", SPLIT),
        Suite("subsets", "subsets", "subset", SUBSETS),
    ]
    tables = {
        "split": note_patients(manifest),
        "subsets": tabulate_patients(manifest, SETTINGS),
    }
    for number, (name, plant) in enumerate(PLANTED):
        faulty = make_manifest()
        plant(faulty)
        key = "image_id" if EXPECTATIONS[name] in SPLIT else "subset"
        tables[f"fault-{number}"] = tabulate(name, faulty)
        suites.append(Suite(f"fault-{number}", f"fault-{number}", key, (EXPECTATIONS[name],)))
    return run_suites(suites, tables, tmp_path_factory.mktemp("suites"))


def test_every_expectation_has_a_fault() -> None:
    assert EXPECTATIONS.keys() == FAULTS.keys()


def test_what_speaks_of_images_shares_gives_way_to_what_speaks_of_patients() -> None:
    assert BY_IMAGE - EXPECTATIONS.keys() == {"subset-sizes", "subset-balance"}
    assert EXPECTATIONS.keys() - BY_IMAGE == {
        "patients-disjoint",
        "half-enrolled",
        "subset-patients",
        "patients-balanced",
    }


def test_all_hold_on_a_sound_split(judged: list[JudgedExpectation]) -> None:
    sound = judged[: len(EXPECTATIONS)]
    assert [(o.expectation.name, o.at_fault) for o in sound if not o.success or o.at_fault] == []


@pytest.mark.parametrize(
    "number",
    range(len(PLANTED)),
    ids=[f"{name}-{getattr(plant, '__name__', '')}" for name, plant in PLANTED],
)
def test_each_fails_on_the_fault_planted_against_it(
    judged: list[JudgedExpectation], number: int
) -> None:
    outcome = judged[len(EXPECTATIONS) + number]
    assert outcome.expectation.name == PLANTED[number][0]
    assert not outcome.success
    assert outcome.at_fault


def test_the_images_of_a_patient_in_two_subsets_are_named(tmp_path: Path) -> None:
    manifest = make_manifest()
    patient = manifest.loc[rows_of(manifest, "test")[0], "patient_id"]
    train_on_a_test_image(manifest)
    suite = Suite("split", "split", "image_id", (EXPECTATIONS["patients-disjoint"],))
    (outcome,) = run_suites([suite], {"split": note_patients(manifest)}, tmp_path)
    named = manifest.loc[manifest["patient_id"] == patient, "image_id"]
    assert sorted(outcome.at_fault) == named.tolist()


def test_patients_are_counted() -> None:
    table = tabulate_patients(make_manifest(), SETTINGS).set_index("subset")
    assert table.index.tolist() == ["train", "validation", "test", "all"]
    assert table["patients_error"].tolist() == pytest.approx([0, 0, 0, 0])
    # Of 8 with glaucoma, 1 and 2 are the nearest to 15 and 20%.
    assert table["glaucoma_patients_error"].tolist() == pytest.approx([-0.2, -0.2, 0.4, 0])
    assert table.loc["all", "glaucoma_fraction"] == pytest.approx(0.24)
