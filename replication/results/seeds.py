"""Several runs that differ in the seed alone: mean, deviation and interval of each number.

The split stays the same, so that what varies is training and what is drawn. Leaves, in a folder of
its own beside the runs', `seeds.json` (every run's numbers and the settings), `seeds.csv` and
`seeds.md`.

Two choices of settings side by side, each trained with the same seeds.

The difference is taken seed by seed, so that what the seeds share (split, initial weights,
evaluation networks) drops out of it, and with it most of the spread.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from replication.data.sources import Kind, Source
from replication.errors import SettingsError
from replication.evaluate.outputs import EVALUATED, read_table
from replication.evaluate.table1 import HEADINGS, lay_out_markdown
from replication.privatize.methods import ROWS
from replication.records import TABLE1_METRICS
from replication.store.files import read_json, write_json, write_text
from replication.store.numbers import DOES_NOT_APPLY, NOT_MEASURED
from replication.store.run_folder import RunStore
from replication.store.run_record import describe_split, is_by_patient
from replication.store.tables import lay_out_table, write_table
from validation.statistics.intervals import CONFIDENCE, Cell
from validation.statistics.spread import Spread, measure_spread

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
    write_table(pd.DataFrame(rows).rename(columns={"std": "deviation"}), folder / "seeds.csv")
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
        + describe_split(by_patient=is_by_patient(run))
    )
    rows = [
        (title.experiment, title.dataset, *(_write_cell(spread, title, m) for m in TABLE1_METRICS))
        for title in ROWS
    ]
    return "\n".join([heading, "", *lay_out_markdown(rows), ""])


def _write_cell(spread: Mapping, title, metric: str) -> str:
    if metric not in title.metrics():
        return DOES_NOT_APPLY
    if (title.name, metric) not in spread:
        return NOT_MEASURED
    cell = spread[title.name, metric]
    mean, sd, low, high = (100 * v for v in (cell.mean, cell.std, cell.low, cell.high))
    return f"{mean:.2f} ± {sd:.2f} ({low:.2f} to {high:.2f})"


def _describe_making(store: RunStore) -> dict:
    records = store.records()
    last = records[EVALUATED]
    commits = {unit: record.get("commit") for unit, record in records.items()}
    return {"commits": commits, "versions": last["versions"], "machine": last["machine"]}


def compare_seeds(one: Path, other: Path, page: Path) -> dict[Cell, Spread]:
    """Write a page with the numbers of two seeds.json and their differences.

    Args:
        one: what `replicate --seeds` left.
        other: the same of other settings.
        page: Markdown to write.

    Returns:
        The difference, other minus one, of each number that all runs have; fractions.

    Raises:
        SettingsError: when the files don't have the same seeds and data, or nothing else differs.
    """
    (run, numbers), (other_run, other_numbers) = (read_numbers(file) for file in (one, other))
    if numbers.keys() != other_numbers.keys():
        raise SettingsError(
            f"{other}: seeds {', '.join(other_numbers)}, but {one} has {', '.join(numbers)}; "
            "differences are taken seed by seed, so train the same with `replicate --seeds`"
        )
    changed = _list_changes(run, other_run)
    if not changed:
        raise SettingsError(f"{other}: made with the very settings of {one}")
    data, other_data = name_data(run), name_data(other_run)
    if data != other_data:
        raise SettingsError(f"{other}: made on {other_data}, but {one} on {data}")
    names = run["profile"]["name"], other_run["profile"]["name"]
    first, second = (measure_spread(tables.values()) for tables in (numbers, other_numbers))
    difference = measure_spread(
        {cell: other_numbers[seed][cell] - table[cell] for cell in table if cell in second}
        for seed, table in numbers.items()
    )
    heading = (
        f"On {data}. Seeds {', '.join(numbers)} on one split; mean ± standard deviation in percent, "
        f"and the difference seed by seed with its {CONFIDENCE:.0%} interval in points."
    )
    write_text(page, _to_markdown(first, second, difference, changed, names, heading))
    return difference


def _to_markdown(
    first: dict[Cell, Spread],
    second: dict[Cell, Spread],
    difference: dict[Cell, Spread],
    changed: list[str],
    names: tuple[str, str],
    heading: str,
) -> str:
    one, other = names
    metrics = dict(zip(TABLE1_METRICS, HEADINGS[-len(TABLE1_METRICS) :], strict=True))
    rows = [
        (
            title.dataset,
            heading_of,
            *map(_tell_spread, (first[cell], second[cell])),
            _tell_difference(difference[cell]),
        )
        for title in ROWS
        for metric, heading_of in metrics.items()
        if (cell := (title.name, metric)) in difference
    ]
    headings = "Dataset", "Metric", one, other, f"{other} - {one}"
    table = lay_out_table(headings, rows, words=2)
    told = [f"- {change}" for change in changed]
    title = f"# Profiles {one} and {other}, seed by seed"
    purpose = f"What changes from {one} to {other}, in trainings with the same seeds."
    return "\n".join(
        [title, "", purpose, "", heading, "", *told, "", _count_apart(difference), "", *table, ""]
    )


def _count_apart(difference: dict[Cell, Spread]) -> str:
    apart = sum(not found.low <= 0 <= found.high for found in difference.values())
    vary = sum(found.std > 0 or found.mean != 0 for found in difference.values())
    return (
        f"Of {len(difference)} numbers {vary} differ in some seed. The interval of the difference "
        f"leaves out 0 for {apart}; by chance alone it would for {(1 - CONFIDENCE) * vary:.1f}."
    )


def _tell_spread(spread: Spread) -> str:
    return f"{100 * spread.mean:.2f} ± {100 * spread.std:.2f}"


def _tell_difference(spread: Spread) -> str:
    mean, low, high = (100 * value for value in (spread.mean, spread.low, spread.high))
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def _list_changes(one: dict, other: dict, place: str = "") -> list[str]:
    """Return each setting that differs, as "place: value, other value"."""
    changes = []
    for name in sorted(one.keys() | other.keys()):
        old, new = one.get(name), other.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            changes += _list_changes(old, new, f"{place}{name}.")
        elif old != new and name != "name":
            changes.append(f"`{place}{name}`: {old}, other: {new}")
    return changes
