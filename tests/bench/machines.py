# SPDX-License-Identifier: MIT
"""
machines: a rate that several processes share through a Redis server, as they
would on several machines, beside requests-ratelimiter with a bucket there.

    pip install requests-ratelimiter==0.10.0 pyrate-limiter==4.5.1 redis==8.1.0
"""
import os
import shutil

import meter
from arrivals import Arrivals, crowds, numbers, use
from peers import python_with
from redisserver import Redis
from scenarios import scenario

HERE = os.path.dirname(os.path.abspath(__file__))
N_PROCESSES, RATE, PERIOD_NS = 4, 100, 10**9


def shared_run(bench, name, n, command):
    """Four processes, n requests each. command(redis, server) is one of them.
    """
    arrivals = bench.contenders.compile(os.path.join(
        os.path.dirname(HERE), "servers", "arrivals.c"))
    lines = os.path.join(bench.folder, "machine-lines")
    with open(lines, "w") as file:
        file.write(numbers(n))
    with Redis() as redis, Arrivals(program=arrivals) as server:
        running = []
        for _ in range(N_PROCESSES):
            with open(lines, "rb") as file:
                running.append(meter.start(command(redis, server), stdin=file))
        for child in running:
            child.wait()
            if child.status:
                raise meter.Trouble("%s: status %d" % (name, child.status))
        times = server.times()
        calls = redis.count("eval", "evalsha")
    ours = name == "fetchpool"
    bench.figure(name + ": requests", len(times), exactly=N_PROCESSES * n,
                 form=",d")
    bench.figure(name + ": intervals with more",
                 len(crowds(times, RATE, PERIOD_NS)),
                 exactly=0 if ours else None, form=",d")
    bench.figure(name + ": of the rate was used",
                 100 * use(times, RATE, PERIOD_NS), unit="%", form=".1f")
    bench.figure(name + ": calls to Redis for 1,000 requests",
                 1000 * calls / len(times), form=",.0f")


@scenario
def machines(bench):
    """A rate that four processes share through Redis"""
    if not shutil.which("redis-server"):
        raise meter.Absent("redis-server is not installed")
    n = bench.size(500, 250)
    shared_run(bench, "fetchpool", n, lambda redis, server: [
        bench.contenders.program, "-j", "16", "-r", "%d/s" % RATE,
        "--rate-file", redis.url(), server.url + "/{}"])
    try:
        python = python_with("requests_ratelimiter, redis")
    except meter.Absent as why:
        bench.note("absent: %s" % why)
        return
    shared_run(bench, "requests-ratelimiter", n, lambda redis, server: [
        python, os.path.join(HERE, "pyredis.py"),
        "redis://127.0.0.1:%d" % redis.port, str(RATE), str(n), server.url])
