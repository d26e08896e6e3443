"""Progress bars with the time left, on a terminal; silence elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# Opens a bar over so many pieces of work, and gives a function to call after each.
Track = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


@contextmanager
def track_on_terminal(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar of so many pieces on standard error, if that is a terminal."""
    console = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    options = {"console": console, "disable": not console.is_terminal, "transient": True}
    with Progress(*parts, TimeRemainingColumn(), **options) as bars:
        task = bars.add_task(what, total=total)
        yield lambda: bars.advance(task)
