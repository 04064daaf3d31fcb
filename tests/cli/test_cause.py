#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What held a run back: each cause, by a run that is held back by that; and runs
that are held back by several things, or by none of which it looks like.

Servers here take time over their answers: that is what is looked for, and not
how long something else takes. All of it is longer on a machine that is slow.
"""
import os
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from calm import test_in_time
from faultserver import FaultServer
from harness import Program, fetchpool, strict_json
from servers import Hole, faults
from shim import resolver
from tap import PATIENCE, check, contents, equal, main, matches, temp_file

BUSY = ["look_up", "connect", "tls", "wait", "read", "delay", "body_memory"]
IDLE = ["input", "output", "journal", "order", "rate", "host_rate",
        "learned_rate", "host_jobs", "pause", "retry", "unreachable", "name",
        "memory", "token", "end", "between"]


def lasting(seconds):
    time.sleep(seconds * PATIENCE)


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1))


def look(path):
    """The statistics, after what holds for each."""
    stats = strict_json(contents(path))
    time_ = stats["time"]
    equal(list(time_["busy"]), BUSY)
    equal(list(time_["idle"]), IDLE)
    slots = time_["slots"]
    together = sum(time_["busy"].values()) + sum(time_["idle"].values())
    check(abs(together - slots) < 1e-4 * slots + 1e-4, (together, slots))
    check(stats["seconds"] * stats["jobs"] >= slots - 1e-3, stats["seconds"])
    line = stats["timeline"]
    check(len(line["bins"]) <= 512, len(line["bins"]))
    for i, name in enumerate(line["columns"]):
        if name in BUSY or name in IDLE:
            whole = {**time_["busy"], **time_["idle"]}[name]
            said = sum(row[i] for row in line["bins"])
            check(abs(said - whole) < 1e-2 * whole + 1e-3,
                  (name, said, whole))
    return stats


def held(args, input, status=0, **more):
    path = temp_file()
    result = fetchpool([*args, "--stats", path, "--summary"], input=input,
                       timeout=60, **more)
    equal(result.status, status)
    stats = look(path)
    words = " ".join(result.text.split())
    sentence = stats["held_back"]["sentence"]
    check("held by " + sentence in words, (sentence, result.text))
    return stats


def names(stats, cause, pattern):
    said = stats["held_back"]
    equal(said["cause"], cause, said["sentence"] + " " + str(stats["time"]))
    matches(pattern, said["sentence"])
    return said["sentence"]


def server_of(service, path="/x/"):
    """A server of the tests' own whose answers come after service()."""
    server = faults()

    def answer(conn, request):
        service(request)
        conn.answer(b"ok")

    server.on(path, answer)
    return server.url + path + "{}"


def one_at_a_time(seconds, n=1):
    turn = threading.Semaphore(n)

    def service(_):
        with turn:
            lasting(seconds)

    return service


@test_in_time("too few jobs")
def _():
    url = server_of(lambda _: lasting(.1))
    stats = held(["-j6", url], numbers(90))
    names(stats, "jobs", r"^All 6 jobs were busy \d+ % of the time and the "
                         r"server's answers did not get slower: try -j 24\.$")
    check(stats["held_back"]["share"] > .6, stats["held_back"])
    stats = held(["-j1", url], numbers(12))
    names(stats, "jobs", r"^The one job was busy \d+ % of the time.*-j 4\.$")


@test_in_time("too few jobs, though answers take very different times")
def _():
    draw = random.Random(7)
    url = server_of(lambda _: lasting(min(draw.expovariate(10), .5)))
    names(held(["-j6", url], numbers(240)), "jobs",
          "^All 6 jobs were busy.*: try -j 24")


@test_in_time("a server that does one thing at a time, or two")
def _():
    url = server_of(one_at_a_time(.05))
    names(held(["-j6", url], numbers(60)), "server",
          "^The server does about one request at a time: more jobs will not "
          "help")
    url = server_of(one_at_a_time(.1, 2))
    names(held(["-j8", url], numbers(64)), "server",
          "^The server does about [23] requests at a time: more jobs")


@test_in_time("a server that gets slower")
def _():
    started = time.monotonic()

    def service(_):
        early = time.monotonic() - started < 1 * PATIENCE
        lasting(.03 if early else .25)

    names(held(["-j6", server_of(service)], numbers(300)), "slowdown",
          r"^The server's answers got slower, from .*: fewer jobs.*-j 3\.$")


