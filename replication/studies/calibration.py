"""Is the surrogate like real eyes? Its statistics beside theirs, a target for each, and the verdict.

Ours. Anatomy is held against one set of real eyes, whose own value makes the target; disease against
fixed ranges, since signs on the real eyes at hand are drawn as well. Nothing of a trained network or
of the paper's Table 1 is among them. A row is in range when every seed's surrogate is, but for the
AUC of twins: a surrogate has some 60 sick patients, and labels dealt out by chance move it by .05
(standard deviation), as far as its target reaches. There the mean of the seeds is held.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from replication.errors import DataError
from replication.store.numbers import NOT_MEASURED
from replication.store.tables import lay_out_table
from replication.studies.calibration_eyes import DRAWN_KINDS
from replication.studies.eye_statistics import BANDS, KERNELS, SHARES

ICC_TOLERANCE = 0.08
KINDS_IN_WORDS = {
    "hole": "hole (iridectomy)",
    "haze": "haze",
    "dilated": "dilated pupil",
    "atrophy": "atrophy",
}
NOTE = (
    "Statistics that need no training, of the surrogate and of real eyes (`cli.py data calibrate`; "
    "`replication/studies/eye_statistics.py` and `sign_statistics.py` say how each is measured). What "
    "is chosen by this table is chosen on the first real set alone; another beside it is not looked at for "
    "that. `real` is the value that makes a target of anatomy; targets of disease are ranges fixed "
    "beforehand. A row is in range when the surrogate of every seed is; of twins, whose AUC chance alone "
    "moves by 0.05 with the patients, when the mean of the seeds is."
)
LEFT_OUT = (
    "What takes trained networks is measured by finished runs: identity under blur in "
    "[results](results/index.md), glaucoma by patient and what a sham takes in [privacy](privacy.md)."
)


@dataclass(frozen=True)
class Target:
    """The range a statistic has to lie in.

    Args:
        low, high: its ends, None where there is none; without both it is only reported.
        relative: whether they are added to the real value, ('add'), multiply it ('times'), or
            stand alone ('').
    """

    low: float | None = None
    high: float | None = None
    relative: str = ""

    def find_range(self, real: float) -> tuple[float | None, float | None]:
        """Return the range for a real set's value."""
        if self.relative == "add":
            return real + self.low, real + self.high
        if self.relative == "times":
            return real * self.low, real * self.high
        return self.low, self.high


@dataclass(frozen=True)
class Statistic:
    """One row: its key in `measure_eyes`, its name on the page, and what it has to be."""

    key: str
    title: str
    target: Target
    by_mean: bool = False  # whether the mean of the seeds is held, not each seed's


@dataclass(frozen=True)
class Row:
    """A statistic of every surrogate and of every real set; the target is by the first of them.

    Args:
        key, title: of the statistic.
        surrogate: by seed.
        real: of the real set that the surrogate is calibrated on.
        beside: of further real sets.
        low, high: the target.
        verdict: 'in range', 'out of range', 'reported' or 'not measured'.
    """

    key: str
    title: str
    surrogate: tuple[float, ...]
    real: float | None
    beside: tuple[float | None, ...]
    low: float | None
    high: float | None
    verdict: str


def list_statistics() -> tuple[Statistic, ...]:
    """Return all statistics in the order of the page."""
    return (*_list_anatomy(), *_list_disease())


def judge_surrogates(
    surrogates: Sequence[Mapping[str, float]], real: Sequence[Mapping[str, float]]
) -> tuple[Row, ...]:
    """Hold the surrogates' statistics against the targets.

    Args:
        surrogates: of `measure_eyes`, one of each seed.
        real: of `measure_eyes`, first the set that the surrogate is calibrated on.

    Raises:
        DataError: when there is no surrogate or no real set.
    """
    if not surrogates or not real:
        raise DataError("calibration: expected a surrogate and a set of real eyes")
    return tuple(_judge(statistic, surrogates, real) for statistic in list_statistics())


def count_verdicts(rows: Sequence[Row]) -> str:
    """Return in words how many rows are in range."""
    judged = [row for row in rows if row.verdict in ("in range", "out of range")]
    good = sum(row.verdict == "in range" for row in judged)
    return f"{good} of {len(judged)} statistics are in range."


def to_json(rows: Sequence[Row], *, seeds: Sequence[int], names: Sequence[str]) -> dict:
    """Return what calibration.json holds; `names` are those of the real sets."""
    return {"seeds": list(seeds), "real": list(names), "rows": [asdict(row) for row in rows]}


