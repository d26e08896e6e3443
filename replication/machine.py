"""The machine that does the work: its processor and how many of its cores may be used."""

from __future__ import annotations

import os
import platform
from pathlib import Path

PROC = Path("/proc")


def name_machine(proc: Path = PROC) -> str:
    """Return the processor's name, the numbers that tell it from others of that name, its cores.

    Args:
        proc: where the system tells them; elsewhere than on Linux Python's word is taken.
    """
    told = read_pairs(proc / "cpuinfo")
    name = told.get("model name") or platform.processor() or platform.machine()
    numbers = ", ".join(f"{key} {told[key]}" for key in ("cpu family", "model") if key in told)
    return f"{name}{f' ({numbers})' if numbers else ''}, {count_cores()} cores"


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def read_pairs(file: Path) -> dict[str, str]:
    """Return the lines `name : value` of a file, the first of each name; none without the file."""
    pairs: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        name, _, value = line.partition(":")
        pairs.setdefault(name.strip(), value.strip())
    return pairs
