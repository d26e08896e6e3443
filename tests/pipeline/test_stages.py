"""Who learns from which images: split by patient, the glaucoma network from training patients."""

import importlib.util
import itertools
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_eyes import draw_eye
from latent_generator import LatentGenerator

from replication.config import SMOKE, ExplanationSettings
from replication.data.sources import Kind, Source
from replication.errors import DataError, MethodRefused, SettingsError
from replication.evaluate.table1 import build_table
from replication.pipeline import stages
from replication.pipeline.order import Replication
from replication.pipeline.run_data import RunData
from replication.privatize.blocks import BlockCounts
from replication.privatize.methods import METHODS
from replication.results.finished_run import FinishedRun
from replication.store.arrays import read_refusal, save_preprocessed
from replication.store.files import read_json
from replication.store.run_folder import RunStore
from replication.store.run_record import EVALUATORS
from replication.train import evaluators as train_evaluators
from replication.train import pp_mir as train_pp_mir
from replication.train import trained
from replication.train import vgan as train_vgan

SUBSETS = np.array(["train", "enrolment", "validation", "test"])
BY_IMAGE = ("train", "validation", "test")


def make_work(root: Path, *, by_patient: bool, size_px: int = 4) -> RunData:
    """Plant stage 01 of a run: 24 images, of every subset some with glaucoma and some without."""
    store = RunStore(root / "run")
    store.open({})
    number = np.arange(24)
    subset = SUBSETS[number % 4] if by_patient else np.array(BY_IMAGE)[number % 3]
    table = pd.DataFrame({"image_id": [f"eye-{n:02}" for n in number]})
    table["path"] = "images-NIR/" + table["image_id"] + ".bmp"
    table["patient_id"] = [f"{n // 4 + 1:04}" for n in number]
    table = table.assign(frame_width_px=640, frame_height_px=480, white_level=255)
    table = table.assign(identity=number // 4, glaucoma=number % 5 < 2, subset=subset)
    with store.writing("01_preprocessed", {}) as folder:
        images = number.repeat(size_px**2).reshape(-1, size_px, size_px).astype(np.uint8)
        save_preprocessed(folder, images, table)
    return RunData(
        Source(Kind.FOLDER, root),
        SMOKE,
        seed=0,
        draws=1,
        methods=("blur-3",),
        store=store,
        workers=1,
        track=lambda what, steps: nullcontext(lambda: None),
        explanation=ExplanationSettings(),
        by_patient=by_patient,
    )


def name_subsets(dataset, by_patient: bool) -> list[str]:
    """Return the subsets of the images, by their names and not by the code's own account."""
    names = SUBSETS if by_patient else np.array(BY_IMAGE)
    numbers = [int(name.removeprefix("eye-")) for name in dataset.image_id]
    assert numbers == sorted(numbers)
    return sorted(set(names[np.array(numbers) % len(names)].tolist()))


@pytest.mark.parametrize(
    ("by_patient", "task", "learned"),
    [
        (True, "glaucoma", ["train"]),
        (True, "identity", ["enrolment", "train"]),
        (False, "glaucoma", ["train"]),
        (False, "identity", ["train"]),
    ],
)
def test_a_network_is_trained_on_its_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_patient: bool, task: str, learned: list
) -> None:
    seen = {}

    def stand_in(train, validation, **options) -> None:
        seen.update(train=train, validation=validation, **options)

    monkeypatch.setattr(train_evaluators, "train_evaluator", stand_in)
    stages.train_evaluator(make_work(tmp_path, by_patient=by_patient), tmp_path, task=task)
    assert seen["task"] == task
    assert name_subsets(seen["train"], by_patient) == learned
    assert name_subsets(seen["validation"], by_patient) == ["validation"]


