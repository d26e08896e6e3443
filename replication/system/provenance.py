"""What made a result: the machine, versions of Python and packages, the code's commit, memory."""

import os
import platform
from functools import cache
from pathlib import Path

PROC = Path("/proc")
ROOT = Path(__file__).resolve().parents[2]
RECORDED_PACKAGES = (
    "tensorflow",
    "keras",
    "innvestigate",
    "tensorflow-addons",
    "numpy",
    "opencv-python-headless",
    "pandas",
    "great-expectations",
)


def name_machine(proc: Path = PROC) -> str:
    """Return the processor's name (Python's without /proc), its family and model, and its cores."""
    facts = read_pairs(proc / "cpuinfo")
    name = facts.get("model name") or platform.processor() or platform.machine()
    numbers = ", ".join(f"{key} {facts[key]}" for key in ("cpu family", "model") if key in facts)
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


def find_versions() -> dict[str, str]:
    """Return the versions of Python and of packages that affect results."""
    from importlib import metadata  # late, as subprocess below: --help needs neither

    return {"python": platform.python_version()} | {
        package: metadata.version(package) for package in RECORDED_PACKAGES
    }


def find_peak_memory() -> int | None:
    """Return the most memory, in MiB, that this process has held so far; None outside Linux.

    Children aren't counted: the system takes one for as large as its parent until it has started.
    """
    if platform.system() != "Linux":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@cache
def find_commit() -> str | None:
    """Return the commit of this code, None where it was changed since or is in no git clone."""
    import subprocess

    outputs = []
    for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        try:
            git = subprocess.run(  # noqa: S603 - words of our own, no shell
                ["git", "-C", str(ROOT), *words],  # noqa: S607 - the git that the user calls
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        outputs.append(git.stdout.strip())
    commit, changes = outputs
    return None if changes else commit
