# SPDX-License-Identifier: MIT
"""
calm: for tests of what depends on time: best_of_three() and the tests that
test_in_time() names may fail now and then, and are skipped where the machine
does not do what it is asked to in time.
"""
import threading
import time

from arrivals import Arrivals
from tap import PATIENCE, SANITIZERS, Failed, skip, test


class Calm:
    """Whether this machine does what it is asked to in time: a thread that
    sleeps again and again, and sees when it wakes."""

    def __enter__(self):
        self.late, self.is_over = [], False
        self.thread = threading.Thread(target=self._sleep, daemon=True)
        self.thread.start()
        return self

    def _sleep(self):
        while not self.is_over:
            due = time.monotonic() + 0.005
            time.sleep(0.005)
            self.late.append(time.monotonic() - due)

    def __exit__(self, *exc):
        self.is_over = True
        self.thread.join()

    @property
    def is_busy(self):
        return sum(self.late) / len(self.late) > 0.00015


def best_of_three(attempt, is_good, make=Arrivals):
    """What depends on time may fail now and then, and on a busy machine as
    often as it likes. `make` gives the server."""
    if SANITIZERS or PATIENCE > 1:
        skip("too slow for times")
    found, busy = [], []
    while len(found) < 3:
        with Calm() as calm, make() as server:
            found.append(attempt(server))
        busy.append(calm.is_busy)
        if is_good(found[-1]):
            return
    if any(busy):
        skip("this machine is busy: got %s" % found)
    raise Failed("got %s" % found)


def test_in_time(name):
    """As test(), of a function that may fail twice; and three times, if the
    machine was busy."""
    def register(function):
        def attempts():
            busy = []
            for left in 2, 1, 0:
                try:
                    with Calm() as calm:
                        return function()
                except Failed as failure:
                    busy.append(calm.is_busy)
                    if left:
                        continue
                    if any(busy):
                        skip("this machine is busy: %s" % failure)
                    raise
        return test(name)(attempts)
    return register