def test_pprl_vgan_and_the_galleries_know_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    monkeypatch.setattr(
        train_vgan, "train_vgan", lambda train, **options: seen.update(train=train, **options)
    )
    work = make_work(tmp_path, by_patient=True)
    stages.train_vgan(work, tmp_path)
    assert name_subsets(seen["train"], by_patient=True) == ["enrolment", "train"]
    assert seen["identities"] == 6

    class Method:
        name, generator, is_drawn = "blur-3", None, False

        def privatize(self, queries, *, gallery, **options):
            seen.update(queries=queries, gallery=gallery)
            return []

    stages.privatize(work, tmp_path, method=Method())
    assert name_subsets(seen["queries"], by_patient=True) == ["test"]
    assert name_subsets(seen["gallery"], by_patient=True) == ["enrolment", "train"]


def test_pp_mir_learns_from_the_same_images_their_irises_and_the_evaluators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    monkeypatch.setattr(
        train_pp_mir,
        "train_pp_mir",
        lambda train, irises, **options: seen.update(train=train, irises=irises, **options),
    )
    monkeypatch.setattr(RunData, "load_evaluator", lambda run, task: task)
    work = make_work(tmp_path, by_patient=True)
    file = work.store.folder("01_preprocessed") / "manifest.csv"
    facts = {"strip_rows_removed": 0, "mirrored": False, "shift_x_px": 0, "shift_y_px": 0}
    circle = {"iris_centre_x_px": 320, "iris_centre_y_px": 240, "iris_radius_px": 200}
    pd.read_csv(file).assign(**facts, **circle).to_csv(file, index=False)
    stages.train_pp_mir(work, tmp_path)
    assert name_subsets(seen["train"], by_patient=True) == ["enrolment", "train"]
    assert seen["irises"].shape == (len(seen["train"]), 4, 4)
    # Of 4 x 4 pixels the circle covers the middle four by more than half, and no other.
    assert seen["irises"][:, 1:3, 1:3].all() and seen["irises"].sum() == 4 * len(seen["train"])
    assert (seen["identify"], seen["diagnose"]) == ("identity", "glaucoma")
    assert seen["settings"] == SMOKE.pp_mir


@pytest.mark.parametrize(
    ("by_patient", "task", "unseen"),
    [
        (False, "identity", False),
        (False, "glaucoma", False),
        (True, "identity", False),
        (True, "glaucoma", True),
    ],
)
def test_the_glaucoma_network_of_held_out_patients_alone_is_trained_for_unseen_ones(
    by_patient: bool, task: str, unseen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    note = lambda *_, settings, **__: used.append(settings)
    monkeypatch.setattr(train_evaluators, "train_evaluator", note)
    run = replace(make_work(tmp_path, by_patient=by_patient), known_manifest="hash")
    stages.train_evaluator(run, tmp_path, task=task)
    assert [settings.for_unseen_patients for settings in used] == [unseen]
    (stage,) = (each for each in Replication(run).stages() if each.unit == f"03_evaluators/{task}")
    assert stage.settings["for_unseen_patients"] is unseen


@pytest.mark.parametrize("by_patient", [True, False])
def test_the_pages_of_a_split_by_patient_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_patient: bool
) -> None:
    headings, facts = [], []
    work = make_work(tmp_path, by_patient=by_patient)
    for unit in EVALUATORS.values():
        with work.store.writing(unit, {}):
            pass
    with work.store.writing("05_privatized/blur-3", {}):
        pass
    monkeypatch.setattr(RunData, "load_evaluator", lambda *_: None)
    monkeypatch.setattr(RunData, "raw", (None, tmp_path))
    monkeypatch.setattr(stages, "evaluate_sets", lambda *_, **__: (build_table([]), None))
    monkeypatch.setattr(stages, "write_evaluation", lambda *_, **o: headings.append(o["heading"]))

    def explain(test, *_, **options) -> None:
        headings.append(options["heading"])
        facts.append(options["facts"])

    monkeypatch.setattr(stages, "explain_sets", explain)
    monkeypatch.setattr(FinishedRun, "glaucoma_probabilities", {})
    stages.evaluate(work, tmp_path)
    stages.explain(work, tmp_path)
    words = "Split by patient: the glaucoma network never saw the test patients; identity stays"
    assert len(headings) == 2
    assert facts[0]["image_id"].tolist() == work.test_set.image_id.tolist()
    assert [words in heading for heading in headings] == [by_patient] * 2


