#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rates on the wire: by the clock of the kernel that received the requests."""
import collections
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, crowds, numbers, use
from calm import best_of_three
from harness import Program, fetchpool
from ratetest import MS, S, obeys
from tap import check, equal, main, test, until

RETRY = ["--retry=30", "--retry-delay=1ms", "--retry-max-delay=2ms"]


def succeeded(result, n, what):
    equal((result.status, result.err), (0, b""), what)
    equal(len(result.records), n, "records of " + what)


# ---- no more than allowed ----

# (options, path, items, rates). 15 under 2/s take seven seconds.
PLAIN = "/{}"
MIX = "/busy7/drop5/hop2/{}"
RATES = [
    (["-r", "2/s"], PLAIN, 15, [(2, S)]),
    (["-r", "20/s"], MIX, 16, [(20, S)]),
    (["-r", "5/200ms"], MIX, 12, [(5, 200 * MS)]),
    (["-r", "1/50ms"], MIX, 12, [(1, 50 * MS)]),
    (["-r", "10/100ms,40/s"], MIX, 30, [(10, 100 * MS), (40, S)]),
    (["-r", "300/s,50/100ms"], MIX, 250, [(50, 100 * MS), (300, S)]),
    (["-r", "10/200ms", "--pace"], MIX, 30, [(10, 200 * MS)]),
    (["-r", "20/s", "-k"], MIX, 16, [(20, S)]),
    (["-r", "23/200ms", "--share=4"], MIX, 12, [(5, 200 * MS)]),
    (["-r", "2/100ms", "--share=4"], PLAIN, 8, [(1, 200 * MS)]),
    (["--host-rate", "5/200ms"], MIX, 12, [(5, 200 * MS)]),
    (["--host-rate", "10/100ms", "-r", "40/s"], MIX, 30,
     [(10, 100 * MS), (40, S)]),
    (["-r", "20/200ms", "--delay=1ms-20ms"], MIX, 30, [(20, 200 * MS)]),
    (["-r", "20/200ms"], "/cut3/{}", 60, [(20, 200 * MS)]),
    (["-r", "20/200ms"], "/drop1/late3/{}", 60, [(20, 200 * MS)]),
    (["-r", "20/200ms"], "/pause9/{}", 40, [(20, 200 * MS)]),
]


def run_all(table):
    """All at once, each with a server of its own. Gives [(options and path,
    items, rates, server, result)]."""
    runs = []
    for options, path, n, rates in table:
        server = Arrivals().start()
        runs.append((" ".join(options) + " " + path, n, rates, server, Program(
            ["-j", "256", "-q", *RETRY, *options, server.url + path],
            stdin=numbers(n))))
    return [(*run, program.wait(40)) for *run, program in runs]


@test("89 no interval holds more: attempts, hops and what libcurl sends again")
def _():
    for what, n, rates, server, result in run_all(RATES):
        equal((result.status, len(result.records)), (0, n),
              what + ": %r" % result)
        obeys(server, rates, what)
        if what.endswith(MIX):
            check(server.n_requests > 3 * n, what + ": nothing was repeated")
        if what.startswith("-r 2/s"):
            times = server.times()
            took = (times[-1] - times[0]) / S
            # With one less in each period it would be 14 s.
            check(7.0 <= took < 13, "15 under 2/s took %.3f s" % took)


@test("--host-rate: each host by itself, whatever name or port it has")
def _():
    with Arrivals(["127.0.0.1", "127.0.0.1", "127.0.0.2"]) as server:
        hosts = [url.partition("//")[2] for url in server.urls]
        hosts += ["a.localhost:%d" % server.port, "b.localhost:%d" %
                  server.port]
        lines = "".join("http://%s%s/%d\n" % (host, "/busy7/drop5/hop1", i)
                        for i in range(12) for host in hosts)
        result = fetchpool(["-j", "256", "--host-rate=10/250ms", *RETRY,
                            "--resolve=a.localhost:%d:127.0.0.1" % server.port,
                            "--resolve=b.localhost:%d:127.0.0.1" %
                            server.port, "-q"], input=lines)
        equal((result.status, len(result.records)), (0, 60), repr(result))
        for host in hosts:
            obeys(server, [(10, 250 * MS)], host, host)
        check(crowds(server.times(), 10, 250 * MS),
              "together they were no faster than one")


