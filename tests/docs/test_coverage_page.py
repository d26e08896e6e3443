"""What the pages of coverage and checklists refer to exists, and they are what their tables give."""

import ast
import csv
from collections import Counter
from functools import cache
from pathlib import Path

import markdown
import pytest
from click.testing import CliRunner
from places import DOCS, ROOT

import cli as command_line
from validation.claims.anonymity_claims import ANONYMITY_CLAIMS
from validation.claims.relevance_claims import RELEVANCE_CLAIMS
from validation.claims.table1_claims import CLAIMS
from validation.expectations.suites import Counts, build_suites
from validation.paper import checklist, coverage
from validation.paper.coverage import State

LEAST = 0.9
# Sentences of each section of the paper, counted by hand.
SENTENCES = {"2.1": 11, "2.2": 16, "2.3": 9, "3": 39, "4": 24}
NAMES = {claim.name for claim in (*CLAIMS, *RELEVANCE_CLAIMS, *ANONYMITY_CLAIMS)}
SUITES = {
    suite.name for suite in build_suites(counts=Counts(9, 3, 3), image_size_px=64, strip_rows=11)
}


@cache
def list_anchors(page: Path) -> list[str]:
    """Return the anchors of a page's headings, as the site has them."""
    reader = markdown.Markdown(extensions=["toc"])
    reader.convert(page.read_text(encoding="utf-8"))

    def walk(tokens: list) -> list[str]:
        return [name for each in tokens for name in (each["id"], *walk(each["children"]))]

    return walk(reader.toc_tokens)


@cache
def list_tests(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def exists(reference: str) -> bool:
    """Return whether what a reference of one of the tables names is there."""
    kind, _, name = reference.partition(" ")
    if kind in ("claim", "suite"):
        return name in (NAMES if kind == "claim" else SUITES)
    file, _, test = reference.partition("::")
    if test:
        return (ROOT / file).is_file() and test in list_tests(ROOT / file)
    page, _, anchor = reference.partition("#")
    return (DOCS / page).is_file() and anchor in list_anchors(DOCS / page)


def list_references() -> list[str]:
    rows = (*coverage.read_coverage(), *checklist.read_checklists())
    return [reference for row in rows for reference in row.where]


def test_everything_that_is_referred_to_exists():
    references = list_references()
    assert len(references) > 150
    assert [reference for reference in references if not exists(reference)] == []


@pytest.mark.parametrize(
    "gone",
    [
        "claim blur hides everybody",
        "suite gone",
        "tests/test_gone.py::test_it",
        "tests/docs/test_coverage_page.py::test_gone",
        "gone.md#gone",
        "validation.md#gone",
        "validation.md",
    ],
)
def test_what_is_gone_is_found(gone):
    assert not exists(gone)


@pytest.mark.parametrize(
    "there",
    [
        "claim blur loses the disease",
        "suite flip",
        "validation.md#claims",
        "tests/docs/test_coverage_page.py::test_what_is_gone_is_found",
    ],
)
def test_what_is_there_is_found(there):
    assert exists(there)


def test_every_claim_and_every_suite_is_referred_to():
    references = set(list_references())
    assert {f"claim {name}" for name in NAMES} <= references
    assert {f"suite {name}" for name in SUITES} - references <= {"suite frames", "suite subsets"}


def test_every_sentence_is_in_the_table_and_nine_of_ten_are_covered_or_judged():
    sentences = coverage.read_coverage()
    assert Counter(each.section for each in sentences) == SENTENCES
    with (ROOT / "validation/paper/coverage.csv").open(encoding="utf-8") as file:
        states = [row["state"] for row in csv.DictReader(file)]
    counted = sum(state in ("covered", "judged") for state in states) / len(states)
    assert coverage.score_coverage(sentences) == counted >= LEAST
    for each in sentences:  # of the paper's own words few in a row are ours to print
        assert len(each.words.split()) <= 16


def test_the_score_is_that_of_a_table_counted_by_hand():
    def make(number: int, state: State, note: str = "") -> coverage.Sentence:
        where = () if state is State.LEFT else ("validation.md#claims",)
        return coverage.Sentence("3", number, "a sentence", state, where, note)

    sentences = [
        make(1, State.COVERED),
        make(2, State.JUDGED, "a limit"),
        make(3, State.LEFT, "a reason"),
        make(4, State.COVERED),
    ]
    assert coverage.score_coverage(sentences) == 0.75
    assert coverage.describe_score(sentences) == (
        "Of 4 sentences 75.0% are covered or judged (2 covered, 1 judged, 1 left); 1 of these with "
        "a limit that is named."
    )
    assert "| 3 | a sentence | left |  | a reason |" in coverage.to_markdown(sentences)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("9,1,words,covered,a.md#a,", "no section"),
        ("3,1,words,perhaps,a.md#a,", "perhaps"),
        ("3,2,words,covered,a.md#a,", "3 has no 1"),
        ("3,1,words,covered,,a note", "has not a reference"),
        ("3,1,words,left,a.md#a,", "has not a reason"),
    ],
)
def test_a_row_that_lacks_what_it_needs_is_refused(row, fault, tmp_path):
    (tmp_path / "coverage.csv").write_text(f"section,number,sentence,state,where,note\n{row}\n")
    with pytest.raises(ValueError, match=fault):
        coverage.read_coverage(tmp_path / "coverage.csv")


def test_checklists_have_all_their_items_once():
    items = checklist.read_checklists()
    claim = [item.number for item in items if item.checklist == "CLAIM"]
    assert claim == [str(number) for number in range(1, 45)]
    modules = Counter(item.number[0] for item in items if item.checklist == "REFORMS")
    assert modules == dict(zip("12345678", (3, 5, 7, 3, 6, 3, 3, 2), strict=True))
    assert checklist.describe_answers(items) == (
        "Answered: 31 of 32 items of REFORMS and 40 of 44 items of CLAIM."
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("gone", "expected 32 items of REFORMS, got 31"),
        ("twice", "an item comes twice"),
        ("unanswered", "neither place nor note"),
    ],
)
def test_a_checklist_that_lacks_something_is_refused(change, fault, tmp_path):
    lines = checklist.TABLE.read_text(encoding="utf-8").splitlines()
    if change == "gone":
        del lines[7]
    elif change == "twice":
        lines.append(lines[7])
    else:
        lines[7] = ",".join([*lines[7].split(",")[:3], "", ""])
    (tmp_path / "checklist.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=fault):
        checklist.read_checklists(tmp_path / "checklist.csv")


def test_the_pages_are_what_the_tables_give(tmp_path):
    done = CliRunner().invoke(command_line.cli, ["write-coverage", "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    for name in ("coverage.md", "checklist.md"):
        written = (tmp_path / name).read_text(encoding="utf-8")
        assert written == (DOCS / name).read_text(encoding="utf-8"), "run `cli.py write-coverage`"
    score = coverage.describe_score(coverage.read_coverage())
    assert score in done.output and score in (DOCS / "coverage.md").read_text(encoding="utf-8")


def test_each_kind_of_place_is_a_link_or_a_name():
    where = (
        "claim blur loses the disease",
        "claim K-Same-Select is k-anonymous",
        "suite flip",
        "tests/a.py::test_one",
        "tests/a.py::test_two",
        "results/index.md#results",
    )
    assert coverage.link_places(where) == (
        "[claim: blur loses the disease](validation.md#claims), "
        "[claim: K-Same-Select is k-anonymous](privacy.md#methods-beyond-the-paper), "
        "`suite flip`, `tests/a.py`, [results: results](results/index.md#results)"
    )