@pytest.mark.parametrize(("by_patient", "name"), [(False, "image"), (True, "patient")])
def test_the_kind_of_split_is_in_a_runs_record(tmp_path: Path, by_patient: bool, name: str) -> None:
    work = replace(make_work(tmp_path, by_patient=by_patient), known_manifest="its hash")
    described = Replication(work).describe()
    assert described.keys() == {"source", "manifest", "profile", "seed", "draws", "split"}
    assert described["split"] == name


def test_the_users_limit_of_uncentred_images_is_recorded_and_validates_again(
    tmp_path: Path,
) -> None:
    work = replace(make_work(tmp_path, by_patient=False), known_manifest="its hash")
    usual, wider = Replication(work), Replication(replace(work, max_uncentred=0.3))
    assert wider.describe() == usual.describe() | {"max_uncentred": 0.3}
    pairs = zip(usual.stages(), wider.stages(), strict=True)
    changed = [ours.unit for ours, theirs in pairs if ours.settings != theirs.settings]
    assert changed == ["02_validated"]


def test_what_reads_signs_and_twins_is_made_again_where_these_change(tmp_path: Path) -> None:
    work = replace(make_work(tmp_path, by_patient=False), known_manifest="its hash")
    twin = tmp_path / "twins-NIR" / "Patient 1" / "left.bmp"

    def list_settings() -> dict[str, dict]:
        return {stage.unit: stage.settings for stage in Replication(work).stages()}

    states = [list_settings()]
    (tmp_path / "signs.csv").write_text("file,signs\n")
    states.append(list_settings())
    twin.parent.mkdir(parents=True)
    twin.write_bytes(b"an eye")
    states.append(list_settings())
    twin.write_bytes(b"another")
    states.append(list_settings())
    assert list_settings() == states[-1]
    for before, after in itertools.pairwise(states):
        changed = [unit for unit in before if before[unit] != after[unit]]
        assert changed == ["07_attacked", "08_explained"]


def test_what_is_wrong_with_twins_is_found_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make_work(tmp_path, by_patient=False)
    monkeypatch.setattr(RunData, "raw", ([], tmp_path))
    monkeypatch.setattr(stages, "validate_images", lambda *_, **__: None)
    (tmp_path / "twins-NIR").mkdir()
    stages.validate(work, tmp_path)  # of twins of signs that nobody knows nothing is asked
    (tmp_path / "signs.csv").write_text("file,signs\n")
    ill = int(work.test_set.glaucoma.sum())
    with pytest.raises(DataError, match=f"twins-NIR: {ill} of {ill} images with glaucoma have no"):
        stages.validate(work, tmp_path)


def test_a_command_does_its_stages_and_another_seed_only_what_depends_on_it(tmp_path: Path) -> None:
    work = make_work(tmp_path, by_patient=False)
    work = replace(work, known_manifest="its hash", methods=("blur-3", "pprl-vgan-random"))
    blurred, generated = (f"05_privatized/{name}" for name in work.methods)
    trained = [*EVALUATORS.values(), "04_vgan"]
    one, other = (Replication(replace(work, seed=seed)) for seed in (0, 1))
    until = [stage.unit for stage in one.stages_until("05_privatized")]
    assert until == ["01_preprocessed", "02_validated", blurred, *trained, generated]
    pairs = zip(one.stages(), other.stages(), strict=True)
    changed = [ours.unit for ours, theirs in pairs if ours.settings != theirs.settings]
    # On patients' data draws follow the run's secret.
    assert changed == [*trained, "07_attacked"]


def test_the_code_is_trained_after_pprl_vgan_and_asks_the_glaucoma_network(tmp_path: Path) -> None:
    work = make_work(tmp_path, by_patient=False)
    names = ("pprl-vgan-random", "evidence-code-k5")
    run = Replication(replace(work, known_manifest="its hash", methods=names))
    painted, coded = (f"05_privatized/{name}" for name in names)
    until = [stage.unit for stage in run.stages_until("05_privatized")]
    assert until[-4:] == ["04_vgan", painted, "04_code", coded]
    needs = {stage.unit: stage.needs for stage in run.stages()}
    assert needs["04_code"] == ("01_preprocessed",)
    assert needs[painted] == ("01_preprocessed", "04_vgan")
    assert needs[coded] == ("01_preprocessed", "03_evaluators/glaucoma", "04_code")


