"""Suites are judged as they say, in one folder, without a word to the outside."""

import os
import re
import socket
import sys
from pathlib import Path

import pandas as pd
import pytest

from validation.expectations.gx_runner import JudgedExpectation, open_project, run_suites
from validation.expectations.suites import (
    Expectation,
    Suite,
    expect_between,
    expect_each,
    expect_equal,
    expect_unique,
)

TABLE = pd.DataFrame(
    {
        "image_id": ["a", "b", "c", "d", "d"],
        "kept": [True, False, True, True, True],
        "noted": [True, True, True, None, True],
        "gray": [1.0, 2.0, 300.0, float("nan"), 5.0],
    }
)
SUITE = Suite(
    "planted",
    "images",
    "image_id",
    (
        expect_each("each", "kept", (True,), "all kept"),
        expect_each("most", "kept", (True,), "three in four kept", mostly=0.75),
        expect_between("between", "gray", "none above 255", max_value=255),
        expect_between("wide", "gray", "none above 999", max_value=999),
        expect_equal("equal", "kept", "noted", "noted as kept"),
        expect_unique("unique", "image_id", "ids differ"),
        Expectation(
            "given", "expect_column_values_to_not_be_null", "none empty", {"column": "noted"}
        ),
        Expectation("rows", "expect_table_row_count_to_equal", "three rows", {"value": 3}),
    ),
)


class Run:
    """One run in a folder of its own, and what happened around it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.called: list[object] = []
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, lambda _, *to: self.called.append(to))
        patch.setattr(socket, "getaddrinfo", lambda *to, **_: self.called.append(to))
        self.folder = folder / "stage"
        self.home = folder / "home"
        self.elsewhere = folder / "elsewhere"
        for place in (self.folder, self.home, self.elsewhere):
            place.mkdir()
        patch.setenv("HOME", str(self.home))
        patch.setenv("GX_ANALYTICS_ENABLED", "true")
        patch.chdir(self.elsewhere)
        before = list(sys.path)
        self.outcomes = run_suites([SUITE], {"images": TABLE}, self.folder)
        self.path_grew_by = [place for place in sys.path if place not in before]
        self.analytics = os.environ["GX_ANALYTICS_ENABLED"]

    def find(self, name: str) -> JudgedExpectation:
        return next(outcome for outcome in self.outcomes if outcome.expectation.name == name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        return Run(tmp_path_factory.mktemp("run"), patch)


@pytest.mark.parametrize(
    ("name", "success", "observed", "at_fault"),
    [
        ("each", False, 0.8, ("b",)),
        ("most", True, 0.8, ("b",)),
        ("between", False, 0.6, ("c", "d")),
        ("equal", False, 0.6, ("b", "d")),
        ("unique", False, 0.6, ("d",)),
        ("given", False, 0.8, ("d",)),
        ("rows", False, 5, ()),
    ],
)
def test_an_outcome_says_what_holds_and_which_rows_do_not(
    run: Run, name: str, success: bool, observed: float, at_fault: tuple[str, ...]
) -> None:
    outcome = run.find(name)
    assert (outcome.suite, outcome.success, outcome.at_fault) == ("planted", success, at_fault)
    assert outcome.observed == pytest.approx(observed)


def test_an_empty_cell_has_not_passed(run: Run) -> None:
    assert not run.find("wide").success
    assert run.find("wide").at_fault == ("d",)


def test_outcomes_come_in_the_order_of_the_suite(run: Run) -> None:
    assert [outcome.expectation for outcome in run.outcomes] == list(SUITE.expectations)


def test_the_pages_name_the_expectations_and_show_a_failure(run: Run) -> None:
    index = (run.folder / "data_docs" / "index.html").read_text(encoding="utf-8")
    (page,) = (run.folder / "data_docs" / "validations").rglob("*.html")
    assert page.relative_to(run.folder / "data_docs").as_posix() in index
    text = page.read_text(encoding="utf-8")
    for expectation in SUITE.expectations:
        assert f"{expectation.name}: {expectation.meaning}" in text
    assert "Failed" in text


def test_nothing_is_written_elsewhere_and_nothing_names_the_place(run: Run) -> None:
    assert sorted(place.name for place in run.folder.iterdir()) == [
        "data_docs",
        "great_expectations",
    ]
    assert list(run.home.iterdir()) == list(run.elsewhere.iterdir()) == []
    assert run.path_grew_by == []
    place = str(run.folder).encode()
    files = [file for file in run.folder.rglob("*") if file.is_file()]
    assert [file.name for file in files if place in file.read_bytes()] == []


def test_no_word_goes_out(run: Run) -> None:
    assert run.called == []
    assert run.analytics == "false"
    assert "posthog" not in sys.modules


def test_usage_data_and_progress_bars_are_off(
    run: Run, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = (run.folder / "great_expectations" / "great_expectations.yml").read_text()
    assert re.search(r"^analytics_enabled: false$", settings, re.MULTILINE)
    context = open_project(tmp_path)
    assert context.variables.analytics_enabled is False
    bars = dict(context.variables.progress_bars)
    assert set(bars.values()) == {False}
    run_suites([SUITE], {"images": TABLE}, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    for _ in range(2):
        run_suites([SUITE], {"images": TABLE}, tmp_path)
    assert len(list((tmp_path / "data_docs" / "validations").rglob("*.html"))) == 1
    assert (tmp_path / "mine.txt").exists()


def test_what_cannot_be_evaluated_is_an_error(tmp_path: Path) -> None:
    absent = Suite("absent", "images", "image_id", (expect_unique("lost", "nowhere", "no column"),))
    with pytest.raises(RuntimeError, match="lost: can't be evaluated"):
        run_suites([absent], {"images": TABLE}, tmp_path)
