"""Time to the table: what the stages of the reference run took, as they recorded it themselves."""

from __future__ import annotations

from replication.store import RunStore

from .bench_start import REFERENCE_RUN, ROOT
from .rows import Goal, Row


def measure(*, quick: bool) -> list[Row]:
    """Return a row where a complete reference run is on this machine, else none."""
    records = RunStore(ROOT / "artifacts" / "runs" / REFERENCE_RUN).records()
    if quick or "06_evaluated" not in records:
        return []
    minutes = {
        unit: record["seconds"] / 60 for unit, record in records.items() if unit != "07_explained"
    }
    return [
        Row(
            "raw eyes to Table 1, profile cpu, surrogate; as the reference run recorded it",
            "",
            sum(minutes.values()),
            Goal(10, unit="min"),
            f"training PPRL-VGAN ({minutes['04_vgan']:.1f} min; arithmetic)",
        )
    ]
