"""The report of a planted run: what it has, the same each time, and how little code it takes.

A public report holds nothing of a patient; what is searched for here is found in a private one.
"""

import base64
import json
import re
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import cv2
import matplotlib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from places import ROOT
from planted_predictions import BEYOND_HOLDS, EVERY_CLAIM_HOLDS, PATIENTS, Rates
from planted_run import FILE, FOLDER, PATIENT, draw_eye, open_run, plant_whole_run
from planted_table2 import plant_attack

import cli as command_line
from replication.command_line import opening
from replication.errors import StageNotRun
from replication.figures.maps import PALETTE
from replication.privatize.methods import BEYOND
from replication.report import eyes
from replication.report.eyes import GAP, ZOOM, Panel, draw_eyes
from replication.report.stage import (
    answer,
    describe_report,
    find_best,
    name_data,
    remake_report,
    write_margin,
    write_plain,
    write_range,
    write_seconds,
)
from replication.results.finished_run import FinishedRun
from replication.store.files import write_json
from replication.store.run_folder import RunStore
from validation.blessing.blessing import TABLE, Blessing, Check, Outcome
from validation.statistics import resampling

CLINIC = "eyes-of-a-clinic"
ALIKE = 0.8  # correlation
SCALE = (
    32 / 194
)  # eyes are 194 dots wide in a report's figures, and searched for at half their size


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    planted = plant_whole_run(tmp_path_factory.mktemp("runs"), kind="folder")
    plant_one_number(planted)
    return planted.root


def plant_one_number(planted):
    """Write Table 2 of one method and one measure."""
    number = {"value": 0.725, "low": 0.6, "high": 0.8, "chance": 0.01}
    rows = [{"method": "blur-3", "measure": "identity_best", **number}]
    plant_attack(planted, f"Table 2 on {CLINIC}", rows)


def make(folder, *options):
    result = CliRunner().invoke(command_line.cli, ["report", str(folder), *options])
    assert result.exit_code == 0, result.output
    return {file.name: file.read_bytes() for file in (folder / "09_report").iterdir()}


def unpack(files):
    """Return every byte of a report: files, what is base64 in the page, what is deflated in them."""
    page = files["index.html"]
    inside = [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", page)]
    whole = [*files.values(), *inside]
    for data in [*whole]:
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, flags=re.DOTALL):
            try:
                whole.append(zlib.decompress(stream))
            except zlib.error:
                whole.append(stream)
    return whole, inside


def find_names(files):
    whole, _ = unpack(files)
    text = b"\n".join(whole) + b"\n" + "\n".join(files).encode()
    wanted = (FOLDER, PATIENT, FILE, CLINIC, "eye-0", ".bmp", tempfile.gettempdir(), "manifest.csv")
    return {name for name in wanted if name.encode() in text}


