"""Time and memory to the table, as the stages of the reference run recorded them themselves."""

from collections.abc import Mapping

from replication.store.run_folder import RunStore

from .bench_start import REFERENCE_RUN, ROOT
from .rows import Goal, Row

TRAININGS = ("03_evaluators", "04_vgan")
AFTER_TABLE1 = ("07_attacked", "08_explained", "09_report")
GOAL = Goal(10, unit="min")


def measure(*, quick: bool) -> list[Row]:
    """Return rows where a complete reference run is on this machine, else none."""
    records = RunStore(ROOT / "artifacts" / "runs" / REFERENCE_RUN).records()
    if quick or AFTER_TABLE1[-1] not in records:
        return []
    minutes = {unit: record["seconds"] / 60 for unit, record in records.items()}
    to_table = {unit: spent for unit, spent in minutes.items() if unit not in AFTER_TABLE1}
    return [
        _describe("raw eyes to Table 1 (stages 01 to 06)", to_table),
        _describe("the same with attackers, maps and report (to stage 09)", minutes),
        *_describe_memory(records),
    ]


def _describe(what: str, minutes: Mapping[str, float]) -> Row:
    whole = sum(minutes.values())
    training = sum(spent for unit, spent in minutes.items() if unit.startswith(TRAININGS))
    return Row(
        f"{what}, profile cpu, surrogate; as the reference run recorded it",
        "",
        whole,
        GOAL,
        f"training, {training / whole:.0%} of it, of which PPRL-VGAN {minutes['04_vgan']:.1f} min "
        "(arithmetic)",
        whole / training,
    )


def _describe_memory(records: Mapping[str, dict]) -> list[Row]:
    peaks = [record.get("peak_memory_mib") for record in records.values()]
    if None in peaks:
        return []
    return [
        Row(
            "peak memory of the whole run's process; that of Deep Taylor, beside it, not measured",
            "",
            max(peaks) / 1024,
            Goal(3, unit="GiB"),
            "TensorFlow, and the attackers' images and covariances (memory)",
        )
    ]
