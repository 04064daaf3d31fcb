#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many at once, in which order, and how far ahead."""
import os
import re
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, environment, fetchpool
from servers import Nginx, api, faults
from tap import (PATIENCE, PROGRAM, SANITIZERS, check, equal, main, matches, skip,
                 steady, test, until)

FD = resource.RLIMIT_NOFILE


def numbers(n, first=1):
    return "".join("%d\n" % i for i in range(first, first + n))


def never(server, condition, what, seconds=0.2):
    """Looks for a while whether something comes that must not."""
    with server.changed:
        check(not server.changed.wait_for(condition, seconds), what)


@test("-j: so many at once, and no more")
def _():
    for jobs in 1, 2, 7, 70:
        server = faults()
        program = Program(["-j", str(jobs), server.url + "/gate/x?{}"],
                          stdin=numbers(3 * jobs))
        server.wait(lambda: server.outstanding == jobs, "%d requests" % jobs)
        never(server, lambda: server.outstanding > jobs, "too many at once")
        server.open("x")
        result = program.wait()
        equal(len(result.records), 3 * jobs)
        equal(server.max_outstanding, jobs)


@test("-j: a place that gets free is used at once")
def _():
    server = faults()
    program = Program(["-j2", server.url + "/gate/{}"], stdin=numbers(4))
    for n in 1, 2, 3, 4:
        server.wait(lambda: server.requests >= min(n + 1, 4), "the next")
        never(server, lambda: server.requests > n + 1, "too many", 0.05)
        server.open(str(n))
    equal(len(program.wait().records), 4)


@test("an unusable item costs no place that a loop has nothing for")
def _():
    server = faults()
    other = server.url.replace("127.0.0.1", "localhost")
    held = "".join("%s/gate/%d\n" % (server.url, n) for n in range(7))
    program = Program(["-j2", "--host-jobs=1", "--window=8", "-m0",
                       "--stall-time=0", "--connect-timeout=0"], stdin="pipe")

    # On a connection that is there, libcurl has no limit of time to look at.
    program.write("%s/ok\n%s/ok\n" % (server.url, other))
    program.has_lines(2)
    program.write(held)
    server.wait(lambda: server.outstanding == 1, "the first")
    program.write("http://\n" * 5 + other + "/ok\n")
    server.wait(lambda: server.requests == 4, "one of another server")
    for n in range(7):
        server.open(str(n))
    program.close_stdin()
    equal(len(program.wait().records), 10)


@test("what fails at once is written by who reads it: no thread waits")
def _():
    n = 50000
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name)
                 for name in ("lines", "failed", "errors")]
        with open(names[0], "w") as file:
            file.write(numbers(n))
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw
        with open(names[2], "w") as errors:
            ended = subprocess.run(
                [PROGRAM, "-i", names[0], "--failed", names[1],
                 "--id-range", "0-0", "http://127.0.0.1:9/{}"],
                env=environment(), stdout=subprocess.DEVNULL, stderr=errors,
                timeout=PATIENCE)
        waits = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw - before
        equal(ended.returncode, 1)
        with open(names[1]) as file:
            equal(file.read(), numbers(n))
        with open(names[2]) as file:
            equal(len(file.readlines()), n)
        check(waits < 200, "%d waits" % waits)


@test("by default up to 32 at once")
def _():
    server = faults()
    expected = min(32, (os.cpu_count() or 1) + 4)
    program = Program([server.url + "/gate/x?{}"], stdin=numbers(100))
    server.wait(lambda: server.outstanding == expected, "%d requests" %
                expected)
    never(server, lambda: server.outstanding > expected, "too many at once")
    server.open("x")
    equal(len(program.wait().records), 100)


@test("without -k records come as they finish")
def _():
    server = faults()
    program = Program(["-j3", server.url + "/gate/{}"], stdin=numbers(3))
    server.wait(lambda: server.outstanding == 3, "three requests")
    for n, name in enumerate("312", 1):
        server.open(name)
        equal(program.lines(n)[-1]["input"], name)
    program.wait()


