"""Name the machine that a benchmark ran on: processor, cores, memory, instruction sets."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

INSTRUCTION_SETS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
)


def describe_machine(proc: Path = Path("/proc")) -> dict[str, object]:
    """Return processor, cores that may be used, memory and instruction sets.

    Args:
        proc: where the system tells them; elsewhere than on Linux they stay unknown.
    """
    told = _read_pairs(proc / "cpuinfo")
    flags = set(told.get("flags", "").split())
    kilobytes = _read_pairs(proc / "meminfo").get("MemTotal", "").removesuffix(" kB")
    return {
        "processor": _name_processor(told),
        "cores": count_cores(),
        "memory_gib": round(int(kilobytes) / 2**20, 1) if kilobytes else None,
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags],
    }


def _name_processor(told: dict[str, str]) -> str:
    """Return its name, with the numbers that tell it from others that are sold under one name."""
    name = told.get("model name", platform.processor() or "unknown")
    numbers = [f"{what} {told[what]}" for what in ("cpu family", "model") if what in told]
    return f"{name} ({', '.join(numbers)})" if numbers else name


def name_machine(machine: Mapping) -> str:
    """Return the name that keeps what one machine found apart from what another did.

    Args:
        machine: as described.
    """
    return f"{machine['processor']}, {machine['cores']} cores"


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _read_pairs(file: Path) -> dict[str, str]:
    """Return the lines `name : value` of a file, the first of each name."""
    pairs: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        name, _, value = line.partition(":")
        pairs.setdefault(name.strip(), value.strip())
    return pairs