@test_in_time("a server that pauses everybody")
def _():
    server = faults()
    count = [0]

    def answer(conn, request):
        count[0] += 1
        if count[0] in (10, 20, 30):
            conn.answer(b"", status=429, headers=b"Retry-After: 1\r\n")
        else:
            conn.answer(b"ok")

    url = server.on("/busy/", answer)
    stats = held(["-j2", "--retry=5", "--learn-rate=never", url + "{}"],
                 numbers(40))
    names(stats, "pause",
          r"^Paused 3 times by 127\.0\.0\.1:\d+ \(429\), 3(\.\d)? s of "
          r"\S+ s: -r \d+/[sm] would have been steady\.$")
    equal(stats["pauses"]["count"], 3)
    check(2.9 < stats["pauses"]["seconds"] < 4.5, stats["pauses"])
    (one,) = stats["servers"]
    equal((one["pauses"], one["errors"], one["statuses"]["429"]), (3, 3, 3))
    check(abs(one["paused"] - stats["pauses"]["seconds"]) < 1e-3, one)
    equal(len(stats["pauses"]["first"]), 3)
    equal({p["status"] for p in stats["pauses"]["first"]}, {429})
    line = stats["timeline"]
    at = line["columns"].index("paused")
    equal(sum(row[at] for row in line["bins"]), 3)


@test_in_time("--rate, --host-rate, --host-jobs and --delay")
def _():
    url = faults().url + "/ok?{}"
    names(held(["-j6", "-r10/s", url], numbers(30)), "rate",
          r"^--rate 10/s was the limit: the jobs waited for it \d+ %")
    names(held(["-j6", "--host-rate=10/s", url], numbers(30)), "host_rate",
          r"^--host-rate 10/s was the limit")
    slow = server_of(lambda _: lasting(.1))
    names(held(["-j8", "--host-jobs=1", slow], numbers(20)), "host_jobs",
          r"^--host-jobs 1 was the limit")
    names(held(["-j3", "--delay=300ms", url], numbers(15)), "delay",
          r"^--delay was the limit")


@test_in_time("the reader of the output")
def _():
    server = faults()
    path = temp_file()
    program = Program(["-j4", "--stats", path, "--summary",
                       server.url + "/size/100000?{}"],
                      stdin=numbers(60), read=False)
    # Its pipe is full, and nobody reads it, for as long as all else has taken.
    server.wait(lambda: server.requests >= 60, "all requests")
    lasting(2)
    program.read_now()
    equal(program.wait().status, 0)
    stats = look(path)
    names(stats, "output", "^The reader of the output was the slowest: ")


@test_in_time("few lines came in")
def _():
    server = faults()
    path = temp_file()
    program = Program(["-j4", "--stats", path, server.url + "/ok?{}"],
                      stdin="pipe")
    for i in range(4):
        program.write("%d\n" % i)
        server.wait(lambda: server.requests > i, "the request")
        lasting(.3)
    program.close_stdin()
    equal(program.wait().status, 0)
    stats = look(path)
    names(stats, "input", "^Few lines came in: the jobs were idle for want of "
                          "input")


@test_in_time("attempts that have to wait for the next one")
def _():
    server = faults()
    seen = set()

    def answer(conn, request):
        again = request.target in seen
        seen.add(request.target)
        conn.answer(b"ok", status=200 if again else 502)

    url = server.on("/flaky/", answer)
    names(held(["-j2", "--retry=3", "--retry-delay=2s", "--seed=1",
                url + "{}"], numbers(6)), "retry",
          r"^Waiting for the next attempt took \d+ % of the time \(6 retries, "
          r"mostly after 502 from 127\.0\.0\.1:\d+\)")


@test_in_time("one slow item at the end, and fewer items than jobs")
def _():
    def service(request):
        lasting(2 if request.target.endswith("/9") else .02)

    url = server_of(service)
    names(held(["-j4", url], numbers(9)), "end",
          r"^Few items were left at the end.*: item 9 took 2")
    url = server_of(lambda _: lasting(.2))
    names(held(["-j50", url], numbers(3)), "end",
          "^There were only 3 items for 50 jobs")


@test_in_time("--keep-order behind a slow item")
def _():
    url = server_of(lambda request: lasting(
        2 if request.target.endswith("/1") else .01))
    names(held(["-j4", "--keep-order", "--window=8", url], numbers(40)),
          "order", "^--keep-order was the limit: ")


@test_in_time("bodies, and memory for them")
def _():
    server = faults()

    def trickle(conn, request):
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
        for _ in range(4):
            conn.send(b"x" * 50000)
            lasting(.1)

    url = server.on("/long/", trickle)
    names(held(["-j4", url + "{}"], numbers(20)), "read",
          r"^Receiving bodies took \d+ % of the time, at \d+\.\d MiB/s")


