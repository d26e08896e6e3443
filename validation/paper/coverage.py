"""How much of the paper is covered: its methods, results and discussion (§2 to 4), sentence by sentence.

The sentences are numbered within a section as they stand, without headings, captions, tables and
formulas; items of a list count sentence by sentence. They are named in a few words of ours. A sentence is

- covered: what it describes is built here, and a test, an expectation or a page holds it;
- judged: what it states is measured here, so that it can turn out wrong;
- left: neither, and the note gives the reason.

`coverage.csv` is the table; a test holds every reference in it to something that exists.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TABLE = Path(__file__).with_name("coverage.csv")
SECTIONS = {
    "2.1": "§2.1, data",
    "2.2": "§2.2, method",
    "2.3": "§2.3, evaluation",
    "3": "§3, results",
    "4": "§4, discussion and conclusions",
}
MOST_WORDS = 6  # of an anchor, in a link
CLAIM, SUITE = "claim ", "suite "
CLAIMS_PAGE = "validation.md#claims"
ANONYMITY_PAGE = "privacy.md#methods-beyond-the-paper"


class State(StrEnum):
    """What becomes of a sentence."""

    COVERED = "covered"
    JUDGED = "judged"
    LEFT = "left"


@dataclass(frozen=True)
class Sentence:
    """One sentence of the paper.

    Args:
        section: one of SECTIONS.
        number: of the sentence in its section, from 1.
        words: what it is about.
        state: what becomes of it.
        where: references, each `page.md#anchor`, `claim NAME`, `suite NAME` or `tests/FILE::TEST`.
        note: the reason of what is left, a limit of what isn't.
    """

    section: str
    number: int
    words: str
    state: State
    where: tuple[str, ...]
    note: str

    def __post_init__(self) -> None:
        if self.section not in SECTIONS:
            raise ValueError(f"{TABLE.name}: no section {self.section!r}")
        if not (self.note if self.state is State.LEFT else self.where):
            what = "a reason" if self.state is State.LEFT else "a reference"
            raise ValueError(f"{TABLE.name}: {self.section}, sentence {self.number} has not {what}")


def read_coverage(file: Path = TABLE) -> list[Sentence]:
    """Return the sentences in the paper's order.

    Raises:
        ValueError: when a section or state is unknown, or a sentence is missing or without what its
            state needs.
    """
    with file.open(encoding="utf-8", newline="") as stream:
        sentences = [
            Sentence(
                row["section"],
                int(row["number"]),
                row["sentence"],
                State(row["state"]),
                tuple(filter(None, row["where"].split("; "))),
                row["note"],
            )
            for row in csv.DictReader(stream)
        ]
    counted = Counter()
    for sentence in sentences:
        counted[sentence.section] += 1
        if sentence.number != counted[sentence.section]:
            raise ValueError(f"{file.name}: {sentence.section} has no {counted[sentence.section]}")
    return sentences


def score_coverage(sentences: Sequence[Sentence]) -> float:
    """Return which part of the sentences is covered or judged, in [0, 1]."""
    return sum(sentence.state is not State.LEFT for sentence in sentences) / len(sentences)


def describe_score(sentences: Sequence[Sentence]) -> str:
    """Return the score in one sentence."""
    counts = Counter(sentence.state for sentence in sentences)
    parts = ", ".join(f"{counts[state]} {state}" for state in State)
    limited = sum(bool(each.note) and each.state is not State.LEFT for each in sentences)
    return (
        f"Of {len(sentences)} sentences {100 * score_coverage(sentences):.1f}% are covered or "
        f"judged ({parts}); {limited} of these with a limit that is named."
    )


def to_markdown(sentences: Sequence[Sentence]) -> str:
    """Return docs/coverage.md."""
    parts = [
        "# Coverage of the paper",
        (
            "Each sentence of the paper's methods, results and discussion, and what this package makes "
            "of it. The words are ours; the numbers count the paper's sentences within a section."
        ),
        describe_score(sentences),
        (
            "- **covered**: what it describes is built here, and a test, an expectation or a page holds it;\n"
            "- **judged**: what it states is measured here, so that it can turn out wrong: what came of it "
            "stands where the link leads, often that it doesn't hold;\n"
            "- **left**: neither, and the note gives the reason."
        ),
        (
            "Written by `cli.py write-coverage` from `validation/paper/coverage.csv`; a test holds every "
            "reference to something that exists."
        ),
    ]
    for section, title in SECTIONS.items():
        rows = [
            f"| {each.number} | {each.words} | {each.state} | {link_places(each.where)} | {each.note} |"
            for each in sentences
            if each.section == section
        ]
        head = ["| | sentence | | where | note |", "|---:|---|---|---|---|"]
        parts += [f"## {title}", "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"


def link_places(where: Sequence[str]) -> str:
    """Return references as links, each once; a test is named by its file."""
    return ", ".join(dict.fromkeys(_write_reference(each) for each in where))


def _write_reference(reference: str) -> str:
    if reference.startswith(CLAIM):
        page = ANONYMITY_PAGE if "k-anonymous" in reference else CLAIMS_PAGE
        return f"[{reference.replace(CLAIM, 'claim: ', 1)}]({page})"
    if reference.startswith(SUITE):
        return f"`{reference}`"
    if "::" in reference:
        return f"`{reference.partition('::')[0]}`"
    page, _, anchor = reference.partition("#")
    words = " ".join(anchor.split("-")[:MOST_WORDS])
    return f"[{page.removesuffix('.md').removesuffix('/index')}: {words}]({reference})"
