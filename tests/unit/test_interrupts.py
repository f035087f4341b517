# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C: the first asks, the second breaks off, and the old handler comes back."""

from __future__ import annotations

import signal
import threading

import pytest

from optimizer.interrupts import stop_on_interrupt


def _press_twice() -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_the_first_interrupt_only_asks_to_stop() -> None:
    with stop_on_interrupt() as should_stop:
        assert not should_stop()
        signal.raise_signal(signal.SIGINT)
        assert should_stop()


def test_the_second_interrupt_breaks_off() -> None:
    with stop_on_interrupt(), pytest.raises(KeyboardInterrupt):
        _press_twice()


def test_the_earlier_handler_is_put_back() -> None:
    earlier = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt():
        assert signal.getsignal(signal.SIGINT) is not earlier
    assert signal.getsignal(signal.SIGINT) is earlier


def test_another_thread_leaves_the_handler_alone() -> None:
    answers: list[bool] = []

    def work() -> None:
        with stop_on_interrupt() as should_stop:
            answers.append(should_stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]