@test("-k: records and errors in input order")
def _():
    server = faults()
    program = Program(["-k", "-j8", server.url + "/gate/{}"],
                      stdin=numbers(8))
    server.wait(lambda: server.outstanding == 8, "eight requests")
    for name in "87654321":
        server.open(name)
    equal([r["seq"] for r in program.wait().records], list(range(1, 9)))
    url = api().url + "/posts/{}?delay={}"
    items = "".join("%d\n" % n for n in (130, 1, 99, 50, 101, 3, 180, 2))
    result = fetchpool(["--keep-order", "-j8", url], input=items)
    equal([r["seq"] for r in result.records], [2, 3, 4, 6, 8])
    equal(list(result.errors), [1, 5, 7])


@test("-k: a record leaves as soon as those before it have left")
def _():
    server = faults()
    program = Program(["-k", "-j4", server.url + "/gate/{}"],
                      stdin=numbers(4))
    server.wait(lambda: server.outstanding == 4, "four requests")
    server.open("2")
    server.open("1")
    program.has_lines(2)
    server.open("3")
    program.has_lines(3)
    server.open("4")
    equal([r["seq"] for r in program.wait().records], [1, 2, 3, 4])


@test("--window: no more items under way, with -k and one held back")
def _():
    for window in 1, 3, 10:
        server = faults()
        server.on("/other/", lambda conn, request: conn.answer(b"x"))
        first = server.url + "/gate/first\n"
        rest = "".join("%s/other/%d\n" % (server.url, n) for n in range(50))
        program = Program(["-k", "-j4", "--window", str(window)],
                          stdin=first + rest)
        server.wait(lambda: server.requests == window, "%d requests" % window)
        never(server, lambda: server.requests > window, "the window is wider")
        server.open("first")
        equal(len(program.wait().records), 51)


@test("--window: smaller than -j, it is the limit")
def _():
    server = faults()
    program = Program(["-j8", "--window=3", server.url + "/gate/x?{}"],
                      stdin=numbers(20))
    server.wait(lambda: server.outstanding == 3, "three requests")
    never(server, lambda: server.outstanding > 3, "more than the window")
    server.open("x")
    equal(len(program.wait().records), 20)


@test("a consumer that does not read stops the reader, not the program")
def _():
    server = faults()
    window, size = 8, 20000
    program = Program(["-j4", "--window", str(window),
                       server.url + "/size/%d?{}" % size],
                      stdin=numbers(2000), read=False)
    server.wait(lambda: server.requests >= window, "a window of requests")
    steady(lambda: server.requests, "the requests")
    in_pipe = 65536 // size + 1
    check(window <= server.requests <= window + in_pipe + 1,
          "%d requests with a window of %d" % (server.requests, window))
    program.read_now()
    result = program.wait(40)
    equal(len(result.records), 2000)
    equal(result.status, 0)


@test("a consumer that does not read makes no transfer time out")
def _():
    server = faults()
    limit = "%gs" % (1.5 * PATIENCE)
    program = Program(["-j4", "--window=8", "-m", limit, "--stall-time",
                       limit, server.url + "/size/100000?{}"],
                      stdin=numbers(40), read=False)
    steady(lambda: server.requests, "the requests", span=2.5)
    program.read_now()
    result = program.wait()
    equal((len(result.records), result.status, result.err), (40, 0, b""))


@test("many jobs: bodies of all sizes come whole, one after another")
def _():
    server = faults()
    sizes = [n * n * 7 + 1 for n in range(120)] * 3
    lines = "".join("%d?%d\n" % (size, i) for i, size in enumerate(sizes))
    result = fetchpool(["-j128", "--host-jobs=8", "--fields=size",
                  server.url + "/size/{+}"], input=lines)
    equal((result.status, result.err), (0, b""))
    equal(sorted(record["size"] for record in result.records), sorted(sizes))


@test("94 a slow consumer: bounded memory with large bodies")
def _():
    server = faults()
    program = Program(["-j16", "--window=32",
                       server.url + "/size/300000?{}"],
                      stdin=numbers(200), read=False)
    steady(lambda: server.requests, "the requests")
    if not SANITIZERS:
        check(program.memory() < 40 * 1024, "%d KiB" % program.memory())
    program.read_now()
    result = program.wait(50)
    equal((len(result.records), result.status), (200, 0))


