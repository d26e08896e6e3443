"""Two choices of settings side by side, each trained with the same seeds.

The difference is taken seed by seed, so that what the seeds share (split, initial weights,
evaluation networks) drops out of it, and with it most of the spread.
"""

from __future__ import annotations

from pathlib import Path

from replication.errors import SettingsError
from replication.markdown_table import lay_out_table
from replication.records import TABLE1_METRICS
from replication.seeds import name_data, read_numbers
from replication.store import write_text
from replication.table1 import ROWS
from replication.table1_text import HEADINGS
from validation.spread import CONFIDENCE, Cell, Spread, measure_spread


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
        if (cell := (title.method, metric)) in difference
    ]
    headings = "Dataset", "Metric", one, other, f"{other} - {one}"
    table = lay_out_table(headings, rows, words=2)
    told = [f"- {change}" for change in changed]
    title = f"# Profiles {one} and {other}, seed by seed"
    return "\n".join([title, "", heading, "", *told, "", _count_apart(difference), "", *table, ""])


def _count_apart(difference: dict[Cell, Spread]) -> str:
    apart = sum(not found.low <= 0 <= found.high for found in difference.values())
    vary = sum(found.deviation > 0 or found.mean != 0 for found in difference.values())
    return (
        f"Of {len(difference)} numbers {vary} differ in some seed. The interval of the difference "
        f"leaves out 0 for {apart}; by chance alone it would for {(1 - CONFIDENCE) * vary:.1f}."
    )


def _tell_spread(spread: Spread) -> str:
    return f"{100 * spread.mean:.2f} ± {100 * spread.deviation:.2f}"


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
