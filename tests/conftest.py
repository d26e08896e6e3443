"""Examples are seeded, so that one commit has one answer. Sockets are closed to all but loopback:
here by pytest-socket, in processes started by a hook.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("seeded", derandomize=True)
settings.load_profile("seeded")

CLOSED_SOCKETS = Path(__file__).parent / "closed_sockets"


def pytest_configure() -> None:
    """Make every Python process that a test starts refuse connections, too."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CLOSED_SOCKETS), others]))


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """Let processes hear SIGINT, even where a shell started the tests in the background without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
