"""Suites are judged in one folder, without a word to the outside.

That each expectation of the project fails on a fault, test_suites shows.
"""

import os
import re
import socket
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from validation.expectations.gx_runner import open_project, run_suites
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
        "image_id": ["key-a", "key-b", "key-c", "key-d", "key-d"],
        "kept": [True, False, True, True, True],
        "noted": [True, True, True, None, True],
        "gray": [1.0, 2.0, 300.0, float("nan"), 5.0],
    }
)
# Each with whether it holds, what is observed, and the keys at fault; an empty cell hasn't passed.
EXPECTED = [
    (expect_each("most", "kept", (True,), "three in four", mostly=0.75), (True, 0.8, ("key-b",))),
    (expect_between("between", "gray", "to 255", max_value=255), (False, 0.6, ("key-c", "key-d"))),
    (expect_between("wide", "gray", "to 999", max_value=999), (False, 0.8, ("key-d",))),
    (expect_equal("equal", "kept", "noted", "as kept"), (False, 0.6, ("key-b", "key-d"))),
    (expect_unique("unique", "image_id", "ids differ"), (False, 0.6, ("key-d",))),
    (Expectation("rows", "expect_table_row_count_to_equal", "3", {"value": 3}), (False, 5, ())),
]
SUITE = Suite("planted", "images", "image_id", tuple(expectation for expectation, _ in EXPECTED))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run in a folder of its own, and what happened around it."""
    folder, called = tmp_path_factory.mktemp("run"), []
    places = {name: folder / name for name in ("stage", "home", "elsewhere")}
    for place in places.values():
        place.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, lambda _, *to: called.append(to))
        patch.setattr(socket, "getaddrinfo", lambda *to, **_: called.append(to))
        patch.setenv("HOME", str(places["home"]))
        patch.setenv("GX_ANALYTICS_ENABLED", "true")
        patch.chdir(places["elsewhere"])
        before = list(sys.path)
        outcomes = run_suites([SUITE], {"images": TABLE}, places["stage"])
        grown = [place for place in sys.path if place not in before]
        analytics = os.environ["GX_ANALYTICS_ENABLED"]
    return SimpleNamespace(
        **places, outcomes=outcomes, called=called, path_grew_by=grown, analytics=analytics
    )


def test_outcomes_come_in_order_with_what_holds_and_which_rows_do_not(run):
    for outcome, (expectation, expected) in zip(run.outcomes, EXPECTED, strict=True):
        success, observed, at_fault = expected
        assert (outcome.suite, outcome.expectation) == ("planted", expectation)
        assert (outcome.success, outcome.at_fault) == (success, at_fault), expectation.name
        assert outcome.observed == pytest.approx(observed)


def test_the_pages_name_the_expectations_and_show_a_failure(run):
    index = (run.stage / "data_docs" / "index.html").read_text(encoding="utf-8")
    (page,) = (run.stage / "data_docs" / "validations").rglob("*.html")
    assert page.relative_to(run.stage / "data_docs").as_posix() in index
    text = page.read_text(encoding="utf-8")
    for expectation in SUITE.expectations:
        assert f"{expectation.name}: {expectation.meaning}" in text
    assert "Failed" in text and "fa-times" in text


def test_pages_load_nothing_and_no_file_names_a_row(run):
    pages = sorted(run.stage.rglob("*.html"))
    assert [page.name for page in pages] == [
        "planted.html",
        "index.html",
        "tables-images-planted.html",
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "content=\"default-src 'none'; style-src 'unsafe-inline'\"" in text
        assert re.findall(r"<script|<link|<img|<iframe|\bsrc=|url\(|@import", text) == []
        assert set(re.findall(r"https?://[\w.-]+", text)) <= {"https://greatexpectations.io"}
    assert "5 total rows" in pages[-1].read_text(encoding="utf-8")
    files = [file for file in run.stage.rglob("*") if file.is_file()]
    assert [file.name for file in files if b"key-" in file.read_bytes()] == []


def test_nothing_is_written_elsewhere_and_nothing_names_the_place(run):
    found = sorted(place.name for place in run.stage.iterdir())
    assert found == ["data_docs", "great_expectations"]
    assert list(run.home.iterdir()) == list(run.elsewhere.iterdir()) == []
    assert run.path_grew_by == []
    place = str(run.stage).encode()
    files = [file for file in run.stage.rglob("*") if file.is_file()]
    assert [file.name for file in files if place in file.read_bytes()] == []


def test_no_word_goes_out_and_progress_bars_are_off(run, capfd, tmp_path):
    assert (run.called, run.analytics) == ([], "false")
    assert "posthog" not in sys.modules
    settings = (run.stage / "great_expectations" / "great_expectations.yml").read_text()
    assert re.search(r"^analytics_enabled: false$", settings, re.MULTILINE)
    context = open_project(tmp_path)
    assert context.variables.analytics_enabled is False
    assert set(dict(context.variables.progress_bars).values()) == {False}
    run_suites([SUITE], {"images": TABLE}, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_second_run_replaces_the_first(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    for _ in range(2):
        run_suites([SUITE], {"images": TABLE}, tmp_path)
    assert len(list((tmp_path / "data_docs" / "validations").rglob("*.html"))) == 1
    assert (tmp_path / "mine.txt").exists()


def test_what_cannot_be_evaluated_is_an_error(tmp_path):
    absent = Suite("absent", "images", "image_id", (expect_unique("lost", "nowhere", "no column"),))
    with pytest.raises(RuntimeError, match="lost: can't be evaluated"):
        run_suites([absent], {"images": TABLE}, tmp_path)
