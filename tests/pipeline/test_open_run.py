"""Which run is opened: data sets of one name keep apart, whatever their folders are called."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from drawn_eyes import write_image, write_manifest

from replication.errors import SettingsError
from replication.pipeline.open_run import RunRequest, open_run


def make_site(folder: Path, seed: int) -> Path:
    """Write a mine.csv of two images that no other seed has."""
    folder.mkdir(parents=True)
    lines = ["path,patient_id,eye,glaucoma", "0.png,ann,left,true", "1.png,bob,left,false"]
    manifest = write_manifest(folder, lines)
    for number in range(2):
        write_image(folder / f"{number}.png", seed=10 * seed + 10 + number)
    return manifest


def open_it(tmp_path: Path, manifest: Path, **options):
    request = RunRequest(
        str(tmp_path / "artifacts"), ("blur-3",), manifest=str(manifest), **options
    )
    track = lambda what, total: nullcontext(lambda: None)
    return open_run(request, fresh=False, workers=1, track=track)


def test_data_sets_whose_files_have_one_name_have_runs_of_their_own(tmp_path):
    north, south = (make_site(tmp_path / n, seed) for seed, n in enumerate(("north", "south")))
    first, second = open_it(tmp_path, north).store.root, open_it(tmp_path, south).store.root
    assert first != second
    assert first.name.startswith("mine.csv-") and second.name.startswith("mine.csv-")
    assert open_it(tmp_path, north).store.root == first


def test_other_data_in_a_run_of_that_name_are_refused(tmp_path):
    north, south = (make_site(tmp_path / n, seed) for seed, n in enumerate(("north", "south")))
    run = open_it(tmp_path, north, run_name="mine")
    with pytest.raises(
        SettingsError, match="mine: this run is of other data; choose another --run"
    ):
        open_it(tmp_path, south, run_name="mine")
    assert open_it(tmp_path, north, run_name="mine").describe() == run.describe()


def test_an_image_that_changed_makes_it_other_data(tmp_path):
    manifest = make_site(tmp_path / "site", 0)
    open_it(tmp_path, manifest, run_name="mine")
    write_image(manifest.parent / "0.png", seed=7)
    with pytest.raises(SettingsError, match="other data"):
        open_it(tmp_path, manifest, run_name="mine")
