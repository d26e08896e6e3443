"""The tables say what is on the images, in their files and in the split; slowly counted again."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from textured_eyes import TexturedEyes, make_textured_eyes

from replication.config import SplitSettings
from replication.errors import DataError
from replication.validate.tables import tabulate_images, tabulate_raw, tabulate_subsets


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> TexturedEyes:
    return make_textured_eyes(tmp_path_factory.mktemp("eyes"), patients=4)


def tabulate(eyes: TexturedEyes, **more) -> pd.DataFrame:
    options = {"strip_rows": 11, "workers": 1} | more
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


def test_two_workers_measure_the_same_as_one(eyes: TexturedEyes) -> None:
    calls: list[None] = []
    shared = tabulate(eyes, workers=2, on_image=lambda: calls.append(None))
    assert len(calls) == 20
    pd.testing.assert_frame_equal(shared, tabulate(eyes))


def test_the_order_of_the_raw_manifest_does_not_matter(eyes: TexturedEyes) -> None:
    turned = eyes.copy()
    turned.raw = turned.raw[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(tabulate(turned), tabulate(eyes))


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
    with pytest.raises(DataError, match=r"eye000\.bmp: can't be opened"):
        tabulate(moved)
    with pytest.raises(DataError, match=r"eye000\.bmp: can't be opened"):
        tabulate(moved, workers=2)


def test_what_was_left_out_is_marked_in_the_raw_manifest(eyes: TexturedEyes) -> None:
    manifest = eyes.manifest.drop(index=[0, 5, 6, 7, 8, 9])
    table = tabulate_raw(eyes.raw, manifest)
    assert table.index[~table["kept"]].tolist() == [0, 5, 6, 7, 8, 9]
    assert table.index[~table["patient_kept"]].tolist() == [5, 6, 7, 8, 9]
    assert "kept" not in eyes.raw


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


def test_a_subset_that_is_empty_or_too_large_is_told() -> None:
    manifest = pd.DataFrame({"subset": ["train"] * 20, "glaucoma": [True, False] * 10})
    table = tabulate_subsets(manifest, SplitSettings()).set_index("subset")
    assert table["images_error"].tolist() == pytest.approx([7, -3, -4, 0])
    assert table.loc["test", "glaucoma_fraction"] == 0
