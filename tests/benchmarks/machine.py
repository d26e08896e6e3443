"""Describe the machine that a benchmark ran on: processor, cores, memory, instruction sets."""

from pathlib import Path

import numpy as np  # noqa: F401 (so that its library is found below)
from threadpoolctl import threadpool_info

from replication.system.provenance import PROC, name_machine, read_pairs

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


def describe_machine(proc: Path = PROC) -> dict[str, object]:
    """Return its name, its memory, its instruction sets, and what NumPy multiplies matrices by.

    Args:
        proc: where the system lists them; they stay unknown on systems other than Linux.
    """
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
