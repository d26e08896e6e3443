"""The page of the forks: what depends on what, and the committed page is that of its figures."""

import json

import pytest
from places import DOCS

from replication.results.forks import FIGURES, PAGE
from replication.studies.forks_page import conclude, count_claims, to_markdown
from replication.studies.open_choices import FORKS
from validation.claims.table1_claims import CLAIMS

LETTERS = {"sigma": "A", "own": "B", "pool": "C"}


def make_part(low, high, *, to_be_shown=True, text="one over other"):
    ends = {"margin": (low + high) / 2, "low": low, "high": high}
    return {"text": text, "to_be_shown": to_be_shown, **ends}


HOLDS = {"finding": "holds", "parts": [make_part(0.1, 0.3), make_part(0.2, 0.4, text="rest")]}
FAILS = {"finding": "fails", "parts": [make_part(-0.3, -0.1), make_part(0.2, 0.4, text="rest")]}
UNDECIDED = {"finding": "undecided", "parts": [make_part(-0.1, 0.2), HOLDS["parts"][1]]}
CLAIMS_MADE = [
    {"name": "firm", "ours": HOLDS, "under": {"sigma": HOLDS, "own": HOLDS}},
    {"name": "forked", "ours": HOLDS, "under": {"sigma": HOLDS, "own": FAILS, "pool": UNDECIDED}},
    {"name": "untouched", "ours": FAILS, "under": {}},
    {"name": "open", "ours": UNDECIDED, "under": {"pool": HOLDS}},
]


def make_figures():
    forks = [
        {"name": name, "question": f"which {name}", "ours": "this", "other": "that", "numbers": {}}
        for name in LETTERS
    ]
    run = {
        "source": {"kind": "surrogate", "name": "eyes"},
        "profile": {"name": "cpu"},
        "seed": 3,
        "draws": 10,
        "split": "image",
    }
    return {"run": run, "test_images": 359, "forks": forks, "claims": CLAIMS_MADE}


def test_a_claim_holds_only_where_it_holds_under_all():
    found = {claim["name"]: conclude(claim, LETTERS) for claim in CLAIMS_MADE}
    assert found == {
        "firm": "holds",
        "forked": "depends on B, C",
        "untouched": "fails",
        "open": "depends on C",
    }


def test_claims_are_counted_as_we_choose_and_under_all():
    assert count_claims(CLAIMS_MADE) == (
        "Of 4 claims 2 hold as we choose and 1 of them under every fork; the finding of 2 depends on "
        "a fork."
    )


def test_the_table_has_a_column_for_each_fork_and_a_dash_where_nothing_moves():
    page = to_markdown(make_figures())
    assert "| claim | ours | A | B | C | under all |\n|---|---|---|---|---|---|\n" in page
    assert "\n| firm | holds | holds | holds | - | holds |\n" in page
    assert "\n| forked | holds | holds | fails | undecided | depends on B, C |\n" in page
    assert "\n| untouched | fails | - | - | - | fails |\n" in page
    assert "\n| B | own | which own | this | that |\n" in page
    assert "profile cpu, seed 3, 10 draws, 359 test images." in page


def test_what_moves_a_finding_is_shown_by_the_parts_that_moved_alone():
    page = to_markdown(make_figures())
    assert (
        "- **forked**: holds, under B fails\n"
        "  - one over other: +20.00 (+10.00 to +30.00); B: -20.00 (-30.00 to -10.00)\n"
        "- **forked**: holds, under C undecided\n"
        "  - one over other: +20.00 (+10.00 to +30.00); C: +5.00 (-10.00 to +20.00)\n"
    ) in page
    assert "rest:" not in page
    still = make_figures() | {"claims": CLAIMS_MADE[:1]}
    assert "\n\nNothing does.\n\n" in to_markdown(still)


@pytest.fixture(scope="module")
def committed():
    return json.loads((DOCS / FIGURES).read_text(encoding="utf-8"))


def test_the_committed_page_is_that_of_the_committed_figures(committed):
    assert to_markdown(committed) == (DOCS / PAGE).read_text(encoding="utf-8")


def test_the_committed_figures_are_of_todays_forks_and_claims(committed):
    words = ("name", "question", "ours", "other")
    kept = [{key: fork[key] for key in words} for fork in committed["forks"]]
    assert kept == [{key: getattr(fork, key) for key in words} for fork in FORKS]
    assert [claim["name"] for claim in committed["claims"]] == [claim.name for claim in CLAIMS]
    assert [fork["numbers"].keys() for fork in committed["forks"]] == [
        set(f.methods) for f in FORKS
    ]
