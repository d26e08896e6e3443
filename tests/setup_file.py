"""What setup.py describes, and commands run as on another machine."""

import contextlib
import runpy
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import setuptools


def read_setup(folder: Path) -> dict[str, Any]:
    """Return what the setup.py of a folder passes to setuptools."""
    with mock.patch.object(setuptools, "setup") as setup, contextlib.chdir(folder):
        runpy.run_path("setup.py")
    return setup.call_args.kwargs


def run(
    command: Sequence[str], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with these variables alone, so without those of the caller's make."""
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
