"""One comparison: its sides timed in turn, its goal, what bounds it; and the machine it ran on."""

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import numpy as np  # noqa: F401 (so that its library is found below)
from threadpoolctl import threadpool_info

from replication.system.provenance import PROC, name_machine, read_pairs

LEAST_ROUNDS = 5
INSTRUCTION_SETS = [
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
]


@dataclass(frozen=True)
class Goal:
    """What a row is to reach: the least ratio, or the most."""

    value: float
    at_least: bool = False
    unit: str = ""  # a ratio has none
    holds_here: bool = True  # whether it is stated for a machine as this

    def is_reached(self, measured: float) -> bool | None:
        """Return whether a value is on the right side; None where the goal isn't stated for here."""
        if not self.holds_here:
            return None
        return measured >= self.value if self.at_least else measured <= self.value


@dataclass(frozen=True)
class Row:
    """One comparison of a side of ours with another."""

    what: str
    beside: str
    measured: float  # the ratio, or what the goal's unit counts
    goal: Goal
    bound: str  # what keeps it from being better: arithmetic, memory, Python and the like
    from_bound: float | None = None  # ours as a multiple of what the bound alone takes, if measured
    seconds: Mapping[str, float] = field(default_factory=dict)  # medians of every side

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


def describe_machine(proc: Path = PROC) -> dict[str, object]:
    """Return name, memory, instruction sets (unknown but on Linux), and NumPy's linear algebra."""
    flags = set(read_pairs(proc / "cpuinfo").get("flags", "").split())
    kilobytes = read_pairs(proc / "meminfo").get("MemTotal", "").removesuffix(" kB")
    return {
        "name": name_machine(proc),
        "memory_gib": round(int(kilobytes) / 2**20, 1) if kilobytes else None,
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags],
        "blas": _name_blas(),
    }


def _name_blas() -> list[str]:
    """Return NumPy's library and its kernels: those of the processor, or of OPENBLAS_CORETYPE."""
    return [
        f"{found['internal_api']} {found['version']}, kernels {found['architecture']}"
        for found in threadpool_info()
        if found["user_api"] == "blas"
    ]
