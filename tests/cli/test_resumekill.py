#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""99: whatever ends a run, the one that goes on completes it: nothing is lost
and nothing appears twice.

    tests/cli/test_resumekill.py [--long] [WORD]...     --long: 1,000 kills
"""
import collections
import os
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import records_of
from resumetest import Run, killed_before, put
from servers import api, faults
from tap import (PATIENCE, Failed, check, contents, equal, main, matches, test,
                 until)

LONG = "--long" in sys.argv
if LONG:
    sys.argv.remove("--long")
KILLS = 1000 if LONG else 100

# What the runs are like, in turn.
MODES = [
    dict(),
    dict(options=["-k"]),
    dict(options=["--sync"]),
    dict(appends=True, pipes=True),
    dict(options=["-a", "-k", "--sync"], pipes=True),
    dict(options=["-j1"], appends=True),
    dict(options=["-k", "--window", "3"]),
]


def kill_at_random(run, rng, longest, *more):
    """Kills the run again and again until it comes to its end. Returns how
    often."""
    kills = 0
    while True:
        program = run.start("--resume", *more)
        time.sleep(rng.uniform(0, longest))
        program.kill(signal.SIGKILL)
        result = program.wait()
        program.end()
        if result.status != -signal.SIGKILL:
            check(result.status in (0, 1), repr(result))
            return kills
        kills += 1
        longest *= 1.1  # on a busy machine, too, it comes to its end


def kill_many(n, rng):
    kills = rounds = 0
    while kills < n:
        mode = MODES[rounds % len(MODES)]
        run = Run(300, template=api().posts + "?delay=1", **mode)
        more = ["--failed", run.failed] if rounds % 2 else []
        kills += kill_at_random(run, rng, 0.05 * PATIENCE, *more)
        run.check_same(run.whole())
        rounds += 1
    return kills, rounds


def kill_some(part, parts):
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print("# SEED=%d" % seed)
    kills, rounds = kill_many(KILLS // parts, random.Random(seed + part))
    print("# %d kills, %d runs brought to their end" % (kills, rounds))


def add_kill_tests(parts):
    for part in range(parts):
        @test("99 killed at random: all items, each once (%d of %d)" % (
            part + 1, parts))
        def _(part=part):
            kill_some(part, parts)


add_kill_tests(20 if LONG else 4)


@test("99 killed before each call that changes a file")
def _():
    run = Run(10, ["-j1", "--sync"], template=api().posts + "?delay=5")
    whole, lines = run.whole(), contents(run.input)

    # From the beginning, and from where two items are done.
    put(run.input, b"".join(lines.splitlines(True)[:2]))
    run.run("--failed", run.failed)
    begun = {path: contents(path)
             for path in (run.out, run.failed, run.journal)}
    put(run.input, lines)
    for is_begun in True, False:
        nth = 1
        while True:
            for path in begun:
                if is_begun:
                    put(path, begun[path], "r+b", True)
                elif os.path.exists(path):
                    os.remove(path)
            if not killed_before(run, nth, "--resume"):
                break
            result = run.run("--resume", "--failed", run.failed)
            check(result.status in (0, 1), "%d: %r" % (nth, result))
            run.check_same(whole)
            nth += 1
        check(nth > 6, "%d calls" % nth)


# ---- requests that must not be sent twice ----

def post_run(server, n):
    run = Run(n, ["-a", "-X", "POST", "-j8"],
              template=server.url + "/post/{}/", pipes=True)
    put(run.input, "".join("%d\n" % i for i in range(n)))
    return run


@test("99 a POST is sent once at most, and never forgotten")
def _():
    server = faults()
    server.on("/post/", lambda conn, request: conn.answer(b"posted"))
    rng = random.Random(int(os.environ.get("SEED") or time.time_ns()))
    kills = unknown = 0
    while kills < (100 if LONG else 6):
        server.log.clear()
        run = post_run(server, 60)
        kills += kill_at_random(run, rng, 0.15 * PATIENCE)
        sent = collections.Counter(server.targets)
        check(max(sent.values()) == 1, "sent twice: %r" % sent.most_common(3))
        records = run_records(run)
        equal(sorted(int(r["input"]) for r in records), list(range(60)))
        for record in records:
            if record.get("error"):
                equal(record["error"]["kind"], "network")
                matches("unknown", record["error"]["message"])
                unknown += 1
            else:
                check("/post/%s/" % record["input"] in sent, record)
    print("# %d kills, %d outcomes unknown" % (kills, unknown))


def run_records(run):
    return records_of(contents(run.out))


@test("99 a POST that was under way at a kill is a failure, and not resent")
def _():
    server = faults()
    answered = threading.Event()

    def post(conn, request):
        if request.target in ("/post/1/", "/post/3/"):
            conn.server.hold("never")
            conn.close()
        conn.answer(b"posted")

    server.on("/post/", post)
    run = post_run(server, 6)
    run.options[run.options.index("-j8")] = "-j3"
    program = run.start()
    server.wait(lambda: server.requests == 6 and server.outstanding == 2,
                "all requests, two of them without an answer")
    until(lambda: contents(run.journal).count(b"\nd ") == 4,
          "four items in the journal")
    program.kill(signal.SIGKILL)
    program.wait()
    result = run.run("--resume")
    equal(result.status, 1)
    equal(server.requests, 6)
    records = {r["input"]: r for r in run_records(run)}
    equal(sorted(records), list("012345"))
    equal(sorted(i for i in records if records[i].get("error")), ["1", "3"])

    # They have failed, and stay so, until someone asks for them.
    result = run.run("--resume")
    equal((result.status, server.requests), (1, 6))
    run.options.remove("-a")
    check("--all" in run.run("--resume").text, "other options")


@test("99 --retry-failed=unknown sends such requests once more, and no other")
def _():
    server = faults()
    server.on("/post/", lambda conn, request: (
        conn.server.hold("x") if server.requests < 3 else None,
        conn.answer(b"posted")))
    run = post_run(server, 2)
    run.options.remove("-a")
    program = run.start()
    server.wait(lambda: server.outstanding == 2, "both requests")
    program.kill(signal.SIGKILL)
    program.wait()
    result = run.run("--resume")
    equal((result.status, server.requests), (1, 2))
    for kinds in "--retry-failed", "--retry-failed=network,http,timeout":
        result = run.run(kinds)
        equal((result.status, server.requests), (1, 2), repr(result))
    result = run.run("--retry-failed=unknown")
    equal((result.status, server.requests), (0, 4), repr(result))
    equal(sorted(r["input"] for r in run_records(run)), ["0", "1"])


# ---- files that were changed ----

@test("99 the journal cut anywhere: refused, or the same result")
def _():
    run = Run(24, ["-j2"])
    whole = run.whole()
    run.run()
    journal, out = contents(run.journal), contents(run.out)
    head = journal.index(b"begin")
    refused = 0
    for length in sorted({*range(head - 3, head + 18),
                          *range(0, len(journal), 41), len(journal) - 1}):
        put(run.journal, journal[:length], "r+b", True)
        put(run.out, out, "r+b", True)
        result = run.run("--resume")
        if result.status == 3:
            refused += 1
            equal(contents(run.out), out, "the output of a refused run")
            equal(contents(run.journal), journal[:length])
            check(length < head + 15, "%d: %r" % (length, result))
        else:
            run.check_same(whole)
            again = run.run("--resume")  # nothing was appended to a torn line
            equal(again.status, result.status, repr(again))
            run.check_same(whole)
    check(refused > 10, "%d refused" % refused)


@test("99 the output cut anywhere is refused, and extended it is cut")
def _():
    run = Run(24, ["-j2"])
    run.run()
    journal, out = contents(run.journal), contents(run.out)
    for length in range(0, len(out), 97):
        os.truncate(run.out, length)
        result = run.run("--resume")
        equal(result.status, 3, "cut to %d" % length)
        matches("was truncated: it has %d bytes, and should have %d" % (
            length, len(out)), result.text)
        equal(os.path.getsize(run.out), length)
        put(run.out, out, "r+b")
    equal(contents(run.journal), journal)
    for more in b"x", b'{"seq":9', out:
        put(run.out, more, "ab")
        result = run.run("--resume")
        equal(result.status, 1, repr(result))
        equal(contents(run.out), out)


if __name__ == "__main__":
    main()
