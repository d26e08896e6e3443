"""The report of a planted run: what it says, that it says so again, and what it leaves out."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from planted_predictions import EVERY_CLAIM_HOLDS
from planted_run import plant_whole_run

import cli as command_line
from replication.command_line import opening
from replication.errors import StageNotRun
from replication.report import describe_report, remake_report
from replication.report_data import read_records
from replication.report_table import find_best
from replication.report_text import answer, write_interval, write_margin, write_plain, write_seconds
from replication.store import RunStore, write_json
from validation.blessing import TABLE, Blessing, Check, Outcome

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    planted = plant_whole_run(tmp_path_factory.mktemp("runs"))
    remake_report(planted)
    return planted


@pytest.fixture
def page(store):
    return (store.root / "08_report" / "index.html").read_text(encoding="utf-8")


def test_the_first_sentence_answers_and_names_the_data(page):
    [heading] = re.findall(r"<h1>(.*?)</h1>", page)
    assert heading == (
        "On synthetic eyes, the paper’s 51 numbers are shown but can’t be judged; "
        "of its 13 claims 13 hold."
    )
    assert "the embedded surrogate (synthetic eyes, not Warsaw)" in page
    assert '<h2 id="blessing">BLESSED</h2>' in page


def test_every_number_stands_beside_its_interval_and_the_papers(page):
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    assert len(re.findall(r'class="ours"', body)) == 51
    assert len(re.findall(r"<small>[\d.]+–[\d.]+</small>", body)) == 51
    assert len(re.findall(r'class="label">paper ', body)) == 51
    assert body.count('data-value=""') == 5
    first = body[: body.index("</tr>")]
    assert "90.00" in first and "not judged" in first


def test_it_needs_no_other_file_and_is_small(page):
    assert len(page.encode()) < 6e6
    assert not re.findall(r'(?:src|href)="(?!data:|#|\.\./02_validated/)', page)
    assert "url(" not in page.replace("url(#", "")


def test_its_link_to_the_data_docs_leads_somewhere(store, page):
    [link] = re.findall(r'href="(\.\./[^"]*)"', page)
    assert (store.root / "08_report" / link).exists()


def test_figures_lie_beside_it_as_png_and_pdf(store):
    folder = store.root / "08_report"
    names = {file.stem for file in folder.glob("*.png")}
    assert names == {file.stem for file in folder.glob("*.pdf")}
    charts = {"plane-identity", "plane-replacement"}
    charts |= {f"training-{of}" for of in ("identity", "glaucoma", "vgan")}
    assert names == charts | {f"figure{number}" for number in (2, 3, 4, 5)}


def test_made_again_it_has_the_same_bytes_without_tensorflow(store):
    folder = store.root / "08_report"
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


def test_it_is_recorded_as_a_stage_of_all_before_it(store):
    record = json.loads((store.root / "08_report" / "stage.json").read_text())
    assert record["key"]["settings"] == describe_report(public=False)
    assert record["key"]["inputs"].keys() == read_records(store).keys()
    assert "06_evaluated" in record["key"]["inputs"]


@pytest.fixture(scope="module")
def attacked_on_warsaw(tmp_path_factory):
    """The page of a run that was attacked, but neither explained nor given its own PPRL-VGAN."""
    planted = plant_whole_run(tmp_path_factory.mktemp("attacked"), kind="warsaw")
    for unit in ("07_explained", "04_vgan"):
        (planted.root / unit).rename(planted.root / f"{unit}.partial")
    with planted.writing("06b_attacked", {}) as folder:
        write_json(folder / "table2.json", plant_attack(heading="Table 2 on eyes-of-a-clinic"))
        (folder / "plane.png").write_bytes(b"a picture")
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
    assert "1 of 3 trainings left no curve in this run: not measured." in attacked_on_warsaw
    assert "NOT_BLESSED" in attacked_on_warsaw


def plant_attack(*, heading: str) -> dict:
    """Return what `table2.json` holds, of one method and one measure."""
    number = {"value": 0.725, "low": 0.6, "high": 0.8, "chance": 0.01}
    row = {"method": "blur-3", "measure": "identity_best", **number}
    worst = {"requirement": "privacy of all patients", "share": 0.28}
    nothing = {"method": "blur-3", "measure": None, "share": None}
    claim = {"name": "blur hides", "quotation": "-", "static": "holds", "retrained": "fails"}
    return {
        "heading": heading,
        "rows": [row],
        "summary": [
            row | worst,
            nothing | {"requirement": "explanatory evidence"},
            nothing | {"requirement": "intelligibility"},
        ],
        "claims": [claim],
    }


def test_attacks_are_shown_where_they_were_run(attacked_on_warsaw):
    assert '<td class="number">72.5 (60.0 to 80.0) / 1.0</td>' in attacked_on_warsaw
    assert "0.28: best retrained attacker, 72.5 (60.0 to 80.0) / 1.0" in attacked_on_warsaw
    assert "<td>holds</td><td>fails</td>" in attacked_on_warsaw
    assert base64.b64encode(b"a picture").decode() in attacked_on_warsaw


def test_checks_of_the_maps_are_shown_where_they_were_made(attacked_on_warsaw):
    sentence = "destroys the map: <strong>fails</strong>. Criterion: they are alike."
    assert sentence in attacked_on_warsaw


def test_a_public_report_of_attacks_has_neither_their_heading_nor_their_picture(tmp_path):
    planted = plant_whole_run(tmp_path, kind="folder")
    with planted.writing("06b_attacked", {}) as folder:
        write_json(folder / "table2.json", plant_attack(heading="Table 2 on eyes-of-a-clinic"))
        (folder / "plane.png").write_bytes(b"a picture")
    page = remake_report(planted).read_text(encoding="utf-8")
    assert "72.5 (60.0 to 80.0) / 1.0" in page
    assert "eyes-of-a-clinic" not in page
    assert base64.b64encode(b"a picture").decode() not in page


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
        ("original", "glaucoma_f1"): 0.9,
    }
    assert find_best(numbers) == {
        ("blur-9", "identity_accuracy"),
        ("blur-3", "glaucoma_f1"),
        ("blur-9", "glaucoma_f1"),
        ("k-same-3", "identity_accuracy"),
    }


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


def test_numbers_are_written_in_one_way():
    assert write_interval((0.1234, 1.0)) == "12.3–100.0"
    assert write_margin(-0.01) == "−1.00"
    assert [write_seconds(s) for s in (0.25, 75, 3720)] == ["0.2 s", "1 min 15 s", "1 h 2 min"]
    assert [write_plain(v) for v in (True, 1e-6, 2.0, [1, 0.5])] == ["yes", "1e-06", "2", "1, 0.5"]


def test_every_method_of_the_table_is_planted(page):
    for method in EVERY_CLAIM_HOLDS:
        assert f'data-value="{method}"' in page
