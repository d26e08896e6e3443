"""Cases of a planted run: who is shown, in which form, and what is left on disk."""

import base64
import re
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
from drawn_eyes import draw_eye
from fake_eyes import plant_eyes
from planted_table2 import plant_rows

from replication.attack.table2 import EVIDENCE, PRIVACY
from replication.cases.answer import OTHER_FORM
from replication.config import SMOKE, ExplanationSettings
from replication.data.iris_by_hand import Circle
from replication.data.sources import Kind, Source
from replication.errors import DataError, MethodRefused, SettingsError
from replication.pipeline import case_answers, case_judging, case_releases, cases
from replication.pipeline.run_data import RunData
from replication.preprocess.frame import preprocess_image
from replication.privatize.methods import METHODS
from replication.records import RelevanceMaps, to_bytes
from replication.results.finished_run import FinishedRun
from replication.store.arrays import save_preprocessed
from replication.store.files import read_json
from replication.store.run_folder import LEDGER, RunStore
from replication.store.run_record import CODE, EVALUATORS

PATIENTS, EACH = 18, 8
SUBSETS = np.array(["train", "train", "train", "train", "train", "validation", "validation"])


class Network:
    """Judges by the mean of an image and embeds by the means of its places."""

    def __init__(self, task):
        self.task = task

    def predict(self, images):
        if self.task == "identity":
            return np.eye(PATIENTS)[np.zeros(len(images), int)]
        ill = 1 / (1 + np.exp(-4 * images.mean(axis=(1, 2, 3))))
        return np.column_stack([1 - ill, ill]).astype(np.float32)

    def embed(self, images):
        places = images.reshape(len(images), 4, 16, 4, 16, images.shape[-1])
        return 1 + places.mean(axis=(2, 4))


def explain(images, *, predictions):
    own = np.abs(predictions[:, 1] - 0.5) + 0.1
    maps = np.abs(images).mean(axis=3).astype(np.float32)
    return RelevanceMaps(maps, predictions.argmax(axis=1), own.astype(np.float32))


@pytest.fixture
def frame(tmp_path):
    file = tmp_path / "Qfile.png"
    cv2.imwrite(str(file), draw_eye(centre=(300, 230)))
    return file


@pytest.fixture
def run(tmp_path, frame, monkeypatch):
    """Plant a run of eighteen patients, every third ill; one of them has the frame's very image."""
    eyes = plant_eyes(PATIENTS, EACH, size_px=64, noise=0.1)
    subset = np.tile(np.resize(SUBSETS, EACH), PATIENTS)
    subset[EACH - 1 :: EACH] = "test"
    gray, _ = preprocess_image(
        cv2.imread(str(frame), cv2.IMREAD_GRAYSCALE), eye="left", settings=SMOKE.preprocess
    )
    images = to_bytes(eyes.images[..., 0])
    images[EACH * 4 - 1] = gray  # a test image of patient 3
    table = pd.DataFrame({"image_id": [f"Qimage-{n}" for n in range(len(images))]})
    table["patient_id"] = [f"{1 + n:04}" for n in eyes.identity]
    table = table.assign(path=[f"Qpath-{n}.png" for n in range(len(images))], white_level=255)
    table = table.assign(frame_width_px=640, frame_height_px=480)
    table = table.assign(identity=eyes.identity, glaucoma=eyes.glaucoma, subset=subset)
    store = RunStore(tmp_path / "run")
    store.open({})
    with store.writing("01_preprocessed", {}) as folder:
        save_preprocessed(folder, images, table)
    for unit in EVALUATORS.values():
        with store.writing(unit, {}):
            pass
    monkeypatch.setattr(RunData, "load_evaluator", lambda self, task: Network(task))
    worker = SimpleNamespace(explain=explain, start=lambda: None)
    for module in (cases, case_judging):
        monkeypatch.setattr(module, "explaining", lambda *_: nullcontext((worker, {})))
    monkeypatch.setattr(case_answers, "choose_cases", note_rows(chosen := []))
    data = RunData(
        Source(Kind.SURROGATE, tmp_path),
        SMOKE,
        seed=0,
        draws=1,
        methods=("k-same-grouped-3",),
        store=store,
        workers=1,
        track=lambda what, steps: nullcontext(lambda: None),
        explanation=ExplanationSettings(),
    )
    data.chosen = chosen
    return data


