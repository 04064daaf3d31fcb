# SPDX-License-Identifier: MIT
"""
ratetest: what tests of rates have in common, wherever the rate is counted.
"""
import random
import signal
import time

from arrivals import Arrivals, crowds, numbers
from harness import Program
from redisserver import Redis
from tap import check, equal, until

MS = 10**6
S = 1000 * MS


def obeys(server, rates, what, host=None):
    """Of this server's requests, no interval holds more than it may. Returns
    when they came."""
    times = server.times(host)
    for n, period in rates:
        check(len(times) > n, "%s: %d requests never met %d in %d ms" % (
            what, len(times), n, period // MS))
        found = crowds(times, n, period)
        equal(found[:3], [], "%s: %d of %d requests with more than %d in "
              "%d ms, and the first of them" % (
                  what, len(found), len(times), n, period // MS))
    return times


def ends_well(programs, n):
    for program in programs:
        result = program.wait(60)
        equal((result.status, len(result.records)), (0, n), repr(result))


def few_calls(option):
    """5000/s over four processes: at most one call for 20 starts."""
    with Redis() as redis, Arrivals() as server:
        args = ["-j", "64", option, "5000/s", "--rate-file", redis.url(),
                server.url + "/{}"]
        ends_well([Program(args, stdin=numbers(5000)) for _ in range(4)], 5000)
        obeys(server, [(5000, S)], "5000/s")
        calls = redis.count("eval", "evalsha")
        print("# %d calls for 20000 starts" % calls)
        check(calls <= 1000, "%d calls for 20000 starts" % calls)


def asked_to_connect(listener, n):
    """A proxy's connections, so many, each with a CONNECT on it."""
    connections = [listener.accept()[0] for _ in range(n)]
    for connection in connections:
        connection.settimeout(60)
        while not connection.recv(4096).endswith(b"\r\n\r\n"):
            pass
    return connections


def say_lost(programs, n, times=1):
    """Each ends well, and some say that the count was lost."""
    said = ""
    for program in programs:
        result = program.wait(90)
        equal((result.status, len(result.records)), (0, n), repr(result))
        said += result.text
    check(said.count("has lost count of the requests") >= times, said)
    return said


def killed_and_stopped(runs, n_requests, n):
    """Of the four processes of each run, a (server, processes), two are killed
    and one is stopped for 3 s, from when so many requests have come; the others
    have `n` items each."""
    for server, _ in runs:
        until(lambda: server.n_requests >= n_requests, "requests")
    since = time.monotonic()
    for _, programs in runs:
        programs[0].kill(signal.SIGKILL)
        programs[1].kill(signal.SIGSTOP)
    until(lambda: time.monotonic() - since > 1.5, "a while")
    for _, programs in runs:
        programs[2].kill(signal.SIGKILL)
    until(lambda: time.monotonic() - since > 3, "3 s")
    for _, programs in runs:
        programs[1].kill(signal.SIGCONT)
    for _, programs in runs:
        for program in programs[0], programs[2]:
            program.wait()
        ends_well((programs[1], programs[3]), n)


def killed_at_any_moment(server, options, lines, n_kills):
    """Of three processes, one is killed again and again, and another begun.
    Returns what says how it was drawn."""
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    args = ["-j", "16", *options, "--retry=3", "--retry-delay=1ms"]
    running = []
    for _ in range(n_kills):
        while len(running) < 3:
            running.append(Program(args, stdin=lines))
        goal = server.n_requests + chance.randrange(20)
        until(lambda: server.n_requests >= goal, "%d requests" % goal)
        victim = running.pop(chance.randrange(3))
        victim.kill(signal.SIGKILL)
        victim.wait()
    for program in running:
        program.kill(signal.SIGTERM)
        equal(program.wait().status, -signal.SIGTERM, "seed %d" % seed)
    return "seed %d" % seed


def one_rate_killed_at_any_moment(options, n_kills):
    """The same with 20/150ms for all."""
    with Arrivals() as server:
        seed = killed_at_any_moment(
            server, ["-r", "20/150ms", *options, server.url + "/drop9/{}"],
            numbers(1000), n_kills)
        obeys(server, [(20, 150 * MS)], seed)
