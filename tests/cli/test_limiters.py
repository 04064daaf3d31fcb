#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers that refuse what is too much, in the ways that limiters do: all items
pass in the end. All limits there are, and their figures, are in
test_learner.c; what looks like a limit and is none, in test_singles.py."""
import json
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import at_once, fetchpool
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
    at_once(all_pass, (Window(headers=TOLD), Window(),
                       Window(headers=b"Retry-After: 0\r\n")))


@test("a limit with 503, 403 and 400, by its fields or its words")
def _():
    at_once(all_pass, (
        Window(503), Window(403, TOLD),
        Window(403, b"X-RateLimit-Remaining: 0\r\n"),
        Window(403, body=b"You have exceeded a secondary rate limit"),
        Window(400, body=b'{"__type":"ThrottlingException"}')))


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


@test("the same where none may be sent again: nothing is, and nothing waits")
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
        check("paused" not in result.text, result.text)
        if "POST" in options:
            kinds = {r["error"]["outcome_unknown"] for r in failed}
            equal(kinds, {True}, failed)


@test("what was learned is said once, and is in --stats")
def _():
    # On a busy machine a run may end before it is sure of a rate.
    for _ in range(8):
        stats = temp_file()
        result = run(Window(headers=TOLD), "--stats", stats, n=60)
        with open(stats, encoding="utf-8") as file:
            learned = json.load(file)["learned"]
        equal(result.text.count("--pace"), len(learned), repr(result))
        if learned:
            break
    equal(len(learned), 1)
    check("-r %s --pace" % learned[0]["rate"] in result.text, result.text)
    equal(result.text.count(": paused for "), 1, result.text)
    result = run(Window(headers=TOLD), "--learn-rate=never", n=20)
    check("--pace" not in result.text, result.text)


main()
