"""Stage 02 passes sound eyes, and stops on every fault planted in images, labels or split."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_eyes import TexturedEyes, make_textured_eyes
from PIL import Image
from PIL.ExifTags import Base

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


Fault = Callable[[TexturedEyes], None]


def double_the_eighth(images: np.ndarray) -> np.ndarray:
    wide = images.astype(np.int16)
    wide[8] *= 2
    return wide


def put(column: str, value: object, *rows: int) -> Fault:
    """Return a fault: another value in some cells of the manifest."""

    def plant(eyes: TexturedEyes) -> None:
        eyes.manifest.loc[list(rows), column] = value

    return plant


def change_images(change: Callable[[np.ndarray], np.ndarray], *rows: int) -> Fault:
    """Return a fault: some images are changed, or all of them together."""

    def plant(eyes: TexturedEyes) -> None:
        if rows:
            eyes.images[list(rows)] = change(eyes.images[list(rows)])
        else:
            eyes.images = change(eyes.images)

    return plant


def preprocess_again(*rows: int, eye: str | None = None, strip_rows: int = 11) -> Fault:
    """Return a fault: images preprocessed for another eye, or with another strip."""

    def plant(eyes: TexturedEyes) -> None:
        settings = replace(SETTINGS, strip_rows=strip_rows)
        for i in rows:
            frame = read_gray(eyes.root / eyes.manifest.loc[i, "path"])
            side = eye or eyes.manifest.loc[i, "eye"]
            eyes.images[i], facts = preprocess_image(frame, eye=side, settings=settings)
            shift = facts.shift_x_px, facts.shift_y_px
            eyes.manifest.loc[i, ["shift_x_px", "shift_y_px"]] = shift

    return plant


def keep_rows(*rows: int, raw: bool = False) -> Fault:
    """Return a fault: other images are lost, in the raw manifest too if `raw`."""

    def plant(eyes: TexturedEyes) -> None:
        eyes.manifest = eyes.manifest.loc[list(rows)].reset_index(drop=True)
        eyes.images = eyes.images[list(rows)]
        if raw:
            eyes.raw = eyes.raw.loc[list(rows)]

    return plant


def shuffle_labels(eyes: TexturedEyes) -> None:
    eyes.manifest["glaucoma"] = np.roll(eyes.manifest["glaucoma"], 1)


def turn_labels(eyes: TexturedEyes) -> None:
    eyes.manifest["glaucoma"] = ~eyes.manifest["glaucoma"]


def count_identities_otherwise(eyes: TexturedEyes) -> None:
    eyes.manifest["identity"] = 7 - eyes.manifest["identity"]


def leak_a_row(eyes: TexturedEyes, **changed: str) -> None:
    other = "test" if eyes.manifest.loc[4, "subset"] == "train" else "train"
    copied = eyes.manifest.iloc[[4]].assign(subset=other, **changed)
    eyes.manifest = pd.concat([eyes.manifest, copied], ignore_index=True)
    eyes.images = np.concatenate([eyes.images, eyes.images[[4]]])


def leak_under_another_name(eyes: TexturedEyes) -> None:
    leak_a_row(eyes, image_id="another.bmp", sha256="saved again")


def train_on_all_glaucoma(eyes: TexturedEyes) -> None:
    order = eyes.manifest["glaucoma"].argsort(kind="stable")[::-1].to_numpy()
    eyes.manifest.loc[order, "subset"] = ["train"] * 26 + ["validation"] * 6 + ["test"] * 8


def make_test_larger(eyes: TexturedEyes) -> None:
    training = eyes.manifest.index[eyes.manifest["subset"] == "train"]
    eyes.manifest.loc[training[:2], "subset"] = "test"


def list_a_file_twice(eyes: TexturedEyes) -> None:
    eyes.raw = pd.concat([eyes.raw, eyes.raw.iloc[[6]]], ignore_index=True)


def write_an_id_otherwise(eyes: TexturedEyes) -> None:
    eyes.raw.loc[[3], "patient_id"] = "P 00"


def save_turned(eyes: TexturedEyes) -> None:
    """Return a fault: EXIF data that turn the seventh frame's file upside down."""
    exif = Image.Exif()
    exif[Base.Orientation] = 3
    image = Image.open(eyes.root / "eye007.bmp")
    image.save(eyes.root / "turned.png", exif=exif)
    image.close()
    eyes.manifest.loc[7, "path"] = "turned.png"


def save_smaller(eyes: TexturedEyes) -> None:
    frame = read_gray(eyes.root / "eye007.bmp")
    cv2.imwrite(str(eyes.root / "smaller.bmp"), frame[:, 2:])
    eyes.manifest.loc[7, "path"] = "smaller.bmp"


def keep_four_bits(images: np.ndarray) -> np.ndarray:
    """Return what is left of 12 bits where a decoder takes the upper byte of 16."""
    return images // 16


def names(*rows: int) -> tuple[str, ...]:
    return tuple(f"eye{i:03}.bmp" for i in rows)


