"""Forks read back: a claim that depends on a choice says so in check, report and results."""

import pytest
from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions
from planted_run import open_run, plant_whole_run, tabulate

from replication.errors import DataError
from replication.evaluate.stage import write_evaluation
from replication.report.stage import remake_report
from replication.results.check import check_run
from replication.results.finished_run import FinishedRun
from replication.results.forks import FIGURES, read_forks
from replication.results.page import NO_FORKS, describe_run
from replication.store.files import write_json

FORKED, FIRM, WORDS = "blur hides the patient least", "blur loses the disease", "own (fails)"
SENTENCE = "Not under each choice that the paper leaves open"


def record(name, ours, **under):
    found = {fork: {"finding": finding, "parts": []} for fork, finding in under.items()}
    return {"name": name, "ours": {"finding": ours, "parts": []}, "under": found}


def leave_forks(store, **changes):
    claims = [
        record(FORKED, "holds", own="fails", sigma="holds"),
        record(FIRM, "holds", own="holds"),
        record("averaging trades best", "undecided", own="fails"),
    ]
    figures = {"evaluated": store.digest("06_evaluated"), "claims": claims}
    write_json(store.root / FIGURES, figures | changes)


@pytest.fixture
def store(tmp_path):
    """Return a run whose evaluation is nothing but a file."""
    opened = open_run(tmp_path / "run")
    with opened.writing("06_evaluated", {}) as folder:
        (folder / "predictions.csv").write_text("of another day\n")
    return opened


def test_claims_that_hold_as_we_choose_alone_are_read_back(store):
    assert read_forks(store) is None
    leave_forks(store)
    assert read_forks(store) == {FORKED: WORDS}


def test_forks_of_another_evaluation_are_not_measured(store):
    leave_forks(store, evaluated="another")
    assert read_forks(store) is None


@pytest.mark.parametrize("changes", [{"claims": 3}, {"claims": [{}]}, {"claims": [{"name": "x"}]}])
def test_another_file_is_refused(store, changes):
    leave_forks(store, **changes)
    with pytest.raises(DataError, match=r"forks.json: not what `cli.py measure-forks` leaves"):
        read_forks(store)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    planted = plant_whole_run(tmp_path_factory.mktemp("runs"), kind="folder")
    predictions = plant_predictions(EVERY_CLAIM_HOLDS)
    with planted.writing("06_evaluated", {}) as folder:
        table = tabulate(predictions)
        write_evaluation(folder, table, predictions, paper_percent={}, heading="On what")
    return planted


def write_pages(store):
    """Return the report, the section of the page of results, and the lines of the check."""
    check_run(store)
    return (
        remake_report(store, public=True).read_text(encoding="utf-8"),
        describe_run(FinishedRun(store), store.root / "pages"),
        (store.root / "check.md").read_text(encoding="utf-8").splitlines(),
    )


def test_without_the_study_the_pages_have_it_as_not_measured(whole):
    report, section, check = write_pages(whole)
    assert NO_FORKS in report and NO_FORKS in section
    assert not [page for page in (report, section, *check) if SENTENCE in page]


def test_check_report_and_results_name_the_fork_of_that_claim_alone(whole):
    leave_forks(whole)
    report, section, check = write_pages(whole)
    (line,) = (line for line in check if SENTENCE in line)
    assert line.startswith(f"| {FORKED} | holds |")
    assert line.endswith(f"{SENTENCE}: {WORDS}. |")
    assert report.count(SENTENCE) == section.count(SENTENCE) == 1
    claims = report[report.index('id="claims"') :]
    named = f"<strong>{SENTENCE}</strong>: {WORDS}."
    assert named in claims[claims.index(FORKED) : claims.index(FIRM)]
    assert f"\n  - {SENTENCE}: {WORDS}\n" in section.partition(f"- **{FORKED}: holds.**")[2]
    assert NO_FORKS not in report + section
