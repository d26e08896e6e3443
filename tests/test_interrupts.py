"""Ctrl-C in the middle of a block that must not be left in the middle."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from replication.interrupts import hold_interrupt


@pytest.fixture(autouse=True)
def _heard():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_block_ends_before_it_is_heard() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), hold_interrupt():
        press_ctrl_c()
        done.append(True)
    assert done == [True]
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_without_one_nothing_is_raised() -> None:
    with hold_interrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_the_block_is_told_first() -> None:
    with pytest.raises(ImportError), hold_interrupt():
        press_ctrl_c()
        raise ImportError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_it_is_not_listened_to_it_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with hold_interrupt():
        press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_thread_beside_is_left_alone() -> None:
    done = []

    def work() -> None:
        with hold_interrupt():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
