"""Stage 02 on images that came by other steps: what was left out isn't expected, all else is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn_bodies import draw_chest, draw_ground, write_bodies
from drawn_eyes import write_eyes

from replication.config import PreprocessSettings, SplitSettings
from replication.data.manifest import survey_manifest
from replication.errors import DataError
from replication.preprocess.split import label_subsets
from replication.preprocess.stage import preprocess_images
from replication.store.arrays import save_preprocessed
from replication.store.files import read_json
from replication.validate.stage import expect_of_steps, validate_images
from replication.validate.tables import tabulate_images

PLAIN = PreprocessSettings(strip_rows=0, mirroring=False, centring="none")
PADDED = replace(PLAIN, resizing="pad", image_size_px=128, channels=1)
BY_MANIFEST = replace(PLAIN, centring="manifest")


def name_expectations(steps: PreprocessSettings, **more) -> set[str]:
    suites = expect_of_steps(steps, counts=None, **more)
    return {each.name for suite in suites for each in suite.expectations}


class Preprocessed:
    """Drawn images, preprocessed into a folder as stage 01 leaves it."""

    def __init__(self, folder: Path, steps: PreprocessSettings, *, by: PreprocessSettings) -> None:
        draw = draw_chest if steps.centring == "none" else draw_ground
        file = write_bodies(
            folder / "raw", draw, patients=6, images=5, with_circles=steps.centring == "manifest"
        )
        self.raw, self.root, self.steps = (
            survey_manifest(file, steps=steps).require_usable(),
            file.parent,
            steps,
        )
        images, facts = preprocess_images(self.raw, self.root, by, workers=1)
        table = self.raw.merge(facts.drop(columns="path"), on="image_id")
        self.manifest = label_subsets(table, SplitSettings(seed=1), by_patient=False)
        self.images, self.folder = images, folder / "01"
        self.folder.mkdir()
        save_preprocessed(self.folder, images, self.manifest)

    def tabulate(self, images: np.ndarray | None = None) -> pd.DataFrame:
        shown = self.images if images is None else images
        return tabulate_images(
            shown, self.manifest, self.raw, self.root, steps=self.steps, workers=1
        )

    def validate(self, folder: Path) -> list[dict]:
        folder.mkdir()
        validate_images(
            self.folder,
            self.raw,
            self.root,
            preprocess=self.steps,
            split=SplitSettings(seed=1),
            counts=None,
            folder=folder,
            workers=1,
        )
        return read_json(folder / "validation.json")["expectations"]


@pytest.mark.parametrize("steps", [PLAIN, PADDED, BY_MANIFEST])
def test_sound_images_hold_all_that_is_expected_of_them(
    tmp_path: Path, steps: PreprocessSettings
) -> None:
    found = Preprocessed(tmp_path, steps, by=steps).validate(tmp_path / "02")
    assert {each["name"] for each in found} == name_expectations(steps)
    assert all(each["success"] for each in found)


def test_what_no_step_promises_is_not_expected() -> None:
    usual, plain = name_expectations(PreprocessSettings()), name_expectations(PLAIN)
    assert usual - plain == {
        *("iris-centred", "no-strip-seen", "strip-cut-by-pixels", "eye-left-or-right"),
        *("mirrored-by-record", "mirrored-by-pixels"),
    }
    assert plain - usual == {
        *("eye-known", "nothing-mirrored-by-record", "nothing-mirrored-by-pixels"),
    }
    by_manifest = name_expectations(BY_MANIFEST, max_uncentred=1.0)
    assert by_manifest - plain == {"circle-centred"}
    assert name_expectations(replace(PLAIN, strip_rows=3)) - plain == {
        "no-strip-seen",
        "strip-cut-by-pixels",
    }


@pytest.mark.parametrize(
    ("steps", "by", "column", "sound"),
    [
        (PADDED, replace(PADDED, resizing="stretch"), "frame_difference_gray", 4),
        (replace(PADDED, resizing="stretch"), PADDED, "frame_difference_gray", 4),
    ],
)
def test_images_that_came_by_other_steps_are_found(
    tmp_path: Path, steps: PreprocessSettings, by: PreprocessSettings, column: str, sound: float
) -> None:
    sound_ones = Preprocessed(tmp_path / "sound", steps, by=steps).tabulate()
    assert sound_ones[column].max() < 0.5
    assert Preprocessed(tmp_path / "other", steps, by=by).tabulate()[column].min() > sound


def test_a_mirrored_image_is_found_where_none_is_to_be(tmp_path: Path) -> None:
    made = Preprocessed(tmp_path, PLAIN, by=PLAIN)
    images = made.images.copy()
    images[3] = images[3, :, ::-1]
    found = made.tabulate(images)["shows_mirrored_frame"]
    assert found[found].index.tolist() == [3]


def test_a_circle_off_the_middle_stops_the_run(tmp_path: Path) -> None:
    made = Preprocessed(tmp_path, BY_MANIFEST, by=BY_MANIFEST)
    made.manifest.loc[7, "shift_x_px"] += 11  # 22 of 640
    save_preprocessed(made.folder, made.images, made.manifest)
    assert not made.tabulate().loc[7, "centred"] and made.tabulate()["centred"].sum() == 29
    with pytest.raises(DataError, match="'circle-centred' fails"):
        made.validate(tmp_path / "02")


def test_an_iris_in_a_padded_frame_is_measured_in_its_own_aspect(tmp_path: Path) -> None:
    steps = PreprocessSettings(resizing="pad")
    table = write_eyes(tmp_path, 12).assign(sha256="")
    images, facts = preprocess_images(table, tmp_path, steps, workers=1)
    manifest = table.merge(facts.drop(columns="path"), on="image_id")
    manifest = manifest.assign(identity=0, subset="train")
    measured = tabulate_images(images, manifest, table, tmp_path, steps=steps, workers=1)
    assert measured["centred"].all() and measured["frame_difference_gray"].max() < 0.5
