import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from left_files import leave_otherwise
from places import DOCS
from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions
from planted_relevance import plant_relevance
from planted_run import open_run

from replication.attack import table2_text
from replication.attack.table2_text import NOTES, READ_ME, SUMMARY
from replication.data.sources import Kind, Source
from replication.errors import DataError, StageNotRun
from replication.evaluate.table1 import Table1Row, build_table, to_json, to_markdown
from replication.results import page as pages
from replication.results.page import CLAIMS_INTRO
from replication.store.run_folder import RunStore
from validation.claims.relevance_claims import RELEVANCE_CLAIMS
from validation.claims.table1_claims import CLAIMS
from validation.paper.numbers import read_paper_percent


@pytest.fixture
def run(tmp_path):
    profile = {"name": "cpu", "evaluator": {"epochs": 3}, "vgan": {"steps": 7}}
    store = open_run(tmp_path / "mine", profile=profile, seed=4, draws=10)
    table = build_table(
        [
            Table1Row("original", True, 0.9, None, 0.8, 0.7),
            Table1Row("blur-3", True, 0.5, None, 1, 1),
        ]
    )
    blurred = {name: rates for name, rates in EVERY_CLAIM_HOLDS.items() if "vgan" not in name}
    with store.writing("06_evaluated", {}) as folder:
        text = to_markdown(table, paper_percent=read_paper_percent())
        (folder / "table1.md").write_text(f"On what it was measured\n\n{text}")
        (folder / "table1.json").write_text(to_json(table))
        plant_predictions(blurred).to_csv(folder / "predictions.csv", index=False)
    return store.root


def describe_otherwise(run, **changes):
    described = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(described | changes))


def write_page(run, folder):
    (page,) = pages.write_results([run], folder)
    return page.read_text()


def test_a_run_made_anew_replaces_its_section_and_no_other(run, tmp_path, monkeypatch):
    def write(text, seed):
        monkeypatch.setattr(pages, "describe_run", lambda *_: f"## A run\n\n{text}\n")
        describe_otherwise(run, seed=seed)
        write_page(run, tmp_path)
        return pages.read_sections(tmp_path / "surrogate.md")

    first, other = (f"Split by image: profile cpu, seed {seed}" for seed in (4, 5))
    assert write("one", 4) == {first: "## A run\n\none\n"}
    assert write("two", 5) == {first: "## A run\n\none\n", other: "## A run\n\ntwo\n"}
    assert write("three", 4) == {first: "## A run\n\nthree\n", other: "## A run\n\ntwo\n"}


def test_costs_that_took_hours_stay_where_a_run_made_anew_has_none(run, tmp_path, monkeypatch):
    def write(costs):
        text = f"## A run\n\n### Departures\n\n{costs}\n\n### Settings\n\nNone.\n"
        monkeypatch.setattr(pages, "describe_run", lambda *_: text)
        describe_otherwise(run, seed=4)
        write_page(run, tmp_path)
        [section] = pages.read_sections(tmp_path / "surrogate.md").values()
        return section.split("### Departures\n\n", 1)[1].removesuffix("### Settings\n\nNone.\n")

    measured, anew = (f"{pages.COSTS}\n\n| choice |\n|---|\n| {one} |" for one in ("a", "b"))
    assert write(pages.NO_COSTS) == f"{pages.NO_COSTS}\n\n"
    assert write(measured) == f"{measured}\n\n"
    for _ in range(2):
        assert write(pages.NO_COSTS) == f"{pages.EARLIER}\n\n{measured}\n\n"
    assert write(anew) == f"{anew}\n\n"


@pytest.mark.parametrize(
    ("kind", "name", "file"),
    [
        ("surrogate", "any", "surrogate.md"),
        ("folder", "My Eyes", "my-eyes.md"),
        ("folder", "iris.2019", "iris-2019.md"),
        ("manifest", "discs.csv", "discs.md"),
        ("folder", "index", "data-index.md"),
    ],
)
def test_each_data_set_has_its_page(run, tmp_path, monkeypatch, kind, name, file):
    monkeypatch.setattr(pages, "describe_run", lambda *_: "## A run\n")
    describe_otherwise(run, source={"kind": kind, "name": name})
    assert pages.write_results([run], tmp_path) == [tmp_path / file]