def note_rows(chosen):
    """Return `choose_cases` that takes all cases for near, and notes which it chooses."""
    choose = case_answers.choose_cases

    def choose_near(similar, *args, **options):
        near = np.ones(len(similar.near), dtype=bool)
        choice = choose(replace(similar, near=near), *args, **options)
        chosen.extend(choice.rows)
        return choice

    return choose_near


def ask(run, frame, method="k-same-grouped-3", *, patient=None, name="card"):
    folder = run.store.root / name
    run.chosen.clear()
    card = cases.explain_case(
        run,
        frame,
        eye="left",
        circle=None,
        patient=patient,
        method=METHODS[method],
        count=3,
        folder=folder,
    )
    return card, folder, run.train_set.identity[run.chosen].tolist()


def test_cases_of_the_verdict_and_one_of_the_other_are_of_other_patients(run, frame):
    card, folder, patients = ask(run, frame)
    assert len(card.cases) >= 1 and len(card.counter) == 1
    assert all(case.glaucoma == card.query.verdict for case in card.cases)
    assert all(case.glaucoma != card.query.verdict for case in card.counter)
    assert len(set(patients)) == len(patients) == len(card.cases) + 1
    assert all(case.alike >= 3 for case in (*card.cases, *card.counter))
    assert card.bound == pytest.approx(1 / 3)  # groups of three with as many images each
    assert read_json(folder / "card.json")["query"]["eye"] == "left"


def test_a_patient_with_the_same_image_is_found_and_not_shown(run, frame):
    card, _, patients = ask(run, frame)
    assert card.own_patient.startswith("found by the same image") and 3 not in patients


@pytest.mark.parametrize("spelling", ["{:04}", "{}"])
def test_a_patient_who_is_given_is_not_shown(run, frame, spelling):
    card, _, everybody = ask(run, frame, patient="a new one")
    assert card.own_patient.startswith("given; not among") and len(everybody) > 1
    for who in everybody:
        card, _, patients = ask(run, frame, patient=spelling.format(who + 1))
        assert who not in patients and card.own_patient.startswith("given; none")


def test_the_same_question_has_the_same_answer(run, frame):
    pages = [ask(run, frame, name=name)[1] / "index.html" for name in ("one", "two")]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    lines = (run.store.root / LEDGER).read_text().splitlines()
    assert len(lines) == len({line for line in lines}) == len(run.chosen)


def test_a_case_is_shown_in_no_second_form(run, frame):
    ask(run, frame)
    before = set(run.chosen)
    card, _, _ = ask(run, frame, "k-same-grouped-6")
    assert before.isdisjoint(run.chosen)
    assert card.refused[OTHER_FORM] >= 1


def test_no_original_and_no_word_of_the_data_is_on_the_card_or_in_the_ledger(run, frame):
    _, folder, _ = ask(run, frame)
    texts = [(folder / name).read_text() for name in ("index.html", "card.json")]
    texts.append((run.store.root / LEDGER).read_text())
    assert not re.search("Q(file|image|path)|00[01][0-9]\\b", " ".join(texts))
    originals = {each.tobytes() for each in to_bytes(run.dataset.images[..., 0])}
    found = re.findall('data:image/png;base64,([^"]+)', texts[0])
    pictures = [
        cv2.imdecode(np.frombuffer(base64.b64decode(one), np.uint8), cv2.IMREAD_GRAYSCALE)
        for one in found
    ]
    assert len(pictures) >= 2 + 2 * 3
    # The first is the doctor's own.
    assert [picture.tobytes() in originals for picture in pictures].count(True) == 1


