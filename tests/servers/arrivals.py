# SPDX-License-Identifier: MIT
"""
arrivals: how many requests came in any interval, by the clock of the kernel
that received them.

    with Arrivals(2) as server:
        fetchpool(["--rate=20/s", server.url + "/{}"], input=numbers(60))
        equal(server.crowds(20, 1.0), [])

Arrivals runs arrivals.c, which says what its paths do. A request is a Request:
time_ns, connection (a number), nth (on that connection), host, path.
"""
import collections
import os
import subprocess
import tempfile

from tap import PROGRAM, Directory, check, started

SERVER = os.path.join(os.environ.get("builddir") or os.path.dirname(PROGRAM),
                      "tests", "servers", "arrivals")

Request = collections.namedtuple("Request", "time_ns connection nth host path")


def crowds(times, n, period_ns):
    """The intervals of this length that hold more than n of these moments, as
    (index of the first, nanoseconds that n + 1 of them took)."""
    times = sorted(times)
    return [(i, times[i + n] - times[i]) for i in range(len(times) - n)
            if times[i + n] - times[i] < period_ns]


def use(times, n, period_ns):
    """What part of this rate was used while there was work: all of it, when
    each n-th of these moments is one period after the n-th before."""
    times = sorted(times)
    periods = (len(times) - 1) // n
    return periods * period_ns / (times[periods * n] - times[0])


def numbers(n, first=1):
    return "".join("%d\n" % i for i in range(first, first + n))


class Arrivals:
    """A server on these addresses, or on so many ports of the usual one."""

    def __init__(self, addresses=1, program=SERVER):
        if isinstance(addresses, int):
            addresses = ["127.0.0.1"] * addresses
        self.addresses, self.program = addresses, program

    def start(self):
        """To be ended with the test."""
        started.append(self)
        return self.__enter__()

    def __enter__(self):
        self.directory = Directory(tempfile.mkdtemp(prefix="fetchpool-arr-"))
        self.path = self.directory.path + "/log"
        self.proc = subprocess.Popen(
            [self.program, self.path, *self.addresses],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ports = [int(p) for p in self.proc.stdout.readline().split()]
        check(len(self.ports) == len(self.addresses), "no server")
        self.urls = ["http://%s:%d" % pair
                     for pair in zip(self.addresses, self.ports)]
        self.url, self.port = self.urls[0], self.ports[0]
        return self

    def _ask(self):
        self.proc.stdin.write(b"\n")
        self.proc.stdin.flush()
        said = self.proc.stdout.readline().split()
        check(len(said) == 4, "the server has ended")
        return [int(number) for number in said]

    @property
    def n_requests(self):
        return self._ask()[0]

    @property
    def n_open(self):
        return self._ask()[1]

    @property
    def n_open_max(self):
        return self._ask()[2]

    def _lines(self, host, path):
        unstamped = self._ask()[3]
        check(unstamped == 0, "%d without the kernel's time" % unstamped)
        with open(self.path) as file:
            for line in file:
                parts = line.rstrip("\n").split(" ")
                if host in (None, parts[3]) and path in parts[4]:
                    yield parts

    def log(self, host=None, path=""):
        """The requests so far, in the order in which they came; those to this
        host, and with this in their path."""
        return sorted(Request(int(parts[0]), int(parts[1]), int(parts[2]),
                              *parts[3:]) for parts in self._lines(host, path))

    def times(self, host=None, path=""):
        return sorted(int(parts[0]) for parts in self._lines(host, path))

    def end(self):
        if self.proc.poll() is None:
            self.proc.stdin.close()
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.proc.stdout.close()
        self.directory.end()

    def __exit__(self, *exc):
        self.end()