def test_the_summary_is_read_off_the_sections(run, tmp_path):
    page = write_page(run, tmp_path / "pages")
    summary = page.partition("<!-- begin")[0]
    assert "\n| originals: glaucoma F1 | 70.00 |\n" in summary
    assert "\n| best retrained attacker, Blurring kernel 21 | - |\n" in summary
    counts = [page.count(f": {finding}.**") for finding in ("holds", "fails", "undecided")]
    assert f" (number) | {' / '.join(map(str, counts))} |\n" in summary
    failed = re.findall(r"^- \*\*(.*): fails\.\*\*", page, re.MULTILINE)
    assert f"| claims that fail | {'; '.join(failed) or 'none'} |\n" in summary


def test_another_page_is_not_overwritten(run, tmp_path):
    (tmp_path / "surrogate.md").write_text("# Mine")
    with pytest.raises(DataError, match=r"surrogate.md: not a page of results; .*--out"):
        pages.write_results([run], tmp_path)
    assert (tmp_path / "surrogate.md").read_text() == "# Mine"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("surrogate", Source(Kind.SURROGATE, Path("surrogate"))),
        ("real-eyes", Source(Kind.FOLDER, Path("real-eyes"))),
    ],
)
def test_summary_and_figure_of_a_committed_page_are_those_of_its_sections(name, source, tmp_path):
    page = DOCS / "results" / f"{name}.md"
    sections = pages.read_sections(page)
    assert sections
    assert pages.lay_out_page(name, source, sections) == page.read_text(encoding="utf-8")
    pages.draw_page(tmp_path / page.name, sections)
    picture = f"images/overview-{name}.png"
    kept, drawn = (cv2.imread(str(place / picture)) for place in (page.parent, tmp_path))
    assert kept.shape == drawn.shape
    assert np.abs(kept.astype(int) - drawn).mean() < 0.01


def test_maps_that_were_not_made_are_not_measured(run, tmp_path):
    page = write_page(run, tmp_path / "pages")
    assert "Relevance maps: not measured." in page
    assert "Whether maps depend on what was learned: not measured." in page


def test_a_split_by_patient_is_in_the_heading(run, tmp_path):
    by_image = write_page(run, tmp_path / "pages")
    describe_otherwise(run, split="patient")
    both = write_page(run, tmp_path / "pages")
    headings = [f"\n## Split by {what}: profile cpu, seed 4\n" for what in ("image", "patient")]
    assert [heading in by_image for heading in headings] == [True, False]
    assert [both.count(heading) for heading in headings] == [1, 1]
    describe_otherwise(run, max_uncentred=0.25)
    assert f"{headings[1][:-1]}, up to 25% uncentred\n" in write_page(run, tmp_path / "pages")


def test_checks_of_maps_are_shown_even_without_stage_08(run, tmp_path):
    (run / "explanation_sanity.md").write_text("Randomisation destroys the map: **fails**.")
    page = write_page(run, tmp_path / "pages")
    assert "Randomisation destroys the map: **fails**." in page
    assert "what was learned: not measured" not in page


@pytest.mark.parametrize(("kind", "copies"), [("surrogate", 1), ("folder", 0)])
def test_the_page_has_the_maps_and_pictures_of_drawn_eyes_alone(run, tmp_path, kind, copies):
    describe_otherwise(run, source={"kind": kind, "name": "eyes"})
    with RunStore(run).writing("08_explained", {}) as folder:
        plant_relevance().to_csv(folder / "relevance.csv", index=False)
        (folder / "explanation.md").write_text("What came of the maps.")
        (folder / "figure5.png").write_bytes(b"a picture")
    page = write_page(run, tmp_path / "pages")
    assert "**relevance stays where it was: holds.**" in page
    assert "What came of the maps." in page
    pictures = list(tmp_path.glob("pages/images/figure5*"))
    assert len(pictures) == page.count("images/figure5-mine.png") == copies
    assert [file.read_bytes() for file in pictures] == [b"a picture"] * copies


def test_the_page_has_table_claims_settings_and_versions(run, tmp_path):
    page = write_page(run, tmp_path / "pages")
    assert page.startswith("# Results on the surrogate\n")
    assert "| Baseline | Original test set | 90.00 (90.00) |" in page
    assert "epochs 3" in page and "steps 7" in page and "numpy" in page
    assert "### Departures\n\nWhat they cost on this data: not measured." in page


