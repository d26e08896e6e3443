"""Stage 02 passes sound eyes, and stops on every fault planted in images, labels or split."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from textured_eyes import TexturedEyes, make_textured_eyes

from replication.config import PreprocessSettings, SplitSettings
from replication.data.image_file import read_gray
from replication.errors import DataError
from replication.preprocess.frame import preprocess_image
from replication.validate.stage import check_outcomes, validate_images
from replication.validate.tables import tabulate_images, tabulate_raw, tabulate_subsets
from validation.expectations.gx_runner import JudgedExpectation, run_suites
from validation.expectations.suites import IMAGES, RAW, SUBSETS, Counts, build_suites

COUNTS = Counts(images=40, patients=8, glaucoma_images=8)
SETTINGS = PreprocessSettings()
RIGHT = 3  # a right eye
ALL = range(40)


def preprocess_again(eyes: TexturedEyes, rows, settings: PreprocessSettings, **eye: str) -> None:
    for i in rows:
        frame = read_gray(eyes.root / eyes.manifest.loc[i, "path"])
        side = eye.get("eye", eyes.manifest.loc[i, "eye"])
        eyes.images[i], facts = preprocess_image(frame, eye=side, settings=settings)
        eyes.manifest.loc[i, ["shift_x_px", "shift_y_px"]] = facts.shift_x_px, facts.shift_y_px


def leave_unmirrored(eyes: TexturedEyes) -> None:
    preprocess_again(eyes, [RIGHT], SETTINGS, eye="left")


def mirror_a_left_one(eyes: TexturedEyes) -> None:
    preprocess_again(eyes, [0], SETTINGS, eye="right")


def note_no_mirroring(eyes: TexturedEyes) -> None:
    eyes.manifest.loc[RIGHT, "mirrored"] = False


def leave_one_strip_on(eyes: TexturedEyes) -> None:
    preprocess_again(eyes, [5], replace(SETTINGS, strip_rows=0))


def leave_all_strips_on(eyes: TexturedEyes) -> None:
    preprocess_again(eyes, ALL, replace(SETTINGS, strip_rows=0))


def cut_too_little(eyes: TexturedEyes) -> None:
    eyes.manifest["strip_rows_removed"] = 10


def move_every_fifth_iris(eyes: TexturedEyes) -> None:
    eyes.images[::5] = np.roll(eyes.images[::5], 4, axis=2)  # 4 of 64 px are 40 of 640


def move_one_iris(eyes: TexturedEyes) -> None:
    eyes.images[5] = np.roll(eyes.images[5], 4, axis=1)


def exchange_two_images(eyes: TexturedEyes) -> None:
    eyes.images[[0, 5]] = eyes.images[[5, 0]]


def shuffle_labels(eyes: TexturedEyes) -> None:
    labels = eyes.manifest["glaucoma"]
    eyes.manifest["glaucoma"] = np.roll(labels, 1)


def turn_labels(eyes: TexturedEyes) -> None:
    eyes.manifest["glaucoma"] = ~eyes.manifest["glaucoma"]


def confuse_patients(eyes: TexturedEyes) -> None:
    eyes.manifest.loc[7, "patient_id"] = "p5"


def count_identities_otherwise(eyes: TexturedEyes) -> None:
    eyes.manifest["identity"] = 7 - eyes.manifest["identity"]


def leak_a_row(eyes: TexturedEyes) -> None:
    copied = eyes.manifest.iloc[[4]].assign(subset=other_subset(eyes, 4))
    eyes.manifest = pd.concat([eyes.manifest, copied], ignore_index=True)
    eyes.images = np.concatenate([eyes.images, eyes.images[[4]]])


def leak_under_another_name(eyes: TexturedEyes) -> None:
    leak_a_row(eyes)
    eyes.manifest.loc[40, "image_id"] = "another.bmp"
    eyes.manifest.loc[40, "sha256"] = "saved again"


def other_subset(eyes: TexturedEyes, row: int) -> str:
    return "test" if eyes.manifest.loc[row, "subset"] == "train" else "train"


def hold_out_a_patient(eyes: TexturedEyes) -> None:
    eyes.manifest.loc[eyes.manifest["patient_id"] == "p2", "subset"] = "test"


def train_on_all_glaucoma(eyes: TexturedEyes) -> None:
    order = eyes.manifest["glaucoma"].argsort(kind="stable")[::-1].to_numpy()
    eyes.manifest.loc[order, "subset"] = ["train"] * 26 + ["validation"] * 6 + ["test"] * 8


def make_test_larger(eyes: TexturedEyes) -> None:
    training = eyes.manifest.index[eyes.manifest["subset"] == "train"]
    eyes.manifest.loc[training[:2], "subset"] = "test"


def lose_an_image(eyes: TexturedEyes) -> None:
    eyes.manifest = eyes.manifest.drop(index=9).reset_index(drop=True)
    eyes.images = np.delete(eyes.images, 9, axis=0)


def lose_a_patient(eyes: TexturedEyes) -> None:
    eyes.manifest = eyes.manifest.iloc[:35]
    eyes.images = eyes.images[:35]


def never_read_a_patient(eyes: TexturedEyes) -> None:
    lose_a_patient(eyes)
    eyes.raw = eyes.raw.iloc[:35]


def list_a_file_twice(eyes: TexturedEyes) -> None:
    eyes.raw = pd.concat([eyes.raw, eyes.raw.iloc[[6]]], ignore_index=True)


def store_floats(eyes: TexturedEyes) -> None:
    eyes.images = eyes.images.astype(np.float32)


def scale_too_far(eyes: TexturedEyes) -> None:
    eyes.images = eyes.images.astype(np.int16)
    eyes.images[8] *= 2


def blank_one(eyes: TexturedEyes) -> None:
    eyes.images[8] = 0


def shrink(eyes: TexturedEyes) -> None:
    eyes.images = eyes.images[:, :-1]


def names(*rows: int) -> tuple[str, ...]:
    return tuple(f"eye{i:03}.bmp" for i in rows)


# Fault, the expectation that must fail, and the files or subsets that it must name.
FAULTS: list[tuple[Callable[[TexturedEyes], None], str, tuple[str, ...] | None]] = [
    (leave_unmirrored, "mirrored-by-pixels", names(RIGHT)),
    (mirror_a_left_one, "mirrored-by-pixels", names(0)),
    (note_no_mirroring, "mirrored-by-record", names(RIGHT)),
    (leave_one_strip_on, "strip-cut-by-pixels", names(5)),
    (leave_all_strips_on, "strip-cut-by-pixels", names(*ALL)),
    (leave_all_strips_on, "no-strip-seen", None),
    (cut_too_little, "strip-cut-by-record", names(*ALL)),
    (move_every_fifth_iris, "iris-centred", None),
    (move_one_iris, "image-of-its-file", names(5)),
    (exchange_two_images, "image-of-its-file", names(0, 5)),
    (shuffle_labels, "glaucoma-as-read", None),
    (turn_labels, "glaucoma-as-read", names(*ALL)),
    (turn_labels, "glaucoma-share", ()),
    (confuse_patients, "patients-as-read", names(7)),
    (count_identities_otherwise, "identities-are-patients", names(*ALL)),
    (leak_a_row, "image-in-one-subset", names(4)),
    (leak_a_row, "file-in-one-subset", names(4)),
    (leak_under_another_name, "pixels-in-one-subset", (*names(4), "another.bmp")),
    (hold_out_a_patient, "identities-in-training", names(10, 11, 12, 13, 14)),
    (train_on_all_glaucoma, "subset-labels", ("validation", "test")),
    (make_test_larger, "subset-sizes", ("train", "test")),
    (lose_an_image, "images-kept", names(9)),
    (lose_a_patient, "patients-kept", names(*range(35, 40))),
    (never_read_a_patient, "patients-counted", ()),
    (never_read_a_patient, "images-counted", ()),
    (list_a_file_twice, "raw-images-differ", names(6)),
    (store_floats, "value-type", names(*ALL)),
    (scale_too_far, "highest-gray", names(8)),
    (blank_one, "not-blank", names(8)),
    (shrink, "image-height", names(*ALL)),
]


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> TexturedEyes:
    return make_textured_eyes(tmp_path_factory.mktemp("eyes"))


@pytest.fixture(scope="module")
def judged(eyes: TexturedEyes, tmp_path_factory: pytest.TempPathFactory) -> list[JudgedExpectation]:
    """Judge what each fault is planted against, all of it in one run."""
    known = build_suites(counts=COUNTS, image_size_px=64, strip_rows=11)
    suites, tables = [], {}
    for plant, name, _ in FAULTS:
        faulty = eyes.copy()
        plant(faulty)
        (suite, expectation) = next(
            (suite, each) for suite in known for each in suite.expectations if each.name == name
        )
        label = f"{plant.__name__}-{name}"
        tables[label] = tabulate(faulty, suite.table)
        suites.append(replace(suite, name=label, table=label, expectations=(expectation,)))
    return run_suites(suites, tables, tmp_path_factory.mktemp("faults"))


def tabulate(eyes: TexturedEyes, table: str) -> pd.DataFrame:
    if table == RAW:
        return tabulate_raw(eyes.raw, eyes.manifest)
    if table == SUBSETS:
        return tabulate_subsets(eyes.manifest, SplitSettings())
    assert table == IMAGES
    return tabulate_images(
        eyes.images, eyes.manifest, eyes.raw, eyes.root, strip_rows=11, workers=1
    )


@pytest.mark.parametrize(
    "number", range(len(FAULTS)), ids=[f"{plant.__name__}-{name}" for plant, name, _ in FAULTS]
)
def test_a_planted_fault_is_found_and_its_files_are_named(
    judged: list[JudgedExpectation], number: int
) -> None:
    _, name, at_fault = FAULTS[number]
    assert judged[number].expectation.name == name
    assert not judged[number].success
    if at_fault is None:
        assert len(judged[number].at_fault) >= 8
    else:
        assert sorted(judged[number].at_fault) == sorted(at_fault)


def run(eyes: TexturedEyes, folder: Path, counts: Counts | None = COUNTS, **more) -> None:
    (folder / "02").mkdir()
    validate_images(
        eyes.save(folder / "01"),
        eyes.raw,
        eyes.root,
        preprocess=SETTINGS,
        split=SplitSettings(),
        counts=counts,
        folder=folder / "02",
        workers=1,
        **more,
    )


@pytest.mark.parametrize("counts", [COUNTS, None])
def test_sound_eyes_pass_and_everything_is_written_down(
    eyes: TexturedEyes, tmp_path: Path, counts: Counts | None
) -> None:
    calls: list[None] = []
    run(eyes, tmp_path, counts, on_image=lambda: calls.append(None))
    assert len(calls) == 40
    record = json.loads((tmp_path / "02" / "validation.json").read_text())
    expected = build_suites(counts=counts, image_size_px=64, strip_rows=11)
    assert [each["name"] for each in record["expectations"]] == [
        each.name for suite in expected for each in suite.expectations
    ]
    assert record["success"]
    assert record["counts_known"] == (counts is not None)
    assert all(each["success"] for each in record["expectations"])
    page = (tmp_path / "02" / "validation.md").read_text()
    assert page.startswith(f"# {len(record['expectations'])} expectations, 0 failing\n")
    links = set(re.findall(r"\]\((data_docs/.*?)\)", page))
    assert len(links) == len({each["suite"] for each in record["expectations"]})
    assert all((tmp_path / "02" / link).exists() for link in links)


def test_a_fault_stops_the_run_with_its_name_its_files_and_exit_code_3(
    eyes: TexturedEyes, tmp_path: Path
) -> None:
    faulty = eyes.copy()
    preprocess_again(faulty, [3, 4, 8, 9], SETTINGS, eye="left")
    with pytest.raises(DataError) as caught:
        run(faulty, tmp_path)
    assert caught.value.exit_code == 3
    message = str(caught.value)
    assert "'mirrored-by-pixels' fails, expected: every right eye's image shows" in message
    assert "4 at fault" in message and "eye003" not in message
    assert "\n" not in message
    record = json.loads((tmp_path / "02" / "validation.json").read_text())
    assert not record["success"]
    failed = [each for each in record["expectations"] if not each["success"]]
    assert failed[0]["at_fault"] == list(names(3, 4, 8, 9))
    assert f"all of it is in {tmp_path / '02' / 'validation.md'}" in message
    first = (tmp_path / "02" / "validation.md").read_text().splitlines()[4]
    assert "| mirrored-by-pixels | **fails** |" in first and "4 at fault: 'eye003.bmp'" in first


def test_other_counts_than_those_known_stop_the_run(
    judged: list[JudgedExpectation], tmp_path: Path
) -> None:
    outcomes = [each for each in judged if each.expectation.name.endswith("-counted")]
    with pytest.raises(DataError, match=r"'patients-counted' fails.*8 patients; observed: 7") as at:
        check_outcomes(outcomes, tmp_path)
    assert "also failing: images-counted" in str(at.value)