def test_pp_mir_is_trained_on_what_the_evaluators_predict(tmp_path: Path) -> None:
    work = make_work(tmp_path, by_patient=False)
    run = Replication(replace(work, known_manifest="its hash", methods=("pp-mir",)))
    until = [stage.unit for stage in run.stages_until("05_privatized")]
    assert until[-4:] == [*EVALUATORS.values(), "04_pp-mir", "05_privatized/pp-mir"]
    needs = {stage.unit: stage.needs for stage in run.stages()}
    assert needs["04_pp-mir"] == ("01_preprocessed", *EVALUATORS.values())
    assert needs["05_privatized/pp-mir"] == ("01_preprocessed", "04_pp-mir")
    assert needs["07_attacked"].count("04_pp-mir") == 0


def test_pp_mirs_generator_is_read_with_its_settings_and_paints_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make_work(tmp_path, by_patient=False)
    monkeypatch.setattr(trained, "TrainedGenerator", lambda *given: given)
    with work.store.writing("04_pp-mir", {}):
        pass
    folder, identities, _, settings = work.find_generator(METHODS["pp-mir"])
    assert (folder, identities) == (work.store.folder("04_pp-mir"), 0)
    assert settings == SMOKE.pp_mir


def privatize_two(
    root: Path,
    ids: tuple[str, str],
    *,
    width_px: int = 640,
    allow_unknown=False,
    method: str = "k-same-3",
):
    """Privatize a drawn eye of each of two ids by the planted run; return counts and the folder."""
    mine = root / "mine"
    mine.mkdir(parents=True)
    lines = ["path,patient_id,eye,glaucoma"]
    for n, patient in enumerate(ids):
        cv2.imwrite(
            str(mine / f"{n}.png"), draw_eye(centre=(300 + 9 * n, 230), size=(width_px, 480))
        )
        lines.append(f"{n}.png,{patient},left,{n == 1}")
    (mine / "manifest.csv").write_text("\n".join(lines))
    run = make_work(root, by_patient=False, size_px=SMOKE.preprocess.image_size_px)
    with run.store.writing("04_vgan", {}):
        pass
    out = root / "out"
    return stages.privatize_many(
        run, mine / "manifest.csv", METHODS[method], out, allow_unknown=allow_unknown
    ), out


def test_blocks_are_of_the_networks_and_images_that_made_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = []
    monkeypatch.setattr(
        stages, "privatize_blocks", lambda *_, request, **__: requests.append(request)
    )
    monkeypatch.setattr(RunData, "generator", None)
    for method in ("k-same-3", "pprl-vgan-random"):
        privatize_two(tmp_path / method, ("5", "6"), method=method)
    units = [list(request["inputs"]) for request in requests]
    assert units == [["01_preprocessed"], ["01_preprocessed", "04_vgan"]]


def test_a_patient_whose_number_lost_its_zeros_goes_into_none_of_their_own_averages(
    tmp_path: Path,
) -> None:
    # Of the training images, the drawn eyes are nearest to these patients' (0005 and 0006).
    counts, out = privatize_two(tmp_path, ("5", "6"))
    assert counts == BlockCounts(images=2, unknown_patients=0, without_iris=0)
    used = np.load(out / "images-000000000" / "used-0.npy")
    assert np.sort(used).tolist() == [[0, 2, 3], [0, 1, 3]]


def test_new_patients_are_privatized_by_others_images_where_the_user_says_so(
    tmp_path: Path,
) -> None:
    with pytest.raises(DataError, match="patients of 1 of 2 images, .* --unknown-patients"):
        privatize_two(tmp_path / "refused", ("5", "7"))
    counts, _ = privatize_two(tmp_path / "allowed", ("5", "7"), allow_unknown=True)
    assert counts == BlockCounts(images=2, unknown_patients=1, without_iris=0)


