#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many threads there are: one that transfers, more when that is not enough,
and others only where one may have to wait."""
import gzip
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from servers import faults
from shim import resolver
from tap import (check, contents, equal, main, matches, skip, temp_dir,
                 temp_file, test, until)

# A loop needs some time for each of these, and gets them at once.
LENGTH = 8 << 20
HEAVY = gzip.compress(b'"%s"' % (b"x" * LENGTH), 1)


def busy_server():
    server = faults()
    server.on("/heavy/", lambda conn, request: conn.answer(
        HEAVY, b"application/json", headers=b"Content-Encoding: gzip\r\n"))
    return server


def begin(server, *options):
    """A run that has fetched something, and waits for more."""
    if len(os.sched_getaffinity(0)) < 2:
        skip("one processor is enough for one processor")
    program = Program(["-j8", "--fields=size,seq", "--max-body=64M", *options,
                       server.url + "/{+}"], stdin="pipe")
    program.write("ok\n")
    program.lines(1)
    return program


def overload(program, before):
    """Heavy ones until there are more threads than before. Returns how many
    items there were with them."""
    n = 1

    def grew():
        nonlocal n
        if len(program.threads()) > before:
            return True
        if len(program.out.splitlines()) > n - 8:
            program.write("".join("heavy/%d\n" % i for i in range(16)))
            n += 16
        return False

    until(grew, "another thread")
    return n


@test("few jobs have one loop, and more of them when it cannot keep up")
def _():
    server = busy_server()
    program = begin(server)
    before = len(program.threads())
    n = overload(program, before)
    program.close_stdin()
    result = program.wait(60)
    equal((result.status, result.err), (0, b""))
    equal(sorted(record["seq"] for record in result.records),
          list(range(1, n + 1)))
    equal({record["size"] for record in result.records if record["seq"] > 1},
          {LENGTH + 2})


@test("as many at once as before, on however many loops")
def _():
    for options in [], ["-k"]:
        server = busy_server()
        program = begin(server, *options)
        n = overload(program, len(program.threads()))
        program.write("".join("gate/x?%d\n" % i for i in range(30)))
        server.wait(lambda: server.outstanding == 8, "eight requests")
        server.open("x")
        program.close_stdin()
        equal(len(program.wait(60).records), n + 30)
        check(server.max_outstanding <= 8, "too many at once")


@test("a signal stops all loops")
def _():
    server = busy_server()
    program = begin(server, "--grace=0s")
    n = overload(program, len(program.threads()))
    program.write("".join("gate/x?%d\n" % i for i in range(30)))
    server.wait(lambda: server.outstanding == 8, "eight requests")
    program.kill(2)
    equal(program.wait(60).status, -2)
    check(server.requests >= n + 8, "not all were asked for")


@test("a short run has one thread besides the first")
def _():
    url = faults().url
    # A pipe that is not full yet has a thread that waits for it.
    result = fetchpool(["-i", temp_file(b"1\n2\n3\n"), url + "/ok?{}"],
                       env=resolver(threads=1))
    equal((result.status, len(result.records), result.err), (0, 3, b""))


@test("a failure needs no thread to be written")
def _():
    url, failed = faults().url, temp_dir() + "/failed"
    result = fetchpool(["--retry=0", "--failed", failed, url + "/status/{}"],
                       input="404\n", env=resolver(threads=1))
    equal(result.status, 1, repr(result))
    matches("fetchpool: 1: 404 Not Found ", result.text)
    equal(contents(failed), b"404\n")


@test("a result that no thread can be had to write: said, and counted")
def _():
    server, failed = faults(), temp_dir() + "/failed"
    server.on("/large", lambda conn, request: conn.answer(
        b"x" * 50000, b"text/plain"))
    url = server.url
    lines = ["%s/%s" % (url, path) for path in ("ok", "large", "ok?2")]
    items = temp_file("".join(line + "\n" for line in lines), "items")
    result = fetchpool(["-i", items, "-j1", "--retry=0", "--failed", failed],
                       env=resolver(threads=1))
    equal(result.status, 3, repr(result))
    matches("cannot start a thread: ", result.text)
    done = [record["input"] for record in result.records]
    equal(sorted(done + contents(failed).decode().splitlines()),
          sorted(lines))


main()
