"""Progress bars with the time left, on a terminal; silence elsewhere."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

# Opens a bar over so many pieces of work, and gives a function to call after each.
Track = Callable[[str, int], AbstractContextManager[Callable[[], None]]]

LONGEST_BAR = 40  # letters
REST = 24  # the counts, the time and the gaps


_OPENING = threading.Lock()
_SHOWN: list[Progress] = []  # the display of the bars that are open, one for all threads


@contextmanager
def track_on_terminal(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar of so many pieces on standard error, if that is a terminal.

    Bars that are open at the same time stand below each other.
    """
    with _OPENING:
        if not _SHOWN:
            _SHOWN.append(_open_display(what))
            _SHOWN[0].start()
        bars = _SHOWN[0]
        task = bars.add_task(what, total=total)
    try:
        yield lambda: bars.advance(task)
    finally:
        with _OPENING:
            if len(bars.tasks) == 1:
                _SHOWN.remove(bars)
                bars.stop()
            bars.remove_task(task)


def _open_display(what: str) -> Progress:
    console = Console(stderr=True)
    # Rich would cut words to make room for a long bar, and mark the cut by a letter beyond ASCII.
    whole, cut = Column(overflow="fold"), Column(overflow="crop", no_wrap=True)
    width = min(LONGEST_BAR, max(1, console.width - len(what) - REST))
    parts = (
        TextColumn("{task.description}", markup=False, table_column=whole),
        BarColumn(width, table_column=cut),
        MofNCompleteColumn(table_column=cut),
        TimeRemainingColumn(table_column=cut),
    )
    return Progress(*parts, console=console, disable=not console.is_terminal, transient=True)
