# SPDX-License-Identifier: MIT
"""
ratetest: what tests of rates have in common, wherever the rate is counted.
"""
import random
import signal

from arrivals import Arrivals, crowds, numbers
from harness import Program
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


def killed_at_any_moment(options, n_kills):
    """Of three processes with one rate, 20/150ms, one is killed again and
    again, and another begun."""
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    with Arrivals() as server:
        args = ["-j", "16", "-r", "20/150ms", *options, "--retry=3",
                "--retry-delay=1ms", server.url + "/drop9/{}"]
        running = []
        for _ in range(n_kills):
            while len(running) < 3:
                running.append(Program(args, stdin=numbers(1000)))
            goal = server.n_requests + chance.randrange(20)
            until(lambda: server.n_requests >= goal, "%d requests" % goal)
            victim = running.pop(chance.randrange(3))
            victim.kill(signal.SIGKILL)
            victim.wait()
        for program in running:
            program.kill(signal.SIGTERM)
            equal(program.wait().status, -signal.SIGTERM, "seed %d" % seed)
        obeys(server, [(20, 150 * MS)], "seed %d" % seed)
