"""Every test here measures something: `make reliability` writes the figures down as a page.

The first sentence of a test's module is the heading that its figures stand under. A test that
ends without a figure is on the page too, with the reason.
"""

import os
from collections.abc import Callable

import pytest
from reliability_page import Entry, write_page

PAGE = "RELIABILITY_PAGE"
entries: list[Entry] = []


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Give a function that records what a test has measured."""
    return lambda words: record_property("figure", words)


def name_entry(item: pytest.Function) -> tuple[str, str]:
    """Return the heading of a test's module, and its own name as a sentence."""
    heading = (item.module.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return heading, item.function.__name__.removeprefix("test_").replace("_", " ")


def pytest_deselected(items: list[pytest.Function]) -> None:
    """Have the page say of what was left out that it was not measured."""
    left_out = [item for item in items if "figure" in getattr(item, "fixturenames", ())]
    for heading, sentence in dict.fromkeys(map(name_entry, left_out)):
        entries.append(Entry(heading, sentence, "skipped", (), "left out of this run"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.when == "call" or report.skipped or report.failed:
        heading, sentence = name_entry(item)
        figures = [words for name, words in item.user_properties if name == "figure"]
        reason = report.longrepr[2] if report.skipped else ""
        if figures or report.outcome != "passed":
            entries.append(Entry(heading, sentence, report.outcome, tuple(figures), reason))
    return report


def pytest_sessionfinish() -> None:
    if os.environ.get(PAGE):
        write_page(entries, os.environ[PAGE])
