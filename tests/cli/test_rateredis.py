#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--rate-file redis://...: one rate for all machines that name the server."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from arrivals import Arrivals, numbers, use
from authority import authority
from calm import best_of_three
from harness import Program, environment, fetchpool
from ratetest import (S, asked_to_connect, ends_well, few_calls,
                      killed_and_stopped, obeys,
                      one_rate_killed_at_any_moment, say_lost)
from recipes import recipe
from redisserver import Redis, free_port, needed
from relay import relay
from tap import (PROGRAM, check, contents, equal, main, matches, skip, temp_dir,
                 test, until)


def run_args(redis, server, *options, key="rates"):
    return ["-j", "32", "--rate-file", redis.url(key), *options,
            server.url + "/{}"]


def begun(redis, server, n, *options):
    """A run at 20/s, of which so many requests have come."""
    program = Program(run_args(redis, server, "-r", "20/s", *options),
                      stdin=numbers(500))
    until(lambda: server.n_requests >= n, "%d requests" % n)
    return program


# ---- the promise ----

@test("four processes, two of which are killed and one is stopped for 3 s")
def _():
    runs = []
    with Redis() as redis:
        for i, (options, rates) in enumerate((
                (["-r", "50/s"], [(50, S)]),
                (["-r", "200/5s,1000/m"], [(200, 5 * S), (1000, 60 * S)]),
                (["-r", "50/s", "--pace"], [(50, S)]))):
            server = Arrivals().start()
            args = run_args(redis, server, *options, key="rates%d" % i)
            runs.append((options, rates[:1], server, [
                Program(args, stdin=numbers(80)) for _ in range(4)]))
        killed_and_stopped([run[2:] for run in runs], 20, 80)
        for options, rates, server, _ in runs:
            obeys(server, rates, " ".join(options))


