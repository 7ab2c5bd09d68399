"""Real signals to this process."""

import os
import signal
import threading

import pytest

from latentassay.core.interrupts import ENDING, Terminated, exit_code, raise_on_signals


@pytest.mark.parametrize("number", [number for number in ENDING if number != signal.SIGINT])
def test_a_signal_raises_once(number):
    with pytest.raises(Terminated) as caught, raise_on_signals():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            assert signal.getsignal(number) is signal.SIG_DFL  # a second one ends the program
    assert caught.value.number == number and exit_code(caught.value) == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL


def test_what_is_ignored_stays_ignored_and_other_handlers_stay():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with raise_on_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_code_is_that_of_the_cause():
    error = KeyboardInterrupt("kept")
    error.__cause__ = Terminated(signal.SIGTERM)
    assert (exit_code(error), exit_code(KeyboardInterrupt()), exit_code(None)) == (143, 130, 130)


def test_other_threads_change_nothing():
    seen = []

    def work():
        with raise_on_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]
