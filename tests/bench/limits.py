# SPDX-License-Identifier: MIT
"""
limits: scenarios of what is held back: requests by a rate, lines by a range.
"""
import os
import subprocess

import meter
from arrivals import Arrivals, crowds, use
from meter import median_of, ratio
from scenarios import scenario, us

HERE = os.path.dirname(os.path.abspath(__file__))


# ---- rates ----

def rate_run(bench, name, n, rates, *options, addresses):
    """Requests under a rate, by the clock of the kernel that received them.
    `rates` is n and nanoseconds, for each host."""
    them = bench.contenders
    each, period_ns = rates
    program = them.compile(os.path.join(
        os.path.dirname(HERE), "servers", "arrivals.c"))
    with Arrivals(addresses, program=program) as server:
        lines = os.path.join(bench.folder, "rate-lines")
        with open(lines, "w") as file:
            for first in range(0, n, len(server.urls)):
                file.writelines("%s/%d\n" % (url, first)
                                for url in server.urls)
        run = meter.run([them.program, "-j", "256", *options], stdin=lines,
                        limit=120)
        violations, used, seen = 0, [], 0
        for url in server.urls:
            times = sorted(server.times(url.partition("//")[2]))
            seen += len(times)
            violations += len(crowds(times, each, period_ns))
            used.append(100 * use(times, each, period_ns))
    bench.keep({name: run.as_data(), name + ": use": used})
    bench.figure(name + ": requests", seen, exactly=n, form=",d")
    bench.figure(name + ": intervals with more", violations, exactly=0,
                 form=",d")
    bench.figure(name + ": of the rate was used, least", min(used), unit="%",
                 form=".2f")
    bench.figure(name + ": CPU per request", us(run.cpu) / n, unit="µs",
                 form=".1f")
    bench.figure(name + ": CPU, of one processor", 100 * run.cpu / run.wall,
                 unit="%", form=".0f")


@scenario
def rate(bench):
    """A million requests under a rate: no interval that holds more"""
    second = 10**9
    rate_run(bench, "20000/s", bench.size(1000000, 80000), (20000, second),
             "-r", "20000/s", addresses=1)
    rate_run(bench, "2000/100ms evenly", bench.size(200000, 40000),
             (2000, second // 10), "-r", "2000/100ms", "--pace", addresses=1)
    rate_run(bench, "4 hosts, 4000/s each", bench.size(200000, 40000),
             (4000, second), "--host-rate", "4000/s", addresses=4)


# ---- no network ----

@scenario
def faults(bench):
    """Five million lines out of --id-range, against awk that prints the same"""
    n = bench.size(5000000, 500000)
    them = bench.contenders
    lines = them.numbers(n)
    command = [them.program, "--id-range", "0-0", "http://127.0.0.1:9/{}"]
    fault = 'print "fetchpool: " NR ": not a whole number from 0 to 0 (" $0 ")"'
    awk = ["awk", "{ %s }" % fault]
    same_lines(them, command, awk)

    def ours(*options):
        with open(os.devnull, "wb") as null:
            return meter.run([*command, *options], stdin=lines, stderr=null,
                             statuses=(1,))

    results = meter.interleave({
        "fetchpool": ours,
        "fetchpool -q": lambda: ours("-q"),
        "awk": lambda: meter.run(awk, stdin=lines),
    }, bench.size(3, 1))
    bench.keep({name: [run.as_data() for run in runs]
                for name, runs in results.items()})
    loud, quiet, other = results.values()
    for name, runs in results.items():
        bench.figure(name + ": CPU per line", unit="µs",
                     value=us(median_of(runs, "cpu")) / n, form=".3f")
    bench.figure("CPU / awk's", ratio(loud, other, "cpu"), most=4)
    bench.figure("-q: CPU / awk's", ratio(quiet, other, "cpu"), most=4)
    bench.figure("wall / awk's", ratio(loud, other, "wall"))


def same_lines(them, command, awk):
    """It would be no comparison if the two did not print the same."""
    with open(them.numbers(1000), "rb") as file:
        ours = subprocess.run(command, stdin=file, capture_output=True,
                              env=meter.environment(), timeout=30).stderr
        file.seek(0)
        its = subprocess.run(awk, stdin=file, capture_output=True,
                             env=meter.environment(), timeout=30).stdout
    if ours != its:
        raise meter.Trouble("awk does not print what fetchpool prints: %r, %r"
                            % (its[:80], ours[:80]))
