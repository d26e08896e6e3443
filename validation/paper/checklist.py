"""Where this package answers the two checklists that its field asks of studies: REFORMS and CLAIM.

REFORMS: Kapoor et al., Science Advances 10 (2024), eadk3452, on science by machine learning, 32 items.
CLAIM: Tejani et al., Radiology: Artificial Intelligence 6 (2024), e240300, on artificial intelligence
in medical imaging, 44 items. An item is named by its number and a few words of ours; its own words are
its authors'. `checklist.csv` is the table; a test holds each place in it to a page and an anchor that exist.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from validation.paper.coverage import link_places

TABLE = Path(__file__).with_name("checklist.csv")


@dataclass(frozen=True)
class Checklist:
    """A checklist: its name, its items, what it is about and where it is published."""

    name: str
    items: int
    about: str
    source: str


CHECKLISTS = (
    Checklist(
        "REFORMS",
        32,
        "science by machine learning",
        "[Kapoor et al., Science Advances 10, 2024](https://doi.org/10.1126/sciadv.adk3452)",
    ),
    Checklist(
        "CLAIM",
        44,
        "artificial intelligence in medical imaging",
        "[Tejani et al., Radiology: Artificial Intelligence 6, 2024]"
        "(https://doi.org/10.1148/ryai.240300)",
    ),
)


@dataclass(frozen=True)
class Item:
    """One item: whose and which, what it asks for, the places of its answer, and a remark.

    An item without a place has a remark that gives the reason.
    """

    checklist: str
    number: str
    words: str
    where: tuple[str, ...]
    note: str

    def __post_init__(self) -> None:
        if not (self.where or self.note):
            raise ValueError(
                f"{TABLE.name}: {self.checklist} {self.number} has neither place nor note"
            )


def read_checklists(file: Path = TABLE) -> list[Item]:
    """Return all items in their order.

    Raises:
        ValueError: when a checklist has another number of items, one comes twice, or one has neither
            place nor remark.
    """
    with file.open(encoding="utf-8", newline="") as stream:
        items = [
            Item(
                row["list"],
                row["item"],
                row["words"],
                tuple(filter(None, row["where"].split("; "))),
                row["note"],
            )
            for row in csv.DictReader(stream)
        ]
    for checklist in CHECKLISTS:
        numbers = {item.number for item in items if item.checklist == checklist.name}
        if len(numbers) != checklist.items:
            words = f"{checklist.items} items of {checklist.name}, got {len(numbers)}"
            raise ValueError(f"{file.name}: expected {words}")
    if len(items) != sum(checklist.items for checklist in CHECKLISTS):
        raise ValueError(f"{file.name}: an item comes twice, or is of no checklist")
    return items


def describe_answers(items: Sequence[Item]) -> str:
    """Return how many items have an answer, in one sentence."""
    counts = [
        (checklist, [bool(item.where) for item in items if item.checklist == checklist.name])
        for checklist in CHECKLISTS
    ]
    parts = [f"{sum(found)} of {len(found)} items of {each.name}" for each, found in counts]
    return f"Answered: {' and '.join(parts)}."


def to_markdown(items: Sequence[Item]) -> str:
    """Return docs/checklist.md."""
    parts = [
        "# Checklists",
        (
            "What two checklists of the field ask of a study, and which page answers. Each item has its "
            "number and a few words of ours; read the item itself where it is published."
        ),
        describe_answers(items),
        (
            "Written by `cli.py write-coverage` from `validation/paper/checklist.csv`; a test holds every "
            "link to a page and an anchor that exist."
        ),
    ]
    for checklist in CHECKLISTS:
        rows = [
            f"| {item.number} | {item.words} | {link_places(item.where)} | {item.note} |"
            for item in items
            if item.checklist == checklist.name
        ]
        head = ["| item | asks for | answered in | note |", "|---|---|---|---|"]
        parts += [
            f"## {checklist.name}",
            f"On {checklist.about}: {checklist.source}.",
            "\n".join([*head, *rows]),
        ]
    return "\n\n".join(parts) + "\n"
