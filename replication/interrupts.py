"""Hold Ctrl-C back where it would end the process without a word."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hold_interrupt() -> Iterator[None]:
    """Hold a Ctrl-C back until the block has ended.

    In the middle of TensorFlow's import it would abort the process; its code in C++ can't pass it on.

    Raises:
        KeyboardInterrupt: after the block, when Ctrl-C was pressed meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():  # never hears it
        yield
        return
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(signal.SIGINT, None)