# Expectation, the fault that it must find, and the files or subsets that it must name, if known.
FAULTS: list[tuple[str, Fault, tuple[str, ...] | None]] = [
    ("mirrored-by-pixels", preprocess_again(RIGHT, eye="left"), names(RIGHT)),
    ("mirrored-by-pixels", preprocess_again(0, eye="right"), names(0)),
    ("mirrored-by-record", put("mirrored", False, RIGHT), names(RIGHT)),
    ("strip-cut-by-pixels", preprocess_again(5, strip_rows=0), names(5)),
    ("strip-cut-by-pixels", preprocess_again(*ALL, strip_rows=0), names(*ALL)),
    ("no-strip-seen", preprocess_again(*ALL, strip_rows=0), None),
    ("strip-cut-by-record", put("strip_rows_removed", 10, *ALL), names(*ALL)),
    # 4 of 64 px are 40 of 640.
    ("iris-centred", change_images(lambda some: np.roll(some, 4, axis=2), *ALL[::5]), None),
    ("image-of-its-file", change_images(lambda one: np.roll(one, 4, axis=2), 5), names(5)),
    ("image-of-its-file", change_images(lambda two: two[::-1], 0, 5), names(0, 5)),
    ("glaucoma-as-read", shuffle_labels, None),
    ("glaucoma-as-read", turn_labels, names(*ALL)),
    ("glaucoma-share", turn_labels, ()),
    ("patients-as-read", put("patient_id", "p5", 7), names(7)),
    ("identities-are-patients", count_identities_otherwise, names(*ALL)),
    ("image-in-one-subset", leak_a_row, names(4)),
    ("file-in-one-subset", leak_a_row, names(4)),
    ("pixels-in-one-subset", leak_under_another_name, (*names(4), "another.bmp")),
    ("identities-in-training", put("subset", "test", *range(10, 15)), names(*range(10, 15))),
    ("subset-labels", train_on_all_glaucoma, ("validation", "test")),
    ("subset-sizes", make_test_larger, ("train", "test")),
    ("images-kept", keep_rows(*ALL[:9], *ALL[10:]), names(9)),
    ("patients-kept", keep_rows(*ALL[:35]), names(*range(35, 40))),
    ("patients-counted", keep_rows(*ALL[:35], raw=True), ()),
    ("images-counted", keep_rows(*ALL[:35], raw=True), ()),
    ("raw-images-differ", list_a_file_twice, names(6)),
    ("one-id-each", write_an_id_otherwise, names(*range(5))),
    ("value-type", change_images(lambda images: images.astype(np.float32)), names(*ALL)),
    ("highest-gray", change_images(double_the_eighth), names(8)),
    ("not-blank", change_images(keep_four_bits), names(*ALL)),
    ("frames-turned-alike", save_turned, names(7)),
    ("frames-of-one-size", save_smaller, names(7)),
    ("frame-size-by-record", put("frame_width_px", 159, 7), names(7)),
    ("image-height", change_images(lambda images: images[:, :-1]), names(*ALL)),
]


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> TexturedEyes:
    return make_textured_eyes(tmp_path_factory.mktemp("eyes"))


@pytest.fixture(scope="module")
def judged(eyes: TexturedEyes, tmp_path_factory: pytest.TempPathFactory) -> list[JudgedExpectation]:
    """Judge what each fault is planted against, all of it in one run."""
    known = build_suites(counts=COUNTS, image_size_px=64, strip_rows=11)
    suites, tables = [], {}
    for number, (name, plant, _) in enumerate(FAULTS):
        faulty = eyes.copy()
        plant(faulty)
        (suite, expectation) = next(
            (suite, each) for suite in known for each in suite.expectations if each.name == name
        )
        label = f"{number}-{name}"
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
        eyes.images, eyes.manifest, eyes.raw, eyes.root, steps=SETTINGS, workers=1
    )


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[name for name, *_ in FAULTS])
def test_a_planted_fault_is_found_and_its_files_are_named(
    judged: list[JudgedExpectation], number: int
) -> None:
    name, _, at_fault = FAULTS[number]
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
    preprocess_again(3, 4, 8, 9, eye="left")(faulty)
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


@pytest.mark.parametrize(("limit", "refused"), [(0.1, True), (0.25, False), (1.0, False)])
def test_too_many_uncentred_images_are_shown_unless_the_user_lets_them_be(
    eyes: TexturedEyes, tmp_path: Path, limit: float, refused: bool
) -> None:
    changed, shown = eyes.copy(), []
    change_images(lambda some: np.roll(some, 4, axis=2), *ALL[::5])(changed)

    def show(images: pd.DataFrame, folder: Path) -> str:
        shown.append((images["row"].tolist(), images["path"].tolist(), folder))
        return "look there"

    # The images are none of their files' any more, whatever the limit.
    with pytest.raises(DataError, match="'image-of-its-file' fails|'iris-centred' fails") as caught:
        run(changed, tmp_path, max_uncentred=limit, on_uncentred=show)
    assert ("iris-centred" in str(caught.value)) == refused == bool(shown)
    assert str(caught.value).endswith("; look there") == refused
    for rows, paths, folder in shown:
        assert {n + 1 for n in ALL[::5]} <= set(rows) and folder == tmp_path / "02"
        assert paths == list(names(*(row - 1 for row in rows)))


def test_a_split_by_patient_is_judged_as_one(eyes: TexturedEyes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="patients-disjoint"):  # these eyes are split by image
        run(eyes, tmp_path, by_patient=True)
    record = json.loads((tmp_path / "02" / "validation.json").read_text())
    expected = build_suites(counts=COUNTS, image_size_px=64, strip_rows=11, by_patient=True)
    assert [each["name"] for each in record["expectations"]] == [
        each.name for suite in expected for each in suite.expectations
    ]


def test_other_counts_than_those_known_stop_the_run(
    judged: list[JudgedExpectation], tmp_path: Path
) -> None:
    outcomes = [each for each in judged if each.expectation.name.endswith("-counted")]
    with pytest.raises(DataError, match=r"'patients-counted' fails.*8 patients; observed: 7") as at:
        check_outcomes(outcomes, tmp_path)
    assert "also failing: images-counted" in str(at.value)
