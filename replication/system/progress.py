"""Progress bars with the time left, on a terminal; silence elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

# Opens a bar over so many pieces of work, and gives a function to call after each.
Track = Callable[[str, int], AbstractContextManager[Callable[[], None]]]

LONGEST_BAR = 40  # letters
REST = 24  # the counts, the time and the gaps


@contextmanager
def track_on_terminal(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar of so many pieces on standard error, if that is a terminal."""
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
    options = {"console": console, "disable": not console.is_terminal, "transient": True}
    with Progress(*parts, **options) as bars:
        task = bars.add_task(what, total=total)
        yield lambda: bars.advance(task)
