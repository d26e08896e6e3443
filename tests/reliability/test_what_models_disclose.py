"""What models disclose: it is measured and printed before weights or images are exported."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

import cli as command_line
from replication.config import SMOKE
from replication.records import EyeDataset, PrivatizedSet, to_unit_range
from replication.results.export import measure_leaks
from replication.store.arrays import save_preprocessed, save_privatized
from replication.store.run_folder import RunStore

METHOD = "pprl-vgan-random"
PATIENTS, SHOWN, COPIES = 8, 3, 2
WEIGHTS = {
    "03_evaluators/identity": ["weights.h5"],
    "03_evaluators/glaucoma": ["weights.h5"],
    "04_vgan": ["encoder.h5", "decoder.h5", "discriminator.h5"],
}


def plant_run(root, kind):
    """A run of 16 training and 8 test images: 3 replacements recognised, 2 training ones copied."""
    rng = np.random.default_rng(0)
    number = np.arange(24)
    images = rng.integers(0, 256, (24, 16, 16), dtype=np.uint8)
    table = pd.DataFrame({"image_id": [f"0042_L_{n}.png" for n in number]})
    table["path"], table["patient_id"] = table["image_id"], "0042"
    table["identity"], table["glaucoma"] = number % PATIENTS, number % 2 == 0
    table["subset"] = np.where(number < 16, "train", "test")
    store = RunStore(root)
    source = {"kind": kind, "name": "0042"}
    rest = {"profile": asdict(SMOKE), "seed": 0, "draws": 1, "split": "image"}
    store.open({"source": source} | rest)
    privatized = rng.integers(0, 256, (PATIENTS, 16, 16, 3), dtype=np.uint8)
    privatized[:COPIES] = images[5 : 5 + COPIES, ..., None]
    used = (np.arange(PATIENTS)[:, None] + 1) % PATIENTS
    drawn = PrivatizedSet(METHOD, 0, to_unit_range(privatized), used)
    predictions = pd.DataFrame({"image_id": table["image_id"][16:], "method": METHOD, "draw": 0})
    predictions["identity"], predictions["glaucoma"] = table["identity"], table["glaucoma"]
    predictions["predicted_identity"] = [0, *(np.arange(1, 8) + 2) % PATIENTS]
    predictions["replacement_shown"] = np.arange(PATIENTS) < SHOWN
    with store.writing("01_preprocessed", {}) as folder:
        save_preprocessed(folder, images, table)
    with store.writing(f"05_privatized/{METHOD}", {}) as folder:
        save_privatized(folder, [drawn])
    with store.writing("06_evaluated", {}) as folder:
        predictions.to_csv(folder / "predictions.csv", index=False)
    for unit, names in WEIGHTS.items():
        with store.writing(unit, {}) as folder:
            for name in names:
                (folder / name).write_bytes(f"{unit}/{name}".encode())
    return drawn.images, table["glaucoma"].to_numpy()[16:]


def call(*words):
    return CliRunner().invoke(command_line.cli, ["export", *map(str, words)])


def test_what_was_planted_is_printed(tmp_path, figure):
    plant_run(tmp_path / "run", "surrogate")
    result = call(tmp_path / "run", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "names the patient in 12.5% of the images (guessing: 12.5%)" in result.output
    assert "one whose likeness went in 37.5% (guessing: 12.5%)" in result.output
    assert f"{COPIES} are copies of one" in result.output
    assert result.output.splitlines()[0] in (tmp_path / "out/README.md").read_text()
    figure(
        f"planted: {COPIES} copied training images of 8, {SHOWN} replacements; printed: the same"
    )


@pytest.mark.parametrize("what", ["weights", "sets"])
@pytest.mark.parametrize("kind", ["warsaw", "folder", "manifest"])
def test_patients_data_leave_a_run_only_by_a_word(what, kind, tmp_path):
    plant_run(tmp_path / "run", kind)
    refused = call(tmp_path / "run", tmp_path / "out", "--what", what)
    assert refused.exit_code == 3
    assert "one whose likeness went in 37.5%" in refused.stdout
    assert "--yes-i-may-share" in refused.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert (
        call(tmp_path / "run", tmp_path / "out", "--what", what, "--yes-i-may-share").exit_code == 0
    )
    shared = b"".join(
        file.read_bytes() for file in (tmp_path / "out").rglob("*.*") if file.is_file()
    )
    assert b"0042" not in shared


def test_pictures_are_pixels_alone_under_numbers_that_follow_no_order(tmp_path, figure):
    images, glaucoma = plant_run(tmp_path / "run", "surrogate")
    orders = []
    for name in ("one", "two"):
        assert call(tmp_path / "run", tmp_path / name, "--method", METHOD).exit_code == 0
        place = tmp_path / name / METHOD / "draw-0"
        labels = pd.read_csv(place / "labels.csv")
        order = []
        for row in labels.itertuples():
            picture = Image.open(place / row.file)
            picture.load()
            assert picture.info == {} and not picture.getexif()
            [source] = np.flatnonzero(
                (to_unit_range(np.asarray(picture)) == images).all(axis=(1, 2, 3))
            )
            assert row.glaucoma == glaucoma[source]
            order.append(int(source))
        assert sorted(order) == list(range(PATIENTS))
        orders.append(order)
    assert orders[0] != orders[1]
    figure(f"{PATIENTS} pictures: 0 fields of metadata; every image there, in two orders")


def test_weights_are_those_of_the_run_and_nothing_is_written_over(tmp_path):
    plant_run(tmp_path / "run", "surrogate")
    assert call(tmp_path / "run", tmp_path / "out", "--what", "weights").exit_code == 0
    left = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert left == ["README.md", "decoder.h5", "encoder.h5", "glaucoma.h5", "identity.h5"]
    assert (tmp_path / "out/encoder.h5").read_bytes() == b"04_vgan/encoder.h5"
    again = call(tmp_path / "run", tmp_path / "out", "--what", "weights")
    assert again.exit_code == 3 and "exists already" in again.stderr


def test_a_run_without_its_table_is_an_error(tmp_path):
    RunStore(tmp_path / "run").open({"seed": 0})
    result = call(tmp_path / "run", tmp_path / "out")
    assert result.exit_code == 4


def test_where_nobody_went_in_nothing_is_said_of_them():
    images = np.zeros((2, 4, 4, 3), np.float32)
    predictions = pd.DataFrame(
        {"method": "blur-3", "identity": [0, 1], "predicted_identity": [0, 0]}
    )
    leaks = measure_leaks(
        PrivatizedSet("blur-3", 0, images, None),
        predictions,
        training=EyeDataset(images, np.arange(2), np.array([True, False]), np.array(["a", "b"])),
        originals=images,
        identities=2,
    )
    assert leaks.identity == 0.5 and leaks.replacement is None
    assert "nobody else's likeness" in str(leaks)