def test_frames_of_another_size_than_the_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="^2 of 2 frames are 600x480 px, the run's are 640x480: "):
        privatize_two(tmp_path, ("5", "6"), width_px=600)


@pytest.mark.parametrize(("kind", "named"), [(Kind.SURROGATE, 1.0), (Kind.FOLDER, 1 / 6)])
def test_who_was_painted_cannot_be_drawn_again_from_seed_and_manifest_on_patients_data(
    tmp_path: Path, monkeypatch, kind: Kind, named: float
) -> None:
    draws, method = 60, METHODS["pprl-vgan-random"]
    run = make_work(tmp_path, by_patient=False)
    run = replace(run, source=Source(kind, tmp_path), draws=draws)
    monkeypatch.setattr(RunData, "generator", LatentGenerator())
    with run.store.writing("05_privatized/pprl-vgan-random", {}) as folder:
        stages.privatize(run, folder, method=method)
    released = [drawn.used_identities for drawn in run.load_sets((method.name,))]
    # What an attacker has who knows the manifest, the settings and the code.
    again = method.privatize(
        run.test_set, gallery=run.train_set, generator=LatentGenerator(), seed=0, draws=draws
    )
    hits = np.concatenate([r == a.used_identities for r, a in zip(released, again, strict=True)])
    assert hits.mean() == pytest.approx(named, abs=0.07)
    # The run itself can be repeated.
    repeated = next(iter(run.privatize(method, run.test_set, seed=run.drawing_seed, draws=1)))
    assert (repeated.used_identities == released[0]).all()


def test_a_folder_of_privatized_images_does_not_hold_what_they_were_drawn_from(
    tmp_path: Path,
) -> None:
    _, out = privatize_two(tmp_path, ("5", "6"))
    record = read_json(out / "blocks.json")
    assert record.keys() == {"method", "secret", "draws", "images", "inputs", "columns"}
    kept = (tmp_path / "run" / "run.secret").read_text()
    assert len(kept) == 64 and kept not in (out / "blocks.json").read_text()


CODED = METHODS["evidence-code-k3"]
WHY = "these patients are too few"


def refuse_code(work: RunData) -> None:
    """Complete stage 04 of the evidence code and stage 05 of its method as refused."""
    with work.store.writing("04_code", {}) as folder:
        stages.write_refusal(folder, WHY)
    with work.store.writing("05_privatized/evidence-code-k3", {}) as folder:
        stages.privatize(work, folder, method=CODED)
        assert not list(folder.glob("*.npy"))
        assert read_refusal(folder) == WHY


def test_a_method_without_its_code_refuses_too_and_the_others_are_released(tmp_path):
    work = make_work(tmp_path, by_patient=False)
    work.methods = ("blur-3", "evidence-code-k3")
    with work.store.writing("05_privatized/blur-3", {}) as folder:
        stages.privatize(work, folder, method=METHODS["blur-3"])
    refuse_code(work)
    assert (work.refusals, work.released) == ({"evidence-code-k3": WHY}, ("blur-3",))
    with pytest.raises(MethodRefused, match=WHY):
        work.find_generator(CODED)


@pytest.mark.parametrize(
    ("unit", "name", "sentence"),
    [
        ("04_code", "evidence-code-k3", "evidence code: it unwraps irises"),
        ("04_pp-mir", "pp-mir", "PP-MIR: it keeps irises"),
    ],
)
def test_without_irises_methods_that_need_them_are_refused(tmp_path, unit, name, sentence):
    work = make_work(tmp_path, by_patient=False)
    steps = replace(SMOKE.preprocess, centring="none")
    work.profile = replace(SMOKE, preprocess=steps)
    work.methods = (name,)
    train = {"04_code": stages.train_code, "04_pp-mir": stages.train_pp_mir}[unit]
    with work.store.writing(unit, {}) as folder:
        train(work, folder)
    with work.store.writing(f"05_privatized/{name}", {}) as folder:
        stages.privatize(work, folder, method=METHODS[name])
    [why] = work.refusals.values()
    assert why == f"{sentence}, and --centring none finds none"