@test("11 94 a slow consumer of an endless input: memory stays flat")
def _():
    with Nginx("location / { return 200 0123456789; }") as nginx:
        def endless():
            try:
                while True:
                    os.write(writer, lines)
            except OSError:
                os.close(writer)

        lines = (nginx.url + "/x\n").encode() * 500
        reader, writer = os.pipe()
        with open(reader, "rb") as stdin:
            program = Program(["-j16"], stdin=stdin, read=False)
        threading.Thread(target=endless, daemon=True).start()
        out = program.proc.stdout.fileno()

        def read(n):
            while n > 0:
                n -= len(os.read(out, min(n, 1 << 16)))

        read(1 << 20)
        before = program.memory()
        read(8 << 20)
        if not SANITIZERS:
            check(program.memory() <= before + 2048, "%d, then %d KiB" % (
                before, program.memory()))
            check(program.memory() < 40 * 1024, "%d" % program.memory())
        program.drop()
        result = program.wait()
        equal((result.status, result.err), (-13, b""))


@test("--delay: a pause of the slot before each item")
def _():
    server = faults()
    began = time.monotonic()
    result = fetchpool(["-j1", "--delay", "100ms", server.url + "/ok?{}"],
                       input=numbers(4))
    check(time.monotonic() - began >= 0.4, "no pauses")
    for record in result.records:
        check(record["fetch_time"] >= 0.1, record)
    times = [request.time for request in server.log]
    for earlier, later in zip(times, times[1:]):
        check(later - earlier >= 0.095, times)


@test("--delay MIN-MAX: drawn between the two; slots pause by themselves")
def _():
    server = faults()
    began = time.monotonic()
    result = fetchpool(["-j30", "--delay=200ms-3s",
                        server.url + "/ok?{}"], input=numbers(30))
    took = time.monotonic() - began
    times = sorted(record["fetch_time"] for record in result.records)
    check(times[0] >= 0.2, times)
    check(times[-1] - times[0] > 0.05, "all the same: %r" % times)
    check(took < 30, "one after the other: %g s" % took)


@test("--delay: a pause is not counted as time of the transfer")
def _():
    result = fetchpool(["-j2", "--delay=2100ms", "-m", "2s",
                        faults().url + "/ok?{}"], input=numbers(2))
    equal((len(result.records), result.status), (2, 0))


@test("fetch_time counts from the slot, not from the line")
def _():
    url = api().url + "/posts/{}?delay=120"
    began = time.monotonic()
    result = fetchpool(["-j1", "-k", url], input=numbers(8))
    took = time.monotonic() - began
    times = [record["fetch_time"] for record in result.records]
    check(len(times) == 8 and min(times) >= 0.12, times)
    # One slot has them one after the other, however slow the machine is; from
    # the line on, each would have the times of all before it in its own.
    check(sum(times) <= took, "%r in %g s" % (times, took))


@test("97 -j 10000 with 1024 descriptors: one warning, no item fails")
def _():
    n = 500 if SANITIZERS else 3000
    result = fetchpool(["-j", "10000", api().url + "/posts/1?delay=100&{}"],
                       input=numbers(n), limits=[(FD, (1024, 1024))],
                       timeout=50)
    equal(len(result.records), n)
    equal(result.status, 0)
    equal(result.text.count("\n"), 1, "lines on standard error")
    matches(r"^fetchpool: .*\b\d+\b", result.text)


@test("97 a low soft limit is raised, without a word")
def _():
    hard = resource.getrlimit(FD)[1]
    if hard != resource.RLIM_INFINITY and hard < 2000:
        skip("the hard limit is %d" % hard)
    server = faults()
    program = Program(["-j300", server.url + "/gate/x?{}"],
                      stdin=numbers(300), limits=[(FD, (64, hard))])
    server.wait(lambda: server.outstanding == 300, "300 at once")
    server.open("x")
    result = program.wait()
    equal((len(result.records), result.err), (300, b""))


@test("97 many hosts and few descriptors: no item fails")
def _():
    addresses = ["127.0.0.%d" % n for n in range(1, 201)]
    with Nginx("location / { return 200 ok; }", addresses) as nginx:
        lines = "".join("http://%s:%d/%d\n" % (a, nginx.port, n)
                        for n in range(5) for a in addresses)
        for limit in 40, 64, 128:
            result = fetchpool(["-j100"], input=lines,
                               limits=[(FD, (limit, limit))], timeout=40)
            equal(len(result.errors), 0, "errors with %d descriptors" % limit)
            equal((len(result.records), result.status), (1000, 0))


