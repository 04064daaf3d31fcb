# SPDX-License-Identifier: MIT
"""
harness: runs the program.

fetchpool() runs it to its end; Program is a run that goes on while the test
does something. Both give it a clean environment (no proxy, no FETCHPOOL_URL),
end it when the test is over or its time is up, and check that standard output
is lines of strict JSON and standard error is printable.
"""
import concurrent.futures
import importlib.util
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

from tap import (HANGS, PATIENCE, PROGRAM, SANITIZERS, Failed, as_bytes, check, last,
                 show, skip, started, until)

sys.setrecursionlimit(20000)


# ---- strict JSON ----

def _constant(name):
    raise ValueError("not JSON: " + name)


def _integer(text):
    return int(text) if len(text) < 4000 else text


def strict_json(data):
    """The one RFC 8259 value that `data`, strict UTF-8, is."""
    return json.loads(data.decode("utf-8"), parse_constant=_constant,
                      parse_int=_integer)


def minify(data):
    """A JSON text less the white space between its tokens."""
    return re.sub(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+',
                  lambda match: match.group(1) or b"", data, flags=re.S)


def records_of(out):
    """The lines of standard output, each checked."""
    check(not out or out.endswith(b"\n"),
          "standard output does not end in a newline: %r" % out[-200:])
    records = []
    for line in out.split(b"\n")[:-1]:
        check(b"\r" not in line, "a raw CR in %r" % line[:300])
        try:
            records.append(strict_json(line))
        except (ValueError, RecursionError) as error:
            raise Failed("no JSON: %s in %r" % (error, line[:500])) from None
    return records


# ---- running the program ----

def environment(env=None):
    clean = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"),
             "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    for name, value in os.environ.items():
        if name.endswith("SAN_OPTIONS") or name in (
                "LD_LIBRARY_PATH", "GCOV_PREFIX", "GCOV_PREFIX_STRIP"):
            clean[name] = value
    for name, value in (env or {}).items():
        if value is None:
            clean.pop(name, None)
        else:
            clean[name] = value
    return clean


class Result:
    """How a run ended: status (-N: died of signal N), out, err."""

    def __init__(self, status, out, err, args=()):
        self.status, self.out, self.err, self.args = status, out, err, args
        self._records = None

    @property
    def records(self):
        if self._records is None:
            self._records = records_of(self.out)
        return self._records

    @property
    def text(self):
        """Standard error, which has to be printable UTF-8."""
        text = self.err.decode("utf-8")
        check(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text),
              "control characters on standard error: %r" % text[:500])
        check(not text or text.endswith("\n"),
              "standard error ends within a line: %r" % text[-200:])
        return text

    @property
    def errors(self):
        """{seq: message} of the lines of single items."""
        found = {}
        for line in self.text.splitlines():
            match = re.fullmatch(r"fetchpool: (\d+): (.*)", line)
            if match:
                seq = int(match[1])
                check(seq not in found, "two lines for item %d" % seq)
                found[seq] = match[2]
        return found

    def __repr__(self):
        return "status %s of %r\nstdout: %s\nstderr: %s" % (
            self.status, self.args, show(self.out), show(self.err))


def once(args):
    """Most tests are about what one attempt meets. Those that are about more
    say so, with --retry."""
    said = any(re.match(r"--retry(?!-failed)", os.fsdecode(arg))
               for arg in args)
    return [] if said else ["--retry=0"]