@test("--host-rate: a hop to another host counts there")
def _():
    with Arrivals(2) as server:
        path = "/port%d/{}" % server.ports[1]
        result = fetchpool(["-j", "64", "--host-rate=5/150ms",
                            server.url + path], input=numbers(15))
        succeeded(result, 15, repr(result))
        for port in server.ports:
            obeys(server, [(5, 150 * MS)], str(port), "127.0.0.1:%d" % port)


@test("what needs long for a connection counts when it is sent")
def _():
    # What a tunnel needs to open is between 0 and 3 periods, so that many
    # starts are given out long before they happen.
    with Arrivals() as server:
        lines = "".join("http://late%d.x/%d\n" % (i * 37 % 160, i)
                        for i in range(90))
        for options in (["-r", "20/50ms"], ["-r", "20/50ms", "-k"]):
            n = server.n_requests
            result = fetchpool(["-j", "64", *options, "-x", server.url,
                                "--setopt", "HTTPPROXYTUNNEL=1"], input=lines)
            succeeded(result, 90, "%r: %r" % (options, result))
            equal(server.n_requests, n + 90, "requests")
            found = crowds(server.times()[n:], 20, 50 * MS)
            equal(found[:3], [], "with %r, %d intervals hold more" % (
                options, len(found)))


# ---- no less than allowed ----

def best_use(options, n, period, items):
    def attempt(server):
        result = fetchpool([*options, server.url + "/{}"],
                           input=numbers(items))
        succeeded(result, items, repr(result))
        return use(server.times(), n, period)

    best_of_three(attempt, lambda used: 0.97 <= used <= 1)


@test("at least 97 % of a limit is used")
def _():
    best_use(["-j", "256", "-r", "50/500ms"], 50, 500 * MS, 101)


@test("the same, evenly")
def _():
    best_use(["-j", "256", "-r", "100/s", "--pace"], 100, S, 101)


@test("--pace: evenly, also at the start")
def _():
    def attempt(server):
        result = fetchpool(["-j", "256", "-r", "50/s", "--pace",
                            server.url + "/{}"], input=numbers(26))
        succeeded(result, 26, repr(result))
        times = server.times()
        return min(b - a for a, b in zip(times, times[1:])) / MS

    # PERIOD / N apart, but for 5 ms that one who was late may make up for.
    best_of_three(attempt, lambda least_ms: 14 < least_ms < 21)


# ---- what waits costs nobody anything ----

@test("what waits for a limit has no connection")
def _():
    with Arrivals() as server:
        program = Program(["-j", "16", "-r", "1/50ms", server.url + "/{}"],
                          stdin=numbers(16))
        succeeded(program.wait(), 16, "16 items")
        # One for each lane, if they took turns.
        lanes = min(os.cpu_count(), 16)
        check(server.n_open_max <= lanes, "%d connections for one request "
              "at a time" % server.n_open_max)


@test("what waits for a host holds up no other")
def _():
    with Arrivals(2) as server:
        slow, fast = server.urls
        # The first answer of all is to come again in a second.
        lines = "%s/pause1/x\n" % slow + "".join(
            "%s/%d\n" % (url, i) for url, n in ((slow, 20), (fast, 200))
            for i in range(n))
        program = Program(["-j", "1", "-q", "--retry=0", "--window=500",
                           "--fields=url,status"], stdin=lines)
        records = program.lines(200)
        equal({record["url"].startswith(fast) for record in records[:200]},
              {True}, "of the first 200 records, hosts")
        result = program.wait()
        equal((result.status, len(result.records)), (1, 220), repr(result))


