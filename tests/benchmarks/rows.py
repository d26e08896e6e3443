"""What a benchmark finds: one row per comparison, with what to reach and what bounds it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


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
        """Tell whether a measured value is on the right side; None where it isn't asked here."""
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
        seconds: medians of every side, for the eye alone.
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
