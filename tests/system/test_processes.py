import os
import signal
import threading
import time

import pytest

from replication.system.processes import advance_each, hold_interrupt, spread

WORKERS = (1, 2)
pytestmark = pytest.mark.usefixtures("heard_interrupts")


def square_and_name_process(number: int) -> tuple[int, int]:
    time.sleep(0.02 * (number % 3))  # a later task is done before an earlier one
    return number**2, os.getpid()


def refuse_five(number: int) -> int:
    if number == 5:
        raise ValueError("five")
    return number


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("chunk", [1, 4])
def test_the_results_are_in_the_tasks_order(workers: int, chunk: int) -> None:
    results = list(spread(square_and_name_process, range(10), workers=workers, chunk=chunk))
    assert [square for square, _ in results] == [number**2 for number in range(10)]
    assert (os.getpid() in {process for _, process in results}) == (workers == 1)


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_in_the_work_is_the_caller_s(workers: int) -> None:
    with pytest.raises(ValueError, match="five"):
        list(spread(refuse_five, range(10), workers=workers, chunk=2))


def test_progress_advances_after_each_result_was_used() -> None:
    events = []
    for number in advance_each(range(2), lambda: events.append("advanced")):
        events.append(f"used {number}")
    assert events == ["used 0", "advanced", "used 1", "advanced"]
    assert list(advance_each(range(2), None)) == [0, 1]


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_block_ends_before_the_interrupt() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), hold_interrupt():
        press_ctrl_c()
        done.append(True)
    assert done == [True]
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_an_error_of_the_block_is_raised_first() -> None:
    with pytest.raises(ImportError), hold_interrupt():
        press_ctrl_c()
        raise ImportError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_ctrl_c_is_ignored_it_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with hold_interrupt():
        press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_thread_may_hold_it_too() -> None:
    done = []

    def work() -> None:
        with hold_interrupt():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