class Code:
    """Code: whether an image is bright on average. Drawn: 64 x 64 px of noise, bright by the code."""

    def read_codes(self, images, identity, *, k):
        return (images.mean(axis=(1, 2, 3)) > 0).astype(int)

    def list_behind(self, codes):
        return np.zeros((len(codes), 0), int)

    def draw_images(self, codes, rng):
        noise = rng.uniform(-0.5, 0.1, (len(codes), 64 * 64)).astype(np.float32)
        return self.show_codes(noise, codes), noise

    def show_codes(self, latent, codes):
        gray = latent.reshape(len(codes), 64, 64, 1) + 0.8 * codes[:, None, None, None]
        return np.repeat(gray.astype(np.float32), 3, axis=-1)


def test_a_case_drawn_from_a_code_stands_beside_itself_without_the_sign(run, frame):
    run.code_generator = Code()
    with run.store.writing(CODE, {}):
        pass
    card, folder, _ = ask(run, frame, "evidence-code-k3")
    shown = [*card.cases, *card.counter]
    bright = [case for case in shown if case.without_sign]
    assert bright and len(bright) < len(shown)
    for case in bright:
        same = case.shown.image - case.without_sign.image
        np.testing.assert_allclose(same, 0.8, atol=0.01)
        assert case.shown.verdict and not case.without_sign.verdict
        ill = Network("glaucoma").predict(case.without_sign.image[None])[0, 1]
        assert case.without_sign.probability == pytest.approx(ill)
    assert not any(case.shown.verdict for case in shown if not case.without_sign)
    assert "Without the sign" in (folder / "index.html").read_text()


def test_where_everything_is_refused_nothing_is_written(run, frame):
    with pytest.raises(DataError, match=r"^blur-3: the gate refuses every case"):
        ask(run, frame, "blur-3")
    assert not (run.store.root / "card").exists() and not (run.store.root / LEDGER).exists()


def test_a_frame_of_another_size_is_refused_before_anything_is_made(run, tmp_path):
    file = tmp_path / "Qsmall.png"
    cv2.imwrite(str(file), draw_eye(centre=(300, 230), size=(600, 480)))
    with pytest.raises(DataError, match="the run's are 640x480"):
        ask(run, file)
    assert not (run.store.root / "cases").exists()


def test_pictures_are_made_once_and_again_where_a_network_was(run, monkeypatch):
    method, made = METHODS["k-same-grouped-3"], []
    privatize = RunData.privatize
    note = lambda self, *args, **options: made.append(1) or privatize(self, *args, **options)
    monkeypatch.setattr(RunData, "privatize", note)
    first = case_releases.release(run, method)
    made_once = len(made)
    np.testing.assert_array_equal(case_releases.release(run, method).images, first.images)
    assert len(made) == made_once
    with run.store.writing(EVALUATORS["identity"], {"again": True}) as folder:
        (folder / "weights.h5").write_bytes(b"others")
    case_releases.release(run, method)
    assert len(made) == 2 * made_once


SUMMARY = [
    {"method": method, "requirement": requirement, "share": share}
    for method, shares in {
        "original": (1.0, 1.0),
        "blur-9": (0.9, 0.1),
        "k-same-6": (0.5, 0.4),
        "dp-pix-16": (None, 0.9),
    }.items()
    for requirement, share in zip((PRIVACY, EVIDENCE), shares, strict=True)
]


def test_the_method_whose_worst_figure_is_best_is_the_default(run, monkeypatch):
    monkeypatch.setattr(FinishedRun, "attack", {"summary": SUMMARY})
    assert cases.choose_method(run).name == "k-same-6"


@pytest.mark.parametrize("attack", [None, {"summary": SUMMARY[-2:]}])
def test_without_a_measured_method_one_has_to_be_given(run, monkeypatch, attack):
    monkeypatch.setattr(FinishedRun, "attack", attack)
    with pytest.raises(SettingsError, match="^--method: no method's privacy counts as measured"):
        cases.choose_method(run)


@pytest.mark.parametrize("counts", [True, False])
def test_the_worst_risks_of_both_victims_are_of_the_runs_table_2(run, monkeypatch, counts):
    checks = [{"check": "originals", "holds": counts}]
    monkeypatch.setattr(FinishedRun, "attack", {"rows": plant_rows(), "attackers": checks})
    risks = list(case_answers.list_risks(run, METHODS["k-same-3"]))
    kinds = [("The patient", True), ("The patient", False)]
    kinds += [("Others whose images went in", fraction) for fraction in (True, False)]
    assert [(risk.victim, risk.fraction) for risk in risks] == (kinds if counts else [])
    assert all(risk.low < risk.value < risk.high and risk.chance == 0.1 for risk in risks)


