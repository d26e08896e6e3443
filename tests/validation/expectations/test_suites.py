"""Every expectation holds on sound tables and fails on a fault planted against it."""

import pandas as pd
import pytest

from validation.expectations.gx_runner import run_suites
from validation.expectations.suites import (
    IMAGES,
    RAW,
    SUBSET_NAMES,
    SUBSETS,
    Counts,
    Suite,
    build_suites,
)

COUNTS = Counts(images=20, patients=5, glaucoma_images=8)
SUITES = build_suites(counts=COUNTS, image_size_px=64, strip_rows=11)
EXPECTATIONS = {each.name: (suite, each) for suite in SUITES for each in suite.expectations}


def make_tables():
    """Make sound tables: 5 patients with 4 images each, two of the patients with glaucoma."""
    number = range(20)
    raw = pd.DataFrame(
        {
            "image_id": [f"image{i:02}" for i in number],
            "path": [f"image{i:02}.bmp" for i in number],
            "patient_id": [f"p{i // 4}" for i in number],
            "eye": [("left", "right")[i % 2] for i in number],
            "glaucoma": [i < 8 for i in number],
        }
    )
    labels = raw[["patient_id", "eye", "glaucoma"]].add_prefix("raw_")
    right = raw["eye"] == "right"
    images = pd.concat([raw, labels], axis=1).assign(
        identity=[i // 4 for i in number],
        expected_identity=[i // 4 for i in number],
        strip_rows_removed=11,
        shows_cut_frame=True,
        strip_found=False,
        mirrored=right,
        is_right=right,
        shows_mirrored_frame=right,
        centred=True,
        height_px=64,
        width_px=64,
        value_type="uint8",
        lowest_gray=0.0,
        highest_gray=255.0,
        gray_span=255.0,
        frame_difference_gray=0.0,
        size_of_most=True,
        turn_of_most=True,
        size_as_noted=True,
        subset=[SUBSET_NAMES[max(0, i % 4 - 1)] for i in number],
        sha256=[f"file{i}" for i in number],
        pixels_sha256=[f"pixels{i}" for i in number],
        identity_in_training=True,
    )
    subsets = pd.DataFrame(
        {
            "subset": [*SUBSET_NAMES, "all"],
            "images_error": [0.9, -0.4, -0.5, 0.0],
            "glaucoma_fraction": [0.4, 0.3, 0.5, 0.4],
            "chance_of_fraction": [1.0, 0.2, 0.3, 1.0],
        }
    )
    raw = raw.assign(kept=True, patient_kept=True, ids_of_patient=1)
    return {RAW: raw, IMAGES: images, SUBSETS: subsets}


def put(table, column, value, *rows):
    """Return a fault: another value in some cells."""

    def plant(tables):
        cells = tables[table][column].astype(object)
        cells.iloc[list(rows)] = value
        tables[table][column] = cells.infer_objects()

    return plant


def lose_patient(tables):
    tables[RAW] = tables[RAW].iloc[:16]


# Expectation -> fault planted against it, and the keys that it must name.
FAULTS = {
    "image-id-given": (put(RAW, "image_id", None, 3), ("None",)),
    **{
        f"{name}-given": (put(RAW, name.replace("-", "_"), None, 3), ("image03",))
        for name in ("path", "patient-id", "eye", "glaucoma")
    },
    "raw-images-differ": (put(RAW, "image_id", "image05", 3), ("image05",)),
    "eye-left-or-right": (put(RAW, "eye", "third", 3), ("image03",)),
    "two-patients-or-more": (put(RAW, "patient_id", "p0", *range(20)), ()),
    "both-labels": (put(RAW, "glaucoma", False, *range(8)), ()),
    "images-kept": (put(RAW, "kept", False, 3), ("image03",)),
    "patients-kept": (put(RAW, "patient_kept", False, 4, 5), ("image04", "image05")),
    "one-id-each": (put(RAW, "ids_of_patient", 2, 4, 5), ("image04", "image05")),
    "images-counted": (lose_patient, ()),
    "patients-counted": (lose_patient, ()),
    "glaucoma-counted": (put(RAW, "glaucoma", True, 19), ()),
    "patients-as-read": (put(IMAGES, "patient_id", "p1", 3), ("image03",)),
    "eyes-as-read": (put(IMAGES, "eye", "left", 3), ("image03",)),
    "glaucoma-as-read": (put(IMAGES, "glaucoma", False, 3), ("image03",)),
    "identities-are-patients": (put(IMAGES, "identity", 4, 3), ("image03",)),
    "glaucoma-share": (put(IMAGES, "glaucoma", True, 19), ()),
    "strip-cut-by-record": (put(IMAGES, "strip_rows_removed", 10, 3), ("image03",)),
    "strip-cut-by-pixels": (put(IMAGES, "shows_cut_frame", False, 3), ("image03",)),
    "no-strip-seen": (put(IMAGES, "strip_found", True, 3, 4), ("image03", "image04")),
    "mirrored-by-record": (put(IMAGES, "mirrored", False, 3), ("image03",)),
    "mirrored-by-pixels": (put(IMAGES, "shows_mirrored_frame", True, 2), ("image02",)),
    "iris-centred": (put(IMAGES, "centred", False, 0, 1, 2), ("image00", "image01", "image02")),
    "frames-of-one-size": (put(IMAGES, "size_of_most", False, 3), ("image03",)),
    "frames-turned-alike": (put(IMAGES, "turn_of_most", False, 3), ("image03",)),
    "frame-size-by-record": (put(IMAGES, "size_as_noted", False, 3), ("image03",)),
    "image-height": (put(IMAGES, "height_px", 63, 3), ("image03",)),
    "image-width": (put(IMAGES, "width_px", 65, 3), ("image03",)),
    "value-type": (put(IMAGES, "value_type", "float64", 3), ("image03",)),
    "lowest-gray": (put(IMAGES, "lowest_gray", -1.0, 3), ("image03",)),
    "highest-gray": (put(IMAGES, "highest_gray", 256.0, 3), ("image03",)),
    "not-blank": (put(IMAGES, "gray_span", 49.0, 3), ("image03",)),
    "image-of-its-file": (put(IMAGES, "frame_difference_gray", 4.1, 3), ("image03",)),
    "subset-known": (put(IMAGES, "subset", "rest", 3), ("image03",)),
    "image-in-one-subset": (put(IMAGES, "image_id", "image05", 3), ("image05",)),
    "file-in-one-subset": (put(IMAGES, "sha256", "file5", 3), ("image03", "image05")),
    "pixels-in-one-subset": (put(IMAGES, "pixels_sha256", "pixels5", 3), ("image03", "image05")),
    "identities-in-training": (put(IMAGES, "identity_in_training", False, 3), ("image03",)),
    "subset-sizes": (put(SUBSETS, "images_error", 1.1, 0), ("train",)),
    "subset-labels": (put(SUBSETS, "glaucoma_fraction", 0.0, 1), ("validation",)),
    "subset-balance": (put(SUBSETS, "chance_of_fraction", 1e-6, 2), ("test",)),
}


# What few images may fail, without the suite failing.
BORNE = {
    "iris-centred": (put(IMAGES, "centred", False, 3), ("image03",)),
    "no-strip-seen": (put(IMAGES, "strip_found", True, 4), ("image04",)),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Judge all suites on sound tables and each expectation on faulty ones, in one run."""
    suites, tables = list(SUITES), make_tables()
    for faults, word in ((FAULTS, "fails"), (BORNE, "borne")):
        for name, (plant, _) in faults.items():
            suite, expectation = EXPECTATIONS[name]
            faulty = make_tables()
            plant(faulty)
            suites.append(Suite(f"{name}-{word}", f"{name}-{word}", suite.key, (expectation,)))
            tables[f"{name}-{word}"] = faulty[suite.table]
    outcomes = run_suites(suites, tables, tmp_path_factory.mktemp("suites"))
    return outcomes[: len(EXPECTATIONS)], {o.suite: o for o in outcomes[len(EXPECTATIONS) :]}


def test_every_expectation_has_a_name_of_its_own_a_meaning_and_a_fault():
    assert EXPECTATIONS.keys() == FAULTS.keys()
    assert sum(len(suite.expectations) for suite in SUITES) == len(EXPECTATIONS)
    assert all(each.meaning for _, each in EXPECTATIONS.values())


def test_all_hold_on_sound_tables(judged):
    sound, _ = judged
    assert [outcome.expectation.name for outcome in sound] == list(EXPECTATIONS)
    assert [(o.expectation.name, o.at_fault) for o in sound if not o.success or o.at_fault] == []


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_each_fails_on_the_fault_planted_against_it(judged, name):
    outcome = judged[1][f"{name}-fails"]
    assert (outcome.success, outcome.at_fault) == (False, FAULTS[name][1])


@pytest.mark.parametrize("name", BORNE)
def test_a_few_images_are_borne(judged, name):
    outcome = judged[1][f"{name}-borne"]
    assert (outcome.success, outcome.at_fault) == (True, BORNE[name][1])


def test_without_known_counts_only_the_counts_are_left_out():
    generic = build_suites(counts=None, image_size_px=64, strip_rows=11)
    names = {each.name for suite in generic for each in suite.expectations}
    counts = {"images-counted", "patients-counted", "glaucoma-counted", "glaucoma-share"}
    assert EXPECTATIONS.keys() - names == counts


def test_ids_that_the_user_calls_distinct_may_be_alike():
    stated = build_suites(counts=COUNTS, image_size_px=64, strip_rows=11, ids_are_distinct=True)
    assert EXPECTATIONS.keys() - {e.name for s in stated for e in s.expectations} == {"one-id-each"}


@pytest.mark.parametrize(("share", "least"), [(0.1, 90), (0.7, 30), (0.125, 87.5), (1.0, 0)])
def test_the_user_may_let_more_images_be_uncentred(share, least):
    suites = build_suites(counts=None, image_size_px=64, strip_rows=11, max_uncentred=share)
    [found] = (e for s in suites for e in s.expectations if e.name == "iris-centred")
    assert found.arguments["mostly"] == least / 100
    assert found.meaning.endswith(f"on at least {least}% of the images")


def test_size_and_strip_are_those_of_the_settings():
    suites = build_suites(counts=None, image_size_px=32, strip_rows=9)
    values = {e.name: e.arguments.get("value_set") for s in suites for e in s.expectations}
    assert values["image-height"] == values["image-width"] == [32]
    assert values["strip-cut-by-record"] == [9]
