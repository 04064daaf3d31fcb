# SPDX-License-Identifier: MIT
"""
tap: tests as functions, and what they check with.

    @test("15 an empty input is no fault")
    def _():
        equal(fetchpool([], input="").status, 0)

    if __name__ == "__main__":
        main()

main() runs the tests whose names hold any of the words on the command line
(all, without words) and prints the Test Anything Protocol. A name that starts
with a number is that number of the fault catalogue. What a test registers in
`started` is ended with it, also when its time is up.

Nothing here sleeps to give something time: until() looks again and again for
a condition, and fails the test when it does not come.
"""
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(TESTS)
PROGRAM = os.path.abspath(
    os.environ.get("FETCHPOOL") or os.path.join(TOP, "fetchpool"))
VECTORS = os.environ.get("FP_VECTORS") or os.path.join(
    os.path.dirname(TOP), "shared", "vectors")


# ---- the build under test ----

def _sanitizers():
    """Which are built in: those named, or what the program itself shows."""
    if "FP_SANITIZERS" in os.environ:
        return set(os.environ["FP_SANITIZERS"].split())
    try:
        with open(PROGRAM, "rb") as file:
            data = file.read()
    except OSError:
        return set()
    return {name for name, mark in (
        ("address", b"__asan_init"), ("thread", b"__tsan_init"),
        ("undefined", b"__ubsan_handle")) if mark in data}


SANITIZERS = _sanitizers()
# How much longer everything may take than usual.
PATIENCE = float(os.environ.get("FP_TIME_SCALE") or (4 if SANITIZERS else 1))
# Limits are for what hangs, and hold for what waits for a busy machine, too: a
# test that works never comes near them.
HANGS = 6
TEST_TIMEOUT = 60 * HANGS * PATIENCE


# ---- checks ----

started = []  # whatever has to end with the test: has end()
last = []  # the last run of the test, to be shown when it fails


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


class TimeUp(BaseException):
    pass


def skip(why):
    raise Skipped(why)


def as_bytes(text):
    return text.encode() if isinstance(text, str) else text


def show(value, limit=1500):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else \
        "%s … (%d)" % (text[:limit], len(text))


def check(condition, message):
    if not condition:
        raise Failed(show(message))


def equal(got, expected, what="result"):
    if got != expected:
        raise Failed("%s:\n  got:      %s\n  expected: %s" %
                     (what, show(repr(got)), show(repr(expected))))


def matches(pattern, text, what="text"):
    if not re.search(pattern, text):
        raise Failed("%s does not match %r:\n%s" %
                     (what, pattern, show(repr(text))))


def until(condition, what, timeout=15):
    """Waits for condition() to be true and returns what it gave."""
    end = time.monotonic() + timeout * HANGS * PATIENCE
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("waited in vain for: " + what)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


def steady(sample, what, span=0.25, timeout=20):
    """Waits until sample() has not changed for `span` seconds; as long as it is
    0, it has not begun."""
    last, since = sample(), time.monotonic()

    def condition():
        nonlocal last, since
        now = sample()
        if now != last:
            last, since = now, time.monotonic()
        return now and time.monotonic() - since > span * PATIENCE

    until(condition, what + " to come to rest", timeout)
    return last


# ---- places ----

def temp_dir():
    """A directory that goes away with the test."""
    path = tempfile.mkdtemp(prefix="fetchpool-test-")
    started.append(Directory(path))
    return path


class Directory:
    def __init__(self, path):
        self.path = path

    def end(self):
        shutil.rmtree(self.path, ignore_errors=True)


def temp_file(data=b"", name="file"):
    path = os.path.join(temp_dir(), name)
    with open(path, "wb") as file:
        file.write(as_bytes(data))
    return path


def contents(path):
    with open(path, "rb") as file:
        return file.read()


# ---- running the tests ----

_tests = []
_at_end = []


def at_end(function):
    """Calls it when all tests are over."""
    _at_end.append(function)


def test(name):
    def register(function):
        _tests.append((name, function))
        return function
    return register


def _time_up(*_):
    raise TimeUp


def _comment(text):
    for line in text.rstrip().splitlines():
        print("# " + line)


def _run(function):
    """'ok', or 'skip' or 'failed' with the reason."""
    signal.setitimer(signal.ITIMER_REAL, TEST_TIMEOUT)
    last.clear()
    try:
        function()
        return "ok", ""
    except Skipped as why:
        return "skip", str(why)
    except Failed as why:
        line = traceback.extract_tb(why.__traceback__)
        here = [f for f in line if not f.filename.endswith("harness.py")]
        return "failed", "%s:%d: %s" % (
            os.path.basename(here[-1].filename), here[-1].lineno, why)
    except TimeUp:
        return "failed", "no end after %g s\n%s" % (
            TEST_TIMEOUT, traceback.format_exc())
    except Exception:
        return "failed", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        while started:
            started.pop().end()


def _cpu():
    """Seconds of this process, and of those that it has waited for."""
    return [sum(resource.getrusage(whose)[:2]) for whose in (
        resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def main():
    words = sys.argv[1:]
    if not os.access(PROGRAM, os.X_OK):
        print("Bail out! there is no program " + PROGRAM)
        sys.exit(99)
    signal.signal(signal.SIGALRM, _time_up)
    number = failed = 0
    for name, function in _tests:
        if words and not any(word in name for word in words):
            continue
        number += 1
        began, cpu = time.monotonic(), _cpu()
        verdict, why = _run(function)
        if verdict == "failed":
            failed += 1
            _comment(why)
            for run in last:
                _comment("the last run: %r" % run)
        print("%sok %d - %s%s" % (
            "not " if verdict == "failed" else "", number, name,
            " # SKIP " + why if verdict == "skip" else ""), flush=True)
        if os.environ.get("FP_TIMES"):
            _comment("%.2f s, CPU %.2f and %.2f s" % (
                time.monotonic() - began, *(new - old for new, old in zip(
                    _cpu(), cpu))))
    for function in _at_end:
        function()
    print("1..%d" % number)
    sys.stdout.flush()
    sys.exit(1 if failed else 0)
