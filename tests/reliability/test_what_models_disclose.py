"""What models disclose: it is measured and printed before weights or images are exported."""

import hashlib
import json
import os
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

import cli as command_line
from replication.config import SMOKE
from replication.records import PrivatizedSet, to_unit_range
from replication.store.arrays import save_preprocessed, save_privatized
from replication.store.run_folder import RunStore

METHOD, OTHER = "pprl-vgan-random", "blur-21"
PATIENTS, COPIES = 8, 2
SEED, SPLIT_SEED = 987654321, 876543219
CONFIRM = "--yes-i-may-share"
WEIGHTS = {
    "03_evaluators/identity": ["weights.h5"],
    "03_evaluators/glaucoma": ["weights.h5"],
    "04_vgan": ["encoder.h5", "decoder.h5", "discriminator.h5"],
}
ATTACK = {  # by measure, of each method: value, chance
    "identity_static": (0.014, 0.125),
    "identity_best": (0.997, 0.125),
    "used_shown": (0.375, 0.125),
    "used_auc": (0.96, 0.5),
}
OF_NETWORKS = {"membership_identity": (0.71, 0.5)}


def plant_run(root, kind, *, attacked=(METHOD, OTHER)):
    """A run of 16 training and 8 test images, 2 training ones copied; 3 draws of one method."""
    rng = np.random.default_rng(0)
    number = np.arange(24)
    images = rng.integers(0, 256, (24, 16, 16), dtype=np.uint8)
    table = pd.DataFrame({"image_id": [f"0042_L_{n}.png" for n in number]})
    table["path"], table["patient_id"] = table["image_id"], "0042"
    table["identity"], table["glaucoma"] = number % PATIENTS, number % 2 == 0
    table["subset"] = np.where(number < 16, "train", "test")
    store = RunStore(root)
    profile = asdict(replace(SMOKE, split=replace(SMOKE.split, seed=SPLIT_SEED)))
    source = {"kind": kind, "name": "0042"}
    store.open({"source": source, "profile": profile, "seed": SEED, "draws": 3, "split": "image"})
    privatized = rng.integers(0, 256, (PATIENTS, 16, 16, 3), dtype=np.uint8)
    privatized[:COPIES] = images[5 : 5 + COPIES, ..., None]
    used = (np.arange(PATIENTS)[:, None] + 1) % PATIENTS
    drawn = [PrivatizedSet(METHOD, draw, to_unit_range(privatized), used) for draw in range(3)]
    with store.writing("01_preprocessed", {}) as folder:
        save_preprocessed(folder, images, table)
    for method, sets in ((METHOD, drawn), (OTHER, drawn[:1])):
        with store.writing(f"05_privatized/{method}", {}) as folder:
            save_privatized(folder, sets)
    rows = [
        {"method": method, "measure": name, "value": value, "chance": chance}
        | {"requirement": "privacy of the " + ("patient" if "identity" in name else "replaced")}
        | {"low": value - 0.01, "high": value + 0.002}
        for method, measured in {**dict.fromkeys(attacked, ATTACK), "original": OF_NETWORKS}.items()
        for name, (value, chance) in measured.items()
    ]
    if attacked:
        with store.writing("07_attacked", {}) as folder:
            (folder / "table2.json").write_text(json.dumps({"rows": rows}))
    for unit, names in WEIGHTS.items():
        with store.writing(unit, {}) as folder:
            for name in names:
                (folder / name).write_bytes(f"{unit}/{name}".encode())
    return drawn[0].images, table["glaucoma"].to_numpy()[16:]


def call(*words):
    return CliRunner().invoke(command_line.cli, ["export", *map(str, words)])


