"""Several runs that differ in the seed alone, and two choices of settings compared seed by seed.

Of the runs: mean, standard deviation and interval of each number. The split stays the same, so that
what varies is training and what is drawn. Leaves, in a folder of its own beside the runs',
`seeds.json` (every run's numbers and the settings), `seeds.csv` and `seeds.md`.

Of two such files: the difference of each number. It is taken seed by seed, so that what the seeds
share (split, initial weights, evaluation networks) drops out of it, and with it most of the spread.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from replication.errors import SettingsError
from replication.evaluate.table1 import EVALUATED, HEADINGS, lay_out_markdown, write_rows
from replication.privatize.methods import ROWS
from replication.records import TABLE1_METRICS
from replication.results.finished_run import FinishedRun
from replication.results.study import KEPT, SEEDS, have_settings, name_data, read_numbers
from replication.store.files import read_json, write_json, write_text
from replication.store.numbers import (
    NOT_MEASURED,
    VARIATION,
    write_interval,
    write_or_absent,
    write_percent,
    write_points,
)
from replication.store.run_folder import RunStore
from replication.store.run_record import describe_split
from replication.store.tables import lay_out_table, write_table
from validation.statistics.intervals import CONFIDENCE, Cell
from validation.statistics.spread import Spread, measure_spread


def summarise_seeds(stores: Mapping[int, RunStore], folder: Path) -> dict[Cell, Spread]:
    """Write the spread of several runs' numbers.

    Args:
        stores: by seed, of complete runs.
        folder: to write into; made where missing.

    Raises:
        StageNotRun: when a run is not complete.
        SettingsError: when the runs differ in more than the seed.
    """
    finished = {seed: FinishedRun(store) for seed, store in stores.items()}
    runs = [each.run | {"seed": None} for each in finished.values()]
    if any(run != runs[0] for run in runs):
        raise SettingsError(f"{folder.name}: the runs differ in more than the seed")
    tables = {
        str(seed): {f"{method}/{metric}": value for (method, metric), value in each.numbers.items()}
        for seed, each in finished.items()
    }
    made = {str(seed): _describe_making(store) for seed, store in stores.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SEEDS, {"run": runs[0], "made": made, "numbers": tables})
    return write_tables(folder)


def keep_seeds(folder: Path, kept: Path = KEPT.parent) -> list[str]:
    """Add the trainings of a study to those kept, so that they can be made a few at a time.

    Args:
        folder: with the `seeds.json` of `sweep`, or of another machine.
        kept: to add them to; made where missing.

    Returns:
        The seeds that are kept now, in order.

    Raises:
        SettingsError: when those kept are of other settings or data, or have one of the seeds with
            other numbers.
    """
    read_numbers(folder / SEEDS)
    added, file = read_json(folder / SEEDS), kept / SEEDS
    if file.exists():
        read_numbers(file)
        before = read_json(file)
        same_data = before["run"].get("manifest") == added["run"].get("manifest")
        if not (same_data and have_settings(before["run"], added["run"])):
            raise SettingsError(
                f"{file}: made with other settings or data than {folder / SEEDS}; to begin anew, "
                "remove it"
            )
        twice = before["numbers"].keys() & added["numbers"].keys()
        for seed in sorted(twice, key=int):
            if before["numbers"][seed] != added["numbers"][seed]:
                raise SettingsError(f"{folder / SEEDS}: seed {seed} has other numbers in {file}")
        # Of a seed made twice the first one stays, with where and by what it was made.
        added |= {part: added[part] | before[part] for part in ("made", "numbers")}
        added["run"] = before["run"]
    kept.mkdir(parents=True, exist_ok=True)
    write_json(file, added)
    write_tables(kept)
    return sorted(added["numbers"], key=int)


def write_tables(folder: Path) -> dict[Cell, Spread]:
    """Write `seeds.csv` and `seeds.md` of the `seeds.json` in a folder, and return the spread.

    Raises:
        SettingsError: when the file holds no numbers of two runs or more.
    """
    run, numbers = read_numbers(folder / SEEDS)
    spread = measure_spread(numbers.values())
    rows = [{"method": m, "metric": n} | vars(s) for (m, n), s in spread.items()]
    write_table(pd.DataFrame(rows), folder / "seeds.csv")
    write_text(folder / "seeds.md", to_markdown(spread, run=run, seeds=list(numbers)))
    return spread


def _describe_making(store: RunStore) -> dict:
    records = store.records()
    last = records[EVALUATED]
    commits = {unit: record.get("commit") for unit, record in records.items()}
    return {"commits": commits, "versions": last["versions"], "machine": last["machine"]}


def to_markdown(spread: Mapping[Cell, Spread], *, run: dict, seeds: list[str]) -> str:
    """Write Table 1 with mean, standard deviation and interval of the mean in each cell; and CV*."""

    def write(cell: Cell) -> str:
        if cell not in spread:
            return NOT_MEASURED
        interval = f"({write_percent(spread[cell].low)} to {write_percent(spread[cell].high)})"
        return f"{write_spread(spread[cell])} {interval}"

    heading = (
        f"On {name_data(run)}. Seeds {', '.join(map(str, seeds))} on one split; in percent: mean ± "
        f"standard deviation ({CONFIDENCE:.0%} interval of the mean)." + describe_split(run)
    )

    def write_variation(cell: Cell) -> str:
        return write_or_absent(spread[cell].variation if cell in spread else None)

    return "\n".join(
        [
            heading,
            "",
            *lay_out_markdown(write_rows(write)),
            "",
            f"{VARIATION} over these seeds, in percent:",
            "",
            *lay_out_markdown(write_rows(write_variation)),
            "",
        ]
    )


def write_spread(spread: Spread) -> str:
    """Write mean and standard deviation in percent: 94.15 ± 2.95."""
    return f"{write_percent(spread.mean)} ± {write_percent(spread.std)}"


def compare_seeds(one: Path, other: Path, page: Path) -> dict[Cell, Spread]:
    """Write a page with the numbers of two seeds.json and their differences, over shared seeds.

    Args:
        one: what `replicate --seeds` left.
        other: the same of other settings.
        page: Markdown to write.

    Returns:
        The difference, other minus one, of each number that all runs have; fractions.

    Raises:
        SettingsError: when the files share fewer than two seeds, differ in the data, or in nothing.
    """
    (run, numbers), (other_run, other_numbers) = (read_numbers(file) for file in (one, other))
    shared = [seed for seed in numbers if seed in other_numbers]
    if len(shared) < 2:
        raise SettingsError(
            f"{other}: seeds {', '.join(other_numbers)}, but {one} has {', '.join(numbers)}; "
            "differences are taken seed by seed, so train the same with `replicate --seeds`"
        )
    numbers, other_numbers = ({s: each[s] for s in shared} for each in (numbers, other_numbers))
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
    lines = [
        f"# Profiles {names[0]} and {names[1]}, seed by seed",
        "",
        f"What changes from {names[0]} to {names[1]}, in trainings with the same seeds.",
        "",
        heading,
        "",
        *(f"- {change}" for change in changed),
        "",
        _count_apart(difference),
        "",
        *_lay_out_differences(first, second, difference, names),
        "",
    ]
    write_text(page, "\n".join(lines))
    return difference


def _lay_out_differences(
    first: dict[Cell, Spread],
    second: dict[Cell, Spread],
    difference: dict[Cell, Spread],
    names: tuple[str, str],
) -> list[str]:
    rows = [
        (
            row.dataset,
            heading,
            write_spread(first[cell]),
            write_spread(second[cell]),
            write_interval(found.mean, found.low, found.high, write_points),
        )
        for row in ROWS
        for metric, heading in zip(TABLE1_METRICS, HEADINGS[2:], strict=True)
        if (found := difference.get(cell := (row.name, metric)))
    ]
    headings = "Dataset", "Metric", *names, f"{names[1]} - {names[0]}"
    return lay_out_table(headings, rows, words=2)


def _count_apart(difference: dict[Cell, Spread]) -> str:
    apart = sum(not found.low <= 0 <= found.high for found in difference.values())
    vary = sum(found.std > 0 or found.mean != 0 for found in difference.values())
    return (
        f"Of {len(difference)} numbers {vary} differ in some seed. The interval of the difference "
        f"leaves out 0 for {apart}; by chance alone it would for {(1 - CONFIDENCE) * vary:.1f}."
    )


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
