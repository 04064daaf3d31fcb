#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers that refuse what is too much, in the ways that limiters do, and
others that refuse single requests. All limits there are, and their figures,
are in test_learner.c."""
import json
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import fetchpool
from libcurl import does
from tap import check, equal, main, temp_file, test

TOLD = b"Retry-After: 1\r\n"


class Window:
    """5 requests a second, and `status`, `headers` and `body` to others; or no
    answer, if the status is None."""

    def __init__(self, status=429, headers=b"", body=b""):
        self.refusal = status, headers, body
        self.lock = threading.Lock()
        self.begun, self.n, self.refused = 0, 0, 0

    def __call__(self, conn, request):
        status, headers, body = self.refusal
        with self.lock:
            now = time.monotonic()
            if now >= self.begun + 1:
                self.begun, self.n = now, 0
            self.n += 1
            passes = self.n <= 5
            self.refused += not passes
        if passes:
            conn.answer(b"ok")
        elif status is None:
            conn.close()
        else:
            conn.answer(body, status=status, headers=headers)


def run(window, *args, n=20):
    with FaultServer(["127.0.0.1"]) as server:
        server.on("/x", window)
        return fetchpool(
            ["-a", "-j16", "--retry=3", "--fields", "seq,status,attempts",
             *args],
            input="".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                          for i in range(n)), timeout=60)


def all_pass(window):
    result = run(window)
    wrong = [r for r in result.records if r["status"] != 200]
    equal((len(result.records), wrong), (20, []), repr(result))
    check(window.refused <= 45, "%d refused" % window.refused)


@test("a limit with 429 and a time, without one, and with one of 0")
def _():
    all_pass(Window(headers=TOLD))
    all_pass(Window())
    all_pass(Window(headers=b"Retry-After: 0\r\n"))


@test("a limit with 503, 403 and 400, by its fields or its words")
def _():
    all_pass(Window(503))
    all_pass(Window(403, TOLD))
    all_pass(Window(403, b"X-RateLimit-Remaining: 0\r\n"))
    all_pass(Window(403, body=b"You have exceeded a secondary rate limit"))
    all_pass(Window(400, body=b'{"__type":"ThrottlingException"}'))


@test("a limit with 500 that says nothing of it")
def _():
    all_pass(Window(500, body=b'{"error":"Internal Server Error"}'))


@test("a limit that closes the connection in place of an answer")
def _():
    window = Window(None)
    result = run(window, "--seed=1", n=60)
    wrong = [r for r in result.records if r["status"] != 200]
    equal((len(result.records), wrong), (60, []), repr(result))
    check(" closes connections without an answer: paused" in result.text,
          result.text)
    check("no requests left" not in result.text, result.text)


@test("the same with POST and with --retry=0: nothing is sent twice")
def _():
    # A GET goes again at once if its connection had been kept.
    for options in (["-X", "POST", "-d", "x"],
                    ["--retry=0", "--fresh-connect"]):
        with FaultServer(["127.0.0.1"]) as server:
            window = Window(None)
            server.on("/x", window)
            result = fetchpool(
                ["-a", "-j4", "--fields", "seq,status,error", *options],
                timeout=60,
                input="".join("http://127.0.0.1:%d/x?%d\n" % (server.port, i)
                              for i in range(60)))
            equal(len(result.records), 60)
            equal(len(server.targets), len(set(server.targets)))
        failed = [r for r in result.records if r["status"] != 200]
        equal(len(failed), window.refused, repr(result))
        check(len(failed) <= 30, "%d of 60" % len(failed))
        if "POST" in options:
            kinds = {r["error"]["outcome_unknown"] for r in failed}
            equal(kinds, {True}, failed)


def of_80(status, is_refused, *args):
    """Of 80 items some are always answered with this status, and their records
    say so. The requests that came."""
    with FaultServer(["127.0.0.1"]) as server:
        server.on("/x", lambda conn, request: conn.answer(
            b"", status=status if is_refused(int(request.query)) else 200))
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
    for broken, most in ((lambda i: i % 10 == 3, 8 * 4 + 72 + few),
                         (lambda i: 20 <= i < 30, 10 * 4 + 70 + few),
                         (lambda i: True, 80 + 100)):
        sent = of_80(500, broken, "--retry-delay=0.1s")
        check(len(sent) <= most, len(sent))
        check(max(sent.count(target) for target in sent) <= 5, sent)


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
    for mode, waits in ("origin", True), ("item", False):
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


@test("Retry-After of any answer that fails or redirects: nobody goes earlier")
def _():
    for status in 403, 404, 413, 500, 529, 301:
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
    for method in "GET", "POST":
        for status, head, body, ends in BROKEN:
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


# What there is of a head when the connection ends.
CUT = b"", b"X: y", b"X: y\r\n", b"Content-Length: 9\r\nRetry-After: 9"


@test("Retry-After holds if its head is cut behind it, or refused")
def _():
    for rest in CUT + (b"Location: /x?y\r\nLocation: /x?z\r\n\r\n",):
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


@test("what was learned is said once, and is in --stats")
def _():
    stats = temp_file()
    result = run(Window(headers=TOLD), "--stats", stats, n=60)
    with open(stats, encoding="utf-8") as file:
        learned = json.load(file)["learned"]
    equal(len(learned), 1)
    equal(result.text.count("--pace"), 1, repr(result))
    check("-r %s --pace" % learned[0]["rate"] in result.text, result.text)
    equal(result.text.count(": paused for "), 1, result.text)
    result = run(Window(headers=TOLD), "--learn-rate=never", n=20)
    check("--pace" not in result.text, result.text)


main()
