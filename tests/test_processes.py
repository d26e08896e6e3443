"""Work spread over processes comes back whole and in its order."""

from __future__ import annotations

import os
import time

import pytest

from replication.processes import spread

WORKERS = (1, 2)


def tell_square_and_process(number: int) -> tuple[int, int]:
    time.sleep(0.02 * (number % 3))  # a later task is done before an earlier one
    return number**2, os.getpid()


def refuse_five(number: int) -> int:
    if number == 5:
        raise ValueError("five")
    return number


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("chunk", [1, 4])
def test_the_results_are_in_the_tasks_order(workers: int, chunk: int) -> None:
    results = list(spread(tell_square_and_process, range(10), workers=workers, chunk=chunk))
    assert [square for square, _ in results] == [number**2 for number in range(10)]
    assert (os.getpid() in {process for _, process in results}) == (workers == 1)


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_in_the_work_is_the_caller_s(workers: int) -> None:
    with pytest.raises(ValueError, match="five"):
        list(spread(refuse_five, range(10), workers=workers, chunk=2))