def use_of(options, n, period):
    """What part is used by four processes, one of which has nearly all items.
    """
    def attempt(server):
        with Redis() as redis:
            args = run_args(redis, server, *options)
            programs = [Program(args, stdin=numbers(items))
                        for items in (36 * n // 10, 14, 13, 13)]
            for program in programs:
                equal(program.wait(60).status, 0)
            times = obeys(server, [(n, period)], " ".join(options))
        return use(times, n, period)

    best_of_three(attempt, lambda used: 0.95 <= used <= 1)


@test("95 % of a rate is used, also when one process has nearly all items")
def _():
    use_of(["-r", "50/s"], 50, S)


@test("the same, evenly")
def _():
    use_of(["-r", "100/s", "--pace"], 100, S)


@test("5000/s over four processes: at most one call for 20 starts")
def _():
    few_calls("-r")


@test("killed at any moment, again and again")
def _():
    with Redis() as redis:
        one_rate_killed_at_any_moment(["--rate-file", redis.url()], 10)


@test("later runs count on")
def _():
    with Redis() as redis, Arrivals() as server:
        args = run_args(redis, server, "-r", "10/h")
        result = fetchpool(args, input=numbers(4))
        equal((result.status, len(result.records)), (0, 4), repr(result))
        last = Program(args, stdin=numbers(30))
        last.has_lines(6)
        last.settled()
        last.kill(signal.SIGINT)
        equal(last.wait().status, -signal.SIGINT)
        equal(server.n_requests, 10, "requests within the hour")


@test("what a killed process held comes back after the period, not before")
def _():
    with Redis() as redis, Arrivals() as server, socket.create_server(
            ("127.0.0.1", 0)) as listener:
        args = ["-r", "5/4s", "--rate-file", redis.url()]
        program = Program([*args, "--setopt", "HTTPPROXYTUNNEL=1", "-x",
                           "127.0.0.1:%d" % listener.getsockname()[1],
                           "http://a.x/{}"], stdin=numbers(9))
        connections = asked_to_connect(listener, 1)
        until(lambda: redis.ask("ZCARD", "{rates}:starts") >= 1, "a start")
        program.kill(signal.SIGKILL)
        killed = time.time_ns()
        program.wait()
        held = redis.ask("ZCARD", "{rates}:starts")
        result = fetchpool([*args, server.url + "/{}"], input=numbers(5))
        equal((result.status, len(result.records)), (0, 5), repr(result))
        early = [t for t in server.times() if t - killed < 4 * S]
        check(len(early) <= 5 - held, "%d held, %d early" % (held, len(early)))
        for connection in connections:
            connection.close()


@test("what a process holds and does not send, it gives back")
def _():
    with Redis() as redis, Arrivals() as server:
        args = ["-r", "2/h", "--rate-file", redis.url()]
        # Nobody listens there: connects fail, and are no starts.
        result = fetchpool([*args, "http://127.0.0.1:%d/{}" % free_port()],
                           input=numbers(5))
        equal((result.status, len(result.errors)), (1, 5), repr(result))
        result = fetchpool([*args, server.url + "/{}"], input=numbers(2))
        equal((result.status, len(result.records)), (0, 2), repr(result))


@test("a socket, a database, a user and a password")
def _():
    with Redis("--requirepass", "pass word") as redis, Arrivals() as server:
        def rates(where, key, db):
            result = fetchpool(["-r", "50/s", "--rate-file", where,
                                server.url + "/{}"], input=numbers(3))
            equal((result.status, result.text), (0, ""), repr(result))
            with socket.socket(socket.AF_UNIX) as conn:
                conn.connect(redis.socket)
                conn.sendall(b'AUTH "pass word"\r\nSELECT %d\r\n'
                             b"EXISTS %s\r\nQUIT\r\n" % (db, key))
                with conn.makefile("rb") as file:
                    said = file.read()
            check(b":1\r\n" in said, "%s: %r" % (where, said))

        rates("redis://:pass%%20word@127.0.0.1:%d" % redis.port, b"fetchpool",
              0)
        rates("redis://default:pass%%20word@localhost:%d/3?key=a%%3Ab" %
              redis.port, b"a:b", 3)
        rates("unix://:pass%%20word@%s?db=2&key=x" % redis.socket, b"x", 2)


@test("the manual's recipe: two machines with a part of the list each")
def _():
    with Redis() as redis, Arrivals() as server:
        programs, folder = [], temp_dir()
        with open(folder + "/ids.txt", "w") as file:
            file.write(numbers(150))
        for part in "12":
            text = recipe(
                "redis", ("https://api.example.com/posts", server.url),
                ("redis://counter.example.com", redis.url()),
                ("--shard 1/2", "--shard %s/2" % part), ("-r 100/s", "-r 50/s"),
                ("part.ndjson", "part%s.ndjson" % part),
                ("fetchpool -q", PROGRAM + " -q"))
            programs.append(subprocess.Popen(text, shell=True, cwd=folder,
                                             env=environment()))
        for program in programs:
            equal(program.wait(), 0)
        times = obeys(server, [(50, S)], "recipe")
        equal(len(times), 150, "requests")
        # Neither takes a part of the rate.
        equal(redis.ask("HGET", "rates", "limits"), "50/s")


@test("over TLS, verified as requests are, but always")
def _():
    ca = authority()
    cert = ca.issue("redis", "DNS:localhost,IP:127.0.0.1")
    tls = ["--tls-cert-file", cert.cert, "--tls-key-file", cert.key,
           "--tls-ca-cert-file", ca.cert]
    if "libssl" not in subprocess.run(["ldd", needed()], text=True,
                                      capture_output=True).stdout:
        skip("this server has no TLS")
    with Redis(tls=tls) as redis, Arrivals() as server:
        args = run_args(redis, server, "-r", "50/s", "--pace")
        programs = [Program(["--cacert", ca.cert, *args], stdin=numbers(60))
                    for _ in range(2)]
        ends_well(programs, 60)
        obeys(server, [(50, S)], "TLS")
        for more in ([], ["-k"]):
            result = fetchpool([*more, "--deadline", "3s", *args],
                               input=numbers(3))
            check(result.status not in (0, 2, 3), repr(result))
            matches("cannot be reached .*certificate.*no request", result.text)
        equal(server.n_requests, 120)


# ---- faults ----

def two_runs(redis, server, rate="40/s", n=100):
    args = run_args(redis, server, "-r", rate)
    return [Program(args, stdin=numbers(n)) for _ in range(2)]


@test("a lost count is full for a period")
def _():
    for what in (["FLUSHALL"], ["DEL", "rates"], ["DEL", "{rates}:starts"],
                 ["HSET", "rates", "run", "x"]):
        with Redis() as redis, Arrivals() as server:
            programs = two_runs(redis, server)
            until(lambda: server.n_requests >= 50, "50 requests")
            redis.ask(*what)
            # One that knows nothing may not believe that nothing was.
            third = Program(run_args(redis, server, "-r", "40/s"),
                            stdin=numbers(20))
            say_lost(programs, 100)
            equal(third.wait(60).status, 0)
            obeys(server, [(40, S)], " ".join(what))


@test("a server that is killed, and comes back without the count")
def _():
    with Redis() as redis, Arrivals() as server:
        programs = two_runs(redis, server)
        until(lambda: server.n_requests >= 50, "50 requests")
        redis.stop()
        for program in programs:
            until(lambda: b"no request starts until" in program.err, "a note")
        redis.run()
        said = say_lost(programs, 100, 2)
        equal(said.count("no request starts until"), 2, said)
        equal(said.count("can be reached again"), 2, said)
        obeys(server, [(40, S)], "killed")


@test("a server that has the count of before a restart")
def _():
    with Redis("--appendonly", "yes", "--appendfsync", "no") as redis, \
            Arrivals() as server:
        programs = two_runs(redis, server)
        until(lambda: server.n_requests >= 50, "50 requests")
        redis.stop()
        redis.run()
        say_lost(programs, 100)
        obeys(server, [(40, S)], "restarted")


@test("another server in its place, which was a replica")
def _():
    with Redis() as first, Arrivals() as server:
        with Redis("--replicaof", "127.0.0.1", str(first.port)) as second:
            programs = two_runs(first, server)
            until(lambda: server.n_requests >= 50, "50 requests")
            first.stop()
            second.ask("REPLICAOF", "NO", "ONE")
            stop = relay_to(first.port, second.port)
            say_lost(programs, 100)
            stop()
            obeys(server, [(40, S)], "failed over")


def relay_to(port, other):
    """What goes to the one port goes to the other one."""
    listener = socket.create_server(("127.0.0.1", port), backlog=100)

    def pump(source, sink):
        data = True
        while data:
            try:
                data = source.recv(65536)
                sink.sendall(data)
            except OSError:
                data = b""
        for sock in source, sink:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept():
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", other))
            except OSError:
                return
            for pair in (near, far), (far, near):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.close


@test("a replica takes no writes: it is waited for")
def _():
    with Redis() as first, Redis("--replicaof", "127.0.0.1",
                                 str(first.port)) as second, \
            Arrivals() as server:
        result = fetchpool(run_args(second, server, "-r", "5/s", "--deadline",
                                    "3s"), input=numbers(3))
        check(result.status not in (0, 2, 3), repr(result))
        matches("READONLY.*no request starts", result.text)
        equal(server.n_requests, 0)


@test("a server that is slow, or stands still for a while")
def _():
    with Redis() as redis, Arrivals() as server:
        port, stop = relay_port(redis, 0.1)
        args = ["-j", "32", "-r", "40/s", "--rate-file",
                "redis://127.0.0.1:%d?key=rates" % port, server.url + "/{}"]
        programs = [Program(args, stdin=numbers(60)) for _ in range(2)]
        ends_well(programs, 60)
        obeys(server, [(40, S)], "slow")
        stop()
    with Redis() as redis, Arrivals() as server:
        programs = two_runs(redis, server, n=60)
        until(lambda: server.n_requests >= 20, "20 requests")
        redis.freeze()
        for program in programs:
            until(lambda: b"no request starts until" in program.err, "a note")
        redis.thaw()
        ends_well(programs, 60)
        obeys(server, [(40, S)], "frozen")


def relay_port(redis, delay):
    url, stop = relay(redis.port, delay)
    return int(url.rsplit(":", 1)[1].strip("/")), stop


@test("a server that is not there: --deadline and TERM hold, and it says so")
def _():
    needed()
    where = "redis://:secret@127.0.0.1:%d" % free_port()
    with Arrivals() as server:
        args = ["-r", "5/s", "--rate-file", where, server.url + "/{}"]
        result = fetchpool(["--deadline", "4s", *args], input=numbers(3))
        equal(result.text.count("no request starts until it can"), 1,
              result.text)
        check(result.status not in (0, 2, 3), repr(result))
        check("secret" not in result.text, result.text)
        program = Program(args, stdin=numbers(3))
        until(lambda: b"no request starts" in program.err, "a note")
        program.kill(signal.SIGTERM)
        equal(program.wait().status, -signal.SIGTERM)
        equal(server.n_requests, 0)


@test("a server that is gone for good in the midst of a run: --deadline holds")
def _():
    with Redis() as redis, Arrivals() as server:
        program = begun(redis, server, 25, "--deadline", "8s")
        redis.stop()
        result = program.wait(60)
        check(result.status not in (0, 2, 3), repr(result))
        equal(result.text.count("no request starts until it can"), 1,
              result.text)
        # What it was lent before is for 2 s.
        check(server.n_requests < 25 + 20 * 4, server.n_requests)
        obeys(server, [(20, S)], "gone")


@test("a server that comes later is waited for")
def _():
    with Redis() as redis, Arrivals() as server:
        redis.stop()
        program = Program(run_args(redis, server, "-r", "50/s"),
                          stdin=numbers(5))
        until(lambda: b"no request starts" in program.err, "a note")
        redis.run()
        ends_well([program], 5)


# ---- refused ----

def refused(where, said, *options, rate="5/h"):
    with Arrivals() as server:
        result = fetchpool(["-r", rate, "--rate-file", where, *options,
                            server.url + "/{}"], input=numbers(3))
        equal((result.status, result.out), (3, b""), repr(result))
        equal(server.n_requests, 0, "requests")
        lines = result.text.splitlines()
        equal(len(lines), 1, result.text)
        matches(said, result.text)
        check("secret" not in result.text, result.text)


@test("wrong passwords and keys, other limits, no memory: one clear line")
def _():
    with Redis() as redis:
        redis.ask("SET", "text", "x")
        redis.ask("HSET", "hash", "a", "b")
        redis.ask("SET", "{half}:starts", "x")
        refused(redis.url("text"), "the key text holds something else")
        refused(redis.url("hash"), "the key hash holds something else")
        refused(redis.url("half"), "the key half holds something else")
        refused(redis.url(login="joe:secret@"), "wrong user or password")
        refused(redis.url(login=":secret@"), "the server refuses: ERR")
        refused("redis://127.0.0.1:%d/99" % redis.port, "ERR .*index")
        with Arrivals() as server:
            equal(fetchpool(run_args(redis, server, "-r", "5/h"),
                            input=numbers(1)).status, 0)
        before = redis.ask("HGETALL", "rates")
        for rate in ("6/h", "5/m", "5/h,9/d"):
            refused(redis.url(), "is for other rates: 5/h, not " + rate,
                    rate=rate)
        equal(redis.ask("HGETALL", "rates"), before, "the count")
        redis.ask("HSET", "rates", "version", "7")
        refused(redis.url(), "of another release")
        redis.ask("CONFIG", "SET", "maxmemory", "1")
        refused(redis.url("new"), "no memory left.*maxmemory")
    with Redis("--requirepass", "other") as redis:
        refused(redis.url(login=":secret@"), "wrong user or password")
        refused(redis.url(), "wants a password")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            near, _ = listener.accept()
            near.recv(100)
            near.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        refused("redis://127.0.0.1:%d" % listener.getsockname()[1],
                "does not answer as a Redis server")


@test("what cannot be mended while it runs ends the run")
def _():
    with Redis() as redis, Arrivals() as server:
        program = begun(redis, server, 10)
        redis.ask("CONFIG", "SET", "maxmemory", "1")
        result = program.wait()
        equal(result.status, 3, repr(result))
        matches("rate file redis://.*: the server has no memory left",
                result.text)
        check(server.n_requests < 500, "it went on")


@test("a key that holds something else while it runs ends the run, too")
def _():
    for key in "rates", "{rates}:starts":
        with Redis() as redis, Arrivals() as server:
            program = begun(redis, server, 25)
            redis.ask("SET", key, "x")
            result = program.wait(60)
            equal(result.status, 3, repr(result))
            matches("the key rates holds something else", result.text)
            equal(redis.ask("GET", key), "x", "it was not touched")
            obeys(server, [(20, S)], key)


@test("a password that is set while it runs ends the run at the next connect")
def _():
    with Redis() as redis, Arrivals() as server:
        program = begun(redis, server, 25)
        redis.ask("CONFIG", "SET", "requirepass", "other")
        with socket.socket(socket.AF_UNIX) as conn:
            conn.connect(redis.socket)
            conn.sendall(b"AUTH other\r\nCLIENT KILL TYPE normal SKIPME yes"
                         b"\r\nQUIT\r\n")
            with conn.makefile("rb") as file:
                file.read()
        result = program.wait(60)
        equal(result.status, 3, repr(result))
        matches("the server wants a password", result.text)
        obeys(server, [(20, S)], "password")


@test("texts that name no server are wrong usage")
def _():
    for where in ("redis:", "redis://", "redis://host:0", "redis://host:x",
                  "redis://host:99999", "redis://host/x", "redis://a b",
                  "redis://host?x=1", "redis://host?key=%", "rediss://",
                  "redis://u:se%cret@host", "unix:", "unix://host/path",
                  "redis://[::1", "unix:" + "x" * 200):
        result = fetchpool(["-r", "5/s", "--rate-file", where, "http://x/{}"],
                           input="1\n")
        equal((result.status, result.out), (2, b""), where)
        matches("--rate-file: ", result.text)
        check("cret" not in result.text, result.text)


@test("no password is in anything that is written")
def _():
    with Redis() as redis, Arrivals() as server:
        redis.ask("ACL", "SETUSER", "joe", "on", ">secret", "~*", "+@all")
        folder = temp_dir()
        args = ["-r", "50/s", "--rate-file",
                redis.url(login="joe:secret@"), "--stats", folder + "/stats",
                "--journal", folder + "/journal", "-o", folder + "/out"]
        for more in ([], ["--dry-run"]):
            if more:
                args[6:] = []
            result = fetchpool([*args, *more, server.url + "/{}"],
                               input=numbers(3))
            equal(result.status, 0, repr(result))
            check(b"secret" not in result.err + result.out, repr(result))
        for name in os.listdir(folder):
            check(b"secret" not in contents(os.path.join(folder, name)),
                  name)
        with open(folder + "/stats") as file:
            json.load(file)


@test("a dry run asks nobody")
def _():
    needed()
    result = fetchpool(["-r", "5/s", "--dry-run", "--rate-file",
                        "redis://127.0.0.1:%d" % free_port(), "http://x/{}"],
                       input=numbers(2))
    equal((result.status, len(result.records)), (0, 2), repr(result))
    check("cannot be reached" not in result.text, result.text)


if __name__ == "__main__":
    main()