def test_each_claim_is_shown_with_its_margins_and_its_place(run, tmp_path):
    page = write_page(run, tmp_path / "pages")
    assert (
        "- **blur hides the patient by degrees: holds.** Identity accuracy falls from the original "
        "to the largest kernel, and with no larger kernel does it rise. "
        'Paper, §3, on blurring: "As the degree of blurring increases'
    ) in page
    assert re.search(
        r"- identity accuracy: original over blur-3: \+20\.00 \(\+1\d.* to \+2\d", page
    )
    assert "- **PPRL-VGAN hides the patient: not measured.**" in page
    assert "- identity accuracy: pprl-vgan-random under 5%: not measured" in page


def test_predictions_without_the_truth_are_refused(run, tmp_path):
    columns = "method,draw,image_id,predicted_identity,glaucoma_probability\n"
    leave_otherwise(run / "06_evaluated", "predictions.csv", columns)
    with pytest.raises(DataError, match="predictions.csv: .*no column identity, glaucoma"):
        pages.write_results([run], tmp_path / "pages")
    assert not (tmp_path / "pages").exists()


def test_measured_departures_are_shown(run, tmp_path):
    costs = {"ours": {"identity": 0.25}, "theirs": {"glaucoma": 1.0, "identity": 0.5}}
    (run / "departures.json").write_text(json.dumps(costs))
    page = write_page(run, tmp_path / "pages")
    assert "| choice | glaucoma | identity |\n|---|---:|---:|\n" in page
    assert "\n| ours | - | 25.00 |\n| theirs | 100.00 | 50.00 |\n" in page


def test_a_run_that_is_not_evaluated_is_refused(tmp_path):
    store = open_run(tmp_path / "empty")
    with pytest.raises(StageNotRun, match="06_evaluated: not complete"):
        pages.write_results([store.root], tmp_path / "pages")
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize("name", ["surrogate", "real-eyes"])
def test_sentences_of_the_committed_pages_are_those_of_the_code(name):
    page = DOCS / "results" / f"{name}.md"
    text, runs = page.read_text(encoding="utf-8"), len(pages.read_sections(page))
    sentences = [CLAIMS_INTRO, READ_ME, SUMMARY, table2_text.CLAIMS, *NOTES.values()]
    sentences += [
        f"{claim.statement} Paper, {claim.place}: " for claim in CLAIMS + RELEVANCE_CLAIMS
    ]
    assert [sentence for sentence in sentences if text.count(sentence) != runs] == []


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"source": {"kind": "warsaw", "name": "AD100"}}, True),
        ({"source": {"kind": "warsaw", "name": "AD100"}, "split": "patient"}, False),
        ({"source": {"kind": "folder", "name": "eyes"}}, False),
        ({}, False),
    ],
)
def test_the_variation_of_ours_and_the_paper_s_stands_on_warsaw_alone(
    run, tmp_path, changes, written
):
    describe_otherwise(run, **changes)
    page = write_page(run, tmp_path / "pages")
    assert ("CV*, the unbiased coefficient of variation" in page) is written
    if written:
        # Kernel 3, identity: 50.00 and the paper's 69.41, |19.41| / sqrt(2) over c4 of two.
        variation = 19.41 / 2**0.5 / 0.7978846 / 59.705 * (1 + 1 / 8)
        row = f"| Blurring | Privatized set with kernel size 3 | {100 * variation:.2f} | - |"
        assert row in page
        assert "Original test set | 0.00 | - |" in page  # both are 90.00


def test_methods_beyond_the_paper_stand_below_its_claims_where_they_were_measured(run, tmp_path):
    assert "Beyond the paper" not in write_page(run, tmp_path)
    names = ("table1.md", "table1.json", "predictions.csv")
    files = {name: (run / "06_evaluated" / name).read_bytes() for name in names}
    with RunStore(run).writing("06_evaluated", {"again": 1}) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / "beyond.md").write_text("What it is.\n")
    page = write_page(run, tmp_path)
    assert "### Beyond the paper\n\nWhat it is.\n\n" in page
    assert page.index("### Table 1") < page.index(CLAIMS_INTRO) < page.index("### Beyond")
