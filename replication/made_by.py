"""What made a result: versions of Python and its packages, this code's commit, the memory held."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

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


def find_versions() -> dict[str, str]:
    """Return the versions of Python and of what changes numbers."""
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
    code = Path(__file__).resolve().parents[1]
    told = []
    for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        try:
            git = subprocess.run(  # noqa: S603 - words of our own, no shell
                ["git", "-C", str(code), *words],  # noqa: S607 - the git that the user calls
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        told.append(git.stdout.strip())
    commit, changes = told
    return None if changes else commit
