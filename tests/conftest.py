"""Sockets are closed to all but loopback: here by pytest-socket, in processes started by a hook."""

import os
from pathlib import Path

CLOSED_SOCKETS = Path(__file__).parent / "closed_sockets"


def pytest_configure() -> None:
    """Make every Python process that a test starts refuse connections, too."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CLOSED_SOCKETS), others]))
