# SPDX-License-Identifier: MIT
"""
meter: starts programs, waits for them and says what they took.

    run(command)    runs one to its end: wall, CPU, peak memory
    start(command)  starts one that the scenario looks after: a Child

Everything started here is ended by end_all(), by its own number and no other,
and nothing runs longer than its limit. CPU seconds are user and system
together, as the kernel accounts them to the process and those it waited for
when it is reaped. Memory is read from /proc/PID/status while the process lives:
what wait4() gives would count this interpreter too, from which it was forked.
Of a program that works through others, a `tree`, it is the sum of all of them
at one moment, pages they share counted once (Pss).
"""
import os
import select
import signal
import statistics
import subprocess
import time

TICK = 0.02  # seconds between two looks at a process's memory
TREE_TICK = 0.1  # the same for a process and all its children
LIMIT = 300  # seconds that one process may run, if nothing else is said

PIPE = subprocess.PIPE

children = []

# Called with a text before each run that takes part of a comparison.
tell = [lambda text: None]


class Trouble(Exception):
    """The scenario cannot be measured: something is wrong."""


class Absent(Exception):
    """The scenario cannot be measured: something is not installed."""


def environment():
    """The same for everything that is measured; no proxy, no settings."""
    env = {"PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
           "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    for name in ("LD_LIBRARY_PATH", "TMPDIR"):
        if name in os.environ:
            env[name] = os.environ[name]
    return env


def field(pid, file, name):
    """A number from one of a process's files in /proc; 0: it is gone."""
    try:
        with open("/proc/%d/%s" % (pid, file)) as lines:
            for line in lines:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def descent(pid):
    """A process and those that descend from it."""
    found = [pid]
    for one in found:
        try:
            with open("/proc/%d/task/%d/children" % (one, one)) as file:
                found += map(int, file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Child:
    """A process of ours. wait() fills in .status (-N: died of signal N),
    .ended (monotonic seconds), .cpu (seconds) and .sleeps (voluntary
    context switches)."""

    def __init__(self, command, stdin=None, stdout=None, stderr=None,
                 limit=LIMIT, tree=False):
        null = subprocess.DEVNULL
        self.name = os.path.basename(command[0])
        self.began = time.monotonic()
        self.proc = subprocess.Popen(
            command, env=environment(), bufsize=0,
            stdin=null if stdin is None else stdin,
            stdout=null if stdout is None else stdout,
            stderr=null if stderr is None else stderr)
        self.pid = self.proc.pid
        self.stdin, self.stdout = self.proc.stdin, self.proc.stdout
        self.limit = self.began + limit
        self.status = self.ended = self.cpu = self.sleeps = None
        self.peak = 0  # KiB
        self.tree = tree
        self.pidfd = os.pidfd_open(self.pid)
        children.append(self)

    def _field(self, file, name):
        return field(self.pid, file, name)

    def memory(self):
        """KiB resident now. Keeps the peak up to date."""
        if self.tree:
            now = sum(field(pid, "smaps_rollup", "Pss")
                      for pid in descent(self.pid))
            self.peak = max(self.peak, now)
            return now
        self.peak = max(self.peak, self._field("status", "VmHWM"))
        return self._field("status", "VmRSS")

    def written(self):
        """Bytes that write() has taken from it so far."""
        return self._field("io", "wchar")

    def state(self):
        """One letter: R running, S sleeping, Z ended and not yet reaped."""
        with open("/proc/%d/stat" % self.pid) as file:
            return file.read().rpartition(")")[2].split()[0]

    def has_ended(self, seconds=0):
        """Waits for its end up to so long; then looks at its memory."""
        if self.status is not None:
            return True
        if select.select([self.pidfd], [], [], seconds)[0]:
            self._reap(time.monotonic())
            return True
        self.memory()
        return False

    def _reap(self, now):
        _, status, usage = os.wait4(self.pid, 0)
        self.ended = now
        self.status = os.waitstatus_to_exitcode(status)
        self.proc.returncode = self.status
        self.cpu = usage.ru_utime + usage.ru_stime
        self.sleeps = usage.ru_nvcsw
        os.close(self.pidfd)
        children.remove(self)

    def wait(self):
        most = TREE_TICK if self.tree else TICK
        tick = most / 16  # or a short run would be over unseen
        while not self.has_ended(tick):
            tick = min(2 * tick, most)
            if time.monotonic() > self.limit:
                self.end()
                raise Trouble("%s was not done after %d s" % (
                    self.name, self.limit - self.began))
        self.close()
        return self

    def close(self):
        for file in (self.stdin, self.stdout):
            if file:
                file.close()

    def _kill(self, number):
        # Not Popen's, which may reap it and keep what it took to itself.
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass

    def end(self, number=signal.SIGKILL):
        """Ends it and waits until it is gone."""
        if self.status is None:
            self._kill(number)
            if not select.select([self.pidfd], [], [], 5)[0]:
                self._kill(signal.SIGKILL)
                select.select([self.pidfd], [], [])
            self._reap(time.monotonic())
        self.close()

    def wall(self):
        return self.ended - self.began


start = Child


def end_all(but=None):
    for child in list(children):
        if child is not but:
            child.end()


class Run:
    """What one run took: .wall and .cpu in seconds, .peak in KiB; .n, if it
    is known, is how many requests it made."""

    def __init__(self, child):
        self.wall, self.cpu, self.peak = child.wall(), child.cpu, child.peak
        self.sleeps = child.sleeps
        self.n = None

    def as_data(self):
        data = {"wall": self.wall, "cpu": self.cpu, "peak_kib": self.peak,
                "sleeps": self.sleeps}
        return data if self.n is None else {**data, "n": self.n}


def run(command, stdin=None, stdout=None, stderr=None, statuses=(0,),
        limit=LIMIT, tree=False):
    """Runs a command to its end. `stdin` is the path of a file."""
    with open(stdin or os.devnull, "rb") as file:
        child = start(command, stdin=file, stdout=stdout, stderr=stderr,
                      limit=limit, tree=tree)
    child.wait()
    if child.status not in statuses:
        raise Trouble("%s ended with status %d: %s" % (
            child.name, child.status, " ".join(command)))
    return Run(child)


def dropped():
    """Connections, of all on this machine so far, that a full queue of the
    listening socket has turned away: the client tries again a second later.
    net.core.somaxconn is how many wait there at most."""
    with open("/proc/net/netstat") as file:
        rows = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(dict(zip(*rows)).get("ListenOverflows", 0))


# ---- many runs ----

def interleave(contenders, runs):
    """Runs each of {name: function} in turn, `runs` times over, so that what
    disturbs the machine for a while disturbs all of them. The first round,
    which warms caches, is not counted if there are others.
    Returns {name: [what the function returned]}."""
    results = {name: [] for name in contenders}
    for number in range(runs + (runs > 1)):
        for name, function in contenders.items():
            tell[0]("%s, run %d" % (name, number))
            result = function()
            if number > 0 or runs == 1:
                results[name].append(result)
    return results


def median(values):
    return statistics.median(values)


def median_of(runs, what):
    """The median of one attribute: median_of(runs, "cpu")."""
    return median([getattr(run, what) for run in runs])


def ratio(runs, others, what):
    """The median of the ratios of runs that were made in the same round."""
    return median([getattr(a, what) / getattr(b, what)
                   for a, b in zip(runs, others)])