@test_in_time("look-ups")
def _():
    server = faults()
    hosts = ["h%d.slow" % i for i in range(8)]
    env = resolver(*["%s=~%d" % (host, 300 * PATIENCE) for host in hosts])
    lines = "".join("http://%s:%d/\n" % (host, server.port) for host in hosts)
    names(held(["-j2"], lines, status=1, env=env), "look_up",
          r"^Looking up names took \d+ % of the time")


@test_in_time("a server that cannot be connected to")
def _():
    hole = Hole()
    server = faults()
    lines = (server.url + "/ok\n") * 3 + (hole.url + "\n") * 4
    stats = held(["-j2", "--connect-timeout=1s"], lines, status=1)
    check(stats["held_back"]["cause"] in ("connect", "unreachable"),
          stats["held_back"])
    matches("Connecting took|could not be connected",
            stats["held_back"]["sentence"])


@test_in_time("a journal's disk, and a token's command")
def _():
    script = temp_file("#!/bin/sh\nsleep %d\necho t\n" % (2 * PATIENCE))
    os.chmod(script, 0o700)
    names(held(["-j2", "--token-command", script,
                faults().url + "/ok?{}"], numbers(3)), "token",
          r"^--token-command was the slowest")


@test_in_time("nothing was asked for")
def _():
    stats = held([faults().url + "/{}"], "\x01\n", status=1)
    names(stats, "nothing", r"^No request was made\.$")
    equal((stats["servers"], stats["slowest"]), ([], []))


@test_in_time("several things at once are not named as one")
def _():
    server = faults()
    count = [0]

    # As long over its answers as it pauses.
    def answer(conn, request):
        count[0] += 1
        if count[0] in (12, 24):
            conn.answer(b"", status=429, headers=b"Retry-After: 1\r\n")
        else:
            lasting(1 / PATIENCE / 5)
            conn.answer(b"ok")

    url = server.on("/both/", answer)
    stats = held(["-j2", "--retry=5", "--learn-rate=never", url + "{}"],
                 numbers(26))
    time_ = stats["time"]
    said = stats["held_back"]
    largest = max(time_["idle"]["pause"], time_["busy"]["wait"])
    if largest < .6 * time_["slots"]:
        equal(said["cause"], "several", said)
        matches(r"^No one thing: .*(waiting for answers|2 pauses by \S+) "
                r"\d+ %.* of the jobs' time\.$", said["sentence"])
        check("waiting for answers" in said["sentence"] and
              "2 pauses by" in said["sentence"], said)
    else:
        check(said["cause"] in ("pause", "jobs", "several"), said)


@test_in_time("a short pause does not stand for the whole")
def _():
    server = faults()
    count = [0]

    def answer(conn, request):
        count[0] += 1
        if count[0] == 5:
            conn.answer(b"", status=503, headers=b"Retry-After: 1\r\n")
        else:
            lasting(.2)
            conn.answer(b"ok")

    url = server.on("/once/", answer)
    stats = held(["-j2", "--retry=5", url + "{}"], numbers(60))
    equal(stats["pauses"]["count"], 1)
    names(stats, "jobs", "^All 2 jobs were busy")


@test_in_time("a limit that nobody meets is not named")
def _():
    url = server_of(lambda _: lasting(.1))
    names(held(["-j3", "-r1000/s", "--host-jobs=3", "--host-rate=900/s", url],
               numbers(60)), "jobs", "^All 3 jobs were busy")


@test_in_time("one slow server among fast ones is not what the fast ones are")
def _():
    fast = faults()
    with FaultServer(("127.0.0.2",)) as slow:
        slow.on("/s", lambda conn, request: (lasting(.2), conn.answer(b"s")))
        lines = "".join("%s/ok\n%s/s\n" % (fast.url, slow.url)
                        for _ in range(40))
        stats = held(["-j4"], lines)
        names(stats, "jobs", "^All 4 jobs were busy")
        equal(sorted(s["server"] for s in stats["servers"]),
              sorted([fast.url, slow.url]))


@test_in_time("it is said of a run that was stopped, too")
def _():
    server = faults()
    path = temp_file()
    program = Program(["-j3", "--grace=1ms", "--stats", path,
                       server.url + "/gate/never?{}"], stdin=numbers(9))
    server.wait(lambda: server.outstanding == 3, "3 requests")
    lasting(.5)
    program.kill(signal.SIGINT)
    program.wait()
    stats = look(path)
    names(stats, "answers", r"^Waiting for the server's answers took \d+ %")


if __name__ == "__main__":
    main()
