"""The figures that docs/privacy.md quotes are those of docs/results, which a command writes."""

import pytest
from places import DOCS

from replication.attack.table2 import NOISE
from replication.attack.table2_text import SHORT
from replication.privatize.methods import ROWS
from replication.results.page import read_sections

# Of each quoted column: the heading on the page of results, and the place in the quoted row.
QUOTED = {
    "static network (as the paper)": 1,
    "best retrained attacker": 2,
    "best, all images of a patient": 3,
    "unseen patients, AUC, LDA": 4,
    "any of the used named, static": 5,
    "any of the used named, learned": 6,
    "all of the used solved for": 7,
    "F1": 8,
    "which kind of sign, AUC": 9,
}
SETS = {"the surrogate": "surrogate", "real eyes": "real-eyes"}


def read_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def read_quoted() -> dict[tuple[str, str], list[str]]:
    """Return the quoted rows by data set and method."""
    text = (DOCS / "privacy.md").read_text(encoding="utf-8")
    found = {}
    for name in SETS:
        table = text.split(f"On **{name}**", 1)[1].split("\n\n")[1]
        found |= {(name, row[0]): row for row in read_rows(table) if row[0] in SHORT.values()}
    return found


def read_table2(name: str) -> str:
    """Return the part on Table 2 of the run split by image."""
    sections = read_sections(DOCS / "results" / f"{SETS[name]}.md")
    run = sections["Split by image: profile cpu, seed 0"]
    return run.split("### Table 2", 1)[1].split("### Explanation", 1)[0]


def read_results(name: str) -> dict[tuple[str, str], str]:
    """Return the values of Table 2 of the run split by image, by method and heading."""
    found, headings = {}, []
    for row in read_rows(read_table2(name)):
        if row[0] == "method":
            headings = row
        found |= {(row[0], head): cell for head, cell in zip(headings, row, strict=False)}
    return found


@pytest.mark.parametrize("name", SETS)
def test_quoted_figures_are_those_of_the_results(name):
    quoted = {method: row for (of, method), row in read_quoted().items() if of == name}
    results = read_results(name)
    measured = {method for method, _ in results} & set(SHORT.values())
    assert quoted.keys() == measured >= {*(row.short for row in ROWS), NOISE}
    for method, row in quoted.items():
        for heading, place in QUOTED.items():
            expected = results.get((method, heading), "-").split(" ")[0]
            assert row[place] == expected, (method, heading)


@pytest.mark.parametrize(("name", "place"), [("the surrogate", 1), ("real eyes", 3)])
def test_claims_are_judged_as_in_the_results(name, place):
    page = (DOCS / "privacy.md").read_text(encoding="utf-8")
    quoted = read_rows(page.split("### Claims that rest on the attacker", 1)[1].split("###", 1)[0])
    judged = read_rows(read_table2(name).split("**The paper's claims about privacy.**", 1)[1])
    assert len(quoted) == len(judged) >= 7  # the heading and six claims or more
    assert [[row[0], *row[place : place + 2]] for row in quoted[1:]] == judged[1:]
