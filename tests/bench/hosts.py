# SPDX-License-Identifier: MIT
"""
hosts: scenarios of several hosts in one list, where each is to be done as fast
as if the others were not there.
"""
import calendar
import json
import subprocess
import time

import meter
from meter import median
from nginx import free_port
from scenarios import scenario


class Mix:
    """So many lines for each host, in turns or for one of them alone."""

    def __init__(self, bench, n):
        port = bench.nginx.url.rpartition(":")[2]
        self.bench, self.n = bench, n
        self.urls = {
            "healthy": "http://127.0.0.1:%s/posts/" % port,
            "limited": "http://127.0.0.2:%s/limited/" % port,
            "slow": "http://127.0.0.3:%s/half/" % port,
            "dead": "http://127.0.0.1:%d/" % free_port(),
        }

    def run(self, names):
        """{name: seconds from the start to the end of its last item}."""
        lines = "".join("%s%d\n" % (self.urls[name], i)
                        for i in range(self.n) for name in names)
        # The server's bucket is full again, whatever was before.
        time.sleep(1.5)
        began = time.time()
        done = subprocess.run(
            [self.bench.contenders.program, "-a", "-j", "64", "--host-jobs",
             "32", "--retry", "6", "--window", str(len(names) * self.n),
             "--retry-delay", "100ms", "--retry-max-delay", "500ms", "--fields",
             "url,started,fetch_time,attempts"],
            input=lines.encode(), capture_output=True, timeout=200,
            env=meter.environment())
        wall = time.time() - began
        records = [json.loads(line) for line in done.stdout.splitlines()]
        if len(records) != len(names) * self.n:
            raise meter.Trouble("%d records" % len(records))
        return {name: self.end(records, name, began) for name in names}, wall

    def end(self, records, name, began):
        ends = [seconds(r["started"]) + r["fetch_time"] - began
                for r in records if r["url"].startswith(self.urls[name]) and
                r["started"]]
        failed = sum(bool(r.get("error")) for r in records
                     if r["url"].startswith(self.urls[name]))
        if failed != (self.n if name == "dead" else 0):
            raise meter.Trouble("%d of %s failed" % (failed, name))
        return max(ends)


def seconds(text):
    """A time as in RFC 3339, in UTC, since 1970."""
    whole, _, part = text.rstrip("Z").partition(".")
    moment = time.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    return calendar.timegm(moment) + float("0." + (part or "0"))


@scenario
def mixed(bench):
    """A healthy, a rate-limited, a slow and a dead host in one list"""
    bench.nginx.need_echo()
    mix = Mix(bench, bench.size(300, 100))
    runs = bench.size(3, 1)
    alone = {name: median([mix.run([name])[0][name] for _ in range(runs)])
             for name in mix.urls}
    together = [mix.run(list(mix.urls)) for _ in range(runs)]
    bench.keep({"alone": alone, "together": together})
    for name in mix.urls:
        bench.figure("%s: its end in the mix" % name, median(
            [ends[name] for ends, _ in together]), unit="s", form=".2f")
        bench.figure("%s: the same / alone" % name, median(
            [ends[name] for ends, _ in together]) / alone[name],
            most=1.2 if name in ("limited", "slow") else None)
    slowest = max(alone[name] for name in ("healthy", "limited", "slow"))
    bench.figure("wall / the slowest honest host's alone",
                 median([wall for _, wall in together]) / slowest, most=1.25)
