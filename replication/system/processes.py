"""Work spread over processes, whose number doesn't change the result, and Ctrl-C in them."""

import ctypes
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

import cv2

Task = TypeVar("Task")
Result = TypeVar("Result")

# glibc, malloc.h: the number of each setting, and the largest value that it takes.
KEPT_MEMORY = {"M_TRIM_THRESHOLD": (-1, 2**30), "M_MMAP_THRESHOLD": (-3, 2**25)}


def spread(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, workers: int, chunk: int
) -> Iterator[Result]:
    """Yield the work's result on each task, in the tasks' order.

    Args:
        work: a function of a module or a partial of one; the same on the same task anywhere.
        tasks: what to work on.
        workers: processes; 1 works in this one.
        chunk: tasks that a process is handed at once.
    """
    if workers == 1:
        yield from map(work, tasks)
        return
    # A fresh process: a forked one would inherit the locks of the parent's threads.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        with without_interrupts():
            results = pool.map(work, tasks, chunksize=chunk)
        yield from results


def advance_each(results: Iterable[Result], advance: Callable[[], None] | None) -> Iterator[Result]:
    """Yield the results and call `advance`, where there is one, after each has been used."""
    for result in results:
        yield result
        if advance is not None:
            advance()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Block SIGINT in processes that are started in the block; the parent handles it.

    A terminal interrupts all of them, and each would print a traceback of its own.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _start_worker() -> None:
    """Give a process one thread, and let it keep the memory of one image for the next.

    Returned and requested again, every page is cleared by the system first: a third of the time
    of drawing eyes. Where the C library has no such settings, only that time is lost.
    """
    cv2.setNumThreads(1)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    for setting in KEPT_MEMORY.values() if mallopt else ():
        mallopt(*setting)


@contextmanager
def hold_interrupt() -> Iterator[None]:
    """Hold a Ctrl-C back until the block has ended.

    In the middle of TensorFlow's import it would abort the process: its C++ can't pass it on.

    Raises:
        KeyboardInterrupt: after the block, when Ctrl-C was pressed meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():  # gets no signals
        yield
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed and callable(before):
        before(signal.SIGINT, None)
