#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ctrl-Z: time in which the process is stopped counts for no limit of a
transfer."""
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, numbers
from faultserver import HEAD
from harness import Program
from servers import faults
from tap import check, equal, main, test, until

LIMITS = ["-m", "2s", "--stall-time=2s", "--connect-timeout=2s", "--retry=0"]


def stop(program, seconds=3.5):
    """For longer than all limits."""
    program.settled()
    program.kill(signal.SIGSTOP)
    time.sleep(seconds)
    program.kill(signal.SIGCONT)


@test("a POST that waits for its answer while the process is stopped")
def _():
    server = faults()
    program = Program(["-a", "-j", "4", *LIMITS, "-d", "x=1", server.url +
                       "/gate/{}"], "a\nb\nc\nd\n")
    until(lambda: len(server.log) == 4, "4 requests")
    stop(program)
    for name in "abcd":
        server.open(name)
    result = program.wait()
    equal((result.status, len(result.records), len(server.log)), (0, 4, 4),
          repr(result))


@test("a body of which half is there")
def _():
    def halves(conn, request):
        conn.send(HEAD % 4 + b"[1")
        server.hold("half")
        conn.send(b"2]")

    server = faults()
    server.on("/half", halves)
    program = Program([*LIMITS, "-j", "4"], "%s/half\n" % server.url * 4)
    until(lambda: len(server.log) == 4, "4 requests")
    stop(program)
    server.open("half")
    result = program.wait()
    equal((result.status, [r["body"] for r in result.records]),
          (0, ["[12]"] * 4), repr(result))


@test("bodies that wait for memory")
def _():
    server = faults()
    program = Program([*LIMITS, "--max-memory=4M", "--max-body=4M"],
                      "%s/size/3000000\n" % server.url * 6, read=False)
    program.settled()
    stop(program)
    program.read_now()
    result = program.wait()
    equal((result.status, len(result.records)), (0, 6), result.text)


@test("one that connects")
def _():
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    program = Program([*LIMITS, "-x", "http://127.0.0.1:%d" %
                       listener.getsockname()[1], "--setopt",
                       "HTTPPROXYTUNNEL=1", "http://x.test/{}"], "1\n")
    with listener.accept()[0] as sock:
        sock.recv(4096)
        stop(program)
        time.sleep(0.3)
        sock.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
        until(lambda: b"\r\n\r\n" in sock.recv(4096), "the request")
        sock.sendall(HEAD % 2 + b"{}")
        result = program.wait()
    listener.close()
    equal((result.status, len(result.records)), (0, 1), repr(result))


@test("stopped in the midst of much work, again and again")
def _():
    with Arrivals() as server:
        program = Program(["-a", "-q", "-j", "32", "-m", "1s",
                           "--stall-time=1s", "--connect-timeout=1s",
                           "--retry=0", "-d", "x=1", server.url + "/{}"],
                          numbers(1000000))
        for _ in range(3):
            more = server.n_requests + 3000
            until(lambda: server.n_requests > more, "3,000 requests")
            program.kill(signal.SIGSTOP)
            time.sleep(1.6)
            program.kill(signal.SIGCONT)
        program.kill(signal.SIGINT)
        result = program.wait(60)
        kinds = {r["error"]["kind"] for r in result.records
                 if r.get("error")}
        equal(kinds - {"stopped"}, set(), result.text)


@test("what nobody answers is timed out all the same, a little later")
def _():
    server = faults()
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    for args, url in (
            (["-m", "2s"], server.url + "/gate/never"),
            (["--stall-time=2s"], server.url + "/gate/never"),
            (["--connect-timeout=2s"], "https://127.0.0.1:%d/" %
             listener.getsockname()[1])):
        program = Program(["-a", *args, "--retry=0"], url + "\n")
        time.sleep(0.5)
        stop(program)
        began = time.monotonic()
        result = program.wait(20)
        took = time.monotonic() - began
        equal((result.status, result.records[0]["error"]["kind"]),
              (1, "timeout"), repr(result))
        check(0.5 < took < 10, "%s: %.1f s after it went on" % (args, took))
    listener.close()


if __name__ == "__main__":
    main()
