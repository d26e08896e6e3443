"""Which run is opened: data sets of one name keep apart, whatever their folders are called."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from drawn_bodies import draw_chest, write_bodies
from drawn_eyes import write_image, write_manifest

from replication.config import PreprocessSettings
from replication.errors import SettingsError
from replication.pipeline.open_run import RunRequest, open_run
from replication.store.files import read_json
from replication.store.run_record import describe_split, find_words, read_run
from replication.store.words import Words
from replication.train.trained import TrainedEvaluator


def make_site(folder: Path, seed: int) -> Path:
    """Write a mine.csv of two images that no other seed has."""
    folder.mkdir(parents=True)
    lines = ["path,patient_id,eye,glaucoma", "0.png,ann,left,true", "1.png,bob,left,false"]
    manifest = write_manifest(folder, lines)
    for number in range(2):
        write_image(folder / f"{number}.png", seed=10 * seed + 10 + number)
    return manifest


def open_it(tmp_path: Path, manifest: Path, *, methods=("blur-3",), **options):
    request = RunRequest(str(tmp_path / "artifacts"), methods, manifest=str(manifest), **options)
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


PLAIN = {"strip_rows": 0, "mirroring": False, "centring": "none"}


@pytest.fixture
def chests(tmp_path):
    return write_bodies(tmp_path / "chests", draw_chest, patients=3, images=1)


def test_other_steps_are_another_run_whose_name_has_them(tmp_path, chests):
    plain = open_it(tmp_path, chests, **PLAIN)
    name = "-cpu-seed-0-strip-rows-0-no-mirroring-centring-none"
    assert plain.store.root.name.endswith(name)
    recorded = read_json(plain.store.root / "run.json")["profile"]["preprocess"]
    assert recorded == PLAIN | {"image_size_px": 64, "channels": 3}
    assert plain.stages()[0].settings.items() >= PLAIN.items()
    assert open_it(tmp_path, chests, **PLAIN).describe() == plain.describe()
    with pytest.raises(SettingsError, match=r"other settings \(profile\)"):
        open_it(tmp_path, chests, **PLAIN, resizing="pad", run_name=plain.store.root.name)


def test_a_manifest_of_a_disease_is_in_the_record_and_gives_the_words(tmp_path, chests):
    run = open_it(tmp_path, chests, **PLAIN)
    record = read_run(run.store.root)
    assert record["label"] == "disease"
    assert find_words(record) == run.data.source.words == Words("disease", eyes=False)
    eyes = open_it(tmp_path, make_site(tmp_path / "site", 0))
    record = read_run(eyes.store.root)
    assert "label" not in record
    assert find_words(record) == eyes.data.source.words == Words()


def test_requests_of_other_steps_are_the_same_on_every_machine(tmp_path):
    request = RunRequest(str(tmp_path), ("blur-3",), resizing="pad", channels=1, **PLAIN)
    assert RunRequest.from_plain(request.to_plain()) == request
    assert request.steps == PreprocessSettings(0, 64, 1, False, "none", "pad")
    assert RunRequest(str(tmp_path), ("blur-3",)).steps == PreprocessSettings()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"centring": "manifest"}, "--centring manifest: give --manifest"),
        ({"from_baseline": True, "strip_rows": 0}, "the reference weights are of the paper's"),
        ({"resizing": "crop"}, "--resize: expected one of stretch, pad"),
    ],
)
def test_steps_that_fit_nothing_leave_nothing(tmp_path, wrong, sentence):
    request = RunRequest(str(tmp_path / "artifacts"), ("blur-3",), **wrong)
    with pytest.raises(SettingsError, match=sentence) as raised:
        open_run(request, fresh=False, workers=1, track=lambda what, total: nullcontext())
    assert raised.value.exit_code == 3
    assert not (tmp_path / "artifacts" / "runs").exists()


OWN = """
from keras import Sequential, layers

def classify():
    row = layers.Input((64, 64, 3)), layers.Flatten(), layers.Dense(2, "softmax", **{more})
    return Sequential(row)

again = classify
"""


@pytest.fixture
def write_own(write_module):
    """Write a module of a user's network."""

    def write(kernel="zeros"):
        write_module(OWN.format(more={"kernel_initializer": kernel}))

    return write


def test_a_users_network_is_in_the_record_and_takes_the_trainings_place(tmp_path, write_own):
    site, own = make_site(tmp_path / "site", 0), {"glaucoma_network": "mine:classify"}
    write_own()
    usual, run = open_it(tmp_path, site), open_it(tmp_path, site, **own)
    record = run.data.own.record
    assert run.describe() == usual.describe() | {"glaucoma_network": record}
    assert run.store.root.name == f"{usual.store.root.name}-own-{record['sha256'][:8]}"
    assert read_run(run.store.root)["glaucoma_network"] == record
    pairs = zip(usual.stages(), run.stages(), strict=True)
    changed = {ours.unit: theirs for ours, theirs in pairs if ours.settings != theirs.settings}
    assert list(changed) == ["03_evaluators/glaucoma"]
    (stage,) = changed.values()
    assert stage.settings == record and stage.needs == ()
    with run.store.writing("03_evaluators/glaucoma", {}) as folder:
        stage.run(run.data, folder)
    images = np.zeros((3, 64, 64, 3), np.float32)
    layers = run.data.find_layers("glaucoma")
    assert run.data.find_layers("identity") is None and usual.data.find_layers("glaucoma") is None
    weights = run.data.find_weights("glaucoma")
    read = TrainedEvaluator(weights, 2, (64, 64, 3), run.data.profile.evaluator, layers=layers)
    assert (read.predict(images) == 0.5).all()


def test_another_function_or_other_weights_are_another_run(tmp_path, write_own):
    site = make_site(tmp_path / "site", 0)
    own = {"glaucoma_network": "mine:classify", "run_name": "one"}
    write_own()
    run = open_it(tmp_path, site, **own)
    assert open_it(tmp_path, site, **own).describe() == run.describe()
    others = r"one: this run was made with other settings \(glaucoma_network\)"
    for other in (None, "mine:again"):
        with pytest.raises(SettingsError, match=others):
            open_it(tmp_path, site, **own | {"glaucoma_network": other})
    write_own("ones")
    with pytest.raises(SettingsError, match=others):
        open_it(tmp_path, site, **own)


def test_a_network_of_another_input_is_refused_before_anything_is_made(tmp_path, write_own):
    write_own()
    text = (tmp_path / "mine.py").read_text().replace("64, 64", "32, 32")
    (tmp_path / "mine.py").write_text(text)
    site = make_site(tmp_path / "site", 0)
    with pytest.raises(
        SettingsError, match=r"^mine:classify: mine.py line 4 .*\(None, 32, 32, 3\)"
    ):
        open_it(tmp_path, site, glaucoma_network="mine:classify")
    assert not (tmp_path / "artifacts" / "runs").exists()


def test_the_heading_of_every_page_names_the_users_network():
    own = {"glaucoma_network": {"name": "mine:classify", "sha256": "0"}}
    words = "The glaucoma network is the user's network mine:classify, not one of this run's train"
    assert words in describe_split({"split": "image"} | own)
    by_patient = describe_split({"split": "patient"} | own)
    assert words in by_patient and "never saw the test patients" not in by_patient
    assert describe_split({"split": "image"}) == ""
