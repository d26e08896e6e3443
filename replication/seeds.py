"""Several runs that differ in the seed alone: mean, deviation and interval of each number.

The split stays the same, so that what varies is training and what is drawn. Leaves, in a folder of
its own beside the runs', `seeds.json` (every run's numbers and the settings), `seeds.csv` and
`seeds.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from replication.csv_table import write_table
from replication.errors import SettingsError
from replication.evaluated_run import EVALUATED, read_table
from replication.records import TABLE1_METRICS
from replication.sources import Kind, Source
from replication.split_words import is_by_patient, tell_split
from replication.store import RunStore, read_json, write_json, write_text
from replication.table1 import ROWS
from replication.table1_text import DOES_NOT_APPLY, NOT_MEASURED, lay_out_markdown
from validation.spread import CONFIDENCE, Cell, Spread, measure_spread

SEEDS = "seeds.json"


def summarise_seeds(stores: Mapping[int, RunStore], folder: Path) -> dict[tuple, Spread]:
    """Write the spread of several runs' numbers.

    Args:
        stores: by seed, of complete runs.
        folder: to write into; made where missing.

    Raises:
        StageNotRun: when a run is not complete.
        SettingsError: when the runs differ in more than the seed.
    """
    runs = [read_json(store.root / "run.json") | {"seed": None} for store in stores.values()]
    if any(run != runs[0] for run in runs):
        raise SettingsError(f"{folder.name}: the runs differ in more than the seed")
    numbers = {seed: read_table(store).numbers() for seed, store in stores.items()}
    spread = measure_spread(numbers.values())
    made = {str(seed): _describe_making(store) for seed, store in stores.items()}
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        str(seed): {f"{method}/{metric}": value for (method, metric), value in table.items()}
        for seed, table in numbers.items()
    }
    write_json(folder / SEEDS, {"run": runs[0], "made": made, "numbers": tables})
    rows = [{"method": m, "metric": n} | vars(s) for (m, n), s in spread.items()]
    write_table(pd.DataFrame(rows), folder / "seeds.csv")
    page = to_markdown(spread, run=runs[0], seeds=list(stores))
    write_text(folder / "seeds.md", page)
    return spread


def read_seeds(file: Path) -> dict[Cell, Spread]:
    """Return the spread of the runs in a seeds.json, which widens the bands of the paper's numbers.

    Raises:
        SettingsError: when the file holds no such numbers, or their split is by patient, and the
            paper's is by image.
    """
    run, numbers = read_numbers(file)
    if is_by_patient(run):
        raise SettingsError(f"{file}: the paper's bands take runs with the split by image")
    return measure_spread(numbers.values())


def read_numbers(file: Path) -> tuple[dict, dict[str, dict[Cell, float]]]:
    """Return what the runs in a seeds.json have in common, and their numbers by seed.

    Raises:
        SettingsError: when the file holds no such numbers of two runs or more.
    """
    told = read_json(file)
    try:
        is_by_patient(told["run"])
        name_data(told["run"])
        numbers = {
            seed: {tuple(cell.split("/")): float(value) for cell, value in table.items()}
            for seed, table in told["numbers"].items()
        }
        measure_spread(numbers.values())
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"{file}: not what `replicate --seeds` leaves ({error!r})") from error
    return told["run"], numbers


def name_data(run: dict) -> str:
    """Say which data runs were made on, from what they have in common."""
    source = run["source"]
    return Source(Kind(source["kind"]), Path(source["name"])).title


def to_markdown(spread: Mapping[tuple[str, str], Spread], *, run: dict, seeds: list[int]) -> str:
    """Write Table 1 with mean, standard deviation and interval of the mean in each cell."""
    heading = (
        f"On {name_data(run)}. Seeds {', '.join(map(str, seeds))} on one split; in percent: mean ± "
        f"standard deviation ({CONFIDENCE:.0%} interval of the mean)."
        + tell_split(by_patient=is_by_patient(run))
    )
    rows = [
        (title.experiment, title.dataset, *(_write_cell(spread, title, m) for m in TABLE1_METRICS))
        for title in ROWS
    ]
    return "\n".join([heading, "", *lay_out_markdown(rows), ""])


def _write_cell(spread: Mapping, title, metric: str) -> str:
    if metric not in title.metrics():
        return DOES_NOT_APPLY
    if (title.method, metric) not in spread:
        return NOT_MEASURED
    cell = spread[title.method, metric]
    mean, sd, low, high = (100 * v for v in (cell.mean, cell.deviation, cell.low, cell.high))
    return f"{mean:.2f} ± {sd:.2f} ({low:.2f} to {high:.2f})"


def _describe_making(store: RunStore) -> dict:
    records = store.records()
    last = records[EVALUATED]
    commits = {unit: record.get("commit") for unit, record in records.items()}
    return {"commits": commits, "versions": last["versions"], "machine": last["machine"]}
