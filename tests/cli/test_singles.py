#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers that refuse single requests, or some items for good: that is no limit
on the rate, and nobody else waits for them. What is one is in
test_limiters.py."""
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import at_once, fetchpool
from tap import check, equal, main, test

TOLD = b"Retry-After: 1\r\n"


def of_80(status, is_refused, *args):
    """Of 80 items some are always answered with this status, or with none, and
    their records say so. The requests that came."""
    def answer(conn, request):
        if not is_refused(int(request.query)):
            conn.answer(b"")
        elif status:
            conn.answer(b"", status=status)
        else:
            conn.close()

    with FaultServer(["127.0.0.1"]) as server:
        server.on("/x", answer)
        result = fetchpool(
            ["-a", "-j4", "--fields", "seq,status", *args],
            input="".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                          for i in range(80)), timeout=60)
        equal(len(result.records), 80)
        for record in result.records:
            equal(record["status"],
                  status if is_refused(record["seq"] - 1) else 200)
        return list(server.targets)


@test("500s of a few items and of all: four attempts each, a few once more")
def _():
    # Where others pass, a few more may fail before it is clear that these do
    # not fail for the number of requests at once.
    few = 3 + 80 // 32

    def attempts(broken, most):
        sent = of_80(500, broken, "--retry-delay=0.1s")
        check(len(sent) <= most, len(sent))
        check(max(sent.count(target) for target in sent) <= 5, sent)

    at_once(attempts, (lambda i: i % 10 == 3, lambda i: 20 <= i < 30,
                       lambda i: True),
            (8 * 4 + 72 + few, 10 * 4 + 70 + few, 80 + 100))


@test("connections that are closed at a few items, many, the last and all")
def _():
    def attempts(broken, most):
        sent = of_80(None, broken, "--retry-delay=0.1s")
        check(len(sent) <= most, len(sent))

    # On a connection that was kept each is sent once more, for nothing.
    at_once(attempts, (lambda i: i % 10 == 3, lambda i: i % 40 >= 20,
                       lambda i: i >= 40, lambda i: True),
            (8 * 8 + 72, 40 * 8 + 40, 40 * 8 + 40, 80 * 8))
    # Where none may be sent again, nothing is found out.
    sent = of_80(None, lambda i: i % 40 >= 20, "--retry=0", "--fresh-connect")
    equal(len(sent), 80)


@test("a 403 that means no is sent once, between others and after them")
def _():
    for forbidden in lambda i: i % 4 == 3, lambda i: i > 40:
        again = len(of_80(403, forbidden, "--retry=3")) - 80
        check(again == 0 if forbidden(3) else again <= 3, again)


@test("one 429 without a time: its item waits, nobody else")
def _():
    with FaultServer(["127.0.0.1"]) as server:
        server.on("/x", lambda conn, request: conn.answer(
            b"", status=429 if request.nth % 50 == 10 else 200))
        lines = "".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                        for i in range(200))
        result = fetchpool(["-j4", "--retry=3"], input=lines, timeout=60)
        equal((result.status, len(result.records)), (0, 200))
        check("paused" not in result.text, result.text)


@test("single 429 with a time: all wait for three of them, then their items")
def _():
    with FaultServer(["127.0.0.1"]) as server:
        seen = set()

        def answer(conn, request):
            sheds = int(request.query) % 10 == 0 and request.query not in seen
            seen.add(request.query)
            conn.answer(b"", status=429 if sheds else 200,
                        headers=TOLD if sheds else b"")

        server.on("/x", answer)
        result = fetchpool(
            ["-j1", "--retry=3", "--fields", "seq"], timeout=60,
            input="".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                          for i in range(1, 66)))
        equal((result.status, len(result.records)), (0, 65), repr(result))
        order = [record["seq"] for record in result.records]
        for shed in 10, 20, 30, 40, 50, 60:
            waits = order.index(shed) < order.index(shed + 1)
            equal(waits, shed <= 30, "%d: %r" % (shed, order))


@test("--busy origin: all wait; --busy item: it alone, whatever is asked for")
def _():
    def first_of_two(mode, waits):
        with FaultServer(["127.0.0.1"]) as server:
            server.on("/x", lambda conn, request: conn.answer(
                b"", status=429 if request.nth == 1 else 200,
                headers=b"Retry-After: 2\r\n" if request.nth == 1 else b""))
            result = fetchpool(
                ["-j1", "--retry=3", "--busy", mode, "--fields", "seq"],
                input="".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                              for i in range(5)), timeout=60)
            equal((result.status, len(result.records)), (0, 5))
            first = result.records[0]["seq"]
            equal(first == 1, waits, repr(result))

    at_once(first_of_two, ("origin", "item"), (True, False))


main()