def test_a_run_that_was_not_attacked_has_no_measured_risks(run):
    assert list(case_answers.list_risks(run, METHODS["k-same-3"])) == []


def test_table_3_has_every_method_beside_the_originals_but_what_refuses_the_data(run):
    large, small = (METHODS[f"k-same-grouped-{k}"] for k in (12, 3))
    table = case_judging.judge_cases(run, [large, small])
    assert (
        "Not measured: k-same-grouped-12: K-Same-Select in groups with K = 12: only" in table.note
    )
    with pytest.raises(MethodRefused, match="with K = 12"):
        case_judging.judge_cases(run, [large])
    rows = pd.read_csv(run.store.root / "cases" / "table3.csv").set_index(["method", "measure"])
    assert list(rows.index.unique("method")) == ["original", "k-same-grouped-3"]
    assert (rows.loc["original"].loc[["kept"], "value"].dropna() == 1).all()
    assert rows.loc[("original", "refused"), "value"] == 0
    assert rows.loc[("k-same-grouped-3", "nearest_1"), "images"] == PATIENTS
    members = rows.loc[(slice(None), "member"), :]
    assert (members["images"] == PATIENTS).all() and members["value"].between(0, 1).all()
    unknown = rows.loc[(slice(None), ["same_kind", "random_kind", "kind_read"]), "value"]
    assert unknown.isna().all() and "not measured" in table.to_markdown()
    assert (run.store.root / "cases" / "table3.md").read_text() == table.to_markdown() + "\n"


def list_frames(folder, *rows, head="path,eye,patient_id"):
    manifest = folder / "Qmany.csv"
    manifest.write_text("\n".join([head, *rows]) + "\n")
    return manifest


def ask_many(run, manifest, name="cards", method="k-same-grouped-3"):
    folder = run.store.root / name
    run.chosen.clear()
    given = {"method": METHODS[method], "count": 3, "folder": folder}
    return cases.explain_cases(run, manifest, **given), folder


@pytest.fixture
def several(tmp_path, frame):
    """Four rows, of which the second has no iris, the third is no image, the fourth names no eye."""
    cv2.imwrite(str(tmp_path / "Qblank.png"), np.full((480, 640), 127, np.uint8))
    (tmp_path / "Qtext.png").write_text("no image")
    rows = ["Qfile.png,left,", "Qblank.png,left,", "Qtext.png,right,0002", "Qfile.png,both,"]
    return list_frames(tmp_path, *rows, "Qfile.png,LEFT,0005")


def test_many_images_have_the_cards_that_each_has_alone(run, frame, several):
    listed, folder = ask_many(run, several)
    for number, patient in ((1, None), (5, "0005")):
        _, alone, _ = ask(run, frame, patient=patient, name=f"alone-{number}")
        assert (folder / f"{number}.html").read_bytes() == (alone / "index.html").read_bytes()
        assert read_json(folder / f"{number}.json") == read_json(alone / "card.json")
    assert [bool(row.card) for row in listed] == [True, False, False, False, True]
    assert {"1.html", "1.json", "5.html", "5.json", "index.html", "cards.csv"} == {
        file.name for file in folder.iterdir()
    }


def test_rows_without_a_card_stand_in_the_table_with_their_reason(run, several):
    listed, folder = ask_many(run, several)
    table = pd.read_csv(folder / "cards.csv", keep_default_na=False)
    assert table["row"].tolist() == [1, 2, 3, 4, 5]
    assert table["card"].tolist() == ["1.html", "", "", "", "5.html"]
    for place, words in ((1, "no iris was found"), (2, "path: "), (3, "eye: expected")):
        assert words in table["problem"][place] == listed[place].problem
        assert words in (folder / "index.html").read_text()
    assert table["cases"][0] == len(run.chosen) / 2 - 1
    page = (folder / "index.html").read_text()
    assert '<a href="1.html">' in page and "2 of 5 images answered" in page
    assert not re.search("Qfile|Qtext|Qblank|Qmany|000[1-9]", page + table.to_csv())