@test("97 descriptors that came along, 700 of 1024: no item fails")
def _():
    server = faults()
    program = Program(
        ["-j600", server.url + "/gate/x?{}"], stdin=numbers(700),
        limits=[(FD, (1024, 1024))], wrapper=[
            "bash", "-c", "for ((n = 100; n < 800; n++)); do "
            "eval \"exec $n</dev/null\"; done; exec \"$@\"", "bash"])
    until(lambda: b"lowered to" in program.err, "the warning")
    jobs = int(re.search(rb"lowered to (\d+)", bytes(program.err))[1])
    check(50 < jobs < 324, "%d jobs" % jobs)
    server.wait(lambda: server.outstanding == jobs, "%d at once" % jobs)
    server.open("x")
    result = program.wait(40)
    equal((len(result.records), result.status), (700, 0), repr(result)[-500:])
    equal(result.text.count("\n"), 1, "lines on standard error")


class Anyhost:
    """Answers at every address of the loopback interface, and on no other.

    One thread for all of it: a connection is a request or a few.
    """

    def __enter__(self):
        self.listener = socket.socket()
        try:
            self.listener.setsockopt(socket.SOL_SOCKET,
                                     socket.SO_BINDTODEVICE, b"lo")
        except OSError:
            self.listener.close()
            skip("no socket may be bound to the loopback interface")
        self.listener.bind(("0.0.0.0", 0))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        self.ends = os.pipe()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def _serve(self):
        poll = select.epoll()
        clients = {}
        for fd in self.listener.fileno(), self.ends[0]:
            poll.register(fd, select.EPOLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self.ends[0]:
                    for client in clients.values():
                        client.close()
                    poll.close()
                    return
                if fd == self.listener.fileno():
                    client, _ = self.listener.accept()
                    clients[client.fileno()] = client
                    poll.register(client, select.EPOLLIN)
                elif not self._answer(clients[fd]):
                    clients.pop(fd).close()

    @staticmethod
    def _answer(client):
        try:
            data = client.recv(65536)
            if data.endswith(b"\r\n\r\n"):
                client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return data
        except OSError:
            return b""

    def __exit__(self, *exc):
        os.close(self.ends[1])
        self.thread.join()
        os.close(self.ends[0])
        self.listener.close()


@test("94 20,000 hosts: memory does not grow with their number")
def _():
    if SANITIZERS:
        skip("a sanitizer keeps memory back")
    with Anyhost() as server:
        program = Program(["-j16"], stdin="pipe")

        def more(first, last):
            program.write("".join("http://127.%d.%d.%d:%d/\n" % (
                n % 100 + 1, n // 100 % 250, n // 25000 + 1, server.port)
                for n in range(first, last)))
            until(lambda: program.out.count(b"\n") >= last or
                  program.err, "%d records" % last, 45)
            program.settled()
            return program.memory()

        early, late = more(0, 2000), more(2000, 20000)
        program.close_stdin()
        result = program.wait()
    equal((result.status, len(result.records), result.err), (0, 20000, b""))
    equal(len({r["url"] for r in result.records}), 20000, "hosts")
    check(late <= early + 4096, "%d KiB, later %d" % (early, late))


@test("97 so few descriptors that it cannot run: said, not crashed")
def _():
    if SANITIZERS:
        skip("a sanitizer needs descriptors of its own")
    for limit in range(5, 26):
        result = fetchpool(["-j100", faults().url + "/ok?{}"],
                           input=numbers(20), limits=[(FD, (limit, limit))])
        check(result.status == 0 and len(result.records) == 20 or
              result.status == 3 and not result.records and
              b"cannot start: " in result.err, "%d: %r" % (limit, result))


@test("-j 20000 and small inputs cost no 20000 of anything")
def _():
    result = fetchpool(["-j20000", faults().url + "/ok?{}"],
                       input=numbers(10))
    equal(len(result.records), 10)
    check(result.status == 0, repr(result))
    for line in result.text.splitlines():
        check(not re.search("error|fail", line), line)


if __name__ == "__main__":
    main()