@test("the same, for --host-rate: a burst, and a host that wants no more")
def _():
    with Arrivals(5) as server:
        # 40 to each of five, of which 10 may start within the hour.
        lines = "".join("%s/%d\n" % (url, i) for url in server.urls
                        for i in range(40))
        program = Program(["-j", "4", "--host-rate=10/h"], stdin=lines)
        records = program.lines(50)
        hosts = collections.Counter(r["url"].split("/")[2] for r in records)
        equal(sorted(hosts.values()), [10] * 5, "records of each host")
        program.settled()
        equal(server.n_requests, 50, "requests")
        program.kill(signal.SIGINT)
        result = program.wait()
        equal((result.status, len(result.records)), (-signal.SIGINT, 50))
        equal(server.n_requests, 50, "requests")


@test("a signal ends every wait at once")
def _():
    for options, path, n in (
            (["-r", "1/h"], "/{}", 1), (["--host-rate=1/h"], "/{}", 1),
            (["-r", "1/h", "--pace"], "/{}", 1), (["-r", "1/h", "-k"], "/{}",
                                                  1),
            (["-r", "1/h"], "/hop1/{}", 1), (["-r", "1/h"], "/busy1/{}", 1),
            (["-r", "1/h"], "/drop1/{}", 1),
            (["--retry-delay=1h", "--retry-max-delay=1h",
              "--retry-max-time=0"], "/busy1/{}", 3),
            (["-j1", "--delay=1h"], "/{}", 0)):
        with Arrivals() as server:
            program = Program(["-q", "--retry=5", "--grace=1h", *options,
                               server.url + path], stdin=numbers(3))
            program.caught(signal.SIGINT)
            until(lambda: server.n_requests >= n, "%d requests" % n)
            program.settled()
            program.kill(signal.SIGINT)
            result = program.wait(10)
            equal(result.status, -signal.SIGINT, "%r: %r" % (options, result))
            equal(server.n_requests, n, "requests with %r" % options)


# ---- pauses ----

def took(*options, items=40):
    """How long it took from the start of the program, and from the first
    request to the last; and the records."""
    with Arrivals() as server:
        began = time.monotonic()
        result = fetchpool([*options, server.url + "/{}"],
                           input=numbers(items))
        succeeded(result, items, repr(result))
        times = server.times()
        return (time.monotonic() - began, (max(times) - min(times)) / S,
                result.records)


@test("--delay: the sum of the pauses, divided by the jobs")
def _():
    # Each slot pauses for 10 ... 100 ms before each of its items.
    seconds, span, records = took("-j", "8", "--delay=10ms-100ms", "--seed=7")
    pauses = [r["fetch_time"] for r in records]
    check(min(pauses) >= 0.010, "too early")
    check(max(pauses) > 0.080, "never late")
    check(seconds > 40 * 0.055 / 8 * 0.7, "%.3f s" % seconds)
    # On a busy machine all is late; but they pause at the same time.
    check(span < sum(pauses) / 2, "%.3f s for %.3f s of pauses" % (
        span, sum(pauses)))


@test("--seed: the same pauses each time, and others with another")
def _():
    def pauses(seed):
        records = took("-j", "1", "--delay=2ms-90ms", "--seed=%d" % seed,
                       items=6)[2]
        return [r["fetch_time"] for r in records]

    def distance(some, others):
        return sum(abs(a - b) for a, b in zip(some, others))

    def are_the_same():
        """Any may be late, and none is early: in the end the least is what was
        drawn. What differs is hundreds of milliseconds apart in all, but gets
        closer, too, if it is drawn anew each time."""
        for least, seed in zip(found, (3, 3, 4)):
            least[:] = map(min, least, pauses(seed))
        return distance(found[0], found[1]) < 0.03

    found = [[60.0] * 6 for _ in range(3)]
    until(are_the_same, "the same pauses with the same seed")
    once, again, other = found
    check(distance(once, other) > 2 * distance(once, again) + 0.05,
          "another seed: %s, %s" % (once, other))