class Program:
    """A run that goes on while the test does something.

    stdin: bytes or str to feed and close; "pipe": write() and close_stdin();
    None: /dev/null; or a descriptor or file. read=False leaves standard
    output unread in its pipe until read_now() or drop().
    """

    def __init__(self, args, stdin=None, stdout=None, stderr=None, env=None,
                 read=True, limits=(), before=None, wrapper=(), cwd=None,
                 restore_signals=True):
        self.out, self.err = bytearray(), bytearray()
        self.n_lines = 0  # on standard output
        self.args = args
        self._readers = []
        self._feeder = None
        feed = as_bytes(stdin) if isinstance(stdin, (bytes, str)) \
            and stdin != "pipe" else None
        if stdin is None:
            stdin = subprocess.DEVNULL
        elif feed is not None or stdin == "pipe":
            stdin = subprocess.PIPE

        def prepare():
            for what, value in limits:
                resource.setrlimit(what, value)
            if before:
                before()

        self.proc = subprocess.Popen(
            [*wrapper, PROGRAM, *once(args), *args], stdin=stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE if stderr is None else stderr,
            env=environment(env), cwd=cwd, bufsize=0,
            preexec_fn=prepare if limits or before else None,
            restore_signals=restore_signals)
        self.pid = self.proc.pid
        started.append(self)
        if self.proc.stderr:
            self._collect(self.proc.stderr, self.err)
        if self.proc.stdout and read:
            self.read_now()
        if feed is not None:
            self._feeder = threading.Thread(target=self._feed, args=(feed,),
                                            daemon=True)
            self._feeder.start()

    def _collect(self, file, into, counts=False):
        def work():
            while True:
                try:
                    data = os.read(fd, 1 << 16)
                except OSError:
                    data = b""
                if not data:
                    return
                into.extend(data)
                self.n_lines += data.count(b"\n") if counts else 0

        fd = file.fileno()
        thread = threading.Thread(target=work, daemon=True)
        self._readers.append(thread)
        thread.start()

    def _feed(self, data):
        try:
            self.write(data)
        except OSError:
            pass
        self.close_stdin()

    def write(self, data):
        data = memoryview(as_bytes(data))
        while data:
            data = data[os.write(self.proc.stdin.fileno(), data):]

    def close_stdin(self):
        self.proc.stdin.close()

    def read_now(self):
        self._collect(self.proc.stdout, self.out, counts=True)

    def drop(self):
        """The reader of standard output goes away."""
        self.proc.stdout.close()

    def has_lines(self, n, timeout=15):
        """Waits for n lines on standard output."""
        until(lambda: self.n_lines >= n or self.ended() is not None
              and not any(t.is_alive() for t in self._readers),
              "%d lines of output" % n, timeout)
        check(self.n_lines >= n,
              "ended with %s after %d lines of output\nstderr: %s" % (
                  self.ended(), self.n_lines, show(bytes(self.err))))

    def lines(self, n, timeout=15):
        """The same; returns the values of all that are there."""
        self.has_lines(n, timeout)
        return records_of(bytes(self.out[:self.out.rindex(b"\n") + 1]))

    def ended(self):
        return self.proc.poll()

    def kill(self, number):
        self.proc.send_signal(number)

    def caught(self, number):
        """Waits until it has a handler for this signal, or has ended."""
        until(lambda: self.ended() is not None or
              int(self.status("SigCgt"), 16) >> (number - 1) & 1,
              "a handler for signal %d" % number)

    def settled(self):
        """Waits until it has taken its signals and all its threads sleep."""
        def quiet():
            if self.ended() is not None:
                return True
            pending = int(self.status("ShdPnd"), 16) | \
                int(self.status("SigPnd"), 16)
            return not pending and all(
                state == "S" for state in self.threads())

        for _ in range(3):
            until(quiet, "the program to settle")
            time.sleep(0.01)

    def threads(self):
        states = []
        for task in os.listdir("/proc/%d/task" % self.pid):
            try:
                with open("/proc/%d/task/%s/stat" % (self.pid, task)) as file:
                    states.append(file.read().rpartition(")")[2].split()[0])
            except OSError:
                pass
        return states

    def status(self, name):
        with open("/proc/%d/status" % self.pid) as file:
            for line in file:
                if line.startswith(name + ":"):
                    return line.split()[1]
        return "0"

    def memory(self, name="VmRSS"):
        """KiB resident: VmRSS now, VmHWM at most so far."""
        return int(self.status(name))

    def _until_ended(self, seconds):
        """As wait() of subprocess, which looks again and again if it has a
        limit, 50 ms apart, where most runs take less."""
        if self.proc.poll() is None:
            fd = os.pidfd_open(self.pid)
            try:
                poll = select.poll()
                poll.register(fd, select.POLLIN)
                poll.poll(seconds * 1000)
            finally:
                os.close(fd)
        self.proc.wait(0)

    def wait(self, timeout=20):
        try:
            self._until_ended(timeout * HANGS * PATIENCE)
        except subprocess.TimeoutExpired:
            where = ""
            try:
                where = "threads %s" % self.threads()
            except OSError:
                pass
            self.end()
            raise Failed("still running after %g s; %s\nstdout: %s\n"
                         "stderr: %s" % (timeout * HANGS * PATIENCE, where,
                                         show(bytes(self.out)),
                                         show(bytes(self.err)))) from None
        for thread in self._readers:
            thread.join(10)
        result = Result(self.proc.returncode, bytes(self.out),
                        bytes(self.err), self.args)
        last[:] = [result]
        for word in (b"Sanitizer", b"runtime error:"):
            check(word not in result.err, result.err.decode("utf-8",
                                                            "replace"))
        return result

    def _children(self):
        try:
            with open("/proc/%d/task/%d/children" % (2 * (self.pid,))) as f:
                return [int(pid) for pid in f.read().split()]
        except OSError:
            return []

    def end(self):
        if self.proc.poll() is None:
            # First what a wrapper runs: it would outlive it.
            for pid in self._children() + [self.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.proc.wait()
        # A descriptor that a thread still uses must not become another's.
        if self._feeder:
            self._feeder.join(10)
        elif self.proc.stdin:
            self.proc.stdin.close()
        for thread in self._readers:
            thread.join(10)
            if thread.is_alive():
                return
        for file in self.proc.stdout, self.proc.stderr:
            if file:
                file.close()


def writes_are_interrupted():
    """The thread sanitizer keeps a signal's handler until write() is over."""
    if "thread" in SANITIZERS:
        skip("that sanitizer holds signals back while write() waits")


def fetchpool(args, input=None, timeout=20, **more):
    """Runs the program to its end and checks its standard output."""
    program = Program(list(args), stdin=input, **more)
    result = program.wait(timeout)
    program.end()
    result.records
    return result


def at_once(function, *arguments):
    """As list(map(function, *arguments)), eight calls at a time: for what waits
    more than it works."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(function, *arguments))


def tool(name):
    """The path of a program that the test needs, or the test is skipped."""
    path = shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/usr/local/sbin:/sbin:/usr/bin:/bin")
    if not path:
        skip(name + " is not installed")
    return path


def modules(*names):
    """The test is skipped unless Python has one of each: "a" or "a|b.c"."""
    for name in names:
        if not any(map(has_module, name.split("|"))):
            skip("Python has no module " + name.replace("|", " or "))


def has_module(name):
    try:
        return bool(importlib.util.find_spec(name))
    except ImportError:  # of the package that it would be in
        return False


# What FastAPI needs to serve forms. python-multipart's name has changed; the
# other library that is called multipart is no package.
FASTAPI = "fastapi", "uvicorn", "python_multipart|multipart.multipart"


def terminal(make=pty.openpty):
    """A terminal of our own: the two ends of one, or what `make` returns."""
    try:
        return make()
    except OSError as error:  # a root directory without /dev/pts
        return skip("there are no terminals here: %s" % error)


def strace(*options):
    """What to put before the program to trace it."""
    path = tool("strace")
    probe = subprocess.run([path, "-qq", "-o", "/dev/null", "true"],
                           capture_output=True)
    if probe.returncode:
        skip("strace may not trace here")
    return [path, "-f", "-qq", *options]


# LeakSanitizer cannot work in a process that is traced already.
TRACED = {"ASAN_OPTIONS": ":".join(filter(None, (
    os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))} \
    if "address" in SANITIZERS else {}
