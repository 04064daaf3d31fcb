#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that is stopped and started again in the middle of a run: what was
not sent yet waits for it, and nothing is given up that was never tried."""
import collections
import sys
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import Program
from servers import Nginx
from tap import SANITIZERS, check, equal, main, test, until

HELLO = "location / { return 200 hello; }"
N = 5000 if SANITIZERS else 50000


def count_log(nginx):
    return len(nginx.access_log())


def numbers(first, last):
    return "".join("%d\n" % i for i in range(first, last))


def restarted(n, away, *args, gently=False):
    """A run of n items, whose server goes away for so many seconds when some
    of them are done."""
    with Nginx(HELLO) as nginx:
        program = Program(["-a", "--retry=3", "--fields=seq,attempts", *args,
                           nginx.url + "/{}"], stdin=numbers(0, n))
        until(lambda: count_log(nginx) > min(n // 20, 500), "some answers")
        nginx.stop(gently)
        time.sleep(away)  # this is what is tested, and not a wait for it
        nginx.start()
        result = program.wait(60)
    return result


def all_ok(result, n):
    errors = collections.Counter(
        (r["error"]["kind"], r["error"]["message"], r["attempts"])
        for r in result.records if r.get("error"))
    equal((dict(errors), len(result.records)), ({}, n), result.text)
    equal(result.status, 0)
    most = max(r["attempts"] for r in result.records)
    check(most <= 4, "%d attempts of one item" % most)


@test("a restart in full flow: nothing is lost")
def _():
    for away, jobs in (0.1, 16), (1.2, 16), (0.5, 200):
        all_ok(restarted(N, away, "-j%d" % jobs), N)


@test("a restart at a rate, with few and many at once: nothing is lost")
def _():
    for rate, n, away, args in (
            ("500/s", 2000, 0.25, ["-j16"]), ("100/s", 300, 1.2, []),
            ("20/s", 60, 0.5, []), ("50/s", 100, 0.3, ["-j1"])):
        all_ok(restarted(n, away, "-r", rate, "--pace", *args), n)


@test("a restart and POST: only what was under way may be lost, and says so")
def _():
    for gently in True, False:
        for args in ["-j16"], ["-j16", "-r", "500/s"]:
            result = restarted(2000, 0.5, "-d", "hi", *args, gently=gently)
            equal(len(result.records), 2000)
            lost = [r for r in result.records if r.get("error")]
            check(len(lost) <= 16, result.text)
            for record in lost:
                equal((record["error"]["kind"],
                       record["error"].get("outcome_unknown")),
                      ("network", True), record)


@test("a restart and a small window: no item is given up that was never sent")
def _():
    all_ok(restarted(5000, 0.5, "-j4", "--window=8"), 5000)


@test("a server that is about to start when the run does")
def _():
    with Nginx(HELLO) as nginx:
        for args in ["--retry=3"], ["--retry=3", "-j1"], ["--retry=0"]:
            nginx.stop()
            program = Program(["-a", "--retry=3", "--fields=seq,attempts", *args,
                               nginx.url + "/{}"], stdin=numbers(0, 2000))
            time.sleep(1.2)  # this is what is tested, and not a wait for it
            nginx.start()
            result = program.wait(60)
            equal((len(result.records), min(r["attempts"]
                                            for r in result.records)),
                  (2000, 1), result.text)
            lost = [r for r in result.records if r.get("error")]
            # Those that were tried, and are not tried again.
            check(len(lost) <= (24 if "--retry=0" in args else 0),
                  "%d of 2000 lost" % len(lost))


@test("a server that is gone beside one that is not: the other does not wait")
def _():
    with Nginx(HELLO) as dying, FaultServer() as other:
        program = Program(["-a", "-j8", "--window=1000", "--retry=1"],
                          stdin="pipe")
        program.write(dying.url + "/1\n")
        program.has_lines(1)
        dying.stop()
        for i in range(400):
            program.write("%s/%d\n%s/ok?%d\n" % (dying.url, i, other.url, i))
        records = program.lines(400)
        equal({r["status"] for r in records}, {200})
        dying.start()
        program.close_stdin()
        result = program.wait(30)
        equal(result.status, 0, result.text)


if __name__ == "__main__":
    main()