def test_where_every_method_refuses_the_run_ends_with_the_reason(tmp_path):
    work = make_work(tmp_path, by_patient=False)
    work.methods = ("k-same-9", "evidence-code-k3")
    refuse_code(work)
    with work.store.writing("05_privatized/k-same-9", {}) as folder:
        stages.write_refusal(folder, "no nine others")
    with pytest.raises(MethodRefused, match=f"^no nine others; {WHY}$"):
        stages.evaluate(work, tmp_path)


def test_another_error_than_a_refusal_is_no_refusal(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise DataError("a broken file")

    work = make_work(tmp_path, by_patient=False)
    monkeypatch.setattr(RunData, "privatize", fail)
    with pytest.raises(DataError, match="a broken file"):
        stages.privatize(work, tmp_path, method=METHODS["blur-3"])


@pytest.mark.slow
def test_two_hundred_dicom_objects_hold_nothing_of_their_sources(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    from dicom_files import SOURCE, write_dicom

    mine, values = tmp_path / "mine", set()
    mine.mkdir()
    frames = [draw_eye(centre=(280 + 4 * n, 230)).astype(np.uint16) * 16 for n in range(10)]
    lines = ["path,patient_id,eye,glaucoma"]
    for number in range(200):
        given = {"PatientID": f"WAW-{number % 6 + 1}-7714", "AccessionNumber": f"ACC-{number:05}"}
        file = write_dicom(mine / f"Kowalska {number}.dcm", frames[number % 10], **given)
        source = pydicom.dcmread(file, stop_before_pixels=True)
        # Of the object itself, patient, device and study: all but what describes pixels.
        values |= {str(each.value) for each in source if each.tag.group < 0x28}
        lines.append(f"{file.name},{number % 6 + 1},left,{number % 2 == 0}")
    assert set(SOURCE.values()) - {SOURCE["PatientID"], SOURCE["AccessionNumber"]} <= values
    (mine / "manifest.csv").write_text("\n".join(lines))
    run = make_work(tmp_path, by_patient=False, size_px=SMOKE.preprocess.image_size_px)
    run = replace(run, store=mark_white(run.store, 4095))
    outs, blurred = [tmp_path / "out", tmp_path / "again"], METHODS["blur-3"]
    for out in outs:
        counts = stages.privatize_many(
            run, mine / "manifest.csv", blurred, out, allow_unknown=False, as_dicom=True
        )
    assert counts.images == 200
    objects = sorted((outs[0] / "images-000000000" / "dicom").iterdir())
    assert len(objects) == 200
    heads = [pydicom.dcmread(file) for file in objects]
    assert len({head.SOPInstanceUID for head in heads}) == 200
    for file, head in zip(objects, heads, strict=True):
        head_bytes = file.read_bytes()[: -head.Rows * head.Columns - 12]
        found = {str(element.value) for element in head.iterall()}
        assert not found & values
        assert not [value for value in values if len(value) > 3 and value.encode() in head_bytes]
        again = outs[1] / file.relative_to(outs[0])
        assert again.read_bytes() == file.read_bytes()
        if importlib.util.find_spec("dicom_validator") and importlib.util.find_spec("highdicom"):
            from dicom_tables import list_errors

            assert not list_errors(file)


def mark_white(store: RunStore, white: int) -> RunStore:
    """Plant another level of white into a run's stage 01."""
    file = store.folder("01_preprocessed") / "manifest.csv"
    table = pd.read_csv(file, dtype={"patient_id": str}).assign(white_level=white)
    table.to_csv(file, index=False)
    return store


def test_blocks_with_and_without_dicom_are_not_of_one_request(tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    privatize_two(tmp_path, ("5", "6"))
    run = make_work(tmp_path / "b", by_patient=False, size_px=SMOKE.preprocess.image_size_px)
    file, method = tmp_path / "mine" / "manifest.csv", METHODS["k-same-3"]
    with pytest.raises(SettingsError, match=r"something else \(dicom, secret\)"):
        stages.privatize_many(
            run, file, method, tmp_path / "out", allow_unknown=False, as_dicom=True
        )
