#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stop that nothing can hold up: not standard error, not the file of
--failed, not a flood of signals, not a host that does not answer."""
import array
import fcntl
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import (Program, Result, environment, fetchpool, terminal,
                     writes_are_interrupted)
from servers import faults, free_port
from tap import (PROGRAM, SANITIZERS, check, contents, equal, main, matches,
                 skip, started, steady, temp_dir, temp_file, test,
                 until)

INT, TERM, USR1 = signal.SIGINT, signal.SIGTERM, signal.SIGUSR1
SOON = 5  # seconds; a grace of an hour would be seen


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def given(n):
    """The same as a file, of which all counts, however early a run ends."""
    return ["-i", temp_file(numbers(n))]


class Closing:
    """A descriptor or socket that goes away with the test."""

    def __init__(self, what):
        self.what = what
        started.append(self)

    def end(self):
        if isinstance(self.what, int):
            os.close(self.what)
        else:
            self.what.close()


def n_in(pipe):
    """The bytes that wait in a pipe."""
    n = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, n)
    return n[0]


def n_read(program):
    """The bytes that a program has read."""
    return int(re.search(rb"rchar: (\d+)",
                         contents("/proc/%d/io" % program.pid)).group(1))


def stuck(program, pipe):
    """Waits until the program has filled the pipe, and goes no further."""
    until(lambda: n_in(pipe) > 0, "something in the pipe")
    steady(lambda: n_in(pipe), "the pipe")
    program.settled()
    check(program.ended() is None, "it ended with %s" % program.ended())


# ---- standard error that nobody reads ----

def mute(*args):
    """A run of 2,000 failures whose standard error is full."""
    reader, writer = os.pipe()
    Closing(reader)
    fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
    program = Program(["--grace=1h", *args,
                       "http://127.0.0.1:%d/{}" % free_port()],
                      stdin=numbers(2000), stderr=writer)
    os.close(writer)
    stuck(program, reader)
    return program


@test("96 standard error is full: INT, INT ends the run")
def _():
    for args in [], ["-a"], ["--error-format=json"]:
        program = mute(*args)
        program.kill(INT)
        program.settled()
        program.kill(INT)
        equal(program.wait(SOON).status, -INT)


@test("96 standard error is full: USR1, INT, INT ends the run")
def _():
    program = mute()
    for number in USR1, USR1, INT, USR1, INT:
        program.kill(number)
        program.settled()
    equal(program.wait(SOON).status, -INT)


@test("96 standard error is full, and -k: TERM, INT ends the run")
def _():
    program = mute("-k", "--failed", temp_file())
    for number in USR1, TERM, INT:
        program.kill(number)
        program.settled()
    equal(program.wait(SOON).status, -INT)


@test("USR1, with standard error full: the lines come when it is read")
def _():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, 1031, 4096)
    program = Program(["http://127.0.0.1:%d/{}" % free_port()],
                      stdin=numbers(300), stderr=writer)
    os.close(writer)
    stuck(program, reader)
    program.kill(USR1)
    program.settled()
    with open(reader, "rb") as file:
        err = file.read()
    equal(program.wait().status, 1)
    result = Result(1, b"", err)
    equal(len(result.errors), 300)
    equal(len(re.findall(r"(?m)^fetchpool: \d+ read, ", result.text)), 1)


@test("96 standard error is a terminal that stands still: TERM ends the run")
def _():
    writes_are_interrupted()
    for args in [], ["--error-format=json"], ["-k", "--failed", temp_file()]:
        # It is writable for as long as it takes a byte.
        reader, terminal_fd = terminal()
        Closing(reader)
        program = Program(["--grace=0", "--id-range=0-0", *given(20000), *args,
                           "http://127.0.0.1:9/{}"],
                          stdout=subprocess.DEVNULL, stderr=terminal_fd)
        os.close(terminal_fd)
        stuck(program, reader)
        program.kill(TERM)
        equal(program.wait(SOON).status, -TERM)


# ---- a file of --failed that takes its time ----

def copying(line_bytes, *args, waits=True):
    """A run that was stopped; what reads its --failed has paused."""
    path = os.path.join(temp_dir(), "failed")
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    Closing(reader)
    server = faults()
    lines = b"".join(b"%0*d\n" % (line_bytes, n) for n in range(50000))
    program = Program(["-j2", "-i", temp_file(lines), "--failed", path,
                       *args, server.url + "/gate/x?{}"])
    server.wait(lambda: server.outstanding == 2, "two requests")
    program.kill(INT)
    if waits:
        stuck(program, reader)
    return program, reader, lines


@test("96 while the rest goes to --failed, a further INT ends it at once")
def _():
    writes_are_interrupted()
    program, _, _ = copying(10, "--grace=0")
    program.kill(INT)
    equal(program.wait(SOON).status, -INT)


@test("96 while the window goes to --failed, a further INT ends it at once")
def _():
    writes_are_interrupted()
    program, _, _ = copying(4000, "--grace=0")
    program.kill(INT)
    equal(program.wait(SOON).status, -INT)


@test("96 what reads --failed goes on: it gets all of the input")
def _():
    # No reader is waited for that takes nothing for a second.
    program, reader, lines = copying(10, "--grace=0", waits=False)
    until(lambda: n_in(reader) > 0, "something in the pipe")
    os.set_blocking(reader, True)
    data = bytearray()
    while True:
        more = os.read(reader, 65536)
        if not more:
            break
        data += more
    result = program.wait()
    equal(result.status, -INT)
    equal(sorted(data.splitlines()), lines.splitlines())
    matches(r"\b0 done, 0 failed, 50000 not done", result.text)


@test("USR1 while the rest goes to --failed does not end it")
def _():
    writes_are_interrupted()
    program, reader, _ = copying(10, "--grace=0")
    program.kill(USR1)
    program.settled()
    check(program.ended() is None, "died of %s" % program.ended())
    program.kill(INT)
    equal(program.wait(SOON).status, -INT)


@test("91 --failed that may not grow, after a stop: whole lines, said")
def _():
    server = faults()
    source = temp_file("".join("%09d\n" % n for n in range(50000)))
    for limit in 1, 15, 1000, 2565, 100001:
        server.reset()
        path = temp_file()
        program = Program(["-j2", "--grace=0", "-i", source, "--failed", path,
                           server.url + "/gate/x?{}"],
                          limits=[(resource.RLIMIT_FSIZE, (limit, limit))])
        server.wait(lambda: server.outstanding == 2, "two requests")
        program.kill(INT)
        result = program.wait()
        check(result.status in (-INT, 3), repr(result))
        matches("write error: .*: File too large", result.text)
        data = contents(path)
        check(not data or data.endswith(b"\n"), repr(data[-30:]))
        check(len(data) > limit - 10 and len(data) <= limit,
              "%d bytes, %d may be" % (len(data), limit))
        lines = data.split()
        check(all(re.fullmatch(rb"\d{9}", line) for line in lines),
              repr(data[:100]))
        equal(len(set(lines)), len(lines), "lines")


@test("91 files that may not grow, without a stop: no death by SIGXFSZ")
def _():
    server = faults()
    for option in "-o", "--failed":
        path = temp_file()
        result = fetchpool(
            ["-j4", option, path, server.url + "/status/%d?{}" % (
                200 if option == "-o" else 500)], input=numbers(2000),
            limits=[(resource.RLIMIT_FSIZE, (1000, 1000))])
        equal(result.status, 3, repr(result)[:500])
        matches("File too large", result.text)
        check(contents(path).endswith(b"\n"), repr(contents(path)[-30:]))


@test("91 files that may not hold a byte: said, no death by SIGXFSZ")
def _():
    if "thread" in SANITIZERS:
        skip("that sanitizer writes a file before main() begins")
    folder = temp_dir()
    out = os.path.join(folder, "out")
    for options in (["-o", out], ["--failed", out], ["-o", out, "--journal",
                    out + ".journal"], ["--stats", out], ["--trace", out],
                    ["-r9/s", "--rate-file", out + ".rate"]):
        program = Program([*options, faults().url + "/status/500?{}"],
                          stdin="1\n",
                          limits=[(resource.RLIMIT_FSIZE, (0, 0))])
        result = program.wait()
        status = 1 if options == ["-o", out] else 3
        equal(result.status, status, repr(result))
        if status == 3:
            matches("File too large", result.text)


# ---- hosts that do not answer ----

class Deaf:
    """A listener whose backlog is full: who connects waits."""

    def __init__(self):
        self.listener = socket.socket()
        Closing(self.listener)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.own = set()
        while not self._connecting() & self.own:
            sock = socket.socket()
            Closing(sock)
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self.port))
            self.own.add("0100007F:%04X" % sock.getsockname()[1])

    def _connecting(self):
        """Those that have sent a SYN and heard nothing, each once: while other
        connections come and go, the file has some lines several times."""
        with open("/proc/net/tcp") as file:
            fields = [line.split()[1:4] for line in file]
        return {local for local, remote, state in fields
                if state == "02" and remote == "0100007F:%04X" % self.port}

    def n_connecting(self):
        return len(self._connecting() - self.own)


@test("96 INT while all still connect: ends at once, none of them failed")
def _():
    for number in INT, TERM:
        deaf = Deaf()
        failed = temp_file()
        program = Program(["-j8", "--grace=1h", "--connect-timeout=1h", "-m0",
                           "--failed", failed,
                           "http://127.0.0.1:%d/{}" % deaf.port],
                          stdin=numbers(100))
        until(lambda: deaf.n_connecting() == 8, "connections")
        program.settled()
        program.kill(number)
        result = program.wait(SOON)
        equal((result.status, result.out), (-number, b""))
        equal(result.errors, {})
        matches(r"\b0 done, 0 failed, \d+ not done", result.text)
        equal(sorted(contents(failed).split(), key=int),
              numbers(100).encode().split())


@test("96 INT while some connect: who has begun may end, the others go")
def _():
    deaf, server, failed = Deaf(), faults(), temp_file()
    lines = [server.url + "/gate/x", "http://127.0.0.1:%d/" % deaf.port,
             server.url + "/ok?not-begun"]
    program = Program(["-a", "-j2", "--grace=1h", "--connect-timeout=1h",
                       "-m0", "--failed", failed], stdin="\n".join(lines))
    server.wait(lambda: server.outstanding == 1, "the request")
    until(lambda: deaf.n_connecting() == 1, "the connection")
    program.settled()
    program.kill(INT)
    program.settled()
    check(program.ended() is None, "ended with a request under way")
    server.open("x")
    result = program.wait(SOON)
    equal(result.status, -INT)
    equal({r["seq"]: (r.get("error") or {}).get("kind") for r in result.records},
          {1: None, 2: "stopped", 3: "stopped"})
    equal(sorted(contents(failed).decode().split()), sorted(lines[1:]))


# ---- any output that nobody reads, alone and together ----

OUTPUTS = ("stdout", "stderr", "-o", "--failed", "--trace", "--unknown",
           "--stats", "--report")
AT_END = OUTPUTS[5:]  # in a run of these items nothing comes before its end
# How it is stopped, and how it may end then.
STOPS = {"TERM": [-TERM], "deadline": [3, 4], "TERM TERM": [-TERM],
         "max-errors": [3, 4]}


def dammed(outputs, *args):
    """A run whose outputs of these names are full, and a count of what is in
    their pipes."""
    folder, pipes, where = temp_dir(), [], {}
    for name in outputs:
        if name in ("stdout", "stderr"):
            reader, where[name] = os.pipe()
        else:
            path = os.path.join(folder, name.strip("-"))
            os.mkfifo(path)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            args = [*args, name, path]
        Closing(reader)
        fcntl.fcntl(reader, 1031, 4096)  # F_SETPIPE_SZ
        if name in AT_END:
            filler = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            Closing(filler)
            os.write(filler, b"x" * 4096)
        else:
            pipes.append(reader)
    if "stdout" not in outputs and "-o" not in outputs:
        args = [*args, "-o", os.path.join(folder, "out")]
    server = faults()
    # No record of a failure is among those that fit the pipe. A trace that is
    # not read holds up the transfers: then failures come first.
    first = "status/500" if "--trace" in outputs else "size/700"
    lines = (first + "?first\n") * 16 + "".join(
        "size/700?%d\nstatus/500?%d\n" % (n, n) for n in range(1500))
    program = Program(["-a", "-j4", *args, server.url + "/{+}"], stdin=lines,
                      stdout=where.get("stdout"), stderr=where.get("stderr"))
    for fd in where.values():
        os.close(fd)
    return program, lambda: [n_in(pipe) for pipe in pipes]


def ends_soon(outputs, stop):
    """Whatever of its outputs is not read, the run ends when it has to."""
    args = {"deadline": ["--grace=100ms", "--deadline=500ms"],
            "max-errors": ["--grace=100ms", "--max-errors=1"],
            "TERM TERM": ["--grace=1h"]}.get(stop, ["--grace=100ms"])
    program, contained = dammed(outputs, *args)
    if stop in ("deadline", "max-errors"):
        status = program.wait(SOON + 3).status
    else:
        if not set(outputs) <= set(AT_END):
            until(lambda: any(contained()), "something in a pipe")
            steady(contained, "the pipes", span=0.1)
        for number in stop.split():
            if program.ended() is None:
                program.caught(signal.SIGTERM)
                program.kill(getattr(signal, "SIG" + number))
                program.settled()
        status = program.wait(SOON + 3).status
    if not set(outputs) <= set(AT_END) or stop != "TERM":
        check(status in STOPS[stop], "%s, %s: %s" % (outputs, stop, status))


@test("a stop ends in time: each output unread, alone")
def _():
    writes_are_interrupted()
    for number, output in enumerate(OUTPUTS):
        ends_soon((output,), "TERM")
        ends_soon((output,), ("deadline", "TERM TERM")[number % 2])


@test("a stop ends in time: outputs unread together")
def _():
    writes_are_interrupted()
    pairs = [(a, b) for a in OUTPUTS for b in OUTPUTS
             if a < b and {a, b} != {"stdout", "-o"}]
    # A run takes a second or two here; all of them are for an idle machine.
    step = 1 if os.environ.get("FP_ALL_STOPS") else 7
    for number, pair in enumerate(pairs[::step]):
        ends_soon(pair, list(STOPS)[number % len(STOPS)])
    for stop in list(STOPS)[::step]:
        ends_soon(OUTPUTS[1:], stop)
        ends_soon(OUTPUTS[:2] + OUTPUTS[3:], stop)


@test("--deadline: a pipe that nobody has opened for reading")
def _():
    for option in "-o", "--failed", "--trace", "--stats":
        path = os.path.join(temp_dir(), "fifo")
        os.mkfifo(path)
        result = fetchpool(["--deadline=200ms", "--grace=0", option, path,
                            faults().url + "/ok?{}"], input="1\n")
        equal(result.status, 3, repr(result))
        matches("%s: (no process reads it|Connection timed out)" % path,
                result.text)


@test("--deadline: an input that nobody has opened for writing")
def _():
    path = os.path.join(temp_dir(), "fifo")
    os.mkfifo(path)
    result = fetchpool(["--deadline=200ms", "--grace=0", "-i", path,
                        faults().url + "/ok?{}"])
    equal((result.status, result.out), (4, b""), repr(result))
    matches("stopped by --deadline: 0 done", result.text)


@test("an input that always has more, of which nothing is an item")
def _():
    blank = temp_file("")
    with open(blank, "r+b") as file:
        file.truncate(1 << 42)  # of which no byte is stored
    for args in ([], ["-0"], ["--input-format", "csv"]):
        for path in ["/dev/zero"] * ("-0" not in args) + [blank]:
            program = Program([*args, "-i", path, faults().url + "/ok?{}"])
            until(lambda: n_read(program) > 16 << 20, "much is read")
            program.kill(TERM)
            result = program.wait(SOON)
            equal((result.status, result.out), (-TERM, b""), repr(result))
            matches(r"stopped by SIGTERM: 0 done, 0 failed", result.text)
    for args, query in ([], "?{}"), (["--input-format", "csv"], "?{id}"):
        result = fetchpool(["--deadline", "200ms", *args, "-i", "/dev/zero",
                            faults().url + "/ok" + query], timeout=SOON)
        equal((result.status, result.out), (4, b""), repr(result))
        matches("stopped by --deadline", result.text)


@test("--deadline: a file of options that nobody writes, named before it")
def _():
    fifo = temp_dir() + "/options"
    os.mkfifo(fifo)
    for args in (["-K", fifo], ["-H", "@" + fifo], ["-d", "@" + fifo],
                 ["--netrc-file", fifo], ["--expand-data", "@" + fifo],
                 ["--json", "@" + fifo]):
        result = fetchpool([*args, "--deadline=100ms"], input="1\n",
                           timeout=60)
        equal((result.status, result.out), (3, b""), repr(result))
        matches("cannot read %s: the deadline passed before its end" % fifo,
                result.text)


@test("a file of options that is written late, and in parts")
def _():
    fifo = temp_dir() + "/options"
    os.mkfifo(fifo)
    program = Program(["-K", fifo, "--deadline=1h", "-"], stdin="1\n")
    with open(fifo, "w") as file:
        file.write("retr")
        file.flush()
        program.settled()
        file.write("y = 0\nbad = 1\n")
    result = program.wait()
    equal(result.status, 2, repr(result))
    matches("%s:2: unknown option" % fifo, result.text)


@test("an input that is opened for writing late, and in parts")
def _():
    path = os.path.join(temp_dir(), "fifo")
    os.mkfifo(path)
    program = Program(["-k", "-i", path,
                       faults().url + "/ok?{}"], stdin=b"")
    with open(path, "wb", buffering=0) as pipe:
        pipe.write(b"1\n")
        program.has_lines(1)
        pipe.write(b"2\n")
    result = program.wait(SOON)
    equal((result.status, result.err), (0, b""), repr(result))


# ---- many signals ----

@test("96 thousands of USR1 do not hide an INT")
def _():
    server = faults()
    program = Program(["-j2", "--grace=300ms", server.url + "/gate/x?{}"],
                      stdin=numbers(10))
    server.wait(lambda: server.outstanding == 2, "two requests")
    for n in range(5000):
        program.kill(USR1)
        if n == 4000:
            program.kill(INT)
    result = program.wait(SOON)
    equal(result.status, -INT)
    matches("stopped by SIGINT: 0 done, 0 failed, 10 not done", result.text)


@test("96 USR1 without end, and its line not read: INT, INT ends the run")
def _():
    reader, writer = os.pipe()
    Closing(reader)
    fcntl.fcntl(writer, 1031, 4096)
    server = faults()
    program = Program(["-j2", "--grace=1h", server.url + "/gate/x?{}"],
                      stdin=numbers(10), stderr=writer)
    os.close(writer)
    server.wait(lambda: server.outstanding == 2, "two requests")
    for _ in range(3000):
        program.kill(USR1)
    program.kill(INT)
    for _ in range(3000):
        program.kill(USR1)
    program.settled()
    check(program.ended() is None, "died of %s" % program.ended())
    program.kill(INT)
    equal(program.wait(SOON).status, -INT)


# ---- the reader that has had all ----

@test("93 who reads all lines and goes: no death by SIGPIPE")
def _():
    script = "seq 1 3 | \"$0\" -j3 \"$1\" 2>\"$2\" | head -n 3; " \
        "echo ${PIPESTATUS[1]}"
    for _ in range(20):
        errors = temp_file()
        done = subprocess.run(
            ["bash", "-c", script, PROGRAM, faults().url + "/ok?{}", errors],
            env=environment(), capture_output=True, timeout=60)
        lines = done.stdout.splitlines()
        equal((len(lines), lines[-1], contents(errors)), (4, b"0", b""))


# ---- standard output that nobody reads ----

def unread(*args, shared=False):
    """A run whose standard output is full, what would read that, and what is
    set aside."""
    reader, writer = os.pipe()
    Closing(reader)
    fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
    server = faults()
    failed = temp_file()
    program = Program(["-j4", "--failed", failed, *args, *given(500),
                       server.url + "/size/700?{}"],
                      stdout=writer, stderr=writer if shared else None)
    os.close(writer)
    return program, reader, failed


def account(reader, failed, shared=False):
    """Every item is a whole line in the pipe, or is set aside. Part of one
    more line may be there: what the pipe had taken of it."""
    os.set_blocking(reader, False)
    out = os.read(reader, 1 << 20)
    whole, _, part = out.rpartition(b"\n")
    done = [json.loads(line)["input"] for line in whole.split(b"\n")
            if line and not (shared and line.startswith(b"fetchpool:"))]
    left = contents(failed).decode().split()
    check(left, "%r, %r" % (out, left))
    equal(sorted(map(int, done + left)), list(range(1, 501)))
    check(b"\n" not in part and len(out) <= 4096, out)


@test("96 standard output is full: the run ends with the grace all the same")
def _():
    writes_are_interrupted()
    for number in TERM, INT:
        program, reader, failed = unread("--grace=100ms")
        stuck(program, reader)
        program.kill(number)
        result = program.wait(SOON)
        equal(result.status, -number)
        matches(r"^fetchpool: stopped by SIG\w+: \d+ done, 0 failed, "
                r"\d+ not done\n$", result.text)
        account(reader, failed)


@test("--deadline: standard output is full")
def _():
    writes_are_interrupted()
    for args in ["--deadline=1s"], ["-k", "--deadline=1s"]:
        program, reader, failed = unread("--grace=0", *args)
        result = program.wait(SOON)
        equal(result.status, 4)
        equal(not_done(result)[0], "--deadline")
        account(reader, failed)


@test("--deadline: standard output and error are one pipe, and full")
def _():
    writes_are_interrupted()
    program, reader, failed = unread("--grace=0", "--deadline=1s",
                                     shared=True)
    equal(program.wait(SOON).status, 4)
    account(reader, failed, shared=True)


@test("--deadline: standard error is full")
def _():
    writes_are_interrupted()
    reader, writer = os.pipe()
    Closing(reader)
    fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
    failed = temp_file()
    program = Program(["--grace=0", "--deadline=1s", "--failed", failed,
                       *given(2000), "http://127.0.0.1:%d/{}" % free_port()],
                      stderr=writer)
    os.close(writer)
    equal(program.wait(SOON).status, 4)
    equal(sorted(map(int, contents(failed).split())),
          list(range(1, 2001)))


@test("96 TERM: who reads on before the grace is over gets it all")
def _():
    program, reader, failed = unread("--grace=1h")
    stuck(program, reader)
    program.kill(TERM)
    program.settled()
    with open(os.dup(reader), "rb") as file:
        out = file.read()
    result = program.wait(SOON)
    equal(result.status, -TERM)
    equal(len(out.splitlines()) + len(contents(failed).split()), 500)


def not_done(result):
    """How many items the last line says were not done."""
    match = re.fullmatch(r"fetchpool: stopped by (--\S+): (\d+) done, "
                         r"(\d+) failed, (\d+) not done",
                         result.text.splitlines()[-1])
    check(match, result.text)
    return match[1], tuple(map(int, match.groups()[1:]))


@test("--deadline: what is under way may end, the rest is not done")
def _():
    server = faults()
    failed = temp_file()
    program = Program(["-j", "2", "--deadline=3s", "--failed", failed,
                       *given(300), server.url + "/gate/{}"])
    server.wait(lambda: server.outstanding == 2, "both to be held")
    over = os.times().elapsed + 3.5
    until(lambda: os.times().elapsed > over, "the deadline to pass")
    server.open("1")
    server.open("2")
    result = program.wait()
    equal(result.status, 4)
    equal(not_done(result), ("--deadline", (2, 0, 298)))
    equal(contents(failed).split(),
          [b"%d" % i for i in range(3, 301)])


@test("--deadline and a grace that is over too")
def _():
    server = faults()
    result = fetchpool(["-j", "2", "--deadline=300ms", "--grace=200ms",
                        *given(5), server.url + "/gate/{}"])
    equal((result.status, result.out), (4, b""))
    equal(not_done(result), ("--deadline", (0, 0, 5)))


@test("--deadline that was not needed is as none")
def _():
    result = fetchpool(["--deadline=1h", faults().url + "/echo/{}"],
                       numbers(5))
    equal((result.status, result.text, len(result.records)), (0, "", 5))


@test("--deadline without an end of the input")
def _():
    server = faults()
    program = Program(["--deadline=300ms", server.url + "/echo/{}"], "pipe")
    program.write("1\n")
    equal(program.wait().status, 4)


@test("--max-errors N: the first that is one too many stops the run")
def _():
    server = faults()
    failed = temp_file()
    result = fetchpool(["-j", "1", "--max-errors=3", "--window=4", "--failed",
                        failed, server.url + "/status/{}"],
                       "200\n404\n" * 500)
    equal(result.status, 4)
    option, (done, bad, left) = not_done(result)
    equal(option, "--max-errors")
    check(bad >= 4 and left > 0, "%d failed, %d left" % (bad, left))
    equal(done + bad + left, 1000)
    equal(len(contents(failed).split()), bad + left)
    result = fetchpool(["-j", "1", "--max-errors=3", server.url +
                        "/status/{}"], "200\n404\n" * 3)
    equal(result.status, 1)


@test("--max-errors: failures count when they happen, not when it is their turn")
def _():
    server = faults()
    result = fetchpool(["-k", "-j", "8", "--max-errors=3", "--grace=0",
                        server.url + "/{+}"],
                       "gate/never\n" + "status/404\n" * 4)
    equal(result.status, 4)
    equal(not_done(result), ("--max-errors", (0, 4, 1)))


@test("--max-errors N%: of what is done so far")
def _():
    server = faults()
    url = server.url + "/status/{}"
    one_in_four = "200\n200\n200\n404\n" * 100
    equal(fetchpool(["--max-errors=30%", url], one_in_four).status, 1)
    many = one_in_four * 50  # not all are done before the stop is heard
    result = fetchpool(["--max-errors=20%", "--window=8", url], many)
    equal(result.status, 4)
    equal(fetchpool(["--max-errors=0", url], "200\n" * 9).status, 0)
    for wrong in "", "x", "-1", "101%", "%", "1.5":
        result = fetchpool(["--max-errors=" + wrong, url], "")
        equal(result.status, 2)
        check("--max-errors" in result.text, result.text)


if __name__ == "__main__":
    main()
