"""Examples are seeded, so that one commit has one answer. Sockets are closed to all but loopback:
here by pytest-socket, in processes started by a hook.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("seeded", derandomize=True)
settings.load_profile("seeded")

CLOSED_SOCKETS = Path(__file__).parent / "closed_sockets"
# Minutes each, so they go first: at the end one process would wait for the other's.
LONGEST = ("test_order.py", "test_regression.py")


def pytest_configure() -> None:
    """Make every Python process that a test starts refuse connections, too."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CLOSED_SOCKETS), others]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """Let processes hear SIGINT, even where a shell started the tests in the background without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Write a user's module into the current folder, as often as wanted.

    It is read anew each time: no bytecode is cached, which Python holds for that of any source of
    the same second and size.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    written = set()

    def forget() -> None:
        for name in written:
            sys.modules.pop(name, None)
        sys.path_importer_cache.clear()

    def write(source: str, name: str = "mine") -> None:
        (tmp_path / f"{name}.py").write_text(source)
        written.add(name)
        forget()

    yield write
    forget()
