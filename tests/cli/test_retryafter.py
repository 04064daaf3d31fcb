#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Retry-After: nobody asks the server again before the time that it names,
whatever answer names it and whatever becomes of the rest of that answer."""
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import at_once, fetchpool
from libcurl import does
from tap import check, equal, main, test


@test("Retry-After of any answer that fails or redirects: nobody goes earlier")
def _():
    def waits(status):
        times = []
        with FaultServer(["127.0.0.1"]) as server:
            def answer(conn, request):
                times.append(time.monotonic())
                first = request.nth == 1
                conn.answer(b"", status=status if first else 200,
                            headers=b"Location: /x?z\r\nRetry-After: 1\r\n"
                            if first else b"")

            server.on("/x", answer)
            fetchpool(["-a", "-j1"], input="".join(
                "http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                for i in range(3)), timeout=60)
        check(times[1] - times[0] >= 1, "%d: %r" % (status, times))

    at_once(waits, (403, 404, 413, 500, 529, 301))


# Answers that fail by something else than their status, or by both.
BROKEN = (
    (b"503 Busy", b"Content-Length: 9\r\n", b"x", True),
    (b"429 Slow", b"Content-Length: 9\r\n", b"x", True),
    (b"404 No", b"Content-Length: 9\r\n", b"x", True),
    (b"429 Slow", b"Content-Length: 99999999999\r\n", b"x", False),
    (b"429 Slow", b"Content-Length: 1\r\nContent-Length: 2\r\n", b"x", False),
    (b"503 Busy", b"Transfer-Encoding: chunked\r\n", b"xyz\r\n", True),
    (b"503 Busy", b"Content-Encoding: gzip\r\nContent-Length: 1\r\n", b"x",
     False),
    (b"206 Part", b"Content-Length: 1\r\n", b"x", False),
    (b"200 OK", b"Content-Length: 9\r\n", b"x", True),
    (b"200 OK", b"Content-Type: application/json\r\nContent-Length: 1\r\n",
     b"x", False),
    (b"302 Found", b"Location: /x?z\r\n", b"no end", False),
    (b"302 Found", b"Location: ftp://x.test/\r\nContent-Length: 0\r\n", b"",
     False),
)


@test("Retry-After holds whatever becomes of the body, and of a redirect")
def _():
    def waits(method, broken):
        status, head, body, ends = broken
        times = []
        with FaultServer(["127.0.0.1"]) as server:
            def answer(conn, request):
                times.append(time.monotonic())
                if request.nth > 1:
                    conn.answer(b"")
                    return
                fields = [head, b"Retry-After: 1\r\n"]
                if b"Length: 2" in head and does("two lengths refused"):
                    fields.reverse()
                conn.send(b"HTTP/1.1 %s\r\n%s\r\n%s" % (
                    status, b"".join(fields), body))
                if ends:
                    conn.close()

            server.on("/x", answer)
            result = fetchpool(
                ["-a", "-j1", "-m9s", "--retry=1", "-X", method],
                timeout=60,
                input="".join("http://127.0.0.1:%d/x?%d\n" % (
                    server.port, i) for i in range(3)))
        check(times[1] - times[0] >= 1, "%s, %r, %r: %r %r" % (
            method, status, head, times, result))
        # Such a no is the same no without its explanation.
        if status == b"429 Slow" and b"Length: 2" not in head:
            equal(result.status, 0, "%s %r: %r" % (method, head, result))

    for method in "GET", "POST":
        at_once(lambda broken: waits(method, broken), BROKEN)


# What there is of a head when the connection ends.
CUT = b"", b"X: y", b"X: y\r\n", b"Content-Length: 9\r\nRetry-After: 9"


@test("Retry-After holds if its head is cut behind it, or refused")
def _():
    def waits(rest):
        times = []
        with FaultServer(["127.0.0.1"]) as server:
            def answer(conn, request):
                times.append(time.monotonic())
                if request.nth > 1:
                    conn.answer(b"")
                    return
                conn.send(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n" + rest)
                conn.close()

            server.on("/x", answer)
            result = fetchpool(
                ["-a", "-j1", "-m9s", "--retry=1"], timeout=60,
                input="".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                              for i in range(3)))
        again = b"Location" not in rest or not does("two Locations refused")
        equal((result.status, len(result.records), len(times)),
              (0, 3, 4) if again else (1, 3, 3), "%r: %r" % (rest, result))
        check(times[1] - times[0] >= 1, "%r: %r %r" % (rest, times, result))

    at_once(waits, (*CUT, b"Location: /x?y\r\nLocation: /x?z\r\n\r\n"))


@test("a Retry-After of an interim answer, or one that is cut, says nothing")
def _():
    for head in (b"HTTP/1.1 503 Busy\r\nRetry-After: 30",
                 b"HTTP/1.1 103 Early\r\nRetry-After: 30\r\n\r\n"):
        with FaultServer(["127.0.0.1"]) as server:
            def answer(conn, request):
                if request.nth > 1:
                    conn.answer(b"")
                    return
                conn.send(head)
                conn.close()

            server.on("/x", answer)
            result = fetchpool(
                ["-a", "-j1", "--retry=1", "--retry-after-max=10s"], timeout=60,
                input="http://127.0.0.1:%d/x\n" % server.port)
        equal(result.status, 0, "%r: %r" % (head, result))


main()
