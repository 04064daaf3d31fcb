#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many threads there are for transfers: more than one when one is not
enough."""
import gzip
import os
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program
from servers import faults
from tap import check, equal, main, skip, test, until

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


main()
