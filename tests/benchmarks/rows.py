"""One comparison: its sides timed in turn, what it is to reach, and what bounds it."""

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median

LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Goal:
    """What a row is to reach.

    Args:
        value: the least ratio, or the most.
        at_least: whether it is the least.
        unit: of the value; a ratio has none.
        holds_here: whether this machine is one that the goal is stated for.
    """

    value: float
    at_least: bool = False
    unit: str = ""
    holds_here: bool = True

    def is_reached(self, measured: float) -> bool | None:
        """Return whether a value is on the right side; None where the goal isn't stated for here."""
        if not self.holds_here:
            return None
        return measured >= self.value if self.at_least else measured <= self.value


@dataclass(frozen=True)
class Row:
    """One comparison.

    Args:
        what: the side of ours.
        beside: the other side.
        measured: the ratio, or what the goal's unit counts.
        goal: what to reach.
        bound: what keeps it from being better: arithmetic, memory, Python and the like.
        from_bound: the time, or the memory, of ours as a multiple of what the bound alone takes,
            where that was measured.
        seconds: medians of every side, which have no goal.
    """

    what: str
    beside: str
    measured: float
    goal: Goal
    bound: str
    from_bound: float | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict:
        """Return the row as plain data, with whether the goal is reached."""
        return asdict(self) | {"reached": self.goal.is_reached(self.measured)}


def alternate(
    sides: Mapping[str, Callable[[], object]], *, rounds: int = LEAST_ROUNDS
) -> dict[str, float]:
    """Return the median seconds of each side, all of them called once in each round.

    Whatever else the machine does hits all sides alike. Each is called once before it is timed.

    Raises:
        ValueError: when the rounds are too few for a median.
    """
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds: expected at least {LEAST_ROUNDS}, got {rounds}")
    for run in sides.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        # Every other round backwards: no side always comes after the same one.
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            start = time.perf_counter()
            sides[name]()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def find_peak_kib() -> int:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
