"""What stage 06b leaves in a run's folder, and how those who come after read it back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from replication.csv_table import write_table
from replication.evidence_plane import draw_evidence_plane
from replication.retrained_claims import judge_retrained
from replication.store import RECORD, RunStore, read_json, write_json, write_text
from replication.table2 import Table2
from replication.table2_intervals import Table2Intervals
from replication.table2_summary import summarise_methods
from replication.table2_text import list_claims, to_markdown

ATTACKED = "06b_attacked"
JSON, PAGE = "table2.json", "table2.md"
PLANE = "plane.png"


def write_attack(
    folder: Path,
    table: Table2,
    named: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    heading: str,
    seed: int,
) -> None:
    """Write Table 2 and what comes of it.

    Args:
        folder: of the stage.
        table: all entries.
        named: whom each attacker names, of `attack_sets`.
        predictions: of stage 06.
        heading: which data, which settings.
        seed: of the bootstrap.
    """
    intervals = Table2Intervals(table, seed=seed)
    numbers = intervals.list_numbers()
    tables = {
        "table2.csv": numbers,
        "differences.csv": intervals.compare_methods(),
        "attackers.csv": named,
    }
    for name, content in tables.items():
        write_table(content, folder / name)
    told = {
        "rows": _list_rows(numbers),
        "summary": _list_rows(summarise_methods(numbers)),
        "claims": list_claims(judge_retrained(predictions, named)),
    }
    write_json(folder / JSON, {"heading": heading, **told})
    write_text(folder / PAGE, to_markdown(told, heading=heading))
    draw_evidence_plane(
        told["rows"], title=heading, files=[folder / PLANE, (folder / PLANE).with_suffix(".pdf")]
    )


def is_attacked(store: RunStore) -> bool:
    """Tell whether a run's attack is complete."""
    return (store.root / ATTACKED / RECORD).exists()


def read_attack(store: RunStore) -> dict:
    """Return what `table2.json` holds: heading, rows, summary and claims.

    Raises:
        StageNotRun: when the attack isn't complete.
    """
    return read_json(store.folder(ATTACKED) / JSON)


def _list_rows(table: pd.DataFrame) -> list[dict]:
    """Return rows for JSON, None where there is no number."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
