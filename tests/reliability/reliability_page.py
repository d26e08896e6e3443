"""docs/reliability.md, from what the tests of this folder have measured."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from replication.store.files import write_text
from replication.store.tables import lay_out_table
from replication.system.provenance import find_commit

VERDICTS = {"passed": "holds", "failed": "**fails**", "skipped": "not measured"}
INTRO = """# It keeps working and gives nothing away

The data are eyes of patients, and a run takes hours. Every line below is a test; `make reliability`
runs them and writes this page. The quick part of each runs with `make test` too. How the project
stands to holes in what it builds on: [SECURITY.md](SECURITY.md).
"""


class Entry(NamedTuple):
    """One test's outcome."""

    heading: str
    sentence: str
    outcome: str
    figures: tuple[str, ...]
    reason: str


def write_page(entries: Sequence[Entry], file: str) -> None:
    """Write the page; of tests with several parts, every figure stands in a line of its own."""
    parts = [INTRO, _name_machine(), ""]
    for heading in dict.fromkeys(entry.heading for entry in entries):
        rows = [
            (entry.sentence, figure, VERDICTS[entry.outcome])
            for entry in entries
            if entry.heading == heading
            for figure in entry.figures or (entry.reason,)
        ]
        rows.sort(key=lambda row: row[2] == VERDICTS["skipped"])
        table = lay_out_table(("what holds", "measured", "verdict"), rows, words=3)
        parts += [f"## {heading}", "", *table, ""]
    write_text(Path(file), "\n".join(parts))


def _name_machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    commit = find_commit() or "changed since the last commit"
    return (
        f"Machine: {platform.system()} on {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB. Python {platform.python_version()}. Code: {commit}."
    )
