"""Table 1 of the paper: 14 rows and 51 numbers, as a record, as files, as text.

JSON and CSV hold fractions, text holds percent. The baseline is a row and no method: the rows are
the baseline and then the registry's methods. Methods that the paper hasn't are measured alike and
stand apart, `beyond`: they are none of the 51 numbers that bands, seeds and drift are about.
"""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby

from replication.errors import DataError
from replication.privatize.methods import BEYOND, ROWS, Row
from replication.records import TABLE1_METRICS
from replication.store.numbers import DOES_NOT_APPLY, write_or_absent
from replication.store.tables import COLUMNS, lay_out_for_terminal, lay_out_table
from replication.store.words import put

EVALUATED = "06_evaluated"
TABLE, PAGE, PREDICTIONS = "table1.json", "table1.md", "predictions.csv"
HEADINGS = (
    "Experiment",
    "Dataset",
    "Identity Recognition Accuracy",
    "Replacement Identity Recognition Accuracy",
    "Glaucoma Recognition Accuracy",
    "Glaucoma Recognition F1-Score",
)  # paper, Table 1
SHORT = ("Identity", "Replacement", "Glaucoma", "F1")
NUMBER = 15  # letters: "100.00 (90.00)" and a space before it
UNIT = "ours (paper), in %"

Cell = tuple[str, str]
PaperPercent = Mapping[Cell, str]  # the paper's printed digits ("90.00") by method and metric
CELLS = frozenset(
    (row.name, metric) for row in ROWS for metric in row.metrics()
)  # what has a number


@dataclass(frozen=True)
class Table1Row:
    """One row of the paper's Table 1; fractions in [0, 1], None where there is no number.

    `measured` is False for a method that was not run; a None in a measured row does not apply.
    """

    method: str
    measured: bool
    identity_accuracy: float | None = None
    replacement_accuracy: float | None = None
    glaucoma_accuracy: float | None = None
    glaucoma_f1: float | None = None

    def __post_init__(self) -> None:
        for name in TABLE1_METRICS:
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise DataError(f"{self.method} {name}: expected a fraction, got {value}")


@dataclass(frozen=True)
class PoolSize:
    """How many patients a method draws a replacement from, over test images with one label.

    Args:
        method: its name.
        glaucoma: the label.
        images: how many there are, at least one.
        fewest, most: patients to draw from.
    """

    method: str
    glaucoma: bool
    images: int
    fewest: int
    most: int

    def __str__(self) -> str:
        return f"{self.fewest}" if self.fewest == self.most else f"{self.fewest} to {self.most}"


@dataclass(frozen=True)
class Table1:
    """All rows in the paper's order, measured or not, and what else was measured.

    Args:
        rows: the paper's 14.
        pools: of the methods that draw, for images without glaucoma and with it.
        beyond: the measured rows of methods that the paper hasn't, in the registry's order.
        at_most: by such a method, the largest share of images whose patient anyone can name, a
            fraction; 1 where nothing is proven.
        refused: by method that releases nothing of these data, why.

    Raises:
        DataError: when the rows are others, in another order, or a measured one lacks a number.
    """

    rows: tuple[Table1Row, ...]
    pools: tuple[PoolSize, ...] = ()
    beyond: tuple[Table1Row, ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names, expected = [row.method for row in self.rows], [title.name for title in ROWS]
        if names != expected:
            raise DataError(f"Table 1: expected the rows {expected}, got {names}")
        further = {row.method for row in self.beyond}
        if [row.method for row in self.beyond] != [t.name for t in BEYOND if t.name in further]:
            raise DataError(f"Table 1, beyond the paper: unknown rows or another order: {further}")
        titles = (*ROWS, *self.titles_beyond())
        for row, title in zip((*self.rows, *self.beyond), titles, strict=True):
            given = [name for name in TABLE1_METRICS if getattr(row, name) is not None]
            own = [name for name in TABLE1_METRICS if row.measured and name in title.metrics()]
            if given != own:
                raise DataError(f"Table 1, {row.method}: measured={row.measured}, but has {given}")

    def titles_beyond(self) -> list[Row]:
        """Return what the rows beyond the paper are about."""
        measured = {row.method for row in self.beyond}
        return [title for title in BEYOND if title.name in measured]

    def numbers(self) -> dict[Cell, float]:
        """Return the paper's numbers that were measured, fractions by (method, metric)."""
        return _list_numbers(self.rows)

    def numbers_beyond(self) -> dict[Cell, float]:
        """Return those of the methods that the paper hasn't, alike."""
        return _list_numbers(self.beyond)


def _list_numbers(rows: Sequence[Table1Row]) -> dict[Cell, float]:
    return {
        (row.method, name): getattr(row, name)
        for row in rows
        for name in TABLE1_METRICS
        if getattr(row, name) is not None
    }


def build_table(measured: Sequence[Table1Row]) -> Table1:
    """Put measured rows in the paper's order and mark the others as not measured.

    Raises:
        DataError: when a row is no method's, or comes twice.
    """
    by_method = {row.method: row for row in measured}
    strangers = sorted(set(by_method) - {title.name for title in (*ROWS, *BEYOND)})
    if strangers or len(by_method) != len(measured):
        raise DataError(f"Table 1: rows that it doesn't have, or a row twice: {strangers}")
    return Table1(
        tuple(by_method.get(title.name, Table1Row(title.name, False)) for title in ROWS),
        beyond=tuple(by_method[title.name] for title in BEYOND if title.name in by_method),
    )


def to_json(table: Table1) -> str:
    """Write every row with its fractions in full; null where there is none, `measured` says why."""
    return json.dumps(asdict(table), indent=2) + "\n"


def from_json(text: str) -> Table1:
    """Read what `to_json` wrote.

    Raises:
        DataError: when the text is no Table 1.
    """
    try:
        content = json.loads(text)
        rows = tuple(Table1Row(**row) for row in content["rows"])
        pools = tuple(PoolSize(**pool) for pool in content.get("pools", ()))
        beyond = tuple(Table1Row(**row) for row in content.get("beyond", ()))
        at_most, refused = (dict(content.get(name, {})) for name in ("at_most", "refused"))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"table1.json: expected the 14 rows of Table 1, got {error!r}") from error
    return Table1(rows, pools, beyond, at_most, refused)