def find_eyes(files):
    """Return how much the likest place in any picture resembles an eye, at the scales of a page."""
    _, inside = unpack(files)
    pictures = inside + [data for name, data in files.items() if name.endswith(".png")]
    likest = 0.0
    for data in pictures:
        gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        small = cv2.resize(gray, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
        for row in (0, 23, 200):
            eye = cv2.resize(draw_eye(row), (32, 32), interpolation=cv2.INTER_AREA)
            if min(small.shape) >= 32:
                found = cv2.matchTemplate(small, eye, cv2.TM_CCOEFF_NORMED)
                likest = max(likest, float(np.nan_to_num(found, posinf=0).max()))
    return likest


def test_public_is_the_default_and_holds_nothing_of_a_patient(folder):
    files = make(folder)
    page = files["index.html"].decode()
    assert "Public report: no picture of an eye" in page
    assert find_names(files) == set()
    assert find_eyes(files) < ALIKE
    assert b"<img" not in files["index.html"] and b"<image" not in files["index.html"]
    assert not [name for name, data in files.items() if b"/Subtype /Image" in data]
    assert not [name for name in files if name.startswith("figure")]
    assert "validation.md" not in page
    # What may be shown is.
    assert "13 hold" in page and 'aria-label="Scatter plot' in page
    assert "72.5 (60.0 to 80.0) / 1.0" in page
    for name, data in files.items():
        if name.endswith(".png"):
            assert set(re.findall(rb"(tEXt|iTXt|zTXt|eXIf|tIME)", data)) == set()
        if name.endswith(".pdf"):
            assert set(re.findall(rb"/(\w+) \(", data)) <= {b"Creator", b"Producer"}
            assert b"CreationDate" not in data


def test_private_is_an_option_and_is_what_the_search_finds(folder):
    files = make(folder, "--private")
    page = files["index.html"].decode()
    assert "<strong>Private report.</strong>" in page
    assert FOLDER in find_names(files)
    assert find_eyes(files) > 0.95
    assert "figure5.png" in files
    assert [name for name, data in files.items() if b"/Subtype /Image" in data]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    planted = plant_whole_run(tmp_path_factory.mktemp("runs"))
    remake_report(planted)
    return planted


@pytest.fixture
def page(store):
    return (store.root / "09_report" / "index.html").read_text(encoding="utf-8")


def test_the_first_sentence_answers_and_names_the_data(page):
    [heading] = re.findall(r"<h1>(.*?)</h1>", page)
    assert heading == (
        "On synthetic eyes, the paper’s 51 numbers are shown but can’t be judged; "
        "of its 13 claims 13 hold."
    )
    assert "the embedded surrogate (synthetic eyes, not Warsaw)" in page
    assert '<h2 id="blessing">MEASURED</h2>' in page
    assert "has no trainings with these settings and data." in page
    assert "Claims (findings that decide nothing)" in page


def test_every_number_stands_beside_its_interval_and_the_papers(page):
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    assert len(re.findall(r'class="ours"', body)) == 51
    assert len(re.findall(r"<small>[\d.]+–[\d.]+</small>", body)) == 51
    assert len(re.findall(r'class="label">paper ', body)) == 51
    assert body.count('data-value=""') == 5
    first = body[: body.index("</tr>")]
    assert "90.00" in first and "not judged" in first
    assert all(f'data-value="{method}"' in page for method in EVERY_CLAIM_HOLDS)


def test_a_row_that_draws_says_from_how_many_patients(page):
    words = "patients to draw from: 7 for healthy eyes, 69 for eyes with glaucoma"
    assert page.count("patients to draw from") == 1
    row = page[page.index('data-value="pprl-vgan-different-pathology"') :]
    # Last, so that verdicts of all rows stand in one line.
    assert row[: row.index("</th>")].endswith(f"<small>not judged</small><small>{words}</small>")


def test_it_needs_no_other_file_and_is_small_and_its_link_leads_somewhere(store, page):
    assert len(page.encode()) < 6e6
    assert not re.findall(r'(?:src|href)="(?!data:|#|\.\./02_validated/)', page)
    assert "url(" not in page.replace("url(#", "")
    [link] = re.findall(r'href="(\.\./[^"]*)"', page)
    assert (store.root / "09_report" / link).exists()


def test_figures_lie_beside_it_as_png_and_pdf(store):
    folder = store.root / "09_report"
    names = {file.stem for file in folder.glob("*.png")}
    assert names == {file.stem for file in folder.glob("*.pdf")}
    charts = {"plane-identity"} | {
        f"training-{of}" for of in ("identity", "glaucoma", "code", "pp-mir", "vgan")
    }
    assert names == charts | {f"figure{number}" for number in (2, 3, 4, 5)}


def test_made_again_it_has_the_same_bytes_without_tensorflow(store):
    folder = store.root / "09_report"
    before = {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "stage.json"}
    code = (
        "import sys, cli\n"
        "from click.testing import CliRunner\n"
        f"result = CliRunner().invoke(cli.cli, ['report', {str(store.root)!r}])\n"
        "assert result.exit_code == 0, result.output\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "stage.json"} == before


def test_it_passes_through_few_files_and_nothing_is_read_or_drawn_twice(store, monkeypatch):
    """Files of ours in which a function is called: 33 of replication and 14 of validation once."""
    files, read, drawn = set(), [], []
    read_csv, resample = pd.read_csv, resampling.resample_ratios

    def note_file(frame, _event, _arg):
        if frame.f_code.co_name != "<module>":
            files.add(Path(frame.f_code.co_filename))

    def note_table(file, **options):
        read.append(file.relative_to(store.root).as_posix())
        return read_csv(file, **options)

    def note_draws(ratios, **options):
        drawn.append(options["patients"])
        return resample(ratios, **options)

    monkeypatch.setattr(pd, "read_csv", note_table)
    monkeypatch.setattr(resampling, "resample_ratios", note_draws)
    before = sys.gettrace()
    sys.settrace(note_file)
    remake_report(store)
    sys.settrace(before)
    for package, most in (("replication", 20), ("validation", 12)):
        ours = {f for f in files if f.is_relative_to(ROOT / package) and f.suffix == ".py"}
        assert len(ours) <= most, sorted(ours)
    assert read.count("06_evaluated/predictions.csv") == 1
    assert len(set(read)) == len(read)
    assert drawn == [PATIENTS]


def test_it_is_recorded_as_a_stage_of_all_before_it(store):
    record = json.loads((store.root / "09_report" / "stage.json").read_text())
    assert record["key"]["settings"] == describe_report(public=False)
    assert record["key"]["inputs"].keys() == FinishedRun(store).records.keys()
    assert "06_evaluated" in record["key"]["inputs"]


@pytest.fixture(scope="module")
def attacked_on_warsaw(tmp_path_factory):
    """The page of a run that was attacked, but neither explained nor given its own PPRL-VGAN."""
    known = EVERY_CLAIM_HOLDS | {"pprl-vgan-random": Rates(0.9, 0.8, 0.7, 0.2)} | BEYOND_HOLDS
    planted = plant_whole_run(tmp_path_factory.mktemp("attacked"), kind="warsaw", rates=known)
    for unit in ("08_explained", "04_vgan"):
        (planted.root / unit).rename(planted.root / f"{unit}.partial")
    plant_one_number(planted)
    checked = {"finding": "fails", "criterion": "they are alike"}
    write_json(planted.root / "explanation_sanity.json", {"randomisation": checked})
    return remake_report(planted, public=False).read_text(encoding="utf-8")


def test_what_was_not_run_is_not_measured(page, attacked_on_warsaw):
    expected = (
        "Attackers who retrain on privatized images, and what is left of the sign: not measured."
    )
    assert expected in page
    assert "Whether the maps depend on what was learned: not measured." in page
    assert "Figure 5: Deep Taylor relevance: not measured." in attacked_on_warsaw
    assert "1 of 5 trainings left no curve in this run: not measured." in attacked_on_warsaw
    assert "NOT_BLESSED" in attacked_on_warsaw


def test_methods_beyond_the_paper_have_a_table_of_their_own(page, attacked_on_warsaw):
    assert "Beyond the paper" not in page
    start = attacked_on_warsaw.index("<h3>Beyond the paper</h3>")
    table = attacked_on_warsaw[start : attacked_on_warsaw.index("</table>", start)]
    assert table.count("<tr>") == 1 + len(BEYOND_HOLDS)
    row = table[table.index("<td>Privatized set with groups of 3 patients or more</td>") :]
    assert re.match(r'.*?<td class="number">20\.0 \(\d+\.\d to \d+\.\d\)</td>', row)
    assert "m = 16 pixels, not for a person" in table
    assert start < attacked_on_warsaw.index('<h2 id="plane">')


def test_attacks_and_checks_of_the_maps_are_shown_where_they_were_made(attacked_on_warsaw):
    assert '<td class="number">72.5 (60.0 to 80.0) / 1.0</td>' in attacked_on_warsaw
    assert "0.28: best retrained attacker, 72.5 (60.0 to 80.0) / 1.0" in attacked_on_warsaw
    assert "<td>holds</td><td>fails</td>" in attacked_on_warsaw
    assert attacked_on_warsaw.count('aria-label="Chart with a row for each method') == 1
    sentence = "destroys the map: <strong>fails</strong>. Criterion: they are alike."
    assert sentence in attacked_on_warsaw


def test_on_warsaw_each_number_has_its_verdict(attacked_on_warsaw):
    sentence = r"On the paper’s own data, \d+ of the paper’s 51 numbers hold; of its"
    assert re.search(sentence, attacked_on_warsaw)
    assert '<small class="outside">outside</small>' in attacked_on_warsaw


def test_a_run_that_is_not_evaluated_has_no_report(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path)
    with pytest.raises(StageNotRun, match="not a run's folder"):
        remake_report(RunStore(tmp_path))
    assert CliRunner().invoke(command_line.cli, ["report"]).exit_code == 4


def test_the_best_is_the_least_privacy_lost_and_the_most_utility_kept():
    numbers = {
        ("blur-3", "identity_accuracy"): 0.7,
        ("blur-9", "identity_accuracy"): 0.2,
        ("blur-3", "glaucoma_f1"): 0.8,
        ("blur-9", "glaucoma_f1"): 0.8,
        ("k-same-3", "identity_accuracy"): 0.1,
        ("k-same-3", "replacement_accuracy"): 0.5,
        ("k-same-6", "replacement_accuracy"): 0.4,
        ("original", "glaucoma_f1"): 0.9,
    }
    assert find_best(numbers) == {
        ("blur-9", "identity_accuracy"),
        ("blur-3", "glaucoma_f1"),
        ("blur-9", "glaucoma_f1"),
        ("k-same-3", "identity_accuracy"),
        ("k-same-6", "replacement_accuracy"),
    }


def test_an_original_is_read_from_its_row_among_all_images(tmp_path):
    store = open_run(tmp_path / "run")
    with store.writing("01_preprocessed", {}) as folder:
        np.save(folder / "images.npy", np.arange(3).repeat(4).reshape(3, 2, 2))
    table = pd.DataFrame({"subset": ["train", "test", "test"], "glaucoma": [True, False, True]})
    found = eyes.TestEyes(SimpleNamespace(store=store, manifest=table, relevance=None))
    assert found.shown == {"an eye with glaucoma": 1, "an eye without": 0}
    assert [found.read("original", row).max() for row in (0, 1)] == [1, 2]


def test_relevance_is_shown_by_its_root_and_hides_as_much_of_the_image(tmp_path):
    relevance = np.array([[1.0, 0.25]])
    panels = [Panel(None, relevance), Panel(np.zeros((1, 2), np.uint8), relevance)]
    rows, columns = {"an eye": panels}, ["alone", "over black"]
    picture = draw_eyes("figure", rows, columns, folder=tmp_path, private=False)
    drawn = cv2.imdecode(np.frombuffer(base64.b64decode(picture.png), np.uint8), cv2.IMREAD_COLOR)
    heat = 255 * matplotlib.colormaps[PALETTE]([1.0, 0.5])[:, :3]
    second = 2 * ZOOM + GAP
    shown = drawn[0, [0, ZOOM, second, second + ZOOM], ::-1]
    expected = np.concatenate([heat, heat * [[1], [0.5]]])
    np.testing.assert_allclose(shown, expected, atol=0.51)


def test_each_of_many_columns_has_a_letter_of_its_own(tmp_path):
    names = [method.short for method in BEYOND] + ["one more", "and another"]
    rows = {"an eye": [Panel(np.zeros((8, 8), np.uint8))] * len(names)}
    picture = draw_eyes("figure", rows, names, folder=tmp_path, private=False)
    assert [column.partition(" ")[0] for column in picture.columns] == [
        f"({letter})" for letter in "abcdefghijk"[: len(names)]
    ]
    assert len(picture.columns) == len(names) > 8


def test_pictures_of_patients_are_marked_below_the_eyes(tmp_path):
    rows = {"an eye": [Panel(np.full((64, 64), 90, np.uint8))] * 2}
    for name in ("plain", "private"):
        draw_eyes(name, rows, ["one", "other"], folder=tmp_path, private=name == "private")
    plain, private = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("plain", "private"))
    eyes = 64 * ZOOM
    assert (plain[:eyes] == private[:eyes]).all()
    assert len(private) > len(plain) and (private[len(plain) :] < 255).any()
    sizes = [(tmp_path / f"{name}.pdf").stat().st_size for name in ("plain", "private")]
    assert sizes[0] < sizes[1]


def test_a_smoke_run_answers_nothing():
    run = {"profile": {"name": "smoke"}, "source": {"kind": "warsaw"}}
    assert "its numbers mean nothing" in answer(run, Blessing(()))


def test_on_warsaw_the_numbers_inside_are_counted():
    run = {"profile": {"name": "cpu"}, "source": {"kind": "warsaw"}}
    checks = [
        Check(TABLE, "a", "inside", Outcome.PASSED, ""),
        Check(TABLE, "b", "outside", Outcome.FAILED, ""),
        Check("claims", "c", "fails", Outcome.FAILED, ""),
    ]
    assert answer(run, Blessing(tuple(checks))) == (
        "On the paper’s own data, 1 of the paper’s 2 numbers hold; of its 1 claims 1 fails."
    )


def test_on_the_surrogate_numbers_like_other_seeds_are_counted():
    run = {"profile": {"name": "cpu"}, "source": {"kind": "surrogate"}}
    checks = [
        Check(TABLE, "a", "inside", Outcome.PASSED, ""),
        Check(TABLE, "b", "outside", Outcome.FAILED, ""),
        Check("claims", "c", "fails", Outcome.FINDING, ""),
    ]
    assert answer(run, Blessing(tuple(checks))) == (
        "On synthetic eyes, the paper’s 2 numbers are shown but can’t be judged; 1 of 2 are where "
        "trainings with other seeds put them; of its 1 claims 1 fails."
    )


def test_numbers_are_written_in_one_way():
    assert write_range((0.1234, 1.0)) == "12.3–100.0"
    assert write_margin(-0.01) == "−1.00"
    assert [write_seconds(s) for s in (0.25, 74.6, 3720)] == ["0.2 s", "1 min 15 s", "1 h 2 min"]
    assert [write_plain(v) for v in (True, 1e-6, 2.0, [1, 0.5])] == ["yes", "1e-06", "2", "1, 0.5"]


def test_the_users_limit_of_uncentred_images_stands_beside_the_data():
    run = {"source": {"kind": "manifest", "name": "Qeyes.csv"}, "split": "image"}
    usual = name_data(run, public=True)
    wider = name_data(run | {"max_uncentred": 0.3}, public=True)
    assert wider.startswith(f"{usual}. Up to 30% of the images may be without a centred iris")
    assert "centred" not in usual and "Qeyes" not in wider