def test_a_circle_takes_the_place_of_the_iris(run, frame, tmp_path, several):
    head, beside = "path,eye,centre_x,centre_y,radius", "Qfile.png,left,300,230,50"
    given = ["Qblank.png,left,320,234,50", beside, "Qfile.png,left,640,230,50"]
    listed, folder = ask_many(run, list_frames(tmp_path, *given, head=head))
    assert [bool(row.card) for row in listed] == [True, True, False]
    assert "its circle lies outside the image" in listed[2].problem
    alone = cases.explain_case(
        run,
        frame,
        eye="left",
        circle=Circle(300, 230, 50),
        patient=None,
        method=METHODS["k-same-grouped-3"],
        count=3,
        folder=tmp_path / "alone",
    )
    assert alone.to_plain() == read_json(folder / "2.json")


def test_networks_and_cases_are_read_once_and_a_picture_explained_once(run, frame, monkeypatch):
    explained, loaded = [], []
    note = lambda images, *, predictions: (
        explained.append(len(images)) or explain(images, predictions=predictions)
    )
    worker = SimpleNamespace(explain=note, start=lambda: None)
    monkeypatch.setattr(cases, "explaining", lambda *_: nullcontext((worker, {})))
    load = RunData.load_evaluator
    ask_many(run, list_frames(frame.parent, "Qfile.png,left"), name="first")
    counting = lambda self, task: loaded.append(task) or load(self, task)
    monkeypatch.setattr(RunData, "load_evaluator", counting)
    monkeypatch.setattr(cases, "AT_ONCE", 2)
    explained.clear()
    ask_many(run, list_frames(frame.parent, *["Qfile.png,left"] * 5))
    assert loaded == ["glaucoma"]
    assert explained == [2, len(set(run.chosen)), 2, 1]


def test_where_no_row_can_be_answered_nothing_is_written(run, tmp_path, several):
    manifest = list_frames(tmp_path, "Qtext.png,left", "gone.png,left", head="path,eye")
    with pytest.raises(DataError, match="^--queries: none of 2 rows can be answered; row 1: path"):
        ask_many(run, manifest)
    left = {file.name for file in run.store.root.iterdir()}
    assert "cards" not in left and LEDGER not in left and not any("partial" in n for n in left)


def test_cards_replace_cards_and_nothing_else(run, tmp_path, several):
    _, folder = ask_many(run, several)
    ask_many(run, list_frames(tmp_path, "Qfile.png,left"))
    assert {file.name for file in folder.iterdir()} == {
        *["1.html", "1.json", "index.html", "cards.csv"]
    }
    others = run.store.root / "others"
    others.mkdir()
    (others / "thesis.tex").write_text("mine")
    with pytest.raises(SettingsError, match="holds other files than cards"):
        ask_many(run, several, name="others")
    assert (others / "thesis.tex").read_text() == "mine"


def test_a_fault_between_two_batches_leaves_the_cards_of_before(run, tmp_path, monkeypatch):
    manifest = list_frames(tmp_path, *["Qfile.png,left"] * 3)
    _, folder = ask_many(run, manifest)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(cases, "AT_ONCE", 1)
    write, written = cases._write_card, []

    def fail_later(*given, **options):
        if written:
            raise OSError("disk")
        written.append(write(*given, **options))

    monkeypatch.setattr(cases, "_write_card", fail_later)
    with pytest.raises(OSError, match="disk"):
        ask_many(run, manifest)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_rows_that_name_no_file_are_refused_before_cases_are_released(run, tmp_path, monkeypatch):
    manifest = list_frames(tmp_path, ",left", "Qfile.png,both", head="path,eye")
    monkeypatch.setattr(cases, "release", lambda *_: pytest.fail("released"))
    with pytest.raises(DataError, match="none of 2 rows can be answered; row 1: path is blank"):
        ask_many(run, manifest)
