#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--host-rate with --rate-file redis://...: one rate of each server for all
machines that name the Redis server."""
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, crowds, numbers, use
from calm import best_of_three
from harness import Program, fetchpool
from ratetest import (MS, S, ends_well, few_calls, killed_and_stopped,
                      killed_at_any_moment, say_lost)
from redisserver import Redis, needed
from relay import relay
from tap import check, equal, main, matches, temp_dir, test, until


def urls(server, n, ports=None):
    """So many items for each origin of the server, in turns."""
    return "".join("%s/%d\n" % (url, i) for i in range(n)
                   for url in (ports or server.urls))


def at(server, url):
    """When requests came to this origin."""
    return server.times(host=url.split("//")[1])


def obeys(server, rates, what):
    for url in server.urls:
        times = at(server, url)
        for n, period in rates:
            check(len(times) > n, "%s: only %d requests" % (what, len(times)))
            equal(crowds(times, n, period)[:3], [],
                  "%s: of %d requests, more than %d in %d ms" %
                  (what, len(times), n, period // MS))


def run_args(redis, *options, key="rates"):
    return ["-j", "32", "--rate-file", redis.url(key), *options]


# ---- the promise ----

@test("four processes, two of which are killed and one is stopped for 3 s")
def _():
    runs = []
    with Redis() as redis:
        for i, (options, rates) in enumerate((
                (["--host-rate", "50/s"], [(50, S)]),
                (["--host-rate", "200/5s,1000/m"], [(200, 5 * S)]),
                (["--host-rate", "30/s", "--pace"], [(30, S)]))):
            server = Arrivals(2).start()
            args = run_args(redis, *options, key="rates%d" % i)
            runs.append((options, rates, server, [
                Program(args, stdin=urls(server, 80)) for _ in range(4)]))
        killed_and_stopped([run[2:] for run in runs], 40, 160)
        for options, rates, server, _ in runs:
            obeys(server, rates, " ".join(options))


@test("95 % of each rate is used, also when one process has nearly all of it")
def _():
    def attempt(server):
        with Redis() as redis:
            # Each origin is mostly one process's, and another one's.
            programs = [Program(run_args(redis, "--host-rate", "50/s"),
                                stdin="".join(
                                    "%s/%d\n" % (url, j)
                                    for j in range(190)
                                    for k, url in enumerate(server.urls)
                                    if i == k or j % 17 == i))
                        for i in range(3)]
            for program in programs:
                equal(program.wait(60).status, 0)
            obeys(server, [(50, S)], "uneven")
            calls = redis.count("eval", "evalsha")
        print("# %d calls for %d starts" % (calls, server.n_requests))
        return min(use(at(server, url), 50, S) for url in server.urls)

    best_of_three(attempt, lambda used: 0.95 <= used <= 1,
                  lambda: Arrivals(2))


@test("with --rate, both hold, and neither takes much of the other")
def _():
    with Redis() as redis, Arrivals(3) as server:
        args = run_args(redis, "--host-rate", "30/s", "-r", "60/s")
        programs = [Program(args, stdin=urls(server, 60)) for _ in range(2)]
        ends_well(programs, 180)
        obeys(server, [(30, S)], "both")
        equal(crowds(server.times(), 60, S)[:3], [], "more than 60 in all")
        equal(redis.ask("HGET", "rates", "limits"), "60/s")
        equal(redis.ask("HGET", "{rates}:hosts", "limits"), "30/s")


@test("5000/s of one host over four processes: one call for 20 starts")
def _():
    few_calls("--host-rate")


@test("killed at any moment, again and again")
def _():
    with Redis() as redis, Arrivals(2) as server:
        lines = urls(server, 1000, [url + "/drop9" for url in server.urls])
        seed = killed_at_any_moment(
            server, ["--host-rate", "20/150ms", "--rate-file", redis.url()],
            lines, 10)
        obeys(server, [(20, 150 * MS)], seed)


def loopback(port, n):
    """So many origins, all of which are one server's."""
    return "".join("http://127.%d.%d.%d:%d/\n" %
                   (1 + i // 62500, i // 250 % 250, 1 + i % 250, port)
                   for i in range(n))


@test("many origins: few calls, and what a host left behind goes soon")
def _():
    n = 3000
    with Redis() as redis, Arrivals(["0.0.0.0"]) as server:
        args = run_args(redis, "--host-rate", "2/100ms")
        lines = loopback(server.port, n)
        programs = [Program([*args, "-j", "128"], stdin=lines + lines)
                    for _ in range(2)]
        ends_well(programs, 2 * n)
        equal(server.n_requests, 4 * n)
        times = {}
        for request in server.log():
            times.setdefault(request.host, []).append(request.time_ns)
        equal(len(times), n)
        for host, of_it in times.items():
            equal(crowds(of_it, 2, 100 * MS), [], host)
        calls = redis.count("eval", "evalsha")
        print("# %d calls for %d starts at %d hosts" % (calls, 4 * n, n))
        check(calls <= 4 * n, "%d calls" % calls)
        until(lambda: redis.ask("DBSIZE") <= 3, "what is left to expire")
        # What is known of the whole stays, and not that of hosts long gone.
        result = fetchpool(args, input=loopback(server.port, 2))
        equal((result.status, result.text), (0, ""), repr(result))
        check(redis.ask("HLEN", "{rates}:hosts:index") < n, "nothing went")


@test("what a killed process held comes back after the period, not before")
def _():
    with Redis() as redis, Arrivals() as server, socket.create_server(
            ("127.0.0.1", 0), backlog=0) as listener:
        # One connection is accepted for it by nobody: the rest waits.
        host = "127.0.0.1:%d" % listener.getsockname()[1]
        args = ["--host-rate", "5/4s", "--rate-file", redis.url()]
        program = Program([*args, "--setopt", "HTTPPROXYTUNNEL=1", "-x", host,
                           server.url + "/{}"], stdin=numbers(9))
        of_host = "{rates}:hosts:" + server.url
        until(lambda: redis.ask("ZCARD", of_host) >= 1, "a start")
        program.kill(signal.SIGKILL)
        killed = time.time_ns()
        program.wait()
        held = redis.ask("ZCARD", of_host)
        result = fetchpool([*args, server.url + "/{}"], input=numbers(5))
        equal((result.status, len(result.records)), (0, 5), repr(result))
        early = [t for t in server.times() if t - killed < 4 * S]
        check(len(early) <= 5 - held, "%d held, %d early" % (held, len(early)))


@test("later runs count on, and --shard leaves it whole")
def _():
    with Redis() as redis, Arrivals(2) as server:
        args = run_args(redis, "--host-rate", "10/h", "--shard", "1/2")
        result = fetchpool(args, input=urls(server, 4))
        equal((result.status, len(result.records)), (0, 4), repr(result))
        equal(redis.ask("HGET", "{rates}:hosts", "limits"), "10/h")
        last = Program(run_args(redis, "--host-rate", "10/h"),
                       stdin=urls(server, 30))
        last.lines(16)
        last.settled()
        last.kill(signal.SIGINT)
        equal(last.wait().status, -signal.SIGINT)
        equal(server.n_requests, 20, "requests within the hour")


# ---- faults ----

def two_runs(redis, server, rate="30/s", n=90):
    args = run_args(redis, "--host-rate", rate)
    return [Program(args, stdin=urls(server, n)) for _ in range(2)]


@test("a lost count is full for a period, whatever part of it was lost")
def _():
    runs = []
    with Redis() as redis:
        for i, what in enumerate((
                ["DEL", "{%s}:hosts"], ["DEL", "{%s}:hosts:index"],
                ["DEL", "{%s}:hosts:ends"], ["DEL", "{%s}:hosts:HOST"],
                ["HSET", "{%s}:hosts", "run", "x"],
                ["HDEL", "{%s}:hosts:index", "HOST"])):
            server = Arrivals(2).start()
            key = "rates%d" % i
            args = run_args(redis, "--host-rate", "30/s", key=key)
            programs = [Program(args, stdin=urls(server, 90))
                        for _ in range(2)]
            what = [word.replace("HOST", server.url).replace("%s", key)
                    for word in what]
            runs.append((what, args, server, programs))
        for what, args, server, programs in runs:
            until(lambda: server.n_requests >= 80, "80 requests")
            redis.ask(*what)
            # One that knows nothing may not believe that nothing was.
            programs.append(Program(args, stdin=urls(server, 20)))
        for what, args, server, programs in runs:
            say_lost(programs[:2], 180)
            equal(programs[2].wait(60).status, 0)
            obeys(server, [(30, S)], " ".join(what))


@test("FLUSHALL, and a server that comes back without the count or with an "
      "old one")
def _():
    with Redis() as redis, Arrivals(2) as server:
        programs = two_runs(redis, server)
        until(lambda: server.n_requests >= 80, "80 requests")
        redis.ask("FLUSHALL")
        say_lost(programs, 180)
        obeys(server, [(30, S)], "FLUSHALL")
    for options in ([], ["--appendonly", "yes", "--appendfsync", "no"]):
        with Redis(*options) as redis, Arrivals(2) as server:
            programs = two_runs(redis, server)
            until(lambda: server.n_requests >= 80, "80 requests")
            redis.stop()
            for program in programs:
                until(lambda: b"no request starts until" in program.err,
                      "a note")
            redis.run()
            said = say_lost(programs, 180, 2)
            equal(said.count("can be reached again"), 2, said)
            obeys(server, [(30, S)], "killed " + " ".join(options))


@test("a host's count that is evicted is full for a period")
def _():
    with Redis("--maxmemory-policy", "allkeys-random") as redis, \
            Arrivals(2) as server:
        programs = two_runs(redis, server)
        for goal in 60, 100, 140:
            until(lambda: server.n_requests >= goal, "%d requests" % goal)
            # As an eviction does it, and at once.
            redis.ask("DEL", redis.ask("RANDOMKEY"))
        say_lost(programs, 180)
        obeys(server, [(30, S)], "evicted")


@test("a server that is slow, or is paused or busy for a while")
def _():
    with Redis() as redis, Arrivals(2) as server:
        url, stop = relay(redis.port, 0.1)
        args = ["-j", "32", "--host-rate", "40/s", "--rate-file",
                "redis://" + url.split("//")[1].strip("/") + "?key=rates"]
        programs = [Program(args, stdin=urls(server, 60)) for _ in range(2)]
        ends_well(programs, 120)
        obeys(server, [(40, S)], "slow")
        stop()
    for what in (["CLIENT", "PAUSE", 2500], ["DEBUG", "SLEEP", 2.5]):
        with Redis() as redis, Arrivals(2) as server:
            programs = two_runs(redis, server, n=60)
            until(lambda: server.n_requests >= 40, "40 requests")
            redis.ask(*what)
            ends_well(programs, 120)
            obeys(server, [(30, S)], " ".join(map(str, what)))


@test("a server that is not there: --deadline holds, and it says so once")
def _():
    needed()
    with Redis() as redis, Arrivals() as server:
        redis.stop()
        result = fetchpool(["--host-rate", "5/s", "--rate-file", redis.url(),
                            "--deadline", "4s", server.url + "/{}"],
                           input=numbers(3))
        equal(result.text.count("no request starts until it can"), 1,
              result.text)
        check(result.status not in (0, 2, 3), repr(result))
        equal(server.n_requests, 0)


def refused(redis, said, rate="5/h"):
    with Arrivals() as server:
        result = fetchpool(["--host-rate", rate, "--rate-file", redis.url(),
                            server.url + "/{}"], input=numbers(3))
        equal((result.status, result.out), (3, b""), repr(result))
        equal(server.n_requests, 0, "requests")
        equal(len(result.text.splitlines()), 1, result.text)
        matches(said, result.text)


@test("keys of something else, other limits, no memory: one clear line")
def _():
    with Redis() as redis, Arrivals() as server:
        for key in "{rates}:hosts", "{rates}:hosts:index", "{rates}:hosts:ends":
            redis.ask("SET", key, "x")
            refused(redis, "the key {rates}:hosts holds something else")
            redis.ask("DEL", key)
        redis.ask("HSET", "{rates}:hosts", "a", "b")
        refused(redis, "the key {rates}:hosts holds something else")
        redis.ask("FLUSHALL")
        redis.ask("SET", "{rates}:hosts:" + server.url, "x")
        result = fetchpool(run_args(redis, "--host-rate", "5/h",
                                    server.url + "/{}"), input=numbers(2))
        equal((result.status, server.n_requests), (3, 0), repr(result))
        matches("the key {rates}:hosts holds something else", result.text)
        redis.ask("DEL", "{rates}:hosts:" + server.url)
        equal(fetchpool(run_args(redis, "--host-rate", "5/h",
                                 server.url + "/{}"),
                        input=numbers(1)).status, 0)
        for rate in "6/h", "5/m", "5/h,9/d":
            refused(redis, "{rates}:hosts is for other rates: 5/h, not " +
                    rate, rate)
        redis.ask("HSET", "{rates}:hosts", "version", "7")
        refused(redis, "of another release")
        redis.ask("FLUSHALL")
        redis.ask("CONFIG", "SET", "maxmemory", "1")
        refused(redis, "no memory left.*maxmemory")


@test("a file counts --rate alone")
def _():
    file = temp_dir() + "/rate"
    result = fetchpool(["--host-rate", "5/s", "--rate-file", file,
                        "http://x/{}"], input="1\n")
    equal((result.status, result.out), (2, b""), repr(result))
    matches("--rate-file needs --rate: a file counts no --host-rate",
            result.text)
    result = fetchpool(["--rate-file", "redis://127.0.0.1", "http://x/{}"],
                       input="1\n")
    equal((result.status, result.out), (2, b""), repr(result))
    matches("--rate-file needs --rate or --host-rate", result.text)


if __name__ == "__main__":
    main()