def lay_out_page(rows: Sequence[Row], *, seeds: Sequence[int], names: Sequence[str]) -> str:
    """Return the Markdown page."""
    of_seeds = f"surrogate, seeds {seeds[0]} to {seeds[-1]}" if seeds[1:] else "surrogate"
    headings = ["statistic", of_seeds, f"real ({names[0]})", "target", "verdict", *names[1:]]
    table = lay_out_table(headings, map(list_cells, rows), words=1)
    lines = ["# Calibration of the surrogate", "", NOTE, "", *table, "", count_verdicts(rows)]
    return "\n".join([*lines, "", LEFT_OUT, ""])


def list_cells(row: Row) -> list[str]:
    """Return a row's cells: its name, the surrogates, the real value, target, verdict, others."""
    mean = sum(row.surrogate) / len(row.surrogate) if row.surrogate else None
    ends = (min(row.surrogate), max(row.surrogate)) if row.surrogate[1:] else ()
    spread = f" ({_number(ends[0])} to {_number(ends[1])})" if ends else ""
    beside = [_number(value) for value in row.beside]
    own = _number(mean) + spread
    return [row.title, own, _number(row.real), _write_range(row), row.verdict, *beside]


def _judge(
    statistic: Statistic,
    surrogates: Sequence[Mapping[str, float]],
    real: Sequence[Mapping[str, float]],
) -> Row:
    own = tuple(found[statistic.key] for found in surrogates if statistic.key in found)
    theirs, *beside = (found.get(statistic.key) for found in real)
    target = statistic.target
    low, high = (None, None)
    if theirs is not None or not target.relative:
        low, high = target.find_range(theirs)
    return Row(
        statistic.key,
        statistic.title,
        own,
        theirs,
        tuple(beside),
        low,
        high,
        _find_verdict(statistic, own, low, high, whole=len(surrogates)),
    )


def _find_verdict(
    statistic: Statistic,
    own: tuple[float, ...],
    low: float | None,
    high: float | None,
    *,
    whole: int,
) -> str:
    if statistic.target == Target():
        return "reported"
    if len(own) < whole or (low is None and high is None):
        return NOT_MEASURED
    held = (sum(own) / len(own),) if statistic.by_mean else own
    above = low is None or min(held) >= low
    below = high is None or max(held) <= high
    return "in range" if above and below else "out of range"


def _list_anatomy() -> Iterator[Statistic]:
    yield Statistic("slope", "spectrum's slope, equal iris size", Target(-0.2, 0.2, "add"))
    for low, high in SHARES:
        title = f"energy at {low} to {high} cycles, equal iris size"
        yield Statistic(f"share {low}-{high}", title, Target(1 / 1.5, 1.5, "times"))
    around = Target(-ICC_TOLERANCE, ICC_TOLERANCE, "add")
    for low, high in pairwise(BANDS):
        key = f"{low:g}-{high:g}"
        title = f"correlation within an eye, {key.replace('-', ' to ')} cycles"
        yield Statistic(f"icc {key}", title, around)
    for kernel in KERNELS:
        title = f"squared gradient kept after blur {kernel}, equal iris size"
        yield Statistic(f"kept {kernel}", title, Target(0.8, 1.2, "times"))
    yield Statistic("lda outside", "patient named by what is outside the iris", Target(0.85, 0.92))
    yield Statistic("lda inside", "patient named by the iris, equal iris size", Target(0.93, 0.97))


def _list_disease() -> Iterator[Statistic]:
    yield Statistic("visible", "visibility of signs, d', median", Target(3.5, 5))
    for kind in DRAWN_KINDS:
        title = f"visibility of signs, d', median: {KINDS_IN_WORDS[kind]}"
        yield Statistic(f"visible {kind}", title, Target(1.5))
    yield Statistic("visible tenth", "visibility of signs, d', lowest tenth", Target(1))
    yield Statistic("auc", "glaucoma by hand features, by patient, AUC", Target(0.83, 0.9))
    yield Statistic("auc twins", "the same of twins, AUC", Target(0.45, 0.55), by_mean=True)
    yield Statistic("half sick", "sick patients with a healthy eye", Target(None, 0.2))
    yield Statistic("by patient", "glaucoma known by the patient alone, accuracy", Target())
    yield Statistic("unseen", "sign changes fewer than 4 px by 8 levels", Target(None, 0.01))


def _number(value: float | None) -> str:
    if value is None:
        return NOT_MEASURED
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}"


def _write_range(row: Row) -> str:
    if row.low is None and row.high is None:
        return "none" if row.verdict == "reported" else NOT_MEASURED
    if row.low is None:
        return f"at most {_number(row.high)}"
    if row.high is None:
        return f"at least {_number(row.low)}"
    return f"{_number(row.low)} to {_number(row.high)}"
