"""Table 1 as a report shows it: ours, its interval, the paper's number and what became of it.

Per method and metric the best number is marked, as the paper prints it in bold (§3).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from replication.privatize.methods import ROWS, Row
from replication.records import TABLE1_METRICS
from validation.blessing.blessing import TABLE, Blessing
from validation.statistics.intervals import Cell, Interval

SHORT = {
    "identity_accuracy": "Identity",
    "replacement_accuracy": "Replaced",
    "glaucoma_accuracy": "Glaucoma",
    "glaucoma_f1": "F1",
}
# Privacy is better where less is recognised, utility where more is.
BETTER: Mapping[str, Callable] = {
    "identity_accuracy": min,
    "replacement_accuracy": min,
    "glaucoma_accuracy": max,
    "glaucoma_f1": max,
}
ALONE = "Baseline"  # one row, so nothing is best in it


@dataclass(frozen=True)
class Number:
    """One cell; fractions in [0, 1].

    Args:
        metric: whose.
        ours: None where not measured.
        interval: of ours; None as above.
        paper: as printed.
        best, paper_best: of its method.
        verdict: in the words of the blessing.
    """

    metric: str
    ours: float | None
    interval: Interval | None
    paper: float
    best: bool
    paper_best: bool
    verdict: str


@dataclass(frozen=True)
class PageRow:
    """One row: the paper's words, four cells (None where the table has no number), its verdicts."""

    title: Row
    starts_method: bool
    cells: tuple[Number | None, ...]
    verdict: str


def lay_out_rows(
    numbers: Mapping[Cell, float],
    intervals: Mapping[Cell, Interval],
    paper: Mapping[Cell, float],
    blessing: Blessing,
) -> tuple[PageRow, ...]:
    """Return the table's rows in the paper's order.

    Args:
        numbers: ours, fractions; without those that were not measured.
        intervals: of the same numbers.
        paper: all 51, fractions.
        blessing: has a check of each of them.
    """
    verdicts = {c.name: c.verdict for c in blessing.checks if c.group == TABLE}
    ours_best, paper_best = find_best(numbers), find_best(paper)
    rows, before = [], None
    for title in ROWS:
        cells = tuple(
            Number(
                metric,
                numbers.get((title.name, metric)),
                intervals.get((title.name, metric)),
                paper[title.name, metric],
                (title.name, metric) in ours_best,
                (title.name, metric) in paper_best,
                verdicts[f"{title.name}/{metric}"],
            )
            if metric in title.metrics()
            else None
            for metric in TABLE1_METRICS
        )
        rows.append(PageRow(title, title.experiment != before, cells, _sum_up(cells)))
        before = title.experiment
    return tuple(rows)


def find_best(numbers: Mapping[Cell, float]) -> set[Cell]:
    """Return the cells that hold the best number of their method and metric, ties all of them."""
    best = set()
    for experiment in {title.experiment for title in ROWS} - {ALONE}:
        methods = [title.name for title in ROWS if title.experiment == experiment]
        for metric, choose in BETTER.items():
            found = {(m, metric): numbers[m, metric] for m in methods if (m, metric) in numbers}
            best |= {cell for cell, value in found.items() if value == choose(found.values())}
    return best


def _sum_up(cells: tuple[Number | None, ...]) -> str:
    counts = Counter(cell.verdict for cell in cells if cell is not None)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
