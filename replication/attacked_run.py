"""What stage 06b left in a run's folder: written by it, and read back by those who come after."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from replication.store import write_json
from replication.table2 import Table2
from replication.table2_intervals import Table2Intervals

ATTACKED = "06b_attacked"
TABLE2, DIFFERENCES, ATTACKERS = "table2", "differences.csv", "attackers.csv"


def write_attack(
    folder: Path, table: Table2, named: pd.DataFrame, *, heading: str, seed: int
) -> None:
    intervals = Table2Intervals(table, seed=seed)
    numbers, differences = intervals.list_numbers(), intervals.compare_methods()
    numbers.to_csv(folder / f"{TABLE2}.csv", index=False, lineterminator="\n")
    differences.to_csv(folder / DIFFERENCES, index=False, lineterminator="\n")
    named.to_csv(folder / ATTACKERS, index=False, lineterminator="\n")
    rows = numbers.astype(object).where(numbers.notna(), None).to_dict("records")
    write_json(folder / f"{TABLE2}.json", {"heading": heading, "rows": rows})