# ---- what libcurl sends again ----

@test("a connection that dies under a request costs one more, a new one")
def _():
    for options in ([], ["-r", "20/60ms"], ["-j1", "-r", "5/20ms"], ["-j1"]):
        with Arrivals() as server:
            result = fetchpool(["-j", "50", "--retry=0", *options,
                                server.url + "/drop1/late2/{}"],
                               input=numbers(80))
            succeeded(result, 80, "%r: %r" % (options, result))
            sent = collections.Counter(r.path for r in server.log())
            equal(max(sent.values()), 2, "requests for one item %r" % options)


# ---- wrong ones ----

WRONG = {
    "rate": [
        "", "5", "/s", "5/", "0/s", "-1/s", "+1/s", " 5/s", "5/s ", "5 /s",
        "5/x", "5/15", "1.5/s", "5/s,", ",5/s", "5/s,,2/m", "5//s", "5/0s",
        "5/-1s", "5/0.1ms", "5/367d", "5/ss", "5/S", "x/s", "0x5/s", "5e3/s",
        "5/1e3s", "18446744073709551616/s", "5/99999999999999999999s", "5/nan",
        "5/inf", "5/s;2/m", "5/s 2/m", "5:s", "\N{FULLWIDTH DIGIT FIVE}/s",
        ",".join(["5/s"] * 9)],
    "share": ["", "0", "-1", "+1", "1.5", "x", "1000001", " 1", "1 ", "1/2",
              "18446744073709551617"],
    "host-jobs": ["", "0", "-1", "20001", "x", "1.5", "2 ", "0x2",
                  "4294967297"],
    "retry": ["", "-1", "1001", "x", "1.5", "3 ", "all", "4294967296"],
    "retry-on": ["", ",", "5xy", "99", "1000", "abc", "!", "404,", "!!404",
                 "404 503", "Timeout", "500-400", "timeouts", "404;503"],
    "retry-delay": ["", "x", "-1s", "1y", "1s1", "nan", "inf", "1 s"],
    "retry-max-delay": ["", "x", "-1s", "1y"],
    "retry-max-time": ["", "x", "-1s", "1y"],
    "retry-after-max": ["", "x", "-1s", "1y"],
    "delay": ["", "x", "-1s", "2s-1s", "1s-", "-", "1s-2s-3s", "1y"],
    "seed": ["", "x", "-1", "1.5", "18446744073709551616"],
}
WRONG["host-rate"] = WRONG["rate"]


@test("a value that is none: exit 2, and both are named")
def _():
    with Arrivals() as server:
        for name, values in WRONG.items():
            for value in values:
                result = fetchpool(["--%s=%s" % (name, value),
                                    server.url + "/{}"],
                                   input="1\n")
                what = "--%s=%s: %r" % (name, value, result)
                equal((result.status, result.out), (2, b""), what)
                check("--%s" % name in result.text, what)
                check("'%s'" % value in result.text, what)
        equal(server.n_requests, 0, "requests")


@test("how much --share and --rate can take")
def _():
    with Arrivals() as server:
        for options in (["-r", "18446744073709551615/ms"],
                        ["-r", "1/366d"], ["--host-rate=70000/366d"],
                        ["-r", "1/366d", "--share=1000000"],
                        ["-r", "70000/h", "--share=65536"],
                        ["-r", ",".join(["5/s"] * 8)],
                        ["--host-jobs=20000", "--retry=1000"]):
            result = fetchpool([*options, server.url + "/{}"], input="1\n")
            succeeded(result, 1, "%r: %r" % (options, result))


if __name__ == "__main__":
    main()