def to_csv(table: Table1, *, beyond: bool = False) -> str:
    """Write one line per row: method, the paper's words for it and four fractions in full.

    Args:
        table: the measured table.
        beyond: whether the rows are those beyond the paper, not its own.
    """
    numbers = table.numbers_beyond() if beyond else table.numbers()
    titles, text = table.titles_beyond() if beyond else ROWS, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "experiment", "dataset", *TABLE1_METRICS])
    cells = write_rows(lambda cell: write_or_absent(numbers.get(cell), repr), titles)
    writer.writerows((row.name, *written) for row, written in zip(titles, cells, strict=True))
    return text.getvalue()


def to_markdown(table: Table1, *, paper_percent: PaperPercent) -> str:
    """Write a Markdown table in percent, the paper's numbers in brackets, and its pools below."""
    lines = lay_out_markdown(to_cells(table.numbers(), paper_percent=paper_percent))
    lines += ["", "In percent: measured (paper).", ""]
    return "\n".join([*lines, describe_pools(table.pools), ""] if table.pools else lines)


def describe_pools(pools: Sequence[PoolSize]) -> str:
    """Return in one sentence how many patients each method draws a replacement from."""
    images = {pool.glaucoma: pool.images for pool in pools}
    label = {False: "without glaucoma", True: "with glaucoma"}
    kinds = " and ".join(f"{count} {label[kind]}" for kind, count in images.items())
    named = {row.name: row.short for row in ROWS}
    sizes = "; ".join(
        f"{named[method]} {' and '.join(map(str, own))}"
        for method, own in groupby(pools, lambda pool: pool.method)
    )
    return f"Patients that a test image's replacement is drawn from ({kinds}): {sizes}."


def describe_refusals(refused: Mapping[str, str]) -> list[str]:
    """Return a sentence for each reason why methods release nothing, with their names."""
    return [
        f"Not measured: {', '.join(name for name in refused if refused[name] == why)}: {why}."
        for why in dict.fromkeys(refused.values())
    ]


def lay_out_markdown(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the lines of a Markdown table of rows with six cells, under `HEADINGS`."""
    return lay_out_table(HEADINGS, rows, words=len(HEADINGS) - len(TABLE1_METRICS))


def to_terminal(table: Table1, *, paper_percent: PaperPercent, title: str) -> list[str]:
    """Return the table's lines for a terminal.

    Args:
        table: the measured table.
        paper_percent: the paper's.
        title: what was measured on what.

    Returns:
        The title, what the columns are, and the measured rows below their experiments, those
        beyond the paper last; then how many patients replacements are drawn from, and the paper's
        methods that were not run.
    """
    rows = [(UNIT, *SHORT)]
    numbers = table.numbers() | table.numbers_beyond()
    titles = (*ROWS, *BEYOND)
    cells = dict(zip(titles, to_cells(numbers, titles, paper_percent=paper_percent), strict=True))
    measured = {row.method for row in (*table.rows, *table.beyond) if row.measured}
    run = [row for row in titles if row.name in measured]
    for experiment, group in groupby(run, _head):
        rows.append((experiment,))
        rows += [(f" {row.short}", *cells[row][2:]) for row in group]
    absent = ", ".join(row.name for row in ROWS if row.name not in measured)
    lines = lay_out_for_terminal(title, rows, number=NUMBER)
    notes = [describe_pools(table.pools)] if table.pools else []
    for note in [*notes, *describe_refusals(table.refused)]:
        lines += textwrap.wrap(put(note), COLUMNS)
    return lines + (textwrap.wrap(f"Not run: {absent}", COLUMNS) if absent else [])


def _head(row: Row) -> str:
    return row.experiment if row.in_paper else f"{row.experiment} (beyond the paper)"


def to_cells(
    numbers: Mapping[Cell, float], titles: Sequence[Row] = ROWS, *, paper_percent: PaperPercent
) -> list[tuple[str, ...]]:
    """Return rows as text under `HEADINGS`; a number is "measured (paper)" in percent.

    A number that the paper doesn't have stands without brackets.
    """

    def write(cell: Cell) -> str:
        paper = f" ({paper_percent[cell]})" if cell in paper_percent else ""
        return write_or_absent(numbers.get(cell)) + paper

    return write_rows(write, titles)


def write_rows(write: Callable[[Cell], str], titles: Sequence[Row] = ROWS) -> list[tuple[str, ...]]:
    """Return rows as text under `HEADINGS`, whatever their numbers are.

    Args:
        write: returns the text of a (method, metric) that the table has; where it has none, '-'.
        titles: what the rows are about, Table 1's 14 by default.
    """
    return [
        (
            row.experiment,
            row.dataset,
            *(
                write((row.name, metric)) if metric in row.metrics() else DOES_NOT_APPLY
                for metric in TABLE1_METRICS
            ),
        )
        for row in titles
    ]
