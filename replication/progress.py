"""Progress bars with the time left, on a terminal; silence elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Track(Protocol):
    """Opens a progress bar over `total` pieces of work."""

    def __call__(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Give a function to call after each piece."""


@contextmanager
def track_on_terminal(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error while the block runs, if that is a terminal.

    Args:
        what: the words before the bar.
        total: pieces of work.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bars:
        task = bars.add_task(what, total=total)
        yield lambda: bars.advance(task)
