# SPDX-License-Identifier: MIT
"""
counted: scenarios of what is counted, not timed: instructions and system calls.
"""
import os

import counts
import meter
from contenders import Work
from scenarios import scenario


@scenario
def instructions(bench):
    """Instructions for plain GETs, under callgrind"""
    them = bench.contenders
    n = bench.size(20000, 2000)
    work = Work(bench.nginx.url + "/posts/", n, 16)

    def count(name, command, lines):
        out = os.path.join(bench.out, "callgrind.out." + name)
        return counts.callgrind(command, lines, out, 200)

    ours = count("fetchpool", them.fetchpool_command(work), them.numbers(n))
    total = ours.total
    ours.minus(count("start", them.fetchpool_command(work), None))
    floor = count("floor", them.floor_command(work), None)
    floor.minus(count("floor-start", them.floor_command(
        Work(work.prefix, 1, 16)), None))
    own = os.path.basename(them.program)
    bench.keep({
        "requests": n, "total": total,
        "per_request": per(n, ours.objects), "floor": per(n, floor.objects),
        "own_functions": per(n, {
            function: spent for (where, function), spent in
            ours.functions.items() if where == own}),
    })
    bench.figure("fetchpool: all of {:,d} requests".format(n), total,
                 form=",d")
    bench.figure("fetchpool: per request", ours.total / n, form=",.0f")
    bench.figure("of these its own code, without libraries",
                 ours.objects.get(own, 0) / n, form=",.0f")
    bench.figure("floor: per request", floor.total / n, form=",.0f")
    bench.figure("per request / floor's", ours.total / floor.total, most=1.1)


def per(n, spent):
    """The greatest thirty, for each of n."""
    greatest = sorted(spent.items(), key=lambda item: -item[1])[:30]
    return {name: round(count / n, 1) for name, count in greatest}


@scenario
def calls(bench):
    """System calls for small GETs at -j 16, and at -j 1000"""
    them = bench.contenders
    n = bench.size(50000, 5000)
    out = os.path.join(bench.folder, "calls")
    few = Work(bench.nginx.url + "/posts/", n, 16)
    many = Work(bench.nginx.host(1) + "/posts/", n, 1000)
    lines = them.numbers(n)
    for name, command, stdin in (
            ("fetchpool", them.fetchpool_command(few), lines),
            ("floor", them.floor_command(few), None),
            ("fetchpool -j 1000", them.fetchpool_command(many), lines)):
        counted, tool = counts.system_calls(command, stdin, out)
        if counted.get("recvfrom", 0) < n:
            raise meter.Trouble("%s did not make its requests" % name)
        each = {call: 1000 * count / n for call, count in counted.items()}
        bench.keep({name + " by " + tool: each})
        for call in ("poll", "futex", "write", "context-switches"):
            bench.figure("%s: %s per 1,000 requests" % (name, call),
                         each.get(call, 0), form=",.0f",
                         most=200 if call == "futex" and name != "floor"
                         else None)