def read_all(folder) -> bytes:
    """Return names and contents of all files."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return b"".join(file.name.encode() + file.read_bytes() for file in files)


def test_what_was_planted_is_printed(tmp_path, figure):
    plant_run(tmp_path / "run", "surrogate")
    result = call(tmp_path / "run", tmp_path / "out")
    assert result.exit_code == 0, result.output
    [patient] = [line for line in result.output.splitlines() if "patient, at worst" in line]
    [replaced] = [line for line in result.output.splitlines() if "replaced, at worst" in line]
    assert patient.endswith("best retrained attacker 99.7 (98.7 to 99.9) / 12.5")
    assert "any of the used named, static 37.5 (36.5 to 37.7) / 12.5" in replaced
    assert "AUC used / unused, static 0.96" in replaced
    assert f"{COPIES} are copies of one" in result.output
    page = (tmp_path / "out/README.md").read_text()
    assert patient in page and replaced in page
    figure(f"planted: 1.4% by the judge, 99.7% by the attacker, {COPIES} copies; printed: 99.7%, 2")


@pytest.mark.parametrize("kind", ["warsaw", "folder", "manifest"])
def test_patients_images_leave_a_run_only_by_a_word(kind, tmp_path):
    plant_run(tmp_path / "run", kind)
    refused = call(tmp_path / "run", tmp_path / "out")
    assert refused.exit_code == 3
    assert "best retrained attacker 99.7" in refused.stdout
    assert CONFIRM in refused.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert not (tmp_path / "run/exports.json").exists()
    assert call(tmp_path / "run", tmp_path / "out", CONFIRM).exit_code == 0
    assert b"0042" not in read_all(tmp_path / "out")


def test_patients_weights_are_refused_whatever_is_confirmed(tmp_path):
    plant_run(tmp_path / "run", "manifest")
    refused = call(tmp_path / "run", tmp_path / "out", "--what", "weights", CONFIRM)
    assert refused.exit_code == 3 and "not measured" in refused.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("attacked", [(), (OTHER,)], ids=["nothing", "another method"])
def test_what_is_not_attacked_is_called_so_and_is_refused_of_patients(attacked, tmp_path):
    plant_run(tmp_path / "drawn", "surrogate", attacked=attacked)
    assert call(tmp_path / "drawn", tmp_path / "out").exit_code == 0
    assert f"{METHOD}\n  - not attacked\n" in (tmp_path / "out/README.md").read_text()
    weights = call(tmp_path / "drawn", tmp_path / "weights", "--what", "weights").output
    assert ("by the loss: not measured." in weights) == (not attacked)
    plant_run(tmp_path / "run", "folder", attacked=attacked)
    refused = call(tmp_path / "run", tmp_path / "patients", CONFIRM)
    assert refused.exit_code == 4 and f"not attacked: {METHOD}" in refused.stderr
    assert "`attack`" in refused.stderr and not (tmp_path / "patients").exists()


@pytest.mark.parametrize(("kind", "what"), [("surrogate", "weights"), ("folder", "sets")])
def test_no_seed_leaves_a_run(kind, what, tmp_path):
    plant_run(tmp_path / "run", kind)
    assert call(tmp_path / "run", tmp_path / "out", "--what", what, CONFIRM).exit_code == 0
    left = read_all(tmp_path / "out")
    assert b"image_size_px = 64" in left
    secret = (tmp_path / "run/run.secret").read_text()
    numbers = (SEED, SPLIT_SEED, secret)
    assert b"seed" not in left and not any(str(number).encode() in left for number in numbers)


def test_every_export_is_listed_and_what_went_before_is_printed(tmp_path):
    run = tmp_path / "run"
    plant_run(run, "surrogate")
    stages = {unit: RunStore(run).digest(unit) for unit in RunStore(run).records()}
    first = call(run, tmp_path / "one", "--what", "weights")
    both = call(run, tmp_path / "two", "--method", METHOD, "--method", OTHER)
    third = call(run, tmp_path / "three")
    assert "Exports of this run before this one: none." in first.output
    assert "before this one: 1 (weights: 1). Draws and methods compose" in both.output
    words = f"before this one: 2 (weights: 1, draws of {OTHER}: 1, draws of {METHOD}: 3). Draws"
    assert words in third.output and words in (tmp_path / "three/README.md").read_text()
    entries = json.loads((run / "exports.json").read_text())["exports"]
    assert [entry["draws"] for entry in entries] == [{}, {METHOD: 3, OTHER: 1}, {METHOD: 3}]
    hashes = {
        file.relative_to(tmp_path / "two").as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (tmp_path / "two").rglob("*")
        if file.is_file()
    }
    whole = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    assert len(hashes) == 1 + 4 * (1 + PATIENTS) and entries[1]["sha256"] == whole
    assert stages == {unit: RunStore(run).digest(unit) for unit in RunStore(run).records()}


def test_what_was_exported_counts_after_a_fresh_start_and_a_damaged_list_stops(tmp_path):
    run = tmp_path / "run"
    plant_run(run, "surrogate")
    assert call(run, tmp_path / "one").exit_code == 0
    record = json.loads((run / "run.json").read_text())
    RunStore(run).open(record, fresh=True)
    assert sorted(file.name for file in run.glob("*.json")) == ["exports.json", "run.json"]
    (run / "run.json").unlink()  # as a process that is killed while it clears the run
    plant_run(run, "surrogate")
    assert "before this one: 1 (" in call(run, tmp_path / "two").output
    (run / "exports.json").write_text('{"exports": [{"what": "sets"}]}')
    refused = call(run, tmp_path / "three")
    assert refused.exit_code == 3 and "exports.json: not the list" in refused.stderr
    assert not (tmp_path / "three").exists()


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_what_is_of_patients_is_closed_to_others(umask, tmp_path, figure):
    before = os.umask(umask)
    try:
        plant_run(tmp_path / "run", "manifest")
        assert call(tmp_path / "run", tmp_path / "out", CONFIRM).exit_code == 0
    finally:
        os.umask(before)
    made = [tmp_path / "run/exports.json", tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert {(path.is_dir(), path.stat().st_mode & 0o777) for path in made} == {
        (True, 0o700),
        (False, 0o600),
    }
    entry = json.loads((tmp_path / "run/exports.json").read_text())["exports"][0]
    assert entry["confirmed"] == CONFIRM
    figure(f"{len(made)} files and folders under umask {umask:03o}: 0600 and 0700")


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
    page = (tmp_path / "out/README.md").read_text()
    assert "by the loss: membership AUC, identity network 0.71 (0.70 to 0.71) / 0.50. " in page
    assert "Inversion of the networks is not measured." in page
    again = call(tmp_path / "run", tmp_path / "out", "--what", "weights")
    assert again.exit_code == 3 and "exists already" in again.stderr


def test_a_run_without_its_table_is_an_error(tmp_path):
    RunStore(tmp_path / "run").open({"seed": 0})
    result = call(tmp_path / "run", tmp_path / "out")
    assert result.exit_code == 4
